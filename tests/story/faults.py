"""Faults, and traffic that goes on meanwhile: what was acknowledged must be there afterwards.

make faults        each fault ROUNDS times on both databases; prints the numbers as JSON
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import requests
from orders import MAIL, Orders
from world import Server, descendants, kill, wait_for

from postgres import Cluster
from server.host_double import HostDouble
from server.mail_double import MailServer

#: Seconds of traffic before a fault, and after it.
BEFORE, AFTER = 0.7, 0.7
#: Seconds that we wait for a host's answer, with something on top.
TOO_LATE = 11.0
#: From a notice to the end of its clock, in the United States.
CLOCK = timedelta(hours=48)


@dataclass
class Traffic:
    """Notices and registrations, one after another, and which of them were acknowledged."""

    server: Server
    host: HostDouble
    #: With the time of arrival that the sender was told.
    receipts: dict[str, str] = field(default_factory=dict)
    items: list[str] = field(default_factory=list)
    refused: int = 0
    #: Seconds between two: the jobs behind the notices must be done in the end, too.
    pause: float = 0.05

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
                time.sleep(self.pause)
            except requests.RequestException:
                self.refused += 1
                time.sleep(0.05)

    def _notice(self) -> None:
        body = {"signature": "Alice Example", "urls": ["https://elsewhere.example/p/1"]}
        body |= {"good_faith": True, "contact": "alice@example.org"}
        if answer := self._post("/notices", body):
            self.receipts[answer["receipt"]] = answer["received_at"]

    def _item(self) -> None:
        name = str(uuid.uuid4())
        body = {"id": name, "url": self.host.page(name)}
        pdq = random.randbytes(32).hex()
        if self._post("/items", {**body, "fingerprint": {"pdq": pdq, "quality": 100}}):
            self.items.append(name)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {self.host.api_key}"}
        url = f"{self.server.url}/api/v1{path}"
        answer = requests.post(url, json=body, headers=headers, timeout=40)
        if answer.status_code == 201:
            acknowledged: dict[str, Any] = answer.json()
            return acknowledged
        assert answer.status_code >= 500, answer.text
        self.refused += 1
        time.sleep(0.05)
        return None

    def kept(self) -> dict[str, int]:
        """How many receipts open nothing, how many items are not in the catalogue, and how many
        clocks do not run from the time of arrival that the sender was told."""
        found = {code: self._status(code) for code in self.receipts}
        there = {name for (name,) in self.server.rows("SELECT host_item_id FROM catalogue_item")}
        opened = {code: status for code, status in found.items() if status}
        true = [
            status["received_at"] == self.receipts[code]
            and datetime.fromisoformat(status["deadline"])
            == datetime.fromisoformat(status["received_at"]) + CLOCK
            for code, status in opened.items()
        ]
        lost = len(found) - len(opened) + len(set(self.items) - there)
        return {"lost": lost, "clocks not true": true.count(False)}

    def _status(self, code: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.host.api_key}"}
        url = f"{self.server.url}/api/v1/notices/{code}"
        answer = requests.get(url, headers=headers, timeout=20)
        status: dict[str, Any] = answer.json() if answer.ok else {}
        return status


@dataclass
class World:
    """A server and, if it is not on SQLite, its PostgreSQL; and whom it asks for something."""

    server: Server
    orders: Orders
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
        if (cluster := self.cluster) is not None:
            # It cannot go on without its log, and stops until somebody has made room.
            _limit_files(cluster.pid(), "8192", cluster.user)
            wait_for(lambda: not cluster.is_running(), why="it cannot write its log")
            cluster.start()
            return
        assert self.server.process is not None
        _limit_files(self.server.process.pid, "8192")
        time.sleep(1.0)
        _limit_files(self.server.process.pid, "unlimited")

    def take_host_down(self) -> None:
        """It answers 503 to an order, then not at all, and comes back."""
        host = self.orders.host
        host.status = 503
        name = self.orders.order()
        wait_for(lambda: self.orders.was_tried("removal.carry_out"), why="the order was refused")
        host.is_down = True
        seen = len(host.requests)
        wait_for(lambda: len(host.requests) > seen, why="it is asked again")
        host.status, host.is_down = None, False
        wait_for(lambda: self.orders.is_verified(name), why="it is carried out")

    def answer_late(self) -> None:
        """The host does what it is told, and says so when nobody listens any more."""
        self._obeys_and(lambda: time.sleep(TOO_LATE))

    def deliver_twice(self) -> None:
        """The worker dies when the host has obeyed and not yet said so: it is told again."""
        self._obeys_and(self.kill_worker)

    def _obeys_and(self, then: Callable[[], None]) -> None:
        host = self.orders.host

        def obey(event: dict[str, Any]) -> None:
            host.on_event = lambda _event: None
            host.removed.add(event["item"]["id"])
            then()

        host.on_event = obey
        name = self.orders.order()
        wait_for(lambda: self.orders.is_verified(name), why="it is verified")

    def take_mail_server_down(self) -> None:
        """Connections are refused while there is first one piece of news, then another."""
        orders = self.orders
        orders.post.close()
        name = orders.order(address=f"a{len(orders.addresses)}@post.example")
        wait_for(lambda: orders.was_tried("notices.send_mail"), why="the mail was not taken")
        wait_for(lambda: orders.is_verified(name), why="it is removed")
        back = MailServer(port=orders.post.server_address[1])
        back.taken, orders.post = orders.post.taken, back


def _limit_files(first: int, size: str, user: str | None = None) -> None:
    """No file of this process and those that it began can become larger than *size* bytes."""
    for pid in (first, *descendants(first)):
        # By the user whose process it is: root may not, everywhere.
        command = ["prlimit", f"--pid={pid}", f"--fsize={size}:"]
        subprocess.run(command, user=user, group=user, check=False, capture_output=True)


OURS = ("kill_worker", "kill_web", "kill_server", "fill_disk")
OF_POSTGRESQL = ("restart_database", "cut_connections", "set_clock_back")
THEIRS = ("take_host_down", "take_mail_server_down", "answer_late", "deliver_twice")
FAULTS = {"sqlite": OURS + THEIRS, "postgresql": OURS + OF_POSTGRESQL + THEIRS}


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
    host, post = HostDouble(), MailServer()
    environment = {**MAIL, "STAYDOWN_MAIL_PORT": str(post.server_address[1])}
    try:
        if database == "postgresql":
            cluster = Cluster(is_durable=True)
            cluster.start()
            environment["STAYDOWN_DATABASE_URL"] = cluster.create("staydown")
        server = Server(folder / "staydown", **environment)
        world = World(server, Orders(server, host, post), cluster)
        try:
            server.start()
            credentials = server.add_host("plaza", host.url, webhook=host.webhook_url)
            host.api_key, host.secret = credentials["api_key"], credentials["webhook_secret"]
            yield world
        finally:
            server.end()
            host.close()
            world.orders.post.close()
    finally:
        if cluster is not None:
            cluster.end()


def suffer(world: World, traffic: Traffic, fault: str) -> None:
    """Traffic, the fault in the midst of it, and traffic again once there are answers."""
    # What waits for somebody else takes longer, and should not queue behind ourselves.
    traffic.pause = 0.4 if fault in THEIRS else 0.05
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
        **traffic.kept(),
        "notices without a case": max(
            0, len(traffic.receipts) + len(world.orders.names) - cases[1]
        ),
        "cases too many": cases[0] - cases[1],
        **world.orders.outcome(),
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
                    traffic = Traffic(world.server, world.orders.host)
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
