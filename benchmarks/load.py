"""A mixed load on a whole server, on SQLite and on PostgreSQL: capacity, then four fifths of it.

``python -m benchmarks.load [--seconds S] [--capacity-seconds S] [--clients N] [--database NAME]``

The mix: look-ups and registrations by fingerprint, uploads of a photo of 0.3 megapixels, notices,
and a moderator's queue. First N clients ask as fast as they are answered: that is the capacity.
Then requests begin at fixed times, 80 for 100 of those, whether or not the last one is answered,
and are timed from when they should have begun. Clients, server and database share this machine.
"Memory" is what the server's processes hold, at the beginning and at the end of the second part.
The exit status is 1 where a request failed. Results also go to ``artefacts/load.json``, with what
was seen in each twentieth of the second part; ``python -m benchmarks.plots`` draws that.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import requests
from benchmarks.pictures import ARTEFACTS
from PIL import Image

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / part) for part in ("", "story")]

from faults import a_world  # noqa: E402
from world import Server, Visitor, descendants  # noqa: E402

#: How many of a hundred requests are of each kind.
MIX = {"look-up": 50, "registration": 20, "upload": 10, "notice": 10, "desk": 10}
SHARE = 0.8
PARTS = 20
REGISTERED = 2000


class Client:
    """Sends one request of a kind; sessions belong to threads."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._key = server.add_host("forum", "http://127.0.0.1:1")["api_key"]
        self._local = threading.local()
        bob = Visitor(server)
        bob.sign_in()
        self._cookies = bob._session.cookies
        self._photo = _photo()

    def send(self, kind: str) -> bool:
        """Whether the answer was one of those that belong to the kind."""
        try:
            status = getattr(self, "_" + kind.replace("-", "_"))()
        except requests.RequestException:
            return False
        return status in (200, 201)

    def _look_up(self) -> int:
        return self._post("check", {"fingerprint": _fingerprint()})

    def _registration(self) -> int:
        name = str(random.getrandbits(60))
        url = f"http://127.0.0.1:1/{name}"
        return self._post("items", {"id": name, "url": url, "fingerprint": _fingerprint()})

    def _upload(self) -> int:
        files = {"file": ("photo.jpg", self._photo, "image/jpeg")}
        answer = self._session.post(f"{self._api}/check", files=files, timeout=60)
        return answer.status_code

    def _notice(self) -> int:
        told = {"signature": "Alice Example", "contact": "alice@example.org", "good_faith": True}
        return self._post("notices", {**told, "urls": ["https://elsewhere.example/p/1"]})

    def _desk(self) -> int:
        answer = requests.get(f"{self._server.url}/desk/", cookies=self._cookies, timeout=60)
        return answer.status_code if "/desk/" in answer.url else 403

    def _post(self, path: str, body: dict[str, Any]) -> int:
        return self._session.post(f"{self._api}/{path}", json=body, timeout=60).status_code

    @property
    def _api(self) -> str:
        return f"{self._server.url}/api/v1"

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.headers["Authorization"] = f"Bearer {self._key}"
        session: requests.Session = self._local.session
        return session


def _fingerprint() -> dict[str, Any]:
    return {"pdq": random.randbytes(32).hex(), "quality": 100}


def _photo() -> bytes:
    small = np.random.default_rng(1).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((640, 480)).save(file, "JPEG", quality=85)
    return file.getvalue()


def _kind() -> str:
    return random.choices([*MIX], weights=[*MIX.values()])[0]


def capacity(client: Client, seconds: float, clients: int) -> float:
    """Requests answered a second, with so many clients that wait for each answer."""
    end = time.monotonic() + seconds

    def one(_number: int) -> int:
        count = 0
        while time.monotonic() < end:
            count += client.send(_kind())
        return count

    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(one, range(clients))) / seconds


def at_rate(client: Client, rate: float, seconds: float) -> list[tuple[str, float, bool, float]]:
    """Kind, seconds, success and time of each request of a load that waits for nobody."""
    done: list[tuple[str, float, bool, float]] = []
    begun = time.monotonic()

    def one(due: float) -> None:
        kind = _kind()
        is_good = client.send(kind)
        done.append((kind, time.monotonic() - due, is_good, due - begun))

    with ThreadPoolExecutor(64) as pool:
        for number in range(int(rate * seconds)):
            due = begun + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            pool.submit(one, due)
    return done


@contextmanager
def watched(server: Server, every: float) -> Iterator[list[tuple[float, float]]]:
    """Seconds and `memory`, looked at again and again meanwhile."""
    seen: list[tuple[float, float]] = []
    over, begun = threading.Event(), time.monotonic()

    def watch() -> None:
        while not over.wait(every):
            seen.append((time.monotonic() - begun, memory(server)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def memory(server: Server) -> float:
    """Megabytes held by the server's processes, what they share divided among them."""
    assert server.process is not None
    total = 0
    for pid in descendants(server.process.pid):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            total += int(line.split()[1]) if line.startswith("Pss:") else 0
    return total / 1000


def measure(database: str, options: argparse.Namespace) -> dict[str, Any]:
    seconds, clients = options.seconds, options.clients
    with tempfile.TemporaryDirectory() as folder, a_world(database, Path(folder)) as world:
        client = Client(world.server)
        _each(clients, REGISTERED, lambda: client.send("registration"))
        most = capacity(client, options.capacity_seconds, clients)
        _each(clients, 20, lambda: client.send("look-up"))
        before = memory(world.server)
        with watched(world.server, seconds / PARTS) as held:
            done = at_rate(client, SHARE * most, seconds)
        after = memory(world.server)
    by_kind = {
        kind: _milliseconds([took for name, took, *_ in done if name == kind]) for kind in MIX
    }
    parts: list[list[float]] = [[] for _ in range(PARTS)]
    for _, took, _, at in done:
        parts[min(PARTS - 1, int(PARTS * at / seconds))].append(took)
    return {
        "database": database,
        "seconds": seconds,
        "capacity": round(most, 1),
        "rate": round(SHARE * most, 1),
        "requests": len(done),
        "failed": sum(not is_good for _, _, is_good, _ in done),
        "all": _milliseconds([took for _, took, *_ in done]),
        **by_kind,
        "memory before, MB": round(before),
        "memory after, MB": round(after),
        "held": held,
        "p99": [float(np.percentile(part, 99)) for part in parts if part],
    }


def _each(clients: int, count: int, work: Callable[[], object]) -> None:
    with ThreadPoolExecutor(clients) as pool:
        for _ in range(count):
            pool.submit(work)


def _milliseconds(took: list[float]) -> str:
    if not took:
        return "-"
    median, high = np.percentile(took, [50, 99]) * 1000
    return f"{median:.0f} / {high:.0f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=30, help="of the second part")
    parser.add_argument("--capacity-seconds", type=float, default=15, help="of the first part")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    options = parser.parse_args()
    databases = options.database or ["sqlite", "postgresql"]
    rows = [measure(name, options) for name in databases]
    for name in rows[0]:
        if name not in ("held", "p99"):
            print(f"{name:20}" + "".join(f"{row[name]!s:>16}" for row in rows))
    print("\nTimes are milliseconds: median / 99th percentile.")
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "load.json").write_text(json.dumps(rows, indent=1))
    return 1 if any(row["failed"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
