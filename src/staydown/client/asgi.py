"""Staydown for Starlette, FastAPI and any other ASGI application. See docs/host.md."""

import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from functools import partial
from typing import Any, BinaryIO
from uuid import uuid4

import anyio.to_thread

from staydown.client.aio import AsyncStaydown
from staydown.client.answers import Refused, Verdict
from staydown.client.received import MalformedBody, Received
from staydown.client.webhook import BLOCKED, EVENTS, NOT_OBEYED, NotUnderstood, status_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_CHUNK = 64 * 1024
_LARGEST_EVENT = 1_000_000


class TooLarge(Exception):
    """The body is larger than the limit."""


class Gone(Exception):
    """The caller hung up."""


class CheckUploads:
    """Asks the gate about what is uploaded to addresses that begin with one of *paths*.

    The body waits on the disk meanwhile, *most_bytes* of it at most. What is blocked is
    answered with 403. Else the application runs, with the verdicts in ``scope["staydown"]``
    by form field ("" for a body that is the file itself), to hold what is held. *uploader*
    names who uploads.
    """

    def __init__(
        self,
        app: App,
        staydown: AsyncStaydown,
        *,
        paths: Sequence[str],
        most_bytes: int = 100_000_000,
        uploader: Callable[[Scope], str] = lambda scope: "",
    ) -> None:
        self._app, self._staydown, self._paths = app, staydown, tuple(paths)
        self._most_bytes, self._uploader = most_bytes, uploader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_upload = scope["type"] == "http" and scope["method"] in ("POST", "PUT", "PATCH")
        if not (is_upload and scope["path"].startswith(self._paths)):
            await self._app(scope, receive, send)
            return None
        with contextlib.closing(Received()) as received:
            try:
                received.expect(_headers(scope).get("content-type", ""))
                await _read(receive, received.take, self._most_bytes)
                await anyio.to_thread.run_sync(received.end)
            except TooLarge:
                return await _answer(send, 413, f"At most {self._most_bytes} bytes can be sent.")
            except MalformedBody as error:
                return await _answer(send, 400, str(error))
            except Gone:
                return None
            verdicts: dict[str, list[Verdict]] = {}
            for field, file in received.files:
                verdicts.setdefault(field, []).append(await self._verdict(file, scope))
            if any(verdict.blocks for listed in verdicts.values() for verdict in listed):
                return await _answer(send, 403, BLOCKED)
            scope["staydown"] = verdicts
            return await self._app(scope, _again(received.body, receive), send)

    async def _verdict(self, file: BinaryIO, scope: Scope) -> Verdict:
        reference, uploader = uuid4().hex, self._uploader(scope)
        try:
            return await self._staydown.check(file, reference=reference, uploader=uploader)
        except Refused as error:
            return Verdict("hold", reference=reference, why=error.code)


class Webhook:
    """The webhook, routed to at *url*: calls what *obey* has for an event, and answers.

    What is called may raise `UnknownItem` or `Overtaken`; any other error is a 500, and the
    event comes again.
    """

    def __init__(
        self,
        staydown: AsyncStaydown,
        *,
        url: str,
        obey: Mapping[str, Callable[[dict[str, Any]], Awaitable[None]]],
    ) -> None:
        self._staydown, self._url, self._obey = staydown, url, obey

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError("A webhook speaks HTTP only: give it a route of its own.")
        if scope["method"] != "POST":
            return await _answer(send, 405, "Send events with POST.")
        body = bytearray()
        try:
            await _read(receive, body.extend, _LARGEST_EVENT)
            event = self._staydown.read_event(
                url=self._url, headers=_headers(scope), body=bytes(body)
            )
            kind = str(event.get("event"))
            if kind not in EVENTS:
                raise NotUnderstood("This event is unknown.")
            if kind not in self._obey:
                # Not 200: nobody has done it, so it must come again.
                return await _answer(send, 501, "Nothing obeys this event.")
            await self._obey[kind](event)
        except TooLarge:
            return await _answer(send, 413, "No event is that large.")
        except Gone:
            return None
        except NOT_OBEYED as error:
            return await _answer(send, status_of(error), str(error))
        return await _answer(send, 200, "done")


async def _read(receive: Receive, take: Callable[[bytes], object], most: int) -> None:
    """Pass the body on piece by piece, in a thread: it may go to the disk."""
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise TooLarge
        await anyio.to_thread.run_sync(partial(take, piece))
        if not message.get("more_body", False):
            return


def _again(body: BinaryIO, receive: Receive) -> Receive:
    """The body from its beginning, and after it whatever comes."""
    body.seek(0)
    is_over = False

    async def replay() -> Message:
        nonlocal is_over
        if is_over:
            return await receive()
        piece = await anyio.to_thread.run_sync(body.read, _CHUNK)
        is_over = len(piece) < _CHUNK
        return {"type": "http.request", "body": piece, "more_body": not is_over}

    return replay


def _headers(scope: Scope) -> dict[str, str]:
    """Of a header that comes twice, the first: applications read that one."""
    pairs = reversed(scope["headers"])
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"status": status, "detail": sentence}).encode()
    kind = b"application/json" if status == 200 else b"application/problem+json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
