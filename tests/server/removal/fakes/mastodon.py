"""Mastodon, by docs.joinmastodon.org: statuses, reports, admin actions, rate limits."""

from datetime import UTC, datetime, timedelta

from server.removal.fakes.base import FakeHost, Reply, Request

INVALID = Reply(401, {"error": "The access token is invalid"})
OUTSIDE = Reply(403, {"error": "This action is outside the authorized scopes"})
NOT_ALLOWED = Reply(403, {"error": "This action is not allowed"})
NOT_FOUND = Reply(404, {"error": "Record not found"})
ALL_SCOPES = {
    *("read:statuses", "write:reports", "admin:read:accounts", "admin:write:accounts"),
}


class FakeMastodon(FakeHost):
    """An instance with two statuses of one account."""

    kind = "mastodon"
    item_id = "1001"
    page = "/@mallory/1001"
    file = "/system/media_attachments/files/5/original/a.png"
    preview = "/system/media_attachments/files/5/small/a.png"
    settings = {"action": "suspend"}

    def __init__(self) -> None:
        super().__init__()
        self.scopes = set(ALL_SCOPES)
        self.is_moderator = True
        self.is_suspended = False
        self.statuses = {"1001", "1002"}
        self.reports: list[dict[str, list[str]]] = []

    def is_shown(self) -> bool:
        return "1001" in self.statuses and not self.is_suspended

    def lose_rights(self) -> None:
        self.is_moderator = False

    def forget(self) -> None:
        self.statuses.clear()

    def too_many(self) -> Reply:
        reset = datetime.now(UTC) + timedelta(seconds=self.seconds_to_wait)
        headers = {
            "X-RateLimit-Limit": "300",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": reset.isoformat().replace("+00:00", "Z"),
        }
        return Reply(429, {"error": "Too many requests"}, headers)

    def answer(self, request: Request) -> Reply:
        if not request.path.startswith("/api/"):
            return self._page(request.path)
        if request.bearer is not None and request.bearer != self.secret[1]:
            return INVALID
        match (request.method, *request.path.split("/")[3:]):
            case ("GET", "statuses", status):
                return self._status(request, status)
            case ("POST", "reports"):
                return self._report(request)
            case (method, "admin", "accounts", account, *verb):
                return self._admin(request, method, account, verb)
        return Reply(404)

    def _page(self, path: str) -> Reply:
        if path not in (self.page, self.file, self.preview) or "1001" not in self.statuses:
            return Reply(404)
        return Reply(403) if self.is_suspended else Reply(200, raw=b"here it is")

    def _status(self, request: Request, status: str) -> Reply:
        if request.bearer is not None and "read:statuses" not in self.scopes:
            return OUTSIDE
        if status not in self.statuses or self.is_suspended:
            return NOT_FOUND
        file = {"url": self.url + self.file, "preview_url": self.url + self.preview}
        elsewhere = {"url": "https://elsewhere.example/x.png", "preview_url": None}
        account = {"id": "9", "username": "mallory", "acct": "mallory"}
        return Reply(
            200, {"id": status, "account": account, "media_attachments": [file, elsewhere]}
        )

    def _report(self, request: Request) -> Reply:
        if request.bearer is None:
            return INVALID
        if "write:reports" not in self.scopes:
            return OUTSIDE
        form = request.form
        if form.get("account_id") != ["9"] or not set(form["status_ids[]"]) <= self.statuses:
            return NOT_FOUND
        if form.get("category", ["other"])[0] not in ("spam", "legal", "violation", "other"):
            return Reply(422, {"error": "Validation failed"})
        if len(form["comment"][0]) > 1000:
            return Reply(422, {"error": "Validation failed: Comment is too long"})
        self.reports.append(form)
        return Reply(200, {"id": str(len(self.reports)), "action_taken": False})

    def _admin(self, request: Request, method: str, account: str, verb: list[str]) -> Reply:
        scope = "admin:read:accounts" if method == "GET" else "admin:write:accounts"
        if request.bearer is None:
            return NOT_ALLOWED
        if scope not in self.scopes:
            return OUTSIDE
        if not self.is_moderator:
            return NOT_ALLOWED
        if account != "9":
            return NOT_FOUND
        match (method, *verb):
            case ("POST", "action"):
                kinds = ["none", "sensitive", "disable", "silence", "suspend"]
                if request.form.get("type", [""])[0] not in kinds:
                    return Reply(422, {"error": "Record invalid"})
                self.is_suspended = request.form["type"] == ["suspend"]
                return Reply(200, {})
            case ("POST", "unsuspend"):
                if not self.is_suspended:
                    return NOT_ALLOWED
                self.is_suspended = False
                return Reply(200, {"id": "9", "suspended": False})
            case ("GET",):
                return Reply(200, {"id": "9", "suspended": self.is_suspended})
        return Reply(404)
