"""A request is read whole before a thread is given to it, and only if it comes in time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from staydown_server.project import whole_requests
from staydown_server.project.whole_requests import TOO_SLOW, WholeRequests

Told = list[dict[str, Any]]


def scope(**more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": "/a",
        "raw_path": b"/a",
        "query_string": b"x=1",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("192.0.2.1", 5),
        "headers": [],
        **more,
    }


def asked(
    scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]]
) -> tuple[dict[str, Any], Told]:
    """The environment that the application got, and what was sent."""
    seen: dict[str, Any] = {}
    sent: Told = []

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        seen.update(environ, content=environ["wsgi.input"].read())
        start("200 OK", [("X-One", "1"), ("Set-Cookie", "a"), ("Set-Cookie", "b")])
        return [b"an", b"swer"]

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(WholeRequests(application, 1)(scope, receive, send))
    return seen, sent


def parts(*contents: bytes, pause: float = 0) -> Callable[[], Awaitable[dict[str, Any]]]:
    left = list(contents)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return receive


def length(size: int) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", str(size).encode())]


def test_the_body_is_there_when_the_application_begins() -> None:
    """And the answer is sent as it gave it."""
    seen, sent = asked(scope(headers=length(6)), parts(b"on", b"et", b"wo"))

    assert (seen["content"], seen["CONTENT_LENGTH"]) == (b"onetwo", "6")
    start, body = sent
    assert start["status"] == 200
    assert start["headers"] == [(b"x-one", b"1"), (b"set-cookie", b"a"), (b"set-cookie", b"b")]
    assert body["body"] == b"answer"


def test_the_environment_is_what_wsgi_says() -> None:
    """Paths as bytes were sent, headers once, cookies joined, and no header in disguise."""
    headers = [
        (b"host", b"x"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-real-ip", b"1"),
        (b"x_real_ip", b"2"),
        (b"content-type", b"text/plain"),
    ]
    seen, _ = asked(scope(raw_path=b"/p/%C3%A9%ff", headers=headers), parts())

    assert seen["PATH_INFO"].encode("latin-1") == b"/p/\xc3\xa9\xff"
    assert (seen["QUERY_STRING"], seen["REMOTE_ADDR"]) == ("x=1", "192.0.2.1")
    assert (seen["HTTP_COOKIE"], seen["HTTP_X_REAL_IP"]) == ("a=1; b=2", "1")
    assert (seen["CONTENT_TYPE"], seen["HTTP_HOST"]) == ("text/plain", "x")


@pytest.mark.parametrize("size", ["0", "", "x", "-1", "9" * 30, str(10**12)])
def test_what_will_be_refused_is_not_read(size: str) -> None:
    """A length that is none, or too large: the application says so at once."""

    async def never() -> dict[str, Any]:
        raise AssertionError("nobody should read")

    seen, sent = asked(scope(headers=[(b"content-length", size.encode())]), never)

    assert seen["content"] == b""
    assert sent


def test_who_falls_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it was too slow, and the connection is closed."""
    monkeypatch.setattr(whole_requests, "SILENCE_SECONDS", 0.05)

    seen, sent = asked(scope(headers=length(9)), parts(b"x", b"y", pause=1))

    assert seen[TOO_SLOW]
    assert (seen["CONTENT_LENGTH"], seen["content"]) == ("", b"")
    assert (b"connection", b"close") in sent[0]["headers"]


def test_who_drips_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is no silence; but there is a least speed, after a while."""
    monkeypatch.setattr(whole_requests, "GRACE_SECONDS", 0.1)

    seen, _ = asked(scope(headers=length(99)), parts(*[b"x"] * 99, pause=0.02))

    assert seen[TOO_SLOW]


def test_who_is_slow_and_steady_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad line is nobody's fault."""
    monkeypatch.setattr(whole_requests, "GRACE_SECONDS", 0.05)

    seen, _ = asked(scope(headers=length(2000)), parts(*[b"x" * 100] * 20, pause=0.01))

    assert TOO_SLOW not in seen
    assert len(seen["content"]) == 2000


def test_who_hangs_up_is_not_answered() -> None:
    assert asked(scope(headers=length(9)), parts()) == ({}, [])


def test_large_bodies_wait_on_the_disk(settings: Any, tmp_path: Path) -> None:
    """In the installation's own folder, and go with the request."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    content = [b"x" * 60_000] * 3

    seen, _ = asked(scope(headers=length(180_000)), parts(*content))

    assert len(seen["content"]) == 180_000
    assert list(tmp_path.iterdir()) == []
