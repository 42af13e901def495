"""``POST /check`` under load: uploads and look-ups a second, how long they wait, memory.

``python -m benchmarks.check [--bank N] [--seconds S] [--requests N] [--local N]``

A server of its own, held to one core, answers four clients on the other; the gate keeps N
fingerprints down. "A second" is by the clock, "a core second" by the processor time that the
server and its decoders took: on a machine where others work, the second one holds. The N have a
PDQ hash alone, as those of a list; pictures are then sent once more after --local photos were kept
down as files, with their local layers, so that each upload's is made and asked, too. The peer's
numbers are those that Hasher-Matcher-Actioner gave with four clients on two cores, measured
elsewhere: no peer runs here. Memory is that of the web server and its decoders, before and after
--requests further uploads. Results also go to ``artefacts/check.json``.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import multiprocessing
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.hashes import of_chance, write_hashes
from benchmarks.pictures import ARTEFACTS, photos
from PIL import Image

STAYDOWN = Path(sys.executable).with_name("staydown")
CLIENTS = 4
ASKED_TIMES = 5.0
SIZES = {"0.3 MP": (640, 480), "2 MP": (1633, 1225), "12 MP": (4000, 3000)}
#: Requests a second of the peer, with four clients on two cores.
PEER = {"0.3 MP": 90.0, "2 MP": 13.5, "12 MP": 1.2, "hash": 266.0}
FILES = 12
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

Body = tuple[bytes, str]


def fill(data: Path, count: int, kind: str) -> None:
    """An installation in *data* whose gate keeps *count* fingerprints down, with a snapshot."""
    from staydown_server.project.commands import _start

    _start(data)
    from django.db import transaction
    from django.utils import timezone

    from staydown_server.cases.models import Case, CaseItem, Decision
    from staydown_server.catalogue.models import Change, Shelf
    from staydown_server.gate import check
    from staydown_server.gate.models import KeepDown
    from staydown_server.notices.models import Notice

    path = data / "hashes.npy"
    if kind == "real":
        write_hashes("real", count, path)
        hashes = np.load(path, mmap_mode="r")
    else:
        hashes = of_chance(np.random.default_rng(6), count)
    now = timezone.now()
    digests = {name: os.urandom(32) for name in ("receipt_digest", "submission_digest")}
    notice = Notice.objects.create(
        received_at=now, language="en", content={}, content_digest=b"", **digests
    )
    case = Case.objects.create(
        notice=notice, jurisdiction="us", received_at=now, deadline=now, closed_at=now
    )
    for start in range(0, count, 5000):
        part = hashes[start : start + 5000]
        with transaction.atomic():
            rows = CaseItem.objects.bulk_create(
                CaseItem(case=case, origin="reported_file", state="ready") for _ in part
            )
            decisions = Decision.objects.bulk_create(
                Decision(case_item=row, outcome="remove", reason="-") for row in rows
            )
            KeepDown.objects.bulk_create(
                KeepDown(
                    case_item=row,
                    decision=decision,
                    fingerprint=json.dumps(
                        {"version": 1, "kind": "picture", "pdq": bytes(each).hex(), "quality": 90}
                    ),
                )
                for row, decision, each in zip(rows, decisions, part, strict=True)
            )
    with transaction.atomic():
        Change.objects.create(shelf=Shelf.GATE, entry_id=KeepDown.objects.latest("pk").pk)
    check.live_index.follow()
    check.live_index.save()


def fill_local(data: Path, count: int) -> None:
    """Keep *count* photos down as well, as files that somebody reported."""
    from staydown_server.project.commands import _start

    _start(data)
    from django.db import transaction

    from staydown_server.catalogue.models import Change, Shelf
    from staydown_server.catalogue.read import fingerprint_bytes, stored_form
    from staydown_server.gate.models import KeepDown

    kept = iter(KeepDown.objects.order_by("pk")[:count])
    for keep, path in zip(kept, reversed(photos()), strict=False):
        keep.fingerprint = stored_form(fingerprint_bytes(path.read_bytes()))
        with transaction.atomic():
            keep.save(update_fields=["fingerprint"])
            Change.objects.create(shelf=Shelf.GATE, entry_id=keep.pk)


def _apart(function: Callable[..., None], *arguments: Any) -> None:
    """In a process of its own: Django is set up once in each."""
    process = multiprocessing.Process(target=function, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0


def uploads(size: tuple[int, int]) -> list[Body]:
    """Photos of that size, each another crop, as cameras and phones write them."""
    dice, made = random.Random(3), []
    for number in range(FILES):
        with Image.open(photos()[number % len(photos())]) as photo:
            left, top = (round(side * dice.uniform(0, 0.1)) for side in photo.size)
            cut = photo.convert("RGB").crop((left, top, photo.width, photo.height))
            out = io.BytesIO()
            cut.resize(size).save(out, "JPEG", quality=87)
        made.append((out.getvalue(), "image/jpeg"))
    return made


def hashes_to_ask() -> list[Body]:
    """Ready-made fingerprints, with a PDQ hash alone, as the peer is asked."""
    asked = of_chance(np.random.default_rng(7), 500)
    return [
        (
            json.dumps({"fingerprints": [{"pdq": bytes(one).hex(), "quality": 90}]}).encode(),
            "application/json",
        )
        for one in asked
    ]


def ask(
    port: int, key: str, bodies: list[Body], turn: int, is_over: Callable[[int], bool]
) -> list[float]:
    """One client: asks until *is_over* says so; the seconds that each answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    took: list[float] = []
    while not is_over(len(took)):
        body, kind = bodies[(turn + len(took)) % len(bodies)]
        headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
        began = time.perf_counter()
        connection.request("POST", "/api/v1/check", body, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        took.append(time.perf_counter() - began)
        assert said["verdict"] in ("allow", "hold", "block"), said
    return took


def _client(
    port: int, key: str, bodies: list[Body], turn: int, end: float, most: int, out: Any
) -> None:
    _only_core(1)
    out.put(ask(port, key, bodies, turn, lambda done: time.time() > end or done >= most))


def under_load(
    port: int, key: str, bodies: list[Body], server: int, *, seconds: float, most: int = 10**9
) -> dict[str, float]:
    """Four clients at once, for so many seconds or requests each."""
    out: Any = multiprocessing.Queue()
    ask(port, key, bodies, 0, lambda done: done >= 8)
    used, began = processor_seconds(server), time.perf_counter()
    end = time.time() + seconds
    clients = [
        multiprocessing.Process(target=_client, args=(port, key, bodies, 3 * turn, end, most, out))
        for turn in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    took = sorted(second for _ in clients for second in out.get())
    lasted = time.perf_counter() - began
    for client in clients:
        client.join()
    used = processor_seconds(server) - used
    return {
        "requests": len(took),
        "a second": len(took) / lasted,
        "a core second": len(took) / used,
        "median ms": 1000 * statistics.median(took),
        "p99 ms": 1000 * took[int(0.99 * (len(took) - 1))],
        "longest ms": 1000 * took[-1],
    }


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    data = folder / "data"
    began = time.perf_counter()
    _apart(fill, data, options.bank, options.hashes)
    add = ["host", "add", "forum", "--origin", "http://127.0.0.1:9", "--private", "--json"]
    add += ["--webhook", "http://127.0.0.1:9/hook", "--data", str(data)]
    told = subprocess.run([str(STAYDOWN), *add], check=True, capture_output=True, text=True)
    key = json.loads(told.stdout)["api_key"]
    print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [str(STAYDOWN), "serve", "--data", str(data), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: _only_core(0),
    )
    found: dict[str, Any] = {"bank": options.bank, "hashes": options.hashes}
    try:
        _wait_until_ready(port)
        asked = {name: uploads(size) for name, size in SIZES.items()}
        for name, bodies in {**asked, "hash": hashes_to_ask()}.items():
            found[name] = under_load(port, key, bodies, server.pid, seconds=options.seconds)
            found[name]["times the peer"] = found[name]["a core second"] / PEER[name]
            print(name, json.dumps(found[name]), flush=True)
        before = resident(server.pid)
        each = options.requests // CLIENTS
        run = under_load(port, key, asked["0.3 MP"], server.pid, seconds=1e9, most=each)
        found["memory"] = {
            "requests": run["requests"],
            "MB before": before,
            "MB after": resident(server.pid),
        }
        _apart(fill_local, data, options.local)
        found["with local layers"] = {
            name: under_load(port, key, bodies, server.pid, seconds=options.seconds)
            for name, bodies in asked.items()
        }
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    return found


def processor_seconds(pid: int) -> float:
    """Of the process, and of all that it began; what has ended counts with its parent."""
    return sum(
        sum(int(number) for number in fields[11:15]) / _TICKS for fields in _tree(pid).values()
    )


def resident(pid: int) -> float:
    """Megabytes of memory that the processes have to themselves, or share with files."""
    return round(sum(int(fields[21]) * _PAGE for fields in _tree(pid).values()) / 1e6, 1)


def _tree(pid: int) -> dict[int, list[str]]:
    """The fields of /proc/PID/stat behind the name, of the process and all below it."""
    stats: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
    wanted, last = {pid}, 0
    while len(wanted) > last:
        last = len(wanted)
        wanted |= {each for each, fields in stats.items() if int(fields[1]) in wanted}
    return {each: stats[each] for each in wanted if each in stats}


def _only_core(number: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[number % len(cores)]})


def _wait_until_ready(port: int) -> None:
    for _ in range(6000):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server does not get ready")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bank", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--local", type=int, default=100)
    parser.add_argument("--hashes", choices=["random", "real"], default="random")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options, Path(folder))
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "check.json").write_text(json.dumps(found, indent=1))
    print(json.dumps(found, indent=1))
    missed = [name for name in SIZES if found[name]["times the peer"] < ASKED_TIMES]
    for name in SIZES:
        verdict = "MISSED" if name in missed else "holds"
        print(
            f"{name}: {found[name]['times the peer']:.1f} times the peer's on one core: {verdict}"
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
