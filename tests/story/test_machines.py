"""Two machines that have nothing in common but PostgreSQL: processes and folders of their own."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from world import Server, Visitor, wait_for

from postgres import Cluster

PDQ = "a5" * 32


class Machines(NamedTuple):
    one: Server
    other: Server


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.end()


@pytest.fixture
def machines(cluster: Cluster, tmp_path: Path) -> Iterator[Machines]:
    """Both started, with the key that the first one made."""
    url = {"STAYDOWN_DATABASE_URL": cluster.create("staydown")}
    machines = Machines(Server(tmp_path / "one", **url), Server(tmp_path / "other", **url))
    try:
        machines.one.start()
        shutil.copytree(machines.one.data / "keys", machines.other.data / "keys")
        machines.other.start()
        yield machines
    finally:
        for machine in machines:
            machine.end()


def verdict(machine: Server, key: str) -> str:
    answer = requests.post(
        f"{machine.url}/api/v1/check",
        json={"fingerprint": {"pdq": PDQ, "quality": 100}},
        headers={"Authorization": f"Bearer {key}"},
        timeout=20,
    )
    return str(answer.json()["verdict"])


def register(machine: Server, key: str, name: str) -> str:
    url = f"http://127.0.0.1:1/{name}"
    answer = requests.post(
        f"{machine.url}/api/v1/items",
        json={"id": name, "url": url, "fingerprint": {"pdq": PDQ, "quality": 100}},
        headers={"Authorization": f"Bearer {key}"},
        timeout=20,
    )
    assert answer.status_code == 201, answer.text
    return url


def decide(machine: Server, outcome: str) -> None:
    bob = Visitor(machine)
    bob.sign_in()
    (case,) = machine.rows("SELECT min(id) FROM cases_case")[0]
    found = machine.rows("SELECT id FROM cases_caseitem WHERE case_id = ?", case)
    rows = [str(row) for (row,) in found]
    path = f"/desk/cases/{case}/"
    sent = bob.send(path, form=f"{path}decide/", row=rows, reason="Reported.", outcome=outcome)
    assert sent.ok, sent.text


def has_followed(machine: Server) -> bool:
    """Whether its index has all there is, without having been asked anything."""
    lags = requests.get(f"{machine.url}/readyz", timeout=5).json()["indexes"].values()
    return all(lag["entries_behind"] == 0 for lag in lags)


def test_what_one_machine_keeps_down_the_other_blocks(machines: Machines) -> None:
    """At once, and the indexes follow by themselves within a second."""
    one, other = machines
    key = one.add_host("plaza", "http://127.0.0.1:1")["api_key"]
    url = register(one, key, "first")
    Visitor(one).report(url)
    wait_for(other.all_jobs_done, why="swept by either")
    assert verdict(other, key) == "allow"

    decide(one, "remove")
    assert verdict(other, key) == "block"

    seconds = []
    for turn in range(5):
        register(one, key, f"more-{turn}")
        begun = time.monotonic()
        wait_for(lambda: has_followed(other), why="it hears of it")
        seconds.append(time.monotonic() - begun)
    assert max(seconds) < 1, seconds


@pytest.mark.parametrize("dying", [0, 1])
def test_either_machine_can_die(machines: Machines, dying: int) -> None:
    """The one that is left has what was acknowledged, and does the work of both."""
    dead, left = machines[dying], machines[1 - dying]
    key = dead.add_host("plaza", "http://127.0.0.1:1")["api_key"]
    url = register(dead, key, "first")
    codes = [Visitor(dead).report(url)]

    dead.kill()

    codes.append(Visitor(left).report(url))
    wait_for(left.all_jobs_done, why="both were swept, also what the dead one had begun")
    assert left.rows("SELECT count(*) FROM cases_sweep") == [(2,)]
    for code in codes:
        assert "Your notice" in Visitor(left).send("/status/", form="/status/", code=code).text
    decide(left, "remove")
    assert verdict(left, key) == "block"
    dead.start()
    assert verdict(dead, key) == "block"
    assert dead.audit_is_whole()


def test_a_machine_with_a_key_of_its_own_is_refused(machines: Machines, tmp_path: Path) -> None:
    """What it wrote could be read nowhere else."""
    url = machines.one.environment["STAYDOWN_DATABASE_URL"]
    stranger = Server(tmp_path / "stranger", STAYDOWN_DATABASE_URL=url)

    without = stranger.command_line("serve", "--port", str(stranger.port))
    assert (without.returncode, "is missing" in without.stderr) == (1, True)
    (stranger.data / "keys").mkdir(parents=True)
    (stranger.data / "keys" / "installation.key").write_bytes(bytes(32))
    other = stranger.command_line("serve", "--port", str(stranger.port))
    assert (other.returncode, "another key" in other.stderr) == (1, True)
