"""``staydown serve``: keeps the web server and the job worker running until told to stop."""

import fcntl
import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import IO

from django.conf import settings

from staydown_server.project.lifeline import die_with_parent

log = logging.getLogger("staydown_server.supervisor")

#: What a machine can serve: pages and API, jobs, or both.
PARTS = ("web", "jobs")
STOP_SECONDS = 15
#: So many connections each web process holds at once.
MOST_CLIENTS = 1000
#: For the headers of a request, from the first byte on.
HEADER_MILLISECONDS = 10_000
#: A child that dies again within this time is restarted more slowly.
QUICK_DEATH_SECONDS = 10
LONGEST_PAUSE = 30.0

# Small matrices gain nothing from more threads, which would spin while they wait for
# one another; requests and jobs are what runs side by side.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class CannotServe(Exception):
    """The server cannot be started; the sentence says why."""


def serve(data: Path, *, host: str, port: int, parts: Collection[str] = PARTS) -> None:
    """Run until SIGTERM or SIGINT; a child that dies is started again."""
    held = lock(data)
    children = []
    if "web" in parts:
        _check_port(host, port)
        held.write(f"{host} {port}")
        held.flush()
        _discard_incoming(data)
        children.append(_Child("web", _web_command(host, port)))
    if "jobs" in parts:
        children += [_Child("jobs", _worker_command(at)) for at in range(settings.JOB_PROCESSES)]
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        for child in children:
            child.start()
        if "web" in parts:
            _say_when_ready(host, port, children, lambda: stopping)
        else:
            print("Staydown's jobs are run here", flush=True)
        while not stopping:
            for child in children:
                child.watch()
            time.sleep(0.2)
    finally:
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait()
        held.close()


class _Child:
    """One process that must be running."""

    def __init__(self, name: str, command: list[str]) -> None:
        self._name, self._command = name, command
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._restart_at = 0.0
        self._pause = 1.0

    def start(self) -> None:
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            env={**_ONE_THREAD, **os.environ, "STAYDOWN_SUPERVISED": "1"},
            stdin=subprocess.DEVNULL,
            # Ctrl-C reaches the supervisor alone, which stops its children in order.
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def watch(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            lived = time.monotonic() - self._started
            self._pause = (
                min(self._pause * 2, LONGEST_PAUSE) if lived < QUICK_DEATH_SECONDS else 1.0
            )
            log.error(
                "%s ended by itself (%s); starting it again",
                self._name,
                self._process.returncode,
            )
            self._process, self._restart_at = None, time.monotonic() + self._pause - 1
        if self._process is None and time.monotonic() >= self._restart_at:
            self.start()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask_to_stop(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    def wait(self) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.error("%s did not stop in %s s and was killed", self._name, STOP_SECONDS)
            self._process.kill()
            self._process.wait()


def _web_command(host: str, port: int) -> list[str]:
    command = [sys.executable, "-m", "granian", "--interface", "asginl", "--no-ws"]
    command += ["--host", host, "--port", str(port), "--workers", str(settings.WEB_PROCESSES)]
    # Of clients, not of threads: many may be slow (project/whole_requests.py).
    command += ["--backlog", "2048", "--backpressure", str(MOST_CLIENTS)]
    command += ["--http1-header-read-timeout", str(HEADER_MILLISECONDS)]
    command += ["--respawn-failed-workers", "--log-level", "warning"]
    return [*command, "staydown_server.project.asgi:application"]


def _worker_command(at: int) -> list[str]:
    # One of them writes the snapshots that all processes here start from.
    command = [sys.executable, "-m", "staydown_server.project.worker"]
    return command if at == 0 else [*command, "--without-snapshots"]


def served_at(data: Path) -> tuple[str, int] | None:
    """Where a server runs on the folder *data*: host and port; None where none does."""
    try:
        with (data / "serving").open() as serving:
            try:
                fcntl.flock(serving, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                host, _, port = serving.read().rpartition(" ")
                return (host, int(port)) if port else None
    except OSError:
        return None
    return None


def lock(data: Path) -> IO[str]:
    """Nobody else serves the folder while the file is open; raises :class:`CannotServe`."""
    held = (data / "serving").open("a")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise CannotServe(f"another server is running on the folder {data}") from error
    held.truncate(0)
    return held


def _check_port(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        raise CannotServe(
            f"port {port} on {host} cannot be used ({error}): stop what uses it, or choose "
            "another with --port"
        ) from error


def _discard_incoming(data: Path) -> None:
    """Uploads that a killed process left half-way are nobody's to keep."""
    for left_over in (data / "incoming").iterdir():
        left_over.unlink()


def readiness(host: str, port: int) -> tuple[int, bytes] | None:
    """What ``/readyz`` answers there: status and body; None where nobody answers."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": "127.0.0.1"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _is_ready(host: str, port: int) -> bool:
    answer = readiness(host, port)
    return answer is not None and answer[0] == HTTPStatus.OK


def _say_when_ready(
    host: str, port: int, children: list[_Child], is_stopping: Callable[[], bool]
) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not is_stopping():
        if _is_ready(host, port):
            print(f"Staydown is ready on http://{host}:{port}", flush=True)
            return
        if not all(child.is_running for child in children):
            raise CannotServe("a part of it ended at once; the lines above say why")
        time.sleep(0.1)
    if not is_stopping():
        print(f"Staydown is still loading; http://{host}:{port}/readyz says when it is ready")
