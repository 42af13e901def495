"""Lemmy 0.19, by join-lemmy.org/api and the error words of its source."""

from server.removal.fakes.base import FakeHost, Reply, Request


class FakeLemmy(FakeHost):
    """An instance with one post that shows a picture."""

    kind = "lemmy"
    item_id = "55"
    page = "/post/55"
    file = ""
    picture = "/pictrs/image/a.jpeg"

    def __init__(self) -> None:
        super().__init__()
        self.is_moderator = self.is_admin = True
        self.is_there, self.is_removed, self.is_purged = True, False, False
        self.version = "v3"
        #: What 0.19.4 and its neighbours say of a post that is not there.
        self.missing = Reply(404, {"error": "couldnt_find_post"})

    def is_shown(self) -> bool:
        return self.is_there and not self.is_removed

    def lose_rights(self) -> None:
        self.is_moderator = self.is_admin = False

    def forget(self) -> None:
        self.is_there = False

    def too_many(self) -> Reply:
        return Reply(400, {"error": "rate_limit_error"})

    def answer(self, request: Request) -> Reply:
        if request.path == self.page:
            # An application, whatever it will then say.
            return Reply(200, raw=b"<html>")
        if request.path == self.picture:
            return Reply(404 if self.is_purged else 200)
        if request.bearer is not None and request.bearer != self.secret[1]:
            return Reply(401, {"error": "incorrect_login"})
        base = f"/api/{self.version}"
        if (request.method, request.path) == ("GET", f"{base}/post"):
            sees_all = request.bearer is not None and self.is_moderator
            is_seen = self.is_there and (sees_all or not self.is_removed)
            return Reply(200, {"post_view": {}}) if is_seen else self.missing
        if request.method != "POST":
            return Reply(405)
        body = request.json
        if body is None or not isinstance(body.get("post_id"), int):
            return Reply(400, {"error": "unknown", "message": "Json deserialize error"})
        if request.bearer is None:
            return Reply(400, {"error": "not_logged_in"})
        if request.path == f"{base}/post/remove":
            return self._remove(body)
        if request.path == f"{base}/admin/purge/post":
            return self._purge(body)
        return Reply(404, raw=b"")

    def _remove(self, body: dict[str, object]) -> Reply:
        if body["post_id"] != 55 or not self.is_there:
            return self.missing
        if not self.is_moderator:
            return Reply(400, {"error": "not_a_mod_or_admin"})
        if not isinstance(body.get("removed"), bool):
            return Reply(400, {"error": "unknown"})
        self.is_removed = bool(body["removed"])
        return Reply(200, {"post_view": {"post": {"id": 55, "removed": self.is_removed}}})

    def _purge(self, body: dict[str, object]) -> Reply:
        if not self.is_admin:
            return Reply(400, {"error": "not_an_admin"})
        if body["post_id"] != 55 or not self.is_there:
            return self.missing
        self.is_there, self.is_purged = False, True
        return Reply(200, {"success": True})
