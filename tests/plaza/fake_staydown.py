"""A little Staydown on 127.0.0.1 that speaks the real protocol and says what it is told to."""

import io
import json
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import requests
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from PIL import Image, UnidentifiedImageError
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

API_KEY = "sd_a-key-for-tests"
SECRET = "a-secret-for-tests"


class Served:
    """A WSGI application on a port of 127.0.0.1 that can go away and come back."""

    def __init__(self, application: Callable[..., Iterable[bytes]] | None = None) -> None:
        # A port of our own, kept over a restart: others hold on to the address.
        self._application = application
        self._server: BaseWSGIServer | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, application: Callable[..., Iterable[bytes]] | None = None) -> None:
        self._application = application or self._application
        assert self._application is not None
        self._server = make_server("127.0.0.1", self.port, self._application, threaded=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None


class FakeStaydown(Served):
    """The gate, the catalogue and the webhook of Staydown, for one host called plaza."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        #: What the gate says about a file; everything else is allowed.
        self.verdicts: dict[bytes, str] = {}
        #: What registration says; what the gate says if it is not in here.
        self.verdicts_at_registration: dict[bytes, str] = {}
        self.checked: list[dict[str, str]] = []
        self.items: dict[str, dict[str, str]] = {}
        self.key = API_KEY

    def send(
        self,
        plaza: str,
        event: str,
        item_id: str,
        *,
        event_id: str = "",
        minutes_ago: float = 0,
        secret: str = SECRET,
        host: str = "plaza",
        tag: str = "staydown-webhook",
        to: str = "/staydown/webhook",
        signed_for: str = "",
        covered: tuple[str, ...] = ("@method", "@target-uri", "content-type"),
        tamper: bytes = b"",
        created: str = "",
        **details: Any,
    ) -> requests.Response:
        """Call Plaza's webhook as Staydown does, or nearly so."""
        event_id = event_id or str(uuid4())
        body = json.dumps(
            {
                "event": event,
                "id": event_id,
                "created": created or datetime.now(UTC).isoformat(),
                "item": {"id": item_id, "url": f"{plaza}/p/{item_id}"},
                **details,
            }
        ).encode()
        headers = signature(
            signed_for or plaza + to,
            body,
            nonce=event_id,
            secret=secret,
            host=host,
            tag=tag,
            covered=covered,
            created=datetime.now(UTC) - timedelta(minutes=minutes_ago),
        )
        return requests.post(plaza + to, data=tamper or body, headers=headers, timeout=10)

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        with Request(environ) as request:
            return self._route(request)(environ, start)

    def _route(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return _problem(401, "unauthorised", "Send a valid API key that may do this.")
        match request.method, request.path:
            case "POST", "/api/v1/check":
                return self._check(request)
            case "POST", "/api/v1/items":
                return self._register(request)
            case "DELETE", path if path.startswith("/api/v1/items/"):
                if self.items.pop(path.rpartition("/")[2], None):
                    return Response(status=204)
        return _problem(404, "not-found", "There is nothing here.")

    def _check(self, request: Request) -> Response:
        file = request.files["file"].read()
        if (problem := _unreadable(file)) is not None:
            return problem
        self.checked.append(request.form.to_dict())
        return _json({"id": str(uuid4()), "verdict": self.verdicts.get(file, "allow")}, 200)

    def _register(self, request: Request) -> Response:
        file = request.files["file"].read()
        if (problem := _unreadable(file)) is not None:
            return problem
        item_id = request.form["id"]
        status = 200 if item_id in self.items else 201
        self.items[item_id] = request.form.to_dict()
        verdicts = {**self.verdicts, **self.verdicts_at_registration}
        return _json({"id": item_id, "verdict": verdicts.get(file, "allow")}, status)


def signature(
    url: str,
    body: bytes,
    *,
    nonce: str,
    created: datetime,
    secret: str = SECRET,
    host: str = "plaza",
    tag: str = "staydown-webhook",
    covered: tuple[str, ...] = ("@method", "@target-uri", "content-type"),
    method: str = "POST",
) -> dict[str, str]:
    headers = {"Content-Type": "application/json"} if method == "POST" else {}
    message = SimpleNamespace(method=method, url=url, headers=headers)
    keys = MappingKeyResolver(public_keys={}, private_keys={host: secret.encode()})
    HTTPMessageSigner(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=keys).sign(
        message,
        key_id=host,
        created=created,
        nonce=nonce,
        label="staydown",
        tag=tag,
        covered_component_ids=covered,
        body=body if method == "POST" else None,
    )
    return dict(message.headers)


def _unreadable(file: bytes) -> Response | None:
    try:
        with Image.open(io.BytesIO(file)) as image:
            image.load()
    except (UnidentifiedImageError, OSError):
        return _problem(422, "unreadable", "This file is damaged and cannot be read.")
    return None


def _problem(status: int, code: str, detail: str) -> Response:
    content = {"type": "about:blank", "title": code, "status": status, "detail": detail}
    return Response(
        json.dumps({**content, "code": code}), status, content_type="application/problem+json"
    )


def _json(content: dict[str, str], status: int) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
