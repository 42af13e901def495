"""kill -9, at the worst moments: nothing that was acknowledged is lost, all of it is finished."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from changed_copies import cropped
from examples.plaza.scenes.landscapes import mountain_lake
from PIL import Image
from world import Server, Visitor, children_of, descendants, free_port, kill, wait_for


class SlowHost(ThreadingHTTPServer):
    """A host that takes its time: an order, or a look at a copy, waits until the gates open."""

    daemon_threads = True

    def __init__(self) -> None:
        self.open = threading.Event()
        self.asked = threading.Event()
        self.removed: set[str] = set()
        self.events: list[str] = []
        self.files: dict[str, bytes] = {}
        super().__init__(("127.0.0.1", free_port()), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: SlowHost

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.set()
        self.server.open.wait(20)
        self.server.events.append(event["id"])
        self.server.removed.add(event["item"]["url"])
        self._answer(200)

    def do_GET(self) -> None:
        gone = f"{self.server.url}{self.path}" in self.server.removed
        if self.path == "/p/copy":
            self.server.asked.set()
            self.server.open.wait(20)
        self._answer(410 if gone else 200, self.server.files.get(self.path, b""))

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def slow_host() -> Iterator[SlowHost]:
    host = SlowHost()
    thread = threading.Thread(target=host.serve_forever)
    thread.start()
    yield host
    host.open.set()
    host.shutdown()
    thread.join()
    host.server_close()


def test_a_removal_killed_half_way_is_finished_after_a_restart(
    server: Server, slow_host: SlowHost, alice: Visitor, bob: Visitor
) -> None:
    """The worker dies while the host has the order in its hands."""
    key = server.add_host("slow", slow_host.url)["api_key"]
    url = f"{slow_host.url}/p/1"
    _register(server, key, "1", url)
    alice.report(url)
    wait_for(server.all_jobs_done, why="swept")
    bob.send(
        "/desk/cases/1/",
        form="/desk/cases/1/decide/",
        row=["1"],
        reason="As reported.",
        outcome="remove",
    )
    assert slow_host.asked.wait(20)

    server.kill()
    assert _state_of_removal(server) == "ordered"
    slow_host.open.set()
    server.start()

    wait_for(lambda: _state_of_removal(server) == "verified", why="finished after the restart")
    assert len(set(slow_host.events)) == 1, "the repeated order carries the same id"
    assert server.audit_is_whole()


def test_a_sweep_killed_half_way_is_finished_after_a_restart(
    server: Server, slow_host: SlowHost, alice: Visitor
) -> None:
    """The worker dies while it looks at a copy; it is found all the same, and once."""
    key = server.add_host("slow", slow_host.url)["api_key"]
    picture = _jpeg(mountain_lake())
    slow_host.files = {"/p/original": picture, "/p/copy": cropped(picture)}
    for path, file in slow_host.files.items():
        _register_file(server, key, slow_host.url + path, file)
    alice.report(f"{slow_host.url}/p/original")
    assert slow_host.asked.wait(60), "the sweep has begun"

    server.kill()
    assert _sweep_job(server) == (1, True, False), "it was killed in the middle"
    assert server.rows("SELECT count(*) FROM cases_sweep") == [(0,)]
    slow_host.open.set()
    server.start()

    wait_for(server.all_jobs_done, why="the sweep was taken up again")
    assert server.rows("SELECT searched, found FROM cases_sweep WHERE case_item_id = 1") == [(2, 1)]
    assert server.rows("SELECT count(*) FROM cases_caseitem") == [(2,)]
    assert server.audit_is_whole()


def test_no_acknowledged_notice_is_lost_however_often_the_server_is_killed(
    server: Server,
) -> None:
    """Five kills while notices come in; every receipt that was shown opens its page."""
    codes: list[str] = []
    for _ in range(5):
        stop = threading.Event()

        def keep_reporting(stop: threading.Event = stop) -> None:
            while not stop.is_set():
                try:
                    codes.append(Visitor(server).report("http://127.0.0.1:9/p/1"))
                except requests.RequestException:  # refused, or cut off in the middle of a page
                    return

        reporter = threading.Thread(target=keep_reporting)
        before = len(codes)
        reporter.start()
        wait_for(lambda before=before: len(codes) >= before + 3, why="notices come in")
        server.kill()
        stop.set()
        reporter.join()
        server.start()

    assert len(codes) >= 15
    for code in codes:
        page = Visitor(server).send("/status/", form="/status/", code=code)
        assert page.ok
        assert "Your notice" in page.text
    wait_for(server.all_jobs_done, why="each has its case")
    assert server.rows("SELECT count(*) FROM cases_case")[0][0] >= len(codes)
    assert server.audit_is_whole()


def test_a_killed_child_is_started_again(server: Server) -> None:
    """The web server and the worker are watched over."""
    assert server.process is not None
    children = children_of(server.process.pid)
    assert len(children) == 2
    for child in children:
        kill(child)

    wait_for(lambda: len(set(children_of(server.process.pid)) - set(children)) == 2, why="new ones")
    server.wait_ready()


def test_nothing_outlives_a_killed_server(server: Server) -> None:
    """After kill -9 the port is free, and no worker goes on behind one's back."""
    assert server.process is not None
    family = descendants(server.process.pid)
    assert len(family) >= 3

    server.kill()

    wait_for(lambda: not any(_is_running(pid) for pid in family), why="all are gone")


def _register(server: Server, key: str, item_id: str, url: str) -> None:
    pdq = "a5" * 32
    answer = requests.post(
        f"{server.url}/api/v1/items",
        json={"id": item_id, "url": url, "fingerprint": {"pdq": pdq, "quality": 100}},
        headers={"Authorization": f"Bearer {key}"},
        timeout=20,
    )
    assert answer.status_code == 201, answer.text


def _jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=90)
    return file.getvalue()


def _register_file(server: Server, key: str, url: str, file: bytes) -> None:
    answer = requests.post(
        f"{server.url}/api/v1/items",
        data={"id": url, "url": url},
        files={"file": file},
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    )
    assert answer.status_code == 201, answer.text


def _sweep_job(server: Server) -> tuple[int, bool, bool]:
    """Attempts, whether it is leased, whether it is finished."""
    rows = server.rows(
        "SELECT attempts, lease IS NOT NULL, finished_at IS NOT NULL FROM jobs_job "
        "WHERE name = 'cases.sweep'"
    )
    return (rows[0][0], bool(rows[0][1]), bool(rows[0][2])) if rows else (0, False, False)


def _state_of_removal(server: Server) -> str:
    return str(server.rows("SELECT state FROM removal_removal")[0][0])


def _is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
