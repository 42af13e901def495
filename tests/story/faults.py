"""Faults, and traffic that goes on meanwhile: what was acknowledged must be there afterwards.

make faults        each fault ROUNDS times on both databases; prints the numbers as JSON
"""

import argparse
import json
import random
import resource
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests
from world import Server, descendants, kill, wait_for

from postgres import Cluster

#: Seconds of traffic before a fault, and after it.
BEFORE, AFTER = 0.7, 0.7


@dataclass
class Traffic:
    """Notices and registrations, one after another, and which of them were acknowledged."""

    server: Server
    key: str
    receipts: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    refused: int = 0

    @contextmanager
    def going_on(self) -> Iterator[None]:
        stop = threading.Event()
        senders = [
            threading.Thread(target=self._send, args=(stop, each))
            for each in (self._notice, self._item)
        ]
        for sender in senders:
            sender.start()
        try:
            yield
        finally:
            stop.set()
            for sender in senders:
                sender.join()

    def _send(self, stop: threading.Event, one: Callable[[], None]) -> None:
        while not stop.is_set():
            try:
                one()
                # The jobs behind the notices must be done in the end, too.
                time.sleep(0.05)
            except requests.RequestException:
                self.refused += 1
                time.sleep(0.05)

    def _notice(self) -> None:
        body = {"signature": "Alice Example", "urls": ["https://elsewhere.example/p/1"]}
        body |= {"good_faith": True, "contact": "alice@example.org"}
        if answer := self._post("/notices", body):
            self.receipts.append(answer["receipt"])

    def _item(self) -> None:
        name = str(uuid.uuid4())
        body = {"id": name, "url": f"http://127.0.0.1:1/{name}"}
        pdq = random.randbytes(32).hex()
        if self._post("/items", {**body, "fingerprint": {"pdq": pdq, "quality": 100}}):
            self.items.append(name)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {self.key}"}
        url = f"{self.server.url}/api/v1{path}"
        answer = requests.post(url, json=body, headers=headers, timeout=40)
        if answer.status_code == 201:
            acknowledged: dict[str, Any] = answer.json()
            return acknowledged
        assert answer.status_code >= 500, answer.text
        self.refused += 1
        time.sleep(0.05)
        return None

    def lost(self) -> list[str]:
        """The receipts that open nothing, and the items that are not in the catalogue."""
        headers = {"Authorization": f"Bearer {self.key}"}
        api = f"{self.server.url}/api/v1/notices"
        lost = [
            code
            for code in self.receipts
            if not requests.get(f"{api}/{code}", headers=headers, timeout=20).ok
        ]
        there = {name for (name,) in self.server.rows("SELECT host_item_id FROM catalogue_item")}
        return lost + [name for name in self.items if name not in there]


@dataclass
class World:
    """A server and, if it is not on SQLite, its PostgreSQL."""

    server: Server
    cluster: Cluster | None = None

    def kill_worker(self) -> None:
        kill(_child(self.server, "staydown_server.project.worker"))

    def kill_web(self) -> None:
        kill(_child(self.server, "granian"))

    def kill_server(self) -> None:
        self.server.kill()
        self.server.start()

    def restart_database(self) -> None:
        assert self.cluster is not None
        # As a crash: what was not committed is gone.
        self.cluster.stop("immediate")
        time.sleep(0.5)
        self.cluster.start()

    def cut_connections(self) -> None:
        with psycopg.connect(self.server.environment["STAYDOWN_DATABASE_URL"]) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'staydown'"
            )

    def set_clock_back(self) -> None:
        """For whoever takes a job it is the same as if all times were an hour later."""
        url = self.server.environment["STAYDOWN_DATABASE_URL"]
        with psycopg.connect(url) as connection:
            connection.execute(
                "UPDATE jobs_job SET run_at = run_at + '1 hour', leased_until = leased_until + "
                "'1 hour', created_at = created_at + '1 hour' WHERE finished_at IS NULL"
            )

    def fill_disk(self) -> None:
        """No file can grow for a while: each write to its end fails, as on a full disk."""
        assert self.server.process is not None
        family = descendants(self.server.process.pid)
        limits = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in family}
        for pid, (_, most) in limits.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (8192, most))
        time.sleep(1.0)
        for pid, limit in limits.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)


_BOTH = ("kill_worker", "kill_web", "kill_server")
FAULTS = {
    "sqlite": (*_BOTH, "fill_disk"),
    "postgresql": (*_BOTH, "restart_database", "cut_connections", "set_clock_back"),
}


def _child(server: Server, module: str) -> int:
    assert server.process is not None

    def running() -> int | None:
        assert server.process is not None
        for pid in descendants(server.process.pid):
            if module in Path(f"/proc/{pid}/cmdline").read_text():
                return pid
        return None

    return int(wait_for(running, why=f"{module} runs"))


@contextmanager
def a_world(database: str, folder: Path) -> Iterator[World]:
    cluster = None
    environment = {}
    try:
        if database == "postgresql":
            cluster = Cluster(is_durable=True)
            cluster.start()
            environment["STAYDOWN_DATABASE_URL"] = cluster.create("staydown")
        world = World(Server(folder / "staydown", **environment), cluster)
        try:
            world.server.start()
            yield world
        finally:
            world.server.end()
    finally:
        if cluster is not None:
            cluster.end()


def suffer(world: World, traffic: Traffic, fault: str) -> None:
    """Traffic, the fault in the midst of it, and traffic again once there are answers."""
    with traffic.going_on():
        time.sleep(BEFORE)
        getattr(world, fault)()
        world.server.wait_ready()
        count = len(traffic.receipts)
        wait_for(lambda: len(traffic.receipts) > count, why=f"notices are taken after {fault}")
        time.sleep(AFTER)


def outcome(world: World, traffic: Traffic) -> dict[str, int | bool]:
    """Once everything is done: the numbers."""
    server = world.server
    wait_for(server.all_jobs_done, seconds=300, why="each notice has its case")
    cases = server.rows("SELECT count(*), count(DISTINCT notice_id) FROM cases_case")[0]
    return {
        "acknowledged": len(traffic.receipts) + len(traffic.items),
        "refused": traffic.refused,
        "lost": len(traffic.lost()),
        "notices without a case": max(0, len(traffic.receipts) - cases[1]),
        "cases too many": cases[0] - cases[1],
        "audit log is whole": server.audit_is_whole(),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=10)
    rounds = options.parse_args().rounds
    for database, faults in FAULTS.items():
        for fault in faults:
            folder = Path(tempfile.mkdtemp(prefix="staydown-faults-"))
            try:
                with a_world(database, folder) as world:
                    key = world.server.add_host("plaza", "http://127.0.0.1:1")["api_key"]
                    traffic = Traffic(world.server, key)
                    for _ in range(rounds):
                        suffer(world, traffic, fault)
                    numbers = outcome(world, traffic)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            line = {"database": database, "fault": fault, "rounds": rounds, **numbers}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
