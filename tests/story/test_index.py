"""The index through several processes, and through their deaths."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image
from test_path import _first
from world import SECONDS, Server, Visitor, wait_for

from library.pictures import drawing

VALID = {"good_faith": "yes", "contact": "alice@example.org", "signature": "Alice Example"}
ASKING_SECONDS = 6.0


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A database with one host, which no server uses."""
    server = Server(tmp_path / "data")
    server.add_host("plaza", "http://127.0.0.1:1")
    return {
        **os.environ,
        "STAYDOWN_DATA": str(server.data),
        "DJANGO_SETTINGS_MODULE": "staydown_server.project.settings",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)]),
    }


def started(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "index_process", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


#: Adds and strikes out for some seconds, and prints when each began and ended.
CHANGES = f"""
import json, time
from index_process import *
host = Host.objects.get()
for at, fingerprint in enumerate(far(300)):
    add(host, f"far{{at}}", fingerprint)
print("ready", flush=True)
input()
end, turn = time.monotonic() + {ASKING_SECONDS - 1.5}, 0
while time.monotonic() < end:
    name, is_added, begun = f"near{{turn % 20}}", turn // 20 % 2 == 0, time.monotonic()
    add(host, name, near(turn % 20)) if is_added else strike_out(host, name)
    print(json.dumps([begun, time.monotonic(), name, is_added]))
    turn += 1
    time.sleep(0.03)
"""


def test_every_process_finds_at_once_what_another_one_added(environment: dict[str, str]) -> None:
    """Asked after the addition, every process finds it; asked after the withdrawal, none does."""
    changer = subprocess.Popen(
        [sys.executable, "-c", CHANGES],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert changer.stdout is not None
    assert changer.stdin is not None
    assert changer.stdout.readline() == "ready\n"
    askers = [started(environment, "ask", str(ASKING_SECONDS)) for _ in range(2)]
    for asker in askers:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "ready\n"
    changed, _ = changer.communicate("go\n", timeout=SECONDS)
    changes = [json.loads(line) for line in changed.splitlines()]
    answers = [
        json.loads(line)
        for asker in askers
        for line in asker.communicate(timeout=SECONDS)[0].splitlines()
    ]

    assert len(changes) > 30
    assert len(answers) > 200
    assert any(found for _, _, found in answers)
    for begun, ended, found in answers:
        for name, states in expected(changes, begun, ended).items():
            assert (name in found) in states, (begun, name)


def expected(changes: list[Any], begun: float, ended: float) -> dict[str, set[bool]]:
    """What a question between the two times may say of each name."""
    states: dict[str, set[bool]] = {}
    for change_begun, change_ended, name, is_added in changes:
        if change_ended < begun:
            states[name] = {is_added}
        elif change_begun < ended:
            states.setdefault(name, {False}).add(is_added)
        else:
            states.setdefault(name, {False})
    return states


def test_nothing_acknowledged_is_lost_when_writers_are_killed(environment: dict[str, str]) -> None:
    """Two hundred times, also in the middle of a snapshot; and nothing withdrawn comes back."""
    process = started(environment, "killed", "200")
    report, _ = process.communicate(timeout=10 * SECONDS)
    result = json.loads(report)

    assert result["wrong"] == 0, result
    assert result["rounds"] == 200
    assert result["acknowledged"] > 200
    assert result["with_snapshot"] > 100


@pytest.fixture
def two_processes(tmp_path: Path) -> Iterator[Server]:
    """A server with two web processes."""
    server = Server(tmp_path / "staydown", STAYDOWN_WEB_PROCESSES="2")
    try:
        server.start()
        yield server
    finally:
        server.end()


def test_every_web_process_obeys_from_the_decision_on(two_processes: Server) -> None:
    """Kept down through one process, blocked by both; taken back, let through by both."""
    server, alice, bob = two_processes, Visitor(two_processes), Visitor(two_processes)
    key = server.add_host("plaza", "http://127.0.0.1:1")["api_key"]
    picture = io.BytesIO()
    Image.fromarray(drawing(480, 360, 3)).save(picture, "JPEG", quality=90)
    files = [("files", ("from-the-chat.jpg", picture.getvalue()))]
    alice.send("/report/", files=files, **{**VALID, "places": ""})
    wait_for(server.all_jobs_done, why="swept")
    assert verdicts(server, key, picture.getvalue()) == {"allow"}

    bob.sign_in()
    case_path = _first(r'href="(/desk/cases/\d+/)"', bob.get("/desk/").text)
    rows = re.findall(r'data-row="(\d+)"', bob.get(case_path).text)
    decision = {"row": rows, "reason": "Reported.", "outcome": "remove"}
    bob.send(case_path, form=f"{case_path}decide/", **decision)
    assert verdicts(server, key, picture.getvalue()) == {"block"}

    alice.send("/status/", form="/status/withdraw/", sure="yes")
    assert verdicts(server, key, picture.getvalue()) == {"allow"}


def verdicts(server: Server, key: str, picture: bytes) -> set[str]:
    """What thirty checks say, each through a connection of its own: both processes are asked."""
    answers = [
        requests.post(
            f"{server.url}/api/v1/check",
            files={"file": ("picture.jpg", picture, "image/jpeg")},
            headers={"Authorization": f"Bearer {key}", "Connection": "close"},
            timeout=SECONDS,
        )
        for _ in range(30)
    ]
    return {answer.json().get("verdict", answer.text) for answer in answers}
