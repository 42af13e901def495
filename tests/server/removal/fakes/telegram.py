"""The Telegram Bot API server, by core.telegram.org/bots/api and the words of its source."""

from server.removal.fakes.base import FakeHost, Reply, Request


def no(code: int, description: str, **parameters: int) -> Reply:
    data = {"ok": False, "error_code": code, "description": description}
    return Reply(code, {**data, **({"parameters": parameters} if parameters else {})})


class FakeTelegram(FakeHost):
    """A group whose bot may delete messages; message 42 shows the picture."""

    kind = "telegram"
    item_id = "-1001234567890/42"
    page = "/c/1234567890/42"
    secret = ("token", "123456:AAs3cret-t0ken")

    def __init__(self) -> None:
        super().__init__()
        self.messages = {42}
        self.may_delete, self.is_old = True, False

    def is_shown(self) -> bool:
        return 42 in self.messages

    def lose_rights(self) -> None:
        self.may_delete = False

    def forget(self) -> None:
        self.messages.clear()

    def too_many(self) -> Reply:
        wait = self.seconds_to_wait
        return no(429, f"Too Many Requests: retry after {wait}", retry_after=wait)

    def answer(self, request: Request) -> Reply:
        if request.path.startswith("/c/"):
            return Reply(200, raw=b"<html>")
        token, _, method = request.path.removeprefix("/bot").partition("/")
        if token != self.secret[1]:
            return no(401, "Unauthorized")
        if method.lower() != "deletemessage":
            return no(404, "Not Found: method not found")
        body = request.json
        if body is None or "chat_id" not in body or "message_id" not in body:
            return no(400, "Bad Request: message identifier is not specified")
        if body["chat_id"] != -1001234567890:
            return no(400, "Bad Request: chat not found")
        if body["message_id"] not in self.messages:
            return no(400, "Bad Request: message to delete not found")
        if not self.may_delete:
            return no(400, "Bad Request: not enough rights to delete a message")
        if self.is_old:
            return no(400, "Bad Request: message can't be deleted for everyone")
        self.messages.discard(body["message_id"])
        return Reply(200, {"ok": True, "result": True})
