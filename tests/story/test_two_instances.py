"""Two platforms that share lists: what one takes down stays down on the other, and comes back as
fast, whichever of the two is killed and whenever."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from world import Plaza, Server, Visitor, wait_for

#: What the design promises: known on the other platform within a minute.
A_MINUTE = 60.0
_FOLLOWING = {"STAYDOWN_FOLLOW_SECONDS": "0.5"}


class Instance(Server):
    """A platform of its own, with a list."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder / name, **_FOLLOWING)
        self.name, self.root_key = name, folder / f"{name}.root"

    def run(self, *arguments: str) -> dict[str, Any]:
        done = self.command_line(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def publish(self) -> None:
        self.run("partner", "begin", self.name, "--root-key", str(self.root_key))

    def follow(self, other: "Instance", *, trust: str = "trusted") -> None:
        told = other.run("partner", "let-read", self.name, "--list", other.name)
        key = self.data.with_suffix(".key")
        key.write_text(told["key"])
        address = f"{other.url}/api/v1/hash-lists/{other.name}"
        which = ("--address", address, "--root", told["root"], "--key-file", str(key))
        self.run("partner", "follow", other.name, *which, "--trust", trust)

    def check(self, key: str, picture: bytes) -> str:
        answer = requests.post(
            f"{self.url}/api/v1/check",
            data=picture,
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/octet-stream"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["verdict"])

    def die_and_come_back(self) -> None:
        self.kill()
        self.start()


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Instance]:
    yield from _started(tmp_path, "first.example")


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Instance]:
    yield from _started(tmp_path, "second.example")


def _started(folder: Path, name: str) -> Iterator[Instance]:
    instance = Instance(folder, name)
    try:
        instance.start()
        yield instance
    finally:
        instance.end()


@pytest.fixture
def plaza(first: Instance, tmp_path: Path) -> Iterator[Plaza]:
    plaza = Plaza(tmp_path / "plaza", first)
    try:
        plaza.start()
        yield plaza
    finally:
        plaza.end()


def test_what_one_takes_down_stays_down_on_the_other(
    first: Instance, second: Instance, plaza: Plaza
) -> None:
    """Notice, decision, blocked elsewhere; appeal, granted, allowed elsewhere; killed at each."""
    for instance in (first, second):
        instance.publish()
    # Each follows the other: what comes back in the loop must do no harm.
    first.follow(second)
    second.follow(first)
    key = second.add_host("forum", "http://127.0.0.1:9")["api_key"]
    wait_for(lambda: len(_catalogue(first)) >= 24, why="Plaza's pictures are registered")
    reported = first.an_item_shown(times=1)
    media_url, uploader = first.rows(
        "SELECT media_url, uploader FROM catalogue_item WHERE url = ?", reported
    )[0]
    picture = requests.get(media_url, timeout=30).content
    assert second.check(key, picture) == "allow"

    # Alice reports it; the server dies with her notice in hand.
    Visitor(first).report(reported)
    first.die_and_come_back()
    wait_for(first.all_jobs_done, why="located and swept")

    # Bob decides; it dies before, or while, or after it told anybody. So does the other.
    bob = Visitor(first)
    bob.sign_in()
    case_path = _first(r'href="(/desk/cases/\d+/)"', bob.get("/desk/").text)
    rows = re.findall(r'data-row="(\d+)"', bob.get(case_path).text)
    decision = {"row": rows, "reason": "As reported.", "outcome": "remove"}
    assert "Decided." in bob.send(case_path, form=f"{case_path}decide/", **decision).text
    first.kill()
    second.kill()
    first.start()
    second.start()

    blocked = lambda: second.check(key, picture) == "block"  # noqa: E731
    wait_for(blocked, seconds=A_MINUTE, why="the other one blocks it")
    # It stands there by itself, whoever is down.
    first.kill()
    second.die_and_come_back()
    assert second.check(key, picture) == "block"
    first.start()

    # The first hears what became of it.
    heard = lambda: first.rows("SELECT verdict FROM sharing_feedback") == [("blocked",)]  # noqa: E731
    wait_for(heard, seconds=A_MINUTE, why="feedback")

    # Charlie appeals, and Bob grants it; again both die at once.
    mine = requests.get(f"{plaza.url}/me/{uploader}", timeout=30).text
    reasons_path = _first(r"(/reasons/[A-Z2-7]+/)", mine)
    assert "will read it" in Visitor(first).send(reasons_path, text="A drawing of mine.").text
    appeal_path = _first(r'action="(/desk/appeals/\d+/)"', bob.get(case_path).text)
    bob.send(case_path, form=appeal_path, reason="It is a drawing.", outcome="granted")
    first.kill()
    second.kill()
    second.start()
    first.start()

    allowed = lambda: second.check(key, picture) == "allow"  # noqa: E731
    wait_for(allowed, seconds=A_MINUTE, why="the other one lets it pass")
    wait_for(lambda: requests.get(reported, timeout=30).status_code == 200, why="it is back")
    lines = first.rows("SELECT op, reason FROM sharing_line ORDER BY sequence")
    assert lines == [("add", ""), ("retract", "overturned")]
    # Nothing of it is left on the other, and nothing went round.
    assert second.rows("SELECT state, why, fingerprint FROM gate_listed") == [
        ("ended", "overturned", "")
    ]
    assert second.rows("SELECT count(*) FROM sharing_line") == [(0,)]
    assert first.rows("SELECT count(*) FROM gate_listed") == [(0,)]
    assert first.audit_is_whole()
    assert second.audit_is_whole()


def _catalogue(server: Server) -> list[tuple[str, ...]]:
    return server.rows("SELECT url FROM catalogue_item")


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in the page"
    return found.group(1)
