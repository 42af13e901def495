"""A host that speaks the real protocol: it shows pictures and obeys signed events."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    MappingKeyResolver,
    algorithms,
)


class HostDouble:
    """Plaza, as far as Staydown can see it: pages, files, and an ear for events."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.webhook_url = f"{self.url}/staydown"
        self.reset()

    def reset(self) -> None:
        self.files: dict[str, bytes] = {}
        self.removed: set[str] = set()
        self.events: list[dict[str, Any]] = []
        #: Uploads that it was told of: reference to event.
        self.uploads: dict[str, str] = {}
        self.requests: list[str] = []
        self.api_key = self.secret = ""
        #: The machine does not answer at all.
        self.is_down = False
        #: It takes events, and does nothing about them.
        self.is_lying = False
        #: Answers with this status whatever is asked.
        self.status: int | None = None
        #: Other answers: path to status, headers, body.
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        #: Called with each event before it is obeyed.
        self.on_event: Callable[[dict[str, Any]], None] = lambda _event: None

    def forget(self) -> None:
        """All that was posted and ordered; not who may order."""
        key, secret = self.api_key, self.secret
        self.reset()
        self.api_key, self.secret = key, secret

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def show(self, item_id: str, content: bytes) -> None:
        self.files[item_id] = content

    def page(self, item_id: str) -> str:
        return f"{self.url}/p/{item_id}"

    def file(self, item_id: str) -> str:
        return f"{self.url}/f/{item_id}.jpg"

    def is_signed(self, headers: dict[str, str], body: bytes, *, url: str = "") -> bool:
        """Whether Staydown signed *body* for *url*, as any host would find out."""
        needs = ("@method", "@target-uri", "content-type", "content-digest")
        message = SimpleNamespace(method="POST", url=url or self.webhook_url, headers=headers)
        return self._verifies(message, "staydown-webhook", needs, body=body)

    def is_looked_at(self, headers: dict[str, str], path: str) -> bool:
        """Whether Staydown asks for *path*, for a moderator to see what was taken down."""
        message = SimpleNamespace(method="GET", url=f"{self.url}{path}", headers=headers)
        return self._verifies(message, "staydown-look", ("@method", "@target-uri"))

    def _verifies(
        self, message: SimpleNamespace, tag: str, needs: tuple[str, ...], **more: Any
    ) -> bool:
        keys = MappingKeyResolver(public_keys={"plaza": self.secret.encode()}, private_keys={})
        verifier = HTTPMessageVerifier(
            signature_algorithm=algorithms.HMAC_SHA256, key_resolver=keys
        )
        try:
            verifier.verify(
                message,
                expect_tag=tag,
                require_components=needs,
                max_age=timedelta(minutes=5),
                **more,
            )
        except HTTPMessageSignaturesException:
            return False
        return True

    def _obey(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        self.on_event(event)
        if self.is_lying or event["event"] == "check.done":
            return
        if event["event"].startswith("upload."):
            self.uploads[event["upload"]["reference"]] = event["event"]
            return
        item_id = event["item"]["id"]
        if event["event"] == "item.remove":
            self.removed.add(item_id)
        elif event["event"] == "item.restore":
            self.removed.discard(item_id)

    def _answer(self, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if self.status is not None:
            return self.status, {}, b""
        if path in self.answers:
            return self.answers[path]
        folder, _, name = path.partition("?")[0].lstrip("/").partition("/")
        item_id = name.removesuffix(".jpg")
        if folder not in ("p", "f") or item_id not in self.files:
            return 404, {}, b""
        if item_id in self.removed and not self.is_looked_at(headers, path):
            return 410, {}, b""
        if folder == "p":
            return 200, {"Content-Type": "text/html"}, b"<p>A page of Plaza</p>"
        return 200, {"Content-Type": "image/jpeg"}, self.files[item_id]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.requests.append(self.path)
                if not host.is_down:
                    self._say(*host._answer(self.path, dict(self.headers)))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                host.requests.append(self.path)
                if host.is_down:
                    return
                if host.status is not None:
                    self._say(host.status, {}, b"")
                elif not host.is_signed(dict(self.headers), body):
                    self._say(401, {}, b"")
                else:
                    host._obey(json.loads(body))
                    self._say(202, {}, b"")

            def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                # Whoever asked may have given up.
                with suppress(ConnectionError):
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        return Handler
