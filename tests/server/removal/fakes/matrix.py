"""Synapse, by its media admin API and the Matrix specification's content repository."""

from server.removal.fakes.base import FakeHost, Reply, Request

NOT_FOUND = Reply(404, {"errcode": "M_NOT_FOUND", "error": "Not found"})


class FakeSynapse(FakeHost):
    """A homeserver with one file, in an unencrypted room."""

    kind = "matrix"
    item_id = "mxc://matrix.example/abcDEF123"
    page = "/_matrix/client/v1/media/download/matrix.example/abcDEF123"
    secret = ("token", "syt_s3cret-t0ken")

    def __init__(self) -> None:
        super().__init__()
        self.is_admin = True
        self.is_there, self.is_quarantined, self.is_protected = True, False, False

    def is_shown(self) -> bool:
        return self.is_there and not self.is_quarantined

    def lose_rights(self) -> None:
        self.is_admin = False

    def forget(self) -> None:
        self.is_there = False

    def too_many(self) -> Reply:
        wait = self.seconds_to_wait * 1000
        data = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many", "retry_after_ms": wait}
        return Reply(429, data)

    def answer(self, request: Request) -> Reply:
        if request.bearer is not None and request.bearer != self.secret[1]:
            return Reply(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Unrecognised token"})
        parts = request.path.strip("/").split("/")
        if parts[:2] == ["_matrix", "media"]:
            # Frozen: it gives out nothing that came after media had to be authenticated.
            return NOT_FOUND
        if request.bearer is None:
            return Reply(401, {"errcode": "M_MISSING_TOKEN", "error": "Missing access token"})
        match (request.method, *parts):
            case ("GET", "_matrix", "client", "v1", "media", "download" | "thumbnail", *media):
                is_it = media == ["matrix.example", "abcDEF123"] and self.is_shown()
                return Reply(200, raw=b"here it is") if is_it else NOT_FOUND
            case ("POST", "_synapse", "admin", "v1", "media", verb, *media):
                if not self.is_admin:
                    return Reply(403, {"errcode": "M_FORBIDDEN", "error": "Not a server admin"})
                if request.json != {}:
                    return Reply(400, {"errcode": "M_NOT_JSON", "error": "Content not JSON."})
                if media == ["matrix.example", "abcDEF123"] and not self.is_protected:
                    self.is_quarantined = verb == "quarantine"
                # It says yes to whatever it is asked.
                return Reply(200, {})
        return Reply(404, {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"})
