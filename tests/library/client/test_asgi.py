"""The ASGI middleware and webhook, asked in process: bodies as they come, whole or not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest

from library.client.forum import picture
from staydown.client import AsyncStaydown, Overtaken, UnknownItem, Verdict
from staydown.client.asgi import CheckUploads, Webhook
from story.world import Server

Ask = Callable[..., httpx.Response]


class App:
    """Remembers what reached it."""

    def __init__(self) -> None:
        self.body: bytes | None = None
        self.verdicts: dict[str, list[Verdict]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.body, more = b"", True
        self.verdicts = scope.get("staydown", {})
        while more:
            message = await receive()
            self.body += message["body"]
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def ask(app: App, server: Server, credentials: dict[str, str]) -> Ask:
    """Send a request to the app through the middleware."""

    def send(method: str = "POST", path: str = "/upload", **more: Any) -> httpx.Response:
        async def story() -> httpx.Response:
            async with AsyncStaydown(server.url, **credentials) as staydown:
                checked = CheckUploads(app, staydown, paths=["/upload"], most_bytes=1_000_000)
                transport = httpx.ASGITransport(checked)
                async with httpx.AsyncClient(transport=transport, base_url="http://site") as http:
                    return await http.request(method, path, **more)

        return anyio.run(story)

    return send


def form(*parts: tuple[str, str, bytes]) -> dict[str, Any]:
    """A multipart body, written by hand: what follows the name, then the content."""
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (name.encode(), more.encode(), content)
        for name, more, content in parts
    )
    return {
        "content": body + b"--b--\r\n",
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    }


def test_the_app_gets_the_body_as_it_was_sent(ask: Ask, app: App) -> None:
    """To the byte, with a verdict for each file and none for what is no file."""
    sent = form(
        ("title", "", b"Hills"),
        ("picture", '; filename="a.jpg"', picture(31)),
        ("picture", '; filename="b.jpg"', picture(32)),
        ("other", "; filename*=UTF-8''c.jpg", b"just words"),
        ("none", '; filename=""', b""),
    )

    assert ask(**sent).status_code == 204

    assert app.body == sent["content"]
    assert {field: [v.answer for v in listed] for field, listed in app.verdicts.items()} == {
        "picture": ["allow", "allow"],
        "other": ["hold"],
    }
    assert app.verdicts["other"][0].why == "not_media"


@pytest.mark.parametrize(
    "way", ["one of two", "no name", "raw", "said to be json", "said to be text", "chunked"]
)
def test_a_kept_down_picture_does_not_pass_however_it_is_wrapped(
    ask: Ask, app: App, kept_down: bytes, way: str
) -> None:
    """What it says of its type does not matter."""

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(kept_down), 1000):
            yield kept_down[at : at + 1000]

    bad = '; filename="x"', kept_down
    sent: dict[str, dict[str, Any]] = {
        "one of two": form(("a", '; filename="a.jpg"', picture(31)), ("b", *bad)),
        "no name": form(("", *bad)),
        "raw": {"content": kept_down},
        "said to be json": {
            "content": kept_down,
            "headers": {"Content-Type": "application/json"},
        },
        "said to be text": {"content": kept_down, "headers": {"Content-Type": "text/plain"}},
        "chunked": {"content": pieces()},
    }

    answer = ask(**sent[way])

    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("This file cannot be posted here.")
    assert app.body is None, "the app was not asked"


def test_other_addresses_and_methods_are_left_alone(ask: Ask, app: App, kept_down: bytes) -> None:
    for method, path in (("POST", "/elsewhere"), ("GET", "/upload")):
        assert ask(method, path, content=kept_down).status_code == 204
        assert app.body == kept_down
        assert app.verdicts == {}


def test_a_body_that_is_too_large_is_not_read_to_its_end(ask: Ask, app: App) -> None:
    read = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1)
            yield bytes(100_000)

    assert ask(content=endless()).status_code == 413
    assert len(read) < 20
    assert app.body is None


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=b"),
        (b"--b\r\nrubbish", "multipart/form-data; boundary=b"),
        (b"--b\r\n: \r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
    ],
)
def test_a_form_that_is_none_is_refused(ask: Ask, app: App, content: bytes, kind: str) -> None:
    """Some applications read such a body otherwise than we do."""
    assert ask(content=content, headers={"Content-Type": kind}).status_code == 400
    assert app.body is None


def test_a_form_that_was_cut_off_is_refused(ask: Ask, app: App, kept_down: bytes) -> None:
    """Its end is missing; an application may take it anyhow."""
    sent = form(("a", '; filename="a.jpg"', kept_down))
    sent["content"] = sent["content"].removesuffix(b"\r\n--b--\r\n")

    assert ask(**sent).status_code == 400
    assert app.body is None


def test_a_caller_that_hangs_up_is_let_go(app: App, server: Server) -> None:
    async def story() -> None:
        messages = [
            {"type": "http.request", "body": b"half", "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            pytest.fail("nobody is there to be answered")

        async with AsyncStaydown(server.url, "sd_x") as staydown:
            scope = {"type": "http", "method": "POST", "path": "/upload", "headers": []}
            await CheckUploads(app, staydown, paths=["/upload"])(scope, receive, send)

    anyio.run(story)
    assert app.body is None


def test_what_the_webhook_answers(dead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Done, unknown, overtaken; 501 while nothing obeys; what fails is Staydown's to repeat."""
    staydown = AsyncStaydown(dead, "sd_x", host="forum", webhook_secret="s")
    event = {"event": "item.remove", "item": {"id": "1"}}
    monkeypatch.setattr(staydown, "read_event", lambda **_: event)
    faults: list[Exception | None] = [None, UnknownItem(), Overtaken()]

    async def obey(event: dict[str, Any]) -> None:
        if fault := faults.pop(0):
            raise fault

    async def statuses(webhook: Callable[..., Awaitable[None]], times: int) -> list[int]:
        transport = httpx.ASGITransport(webhook)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as http:
            return [(await http.post("/", content=b"{}")).status_code for _ in range(times)]

    async def story() -> None:
        webhook = Webhook(staydown, url="http://site/", obey={"item.remove": obey})
        assert await statuses(webhook, 3) == [200, 404, 409]
        faults.append(OSError("the disk is full"))
        with pytest.raises(OSError, match="disk is full"):
            await statuses(webhook, 1)
        assert await statuses(Webhook(staydown, url="http://site/", obey={}), 1) == [501]

    anyio.run(story)
