"""PeerTube, by its API reference and its validators: sign-in, blocks, privacy, files."""

from typing import Any

from server.removal.fakes.base import FakeHost, Reply, Request

UUID = "9c9de5e8-0a1e-484a-b099-e80766180a6d"
FORBIDDEN = Reply(403, {"status": 403, "title": "Forbidden"})


class FakePeerTube(FakeHost):
    """An instance with one video."""

    kind = "peertube"
    item_id = UUID
    page = f"/w/{UUID}"
    file = f"/static/web-videos/{UUID}-720.mp4"
    secret = ("password", "s3cret-t0ken")
    settings = {"username": "bob"}

    def __init__(self) -> None:
        super().__init__()
        self.tokens: set[str] = set()
        self.sign_ins = 0
        self.is_moderator = True
        self.is_there = True
        self.is_local = True
        self.privacy = 1
        self.block: dict[str, Any] | None = None
        #: The names of the two pictures, which change with each upload. Newer versions have one.
        self.thumbnails = {"thumbnailfile": "thumb-0.jpg", "previewfile": "preview-0.jpg"}

    def is_shown(self) -> bool:
        return self.is_there and self.block is None and self.privacy in (1, 2)

    def lose_rights(self) -> None:
        self.is_moderator = False

    def forget(self) -> None:
        self.is_there = False

    def too_many(self) -> Reply:
        headers = {
            "X-RateLimit-Limit": "50",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": "1795402800",
            "Retry-After": str(self.seconds_to_wait),
        }
        return Reply(429, headers=headers, raw=b"Too many requests, please try again later.")

    def answer(self, request: Request) -> Reply:
        if request.path == "/api/v1/oauth-clients/local":
            return Reply(200, {"client_id": "cid", "client_secret": "csecret"})
        if request.path == "/api/v1/users/token":
            return self._token(request)
        if request.path.startswith("/api/v1/videos/"):
            return self._video(request, request.path.removeprefix("/api/v1/videos/"))
        return self._file(request.path)

    def _token(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in request.form.items()}
        client = (form.get("client_id"), form.get("client_secret"), form.get("grant_type"))
        if request.method != "POST" or client != ("cid", "csecret", "password"):
            return Reply(400, {"code": "invalid_client"})
        if (form["username"], form["password"]) != ("bob", self.secret[1]):
            return Reply(400, {"code": "invalid_grant", "detail": "Invalid credentials"})
        self.sign_ins += 1
        token = f"access{self.sign_ins}"
        self.tokens.add(token)
        return Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": 14399})

    def _video(self, request: Request, rest: str) -> Reply:
        video, _, what = rest.partition("/")
        is_known = request.bearer in self.tokens
        if request.bearer is not None and not is_known:
            return Reply(401, {"code": "invalid_token"})
        if request.method != "GET" and not is_known:
            return Reply(401, {"code": "missing_token"})
        if what == "blacklist" and not self.is_moderator:
            return FORBIDDEN
        if video != UUID or not self.is_there:
            return Reply(404, {"status": 404, "detail": "Video not found"})
        match (request.method, what):
            case ("GET", ""):
                return self._show(is_known=is_known)
            case ("PUT", ""):
                return self._update(request)
            case ("POST", "blacklist"):
                return self._block(request)
            case ("DELETE", "blacklist"):
                if self.block is None:
                    return Reply(404, {"detail": "Blacklisted video not found"})
                self.block = None
                return Reply(204)
        return Reply(404)

    def _show(self, *, is_known: bool) -> Reply:
        if self.block is not None or self.privacy not in (1, 2):
            if not is_known:
                return Reply(401, {"detail": "Please authenticate"})
            if not self.is_moderator:
                return FORBIDDEN
        thumbnail = f"/lazy-static/thumbnails/{self.thumbnails['thumbnailfile']}"
        name = self.thumbnails.get("previewfile", self.thumbnails["thumbnailfile"])
        preview = f"/lazy-static/previews/{name}"
        video: dict[str, Any] = {
            "uuid": UUID,
            "isLocal": self.is_local,
            "privacy": {"id": self.privacy, "label": "?"},
            "thumbnailPath": thumbnail,
            "previewPath": preview,
            "files": [{"fileUrl": self.url + self.file}],
            "streamingPlaylists": [{"playlistUrl": f"{self.url}/static/hls/m.m3u8", "files": []}],
        }
        if is_known and self.is_moderator:
            video["blacklisted"] = self.block is not None
        return Reply(200, video)

    def _update(self, request: Request) -> Reply:
        if not self.is_local or not self.is_moderator:
            return FORBIDDEN
        if request.json is not None:
            if request.json.get("privacy") not in (1, 2, 3, 4, 5):
                return Reply(400, {"detail": "Incorrect request parameters: privacy"})
            self.privacy = request.json["privacy"]
            return Reply(204)
        for name in self.thumbnails:
            if f'name="{name}"; filename="'.encode() in request.body:
                assert b"\xff\xd8\xff" in request.body
                old = self.thumbnails[name]
                self.thumbnails[name] = old.replace("-0", "-1")
                return Reply(204)
        return Reply(400)

    def _block(self, request: Request) -> Reply:
        body = request.json
        if body is None or not 2 <= len(body.get("reason", "ok")) <= 300:
            return Reply(400, {"detail": "Incorrect request parameters: reason"})
        if not isinstance(body.get("unfederate", False), bool):
            return Reply(400, {"detail": "Incorrect request parameters: unfederate"})
        if body.get("unfederate") and not self.is_local:
            return Reply(409, {"detail": "You cannot unfederate a remote video."})
        if self.block is not None:
            # The table's unique index.
            return Reply(500)
        self.block = body
        return Reply(204)

    def _file(self, path: str) -> Reply:
        if path == self.page:
            return Reply(200 if self.is_shown() else 404, raw=b"<html>")
        name = path.rpartition("/")[2]
        if path.startswith("/lazy-static/"):
            return Reply(200 if self.is_there and name in self.thumbnails.values() else 404)
        # A block leaves the files where they are; privacy moves them.
        is_public = self.is_there and self.privacy in (1, 2)
        return Reply(200 if is_public and path in (self.file, "/static/hls/m.m3u8") else 404)
