"""Real processes for the story tests: Staydown, Plaza, and what people do with them over HTTP."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import psycopg
import requests

import staydown

ROOT = Path(__file__).resolve().parents[2]
STAYDOWN = Path(sys.executable).with_name("staydown")
SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], Any], *, seconds: float = SECONDS, why: str = "") -> Any:
    """The first true answer of *what*; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if answer := what():
                return answer
        except (requests.ConnectionError, requests.Timeout):
            pass
        time.sleep(0.1)
    raise AssertionError(f"nothing came of it in {seconds} s: {why}")


def children_of(pid: int) -> list[int]:
    return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def descendants(pid: int) -> list[int]:
    children = children_of(pid)
    return children + [grandchild for child in children for grandchild in descendants(child)]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@dataclass
class Process:
    """A process that the tests start, stop and kill."""

    command: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> int:
        """SIGTERM, as a service manager does; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def kill(self) -> None:
        """SIGKILL, as a power cut does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(SECONDS)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()


class Server(Process):
    """``staydown serve`` on a folder and a port of its own."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data, self.port = data, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [str(STAYDOWN), "serve", "--data", str(data), "--port", str(self.port)]
        environment = {
            "STAYDOWN_JOB_LEASE_SECONDS": "3",
            # A link signs in by itself: how people enrol is a test of its own.
            "STAYDOWN_TRY_OUT": "yes",
            # Nobody undoes anything.
            "STAYDOWN_UNDO_SECONDS": "0.01",
            **environment,
        }
        super().__init__(command, data.with_suffix(".log"), environment)

    def start(self) -> None:
        announced = self._announcements()
        super().start()
        self.wait_ready()
        # It answers a moment before it says so, and only then watches over its children.
        wait_for(lambda: self._announcements() > announced, why="the server says it is ready")

    def _announcements(self) -> int:
        return self.log.read_text().count("Staydown is ready") if self.log.exists() else 0

    def wait_ready(self) -> None:
        def is_ready() -> bool:
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log.read_text()}")
            return requests.get(f"{self.url}/readyz", timeout=5).ok

        wait_for(is_ready, why="the server is ready")

    def command_line(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(STAYDOWN), *arguments, "--data", str(self.data)],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            env={**os.environ, **self.environment},
        )

    def add_host(self, name: str, origin: str, *, webhook: str = "") -> dict[str, str]:
        done = self.command_line(
            *("host", "add", name, "--origin", origin, "--private", "--json"),
            *("--webhook", webhook or f"{origin}/staydown/webhook"),
        )
        assert done.returncode == 0, done.stderr
        credentials: dict[str, str] = json.loads(done.stdout)
        return credentials

    def sign_in_link(self, email: str = "bob@example.org") -> str:
        done = self.command_line("moderator", "link", email, "--url", self.url)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into the database, as an operator could."""
        if url := self.environment.get("STAYDOWN_DATABASE_URL"):
            with psycopg.connect(url) as shared:
                return shared.execute(query.replace("?", "%s").encode(), values).fetchall()
        with sqlite3.connect(self.data / "staydown.sqlite3", timeout=20) as database:
            rows = database.execute(query, values).fetchall()
        database.close()
        return rows

    def an_item_shown(self, *, times: int) -> str:
        """The address of an item that hosts show so many times, copies counted."""
        rows = self.rows("SELECT url, fingerprint FROM catalogue_item ORDER BY id")
        prints = {str(url): staydown.Fingerprint.from_json(text) for url, text in rows}
        bank = staydown.Bank()
        bank.add_many(prints.items())
        return next(url for url, print_ in prints.items() if len(bank.search(print_)) == times)

    def all_jobs_done(self) -> bool:
        # What waits for tomorrow is not to be done now, and what repeats itself is never done.
        soon = datetime.now(UTC) + timedelta(hours=1)
        left = "SELECT count(*) FROM jobs_job WHERE finished_at IS NULL AND run_at < ?"
        left += " AND name NOT IN ('review.watch_clocks', 'sharing.follow',"
        left += " 'records.count')"
        return self.rows(left, soon.strftime("%Y-%m-%d %H:%M:%S+00")) == [(0,)]

    def audit_is_whole(self) -> bool:
        return self.command_line("audit", "verify").returncode == 0


class Plaza(Process):
    """The sample host, plugged into a server."""

    def __init__(self, data: Path, server: Server) -> None:
        self.data, self.port = data, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        data.mkdir()
        credentials = server.add_host("plaza", self.url)
        (data / "credentials.json").write_text(json.dumps(credentials))
        self.api_key = credentials["api_key"]
        command = [sys.executable, "-m", "examples.plaza", "--data", str(data)]
        command += ["--port", str(self.port)]
        super().__init__(command, data.with_suffix(".log"), {"STAYDOWN_URL": server.url})

    def start(self) -> None:
        super().start()
        wait_for(lambda: requests.get(self.url, timeout=5).ok, seconds=60, why="Plaza is up")

    def has_registered_everything(self) -> bool:
        health = requests.get(f"{self.url}/healthz", timeout=5).json()
        return bool(health["unregistered"] == 0)

    def upload(self, picture: bytes, *, title: str = "A picture") -> requests.Response:
        return requests.post(
            f"{self.url}/upload",
            data={"name": "charlie", "title": title},
            files={"file": ("picture.jpg", picture, "image/jpeg")},
            headers={"Accept": "application/json"},
            timeout=SECONDS,
        )


class _Forms(HTMLParser):
    """The forms of a page: their address and their filled-in fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._textarea = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append({"action": named.get("action", ""), "fields": {}})
        elif self.forms and tag == "input" and named.get("name"):
            ticked = named.get("type") not in ("checkbox", "radio") or "checked" in named
            if ticked and named.get("type") != "file":
                self.forms[-1]["fields"][named["name"]] = named.get("value", "")
        elif self.forms and tag == "textarea":
            self._textarea = named.get("name", "")
            self.forms[-1]["fields"][self._textarea] = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1]["fields"][self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""


class Visitor:
    """Somebody with a browser that has cookies and no script."""

    def __init__(self, server: Server) -> None:
        self._server, self._session = server, requests.Session()

    def get(self, path: str) -> requests.Response:
        return self._session.get(urljoin(self._server.url, path), timeout=SECONDS)

    def send(
        self,
        path: str,
        *,
        form: str | None = None,
        files: list[tuple[str, tuple[str, bytes]]] | None = None,
        **fields: Any,
    ) -> requests.Response:
        """Open *path*, fill in its form (the one whose address is *form*), and send it."""
        page = self.get(path)
        forms = _Forms(page.text).forms
        wanted = [f for f in forms if f["action"] == (form or "")]
        assert wanted, f"no form {form!r} on {path}: {[f['action'] for f in forms]}"
        return self._session.post(
            urljoin(page.url, wanted[0]["action"] or page.url),
            data={**wanted[0]["fields"], **fields},
            files=files,
            timeout=SECONDS,
        )

    def report(self, *urls: str, **fields: Any) -> str:
        """Send a valid notice; returns the receipt code."""
        valid = {
            "places": "\n".join(urls),
            "good_faith": "yes",
            "contact": "alice@example.org",
            "signature": "Alice Example",
        }
        answer = self.send("/report/", **{**valid, **fields})
        assert answer.status_code == 200, answer.text
        return receipt_on(answer.text)

    def sign_in(self) -> None:
        path = self._server.sign_in_link().removeprefix(self._server.url)
        assert "/desk/" in self.send(path).url


def receipt_on(page: str) -> str:
    found = re.search(r"data-receipt>([A-Z2-7-]{19})<", page)
    assert found, page
    return found.group(1)
