"""Processes that add to, ask and save the index of one database; the tests start and kill them.

python -m story.index_process ask SECONDS     asks, and prints what each question found
python -m story.index_process killed ROUNDS   has writers killed, and checks what is left
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staydown_server.project.settings")
django.setup()

from django.db import connection  # noqa: E402

from staydown import Fingerprint  # noqa: E402
from staydown_server.accounts.models import Host  # noqa: E402
from staydown_server.catalogue.live import LiveIndex  # noqa: E402
from staydown_server.catalogue.models import Item, Shelf  # noqa: E402
from staydown_server.catalogue.register import register, strike_out  # noqa: E402

CENTRE = bytes(range(32))
QUESTION = Fingerprint(pdq=CENTRE, quality=100)
NAMES = 40


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def near(number: int) -> Fingerprint:
    """A fingerprint that the question finds."""
    hash = int.from_bytes(CENTRE) ^ (0b1011 << (number * 3))
    return Fingerprint(pdq=hash.to_bytes(32), quality=100)


def far(count: int, seed: int = 0) -> list[Fingerprint]:
    """Fingerprints that it does not find."""
    hashes = np.random.default_rng(seed).integers(0, 256, (count, 32)).astype(np.uint8)
    return [Fingerprint(pdq=each.tobytes(), quality=100) for each in hashes]


def add(host: Host, name: str, fingerprint: Fingerprint) -> None:
    register(host, host_item_id=name, url=f"{host.origins[0]}/{name}", fingerprint=fingerprint)


def index_of_catalogue() -> LiveIndex:
    return LiveIndex(Shelf.CATALOGUE, lambda: Item.objects.filter(gone_at=None))


def found_by(index: LiveIndex) -> list[str]:
    matches, _ = index.search(QUESTION)
    ids = [int(match.id or 0) for match in matches]
    return sorted(Item.objects.filter(pk__in=ids).values_list("host_item_id", flat=True))


def ask(seconds: float) -> None:
    """A hundred questions a second; prints when each began and ended, and what it found."""
    index = index_of_catalogue()
    names = {}
    index.search(QUESTION)
    say("ready")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        matches, _ = index.search(QUESTION)
        ended = time.monotonic()
        for match in matches:
            if match.id not in names:
                names[match.id] = Item.objects.get(pk=match.id).host_item_id
        say(json.dumps([begun, ended, sorted(names[match.id] for match in matches)]))
        time.sleep(max(0.0, 0.01 - (time.monotonic() - begun)))


def write(report: int, seed: int) -> None:
    """Add and strike out, saying so before and after, and save in between, until killed."""
    chance = random.Random(seed)
    host = Host.objects.get()
    index = index_of_catalogue()
    while True:
        number = chance.randrange(NAMES)
        is_added = chance.random() < 0.6
        said = f"{number} {int(is_added)}\n".encode()
        os.write(report, b"begun " + said)
        if is_added:
            add(host, f"near{number}", near(number))
        else:
            strike_out(host, f"near{number}")
        os.write(report, b"done " + said)
        if chance.random() < 0.1:
            index.save()


def check(report: int) -> None:
    """What a process that starts now finds, and what is in the database."""
    there = Item.objects.filter(gone_at=None, host_item_id__startswith="near")
    known = sorted(there.values_list("host_item_id", flat=True))
    os.write(report, json.dumps([found_by(index_of_catalogue()), known]).encode())


def forked(target: object, *arguments: object) -> tuple[int, int]:
    """Run it in a process of its own; returns its id and what it says."""
    connection.close()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            target(writing, *arguments)  # type: ignore[operator]
        finally:
            os._exit(1)
    os.close(writing)
    return child, reading


def read_all(reading: int) -> bytes:
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read()


def killed(rounds: int) -> None:
    """Kill a writer at any moment, again and again; prints what was lost or resurrected."""
    host = Host.objects.get()
    for at, fingerprint in enumerate(far(1500)):
        add(host, f"far{at}", fingerprint)
    index_of_catalogue().search(QUESTION)
    connection.close()
    state: dict[str, bool] = {}
    operations = wrong = snapshots = 0
    chance = random.Random(1)
    snapshot = Path(os.environ["STAYDOWN_DATA"], "index", "catalogue.snapshot")
    for turn in range(rounds):
        child, reading = forked(write, turn)
        time.sleep(chance.uniform(0.02, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        undecided = None
        for line in read_all(reading).decode().splitlines():
            stage, number, is_added = line.split()
            name = f"near{number}"
            if stage == "done":
                operations += 1
                state[name], undecided = is_added == "1", None
            else:
                undecided = name
        snapshots += snapshot.exists()
        child, reading = forked(check)
        found, known = json.loads(read_all(reading))
        os.waitpid(child, 0)
        expected = {name for name, is_there in state.items() if is_there} - {undecided}
        if found != known or set(known) - {undecided} != expected:
            wrong += 1
        if undecided is not None:
            state[undecided] = undecided in known
    report = {"rounds": rounds, "acknowledged": operations, "wrong": wrong}
    say(json.dumps({**report, "with_snapshot": snapshots}))


if __name__ == "__main__":
    {"ask": lambda: ask(float(sys.argv[2])), "killed": lambda: killed(int(sys.argv[2]))}[
        sys.argv[1]
    ]()
