"""Clients that are slow, endless or lie, and addresses that lead astray: the service goes on."""

import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from PIL import Image
from world import Server, wait_for

SLOW = 60


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.effect_mandelbrot((320, 240), (-2.0, -1.2, 1.0, 1.2), 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()


class Elsewhere:
    """A host that redirects in a circle, and answers for ever."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.requests.append(self.path)
                if self.path == "/loop":
                    self.send_response(302)
                    self.send_header("Location", "/loop")
                    self.end_headers()
                    return
                self.send_response(200)
                self.end_headers()
                # No length, no end: until the other side has had enough.
                with suppress(OSError):
                    while True:
                        self.wfile.write(b"\xff\xd8\xff" + b"x" * 65_536)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    host = Elsewhere()
    yield host
    host.close()


def test_slow_clients_keep_nobody_else_out(server: Server) -> None:
    """Many at once, before, in and behind their headers: others are answered as ever. Whoever
    does not finish their headers is let go."""
    key = server.add_host("forum", "http://127.0.0.1:9")["api_key"]
    page = requests.get(f"{server.url}/report/", timeout=10)
    cookies = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    starts = (
        "GET / HTTP/1.1\r\nHost: 127.0",
        "POST /report/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nCookie: {cookies}\r\n\r\nplaces=",
        "POST /api/v1/check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: image/jpeg\r\n\r\nx",
    )
    clients = []
    for start in starts:
        for _ in range(SLOW):
            client = socket.create_connection(("127.0.0.1", server.port))
            client.sendall(start.encode())
            clients.append(client)
    try:
        began = time.monotonic()
        for _ in range(3):
            assert requests.get(f"{server.url}/livez", timeout=5).ok
            assert requests.get(f"{server.url}/report/", timeout=5).ok
            checked = _check(server, key, jpeg())
            assert checked.json()["verdict"] == "allow"
        assert time.monotonic() - began < 10
        first = clients[0]
        first.settimeout(20)
        # What is left of it is an answer, or nothing: and then the end.
        while first.recv(4096):
            pass
    finally:
        for client in clients:
            client.close()
    assert requests.get(f"{server.url}/readyz", timeout=5).ok


def test_bodies_without_an_end_are_refused_at_once(server: Server) -> None:
    """Whether they say no length, a length that is too large, or one that is no number."""
    for header in (
        "Transfer-Encoding: chunked",
        "Content-Length: 65000000",
        "Content-Length: 99999999999999999999",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            client.sendall(
                f"POST /api/v1/check HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n\r\n".encode()
            )
            with suppress(OSError):
                for _ in range(200):
                    client.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
                    if select_readable(client):
                        break
            answer = client.recv(4096)
        status = int(answer.split(b" ")[1]) if answer else 0
        assert status in (400, 411, 413), (header, answer[:100])
    assert requests.get(f"{server.url}/livez", timeout=5).ok
    assert list((server.data / "incoming").iterdir()) == []


def select_readable(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return bool(client.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        client.settimeout(10)


def test_what_a_file_calls_itself_counts_for_nothing(server: Server) -> None:
    """A page called a picture is none; a picture called a page is one."""
    key = server.add_host("forum", "http://127.0.0.1:9")["api_key"]
    page = b"<html><script>alert(1)</script></html>" * 20
    for content, kind, name, status in (
        (page, "image/jpeg", "x.jpg", 415),
        (b"MZ" + bytes(5000), "image/png", "x.png", 415),
        (jpeg(), "text/html", "x.html", 200),
        (jpeg(), "video/mp4", "../../x.mp4", 200),
    ):
        answer = requests.post(
            f"{server.url}/api/v1/check",
            headers={"Authorization": f"Bearer {key}"},
            files={"file": (name, content, kind)},
            timeout=30,
        )
        assert answer.status_code == status, answer.text
        if status != 200:
            assert answer.json()["code"] == "not_media"


def test_addresses_that_lead_astray_are_refused_with_a_reason(
    server: Server, elsewhere: Elsewhere
) -> None:
    """Circles, files without an end, other people's machines, and our own network."""
    key = server.add_host("forum", elsewhere.url)["api_key"]
    port = elsewhere.url.rpartition(":")[2]
    for url, code in (
        (f"{elsewhere.url}/loop", "url-redirects"),
        (f"{elsewhere.url}/endless", "too-large"),
        (f"http://localhost:{port}/x", "url-refused"),
        ("http://169.254.169.254/latest/meta-data/", "url-refused"),
        ("http://[::1]/", "url-refused"),
        (f"http://127.0.0.1:{port}@elsewhere.example/", "url-refused"),
        (f"http://127.0.0.1:{server.port}/readyz", "url-refused"),
    ):
        answer = _ask(server, key, {"url": url})
        assert answer.json()["code"] == code, answer.text
    assert elsewhere.requests == ["/loop", "/endless"]
    assert requests.get(f"{server.url}/livez", timeout=5).ok


def test_a_name_that_leads_to_our_own_network_is_refused(
    server: Server, elsewhere: Elsewhere
) -> None:
    """Whatever a host's name server says today: only an operator can say that it is private."""
    port = elsewhere.url.rpartition(":")[2]
    done = server.command_line(
        *("host", "add", "rebound", "--origin", f"http://localhost:{port}", "--json"),
        *("--webhook", f"http://localhost:{port}/hook"),
    )
    key = json.loads(done.stdout)["api_key"]

    answer = _ask(server, key, {"url": f"http://localhost:{port}/loop"})

    assert (answer.status_code, answer.json()["code"]) == (422, "url-refused")
    assert "private network" in answer.json()["detail"]
    assert elsewhere.requests == []
    wait_for(server.all_jobs_done, seconds=5, why="nothing is left to do")


def _ask(server: Server, key: str, body: dict[str, Any]) -> requests.Response:
    return requests.post(
        f"{server.url}/api/v1/check",
        headers={"Authorization": f"Bearer {key}"},
        json=body,
        timeout=60,
    )


def _check(server: Server, key: str, content: bytes) -> requests.Response:
    return requests.post(
        f"{server.url}/api/v1/check",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "image/jpeg"},
        data=content,
        timeout=30,
    )
