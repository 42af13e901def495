"""A request is read whole before a thread is given to it.

Threads are few. Where they read what a client sends, a handful of clients that send a byte now
and then keep everybody else out; here such a client costs a file. Answers are small, and are made
whole, too, before they are sent.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from django.conf import settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: In the environment of a request whose body came too slowly.
TOO_SLOW = "staydown.too_slow"
#: A client that says nothing for so long is let go, and one that goes on for longer than a
#: minute while it sends less than so many bytes a second: far less than a bad line does.
SILENCE_SECONDS = 30.0
GRACE_SECONDS = 60.0
LEAST_BYTES_A_SECOND = 500
#: Up to here a body waits in memory.
_SMALL = 64 * 1024


class _Gone(Exception):
    """The client hung up."""


class _TooSlow(Exception):
    """The client is too slow to be waited for."""


class WholeRequests:
    """A WSGI *application* behind ASGI, with so many *threads*."""

    def __init__(self, application: Any, threads: int) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="web")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        environ = _environ(scope)
        with tempfile.SpooledTemporaryFile(_SMALL, dir=str(settings.FILE_UPLOAD_TEMP_DIR)) as body:
            environ["wsgi.input"] = body
            try:
                # What is refused for its length is not read at all.
                if _is_expected(environ):
                    await _read(receive, body)
                    body.seek(0)
            except _Gone:
                return
            except _TooSlow:
                environ |= {TOO_SLOW: True, "CONTENT_LENGTH": ""}
            loop = asyncio.get_running_loop()
            status, headers, content = await loop.run_in_executor(
                self._threads, self._answer, environ
            )
        if environ.get(TOO_SLOW):
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, environ: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
            started[:] = [int(status.partition(" ")[0]), headers]

        parts: Iterable[bytes] = self._application(environ, start)
        try:
            content = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        status, told = started
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in told
        ]
        return status, headers, content


def _is_expected(environ: dict[str, Any]) -> bool:
    length = environ.get("CONTENT_LENGTH", "")
    return length.isdecimal() and len(length) < 19 and 0 < int(length) <= settings.UPLOAD_LIMIT


async def _read(receive: Receive, body: IO[bytes]) -> None:
    began, length = time.monotonic(), 0
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(SILENCE_SECONDS) as silence:
            while True:
                message = await receive()
                silence.reschedule(loop.time() + SILENCE_SECONDS)
                if message["type"] == "http.disconnect":
                    raise _Gone
                part = message.get("body", b"")
                body.write(part)
                length += len(part)
                if not message.get("more_body"):
                    return
                late = time.monotonic() - began - GRACE_SECONDS
                if late > 0 and length < LEAST_BYTES_A_SECOND * late:
                    raise _TooSlow
    except TimeoutError:
        raise _TooSlow from None


def _environ(scope: Message) -> dict[str, Any]:
    """As PEP 3333 has it."""
    raw_path = scope.get("raw_path") or scope["path"].encode()
    server, client = scope.get("server") or ("", 0), scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw_path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        # With a line below, it could pass for a header that a proxy sets.
        if b"_" in name:
            continue
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        if key in environ:
            text = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        environ[key] = text
    return environ
