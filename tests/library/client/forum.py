"""A host that shows pictures and has an ear for Staydown, and servers that do not answer well."""

import contextlib
import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

from library.pictures import drawing
from staydown.client import Forged, Staydown
from story.world import Server, Visitor, free_port, wait_for


def picture(seed: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(drawing(480, 360, seed)).save(out, "JPEG", quality=90)
    return out.getvalue()


class Forum:
    """Shows what is in `files`, and obeys what `staydown` knows to be Staydown's."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.events: list[dict[str, Any]] = []
        self.staydown: Staydown | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.webhook_url = f"{self.url}/staydown/webhook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        forum = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                file = forum.files.get(self.path.rpartition("/")[2])
                self._answer(200 if file else 410, file or b"gone")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert forum.staydown is not None
                try:
                    event = forum.staydown.read_event(
                        url=forum.webhook_url, headers=self.headers, body=body
                    )
                except Forged:
                    return self._answer(401, b"forged")
                forum.events.append(event)
                if event["event"] == "item.remove":
                    forum.files.pop(event["item"]["id"], None)
                return self._answer(200, b"done")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def keep_down(server: Server, forum: Forum, item_id: str) -> None:
    """Alice reports the item, and Bob has it removed and kept down."""
    Visitor(server).report(f"{forum.url}/p/{item_id}")
    wait_for(server.all_jobs_done, why="located and swept")
    bob = Visitor(server)
    bob.sign_in()
    ((number,),) = server.rows("SELECT max(id) FROM cases_case")
    case = f"/desk/cases/{number}/"
    listed = server.rows(f"SELECT id FROM cases_caseitem WHERE case_id = {number}")  # noqa: S608
    rows = [row for (row,) in listed]
    decision = {"row": rows, "reason": "As reported.", "outcome": "remove"}
    assert "Decided." in bob.send(case, form=f"{case}decide/", **decision).text
    wait_for(lambda: item_id not in forum.files, why="the signed order was obeyed")


@contextmanager
def silent_server(*, lives: bool) -> Iterator[str]:
    """The address of one that takes what it is sent and says nothing; ``/livez`` it answers if
    it *lives*."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        held = []

        def hear() -> None:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                held.append(caller)
                if lives and caller.recv(65536).startswith(b"GET /livez"):
                    caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for caller in held:
                caller.close()


class Door:
    """An address that leads to Staydown while it is open, and nowhere while it is shut."""

    def __init__(self, server: Server) -> None:
        self._server, self.port = server, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._listener: socket.socket | None = None

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=50)
        threading.Thread(target=self._let_in, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _let_in(self, listener: socket.socket) -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self._server.port))
            for one, other in ((caller, there), (there, caller)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with source, contextlib.suppress(OSError):
            # Shut, it lets go of those inside, too.
            while self._listener is not None and (piece := source.recv(65536)):
                target.sendall(piece)
            target.shutdown(socket.SHUT_RDWR)
