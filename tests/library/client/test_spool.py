"""The spool on the disk: kill -9, and several processes at once."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from library.client.forum import picture
from staydown.client import Entry, Spool
from story.world import Server

LETS_THROUGH = """
import itertools, sys
from staydown.client import Spool, Staydown
url, folder, file, name, most = sys.argv[1:]
spool = Spool(folder, most_entries=int(most))
staydown = Staydown(url, "sd_x", when_unreachable="allow", spool=spool)
for number in itertools.count():
    verdict = staydown.check(open(file, "rb"), reference=f"{name}-{number}")
    if not verdict.allows:
        break
    print(verdict.reference, flush=True)
"""
CATCHES_UP = """
import json, sys, time
from staydown.client import Staydown
url, key, folder = sys.argv[1:]
staydown = Staydown(url, key, spool=folder)
print("ready", flush=True)
sys.stdin.readline()
while True:
    done = staydown.catch_up(lambda entry, verdict: print(entry.name, verdict.answer, flush=True))
    if not done.left:
        break
    time.sleep(0.02)
"""


def start(code: str, *arguments: object, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    return subprocess.Popen(command, **{**quiet, **more})


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "upload.jpg"
    path.write_bytes(picture(1))
    return path


def entry(name: str, **more: Any) -> Entry:
    return Entry(**{"kind": "check", "name": name, "shown": True, "fields": {}, "at": 0.0, **more})


@pytest.mark.parametrize("seconds", [0.05, 0.11, 0.23])
def test_what_was_let_through_survives_kill_9(
    dead: str, tmp_path: Path, upload: Path, seconds: float
) -> None:
    """Whatever the host was told is in the spool, whole; at most one more, which it was not."""
    process = start(LETS_THROUGH, dead, tmp_path / "spool", upload, "up", 10_000)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    allowed = [first.strip(), *process.stdout.read().split()]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL

    spool = Spool(tmp_path / "spool")
    found = {one.name: name for name, one in spool.entries()}
    assert set(allowed) <= set(found)
    assert len(found) <= len(allowed) + 1
    for name in found.values():
        file = spool.open_upload(name)
        assert file is not None
        with file:
            assert file.read() == upload.read_bytes()


def test_two_processes_fill_one_spool_to_its_limit_and_not_beyond(
    dead: str, tmp_path: Path, upload: Path
) -> None:
    both = [start(LETS_THROUGH, dead, tmp_path / "spool", upload, who, 60) for who in "ab"]
    said = [process.communicate(timeout=60)[0].split() for process in both]

    names = [one.name for _, one in Spool(tmp_path / "spool").entries()]
    assert len(names) == 60
    assert sorted(names) == sorted(said[0] + said[1])


def test_two_processes_that_catch_up_tell_each_entry_once(
    server: Server, credentials: dict[str, str], kept_down: bytes, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    upload = tmp_path / "kept-down.jpg"
    upload.write_bytes(kept_down)
    fields = {"uploader": "mallory"}
    for number in range(12):
        spool.add(entry(str(number), fields={**fields, "reference": str(number)}), upload)

    arguments = (CATCHES_UP, server.url, credentials["api_key"], spool.folder)
    both = [start(*arguments, stdin=subprocess.PIPE) for _ in range(2)]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].splitlines() for process in both]

    assert sorted(said[0] + said[1]) == sorted(f"{number} block" for number in range(12))
    assert len(spool) == 0
    assert not list(spool.folder.glob("*.upload"))


def test_an_upload_stays_when_the_host_moves_or_deletes_its_own(
    tmp_path: Path, upload: Path
) -> None:
    content = upload.read_bytes()
    spool = Spool(tmp_path / "spool")
    spool.add(entry("up-1"), upload)
    upload.unlink()

    ((name, _),) = spool.entries()
    file = spool.open_upload(name)
    assert file is not None
    with file:
        assert file.read() == content


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    assert Spool(tmp_path / "spool").folder.stat().st_mode & 0o077 == 0


def test_what_a_killed_writer_left_is_swept_after_a_while(
    tmp_path: Path, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at once: its writer may be alive, and about to finish."""
    spool = Spool(tmp_path / "spool")
    spool.add(entry("whole"), upload)
    halves = [spool.folder / name for name in ("half.upload", "half.part")]
    for half in halves:
        half.write_bytes(b"half")

    Spool(spool.folder)
    assert all(half.exists() for half in halves)

    monkeypatch.setattr("staydown.client.spool._ABANDONED_SECONDS", -1)
    assert len(Spool(spool.folder)) == 1
    assert not any(half.exists() for half in halves)
    assert len(list(spool.folder.glob("*.upload"))) == 1
