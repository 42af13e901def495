"""A small web server on this machine that plays a host and enforces the host's own rules."""

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from staydown_server.accounts.hosts import add_host
from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item
from staydown_server.removal.hosts import KINDS
from staydown_server.removal.hosts.connector import Connector, Order, checked


@dataclass
class Request:
    """What the host was asked."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def bearer(self) -> str | None:
        value = self.headers.get("authorization", "")
        return value.removeprefix("Bearer ") if value.startswith("Bearer ") else None

    @property
    def json(self) -> Any:
        is_json = self.headers.get("content-type") == "application/json"
        return json.loads(self.body) if is_json else None

    @property
    def form(self) -> dict[str, list[str]]:
        is_form = self.headers.get("content-type") == "application/x-www-form-urlencoded"
        return parse_qs(self.body.decode()) if is_form else {}


@dataclass
class Reply:
    """What the host answers: *data* as JSON, or *raw* as it is, after *delay* seconds."""

    status: int = 200
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    delay: float = 0.0

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.data is None else json.dumps(self.data).encode()


class FakeHost:
    """The frame: subclasses say how one host answers."""

    kind: str
    #: An item that the host shows: its id, page and file.
    item_id: str
    page: str
    file: str = ""
    #: The name of the setting with the secret, and the secret.
    secret: tuple[str, str] = ("token", "s3cret-t0ken")
    settings: dict[str, str] = {}
    #: Where a look asks, of what the host is not asked elsewhere.
    seconds_to_wait = 37

    def __init__(self) -> None:
        self.requests: list[Request] = []
        #: Answers that come before all others, one a request.
        self.next: deque[Reply] = deque()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def is_shown(self) -> bool:
        """Whether people see the item."""
        raise NotImplementedError

    def too_many(self) -> Reply:
        """This host's way to say: come back in `seconds_to_wait`."""
        raise NotImplementedError

    def lose_rights(self) -> None:
        """The token stays good, but is nobody's who may remove things."""
        raise NotImplementedError

    def forget(self) -> None:
        """The item is not there any more, as its author deleted it."""
        raise NotImplementedError

    @property
    def host(self) -> Host:
        """The host, as the operator plugged it in."""
        given = {"url": self.url, self.secret[0]: self.secret[1], **self.settings}
        return Host(
            name="fake",
            kind=self.kind,
            origins=[self.url],
            is_private=True,
            credentials=checked(KINDS[self.kind], given),
            webhook_secret="",
        )

    def connector(self, **changes: str) -> Connector:
        host = self.host
        host.credentials = {**host.credentials, **changes}
        return KINDS[self.kind](host)

    def order(
        self,
        item_id: str | None = None,
        *,
        statement: dict[str, Any] | None = None,
        **more: Any,
    ) -> Order:
        item = Item(
            host=self.host,
            host_item_id=self.item_id if item_id is None else item_id,
            url=self.url + self.page,
            media_url=self.url + self.file if self.file else "",
        )
        given: dict[str, Any] = {"turn": 1, "receipt": {}, **more}
        return Order(
            removal_id=7,
            item=item,
            statement_of_reasons=lambda: statement or {},
            write_down=lambda _receipt: None,
            **given,
        )

    @property
    def changes(self) -> list[Request]:
        """The requests that were no mere looks."""
        return [request for request in self.requests if request.method != "GET"]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def _do(self) -> None:
                parts = urlsplit(self.path)
                request = Request(
                    self.command,
                    unquote(parts.path),
                    parse_qs(parts.query),
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(int(self.headers.get("Content-Length", 0))),
                )
                host.requests.append(request)
                reply = host.next.popleft() if host.next else host.answer(request)
                time.sleep(reply.delay)
                try:
                    self.send_response(reply.status)
                    length = {"Content-Length": str(len(reply.body))}
                    for name, value in {**length, **reply.headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(reply.body)
                except OSError:
                    return

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _do  # noqa: N815

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        return Handler


def plugged_in(fake: FakeHost) -> Host:
    """The fake as a host in the database."""
    add_host(
        fake.kind,
        origins=[fake.url],
        kind=fake.kind,
        credentials=fake.host.credentials,
        is_private=True,
    )
    return Host.objects.get(name=fake.kind)
