"""Following a hash list: a million entries from empty, and then a hundred more.

``python -m benchmarks.lists [--entries N] [--update N]``

A list is written to a folder, with retractions and changes in it, and served over HTTP by a
process of its own. Two followers, each in a process of its own, whose peak is its memory: the
library's, which stores every step in SQLite, entries and state in one transaction; and a whole
installation, which also weighs what comes, searches what is hosted and has its gate follow. An
update is timed from when its page has been fetched until it is stored.

Results also go to ``artefacts/lists.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.pictures import ARTEFACTS

from staydown.exchange.hash_list import (
    Change,
    Entry,
    Fetch,
    Keys,
    Prints,
    Provenance,
    PublicKey,
    SigningKey,
    State,
    Tally,
    follow,
    over_http,
    write_head,
    write_keys,
    write_pages,
    written_lines,
)
from staydown.exchange.hash_list.publisher import KEYS_LAST

ASKED = {"follow_s": 300.0, "peak_gb": 1.0, "update_s": 1.0}
LIST = "forum.example"
NOW = datetime.now(UTC).replace(microsecond=0)
RETRACTED_EVERY = 50


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--entries", type=int, default=1_000_000)
    options.add_argument("--update", type=int, default=100)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results: dict[str, Any] = {"entries": asked.entries, "update": asked.update}
        root, signer = SigningKey.new(), SigningKey.new()
        start = time.perf_counter()
        tally = publish(folder, asked.entries, asked.update, root, signer)
        results["write_s"] = time.perf_counter() - start
        results["lines"] = tally.sequence
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        results["list_gb"] = size / 1e9
        # A process of its own: its memory is the follower's alone.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            results |= pool.submit(measure, folder, root.public).result()
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            told = pool.submit(measure_installation, folder, root.public).result()
            results |= {f"installation_{name}": value for name, value in told.items()}
    for key, value in results.items():
        print(f"{key:<32} {value:>14.3f}" if isinstance(value, float) else f"{key:<32} {value:>14}")
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "lists.json").write_text(json.dumps(results, indent=1))
    of_both = {f"installation_{key}": most for key, most in ASKED.items()} | ASKED
    missed = [key for key, most in of_both.items() if results[key] > most]
    if missed:
        print(f"Above what was asked: {', '.join(missed)}.")
    return 1 if missed else 0


def publish(folder: Path, entries: int, update: int, root: SigningKey, signer: SigningKey) -> Tally:
    """The list, its head in ``first.json`` without the last *update* entries, and with them."""
    keys = Keys(LIST, 1, 1, root.public, (signer.public,), NOW, NOW + KEYS_LAST)
    write_keys(folder, 1, keys.sign([root]))
    tally, page = Tally(), Tally().page_lines
    lines: list[Any] = []
    for line in written_lines(changes(entries), after=0, now=NOW):
        lines.append(line)
        if len(lines) == page:
            write_pages(folder, lines, page)
            tally, lines = tally.after(lines), []
    tally = tally.after(lines)
    head = tally.head(LIST, number=1, keys=1, now=NOW)
    write_head(folder, head.sign(signer))
    (folder / "head.json").rename(folder / "first.json")
    new = (Change.add(made(number)) for number in range(entries, entries + update))
    more = list(written_lines(new, after=tally.sequence, now=NOW))
    write_pages(folder, lines + more, page)
    tally = tally.after(more)
    write_head(folder, tally.head(LIST, number=2, keys=1, now=NOW).sign(signer))
    (folder / "head.json").rename(folder / "second.json")
    return tally


def changes(entries: int) -> Iterator[Change]:
    for number in range(entries):
        added = Change.add(made(number))
        yield added
        if number % RETRACTED_EVERY == 0:
            yield Change.retract(added.id, "withdrawn")


def made(number: int) -> Entry:
    seed = hashlib.sha512(number.to_bytes(8, "big")).digest()
    return Entry(
        Prints(sha256=seed[:32].hex(), md5=seed[:16].hex(), pdq=seed[32:], quality=90),
        "intimate-unknown",
        Provenance("reviewed", LIST),
        90,
    )


class Store:
    """What the follower keeps, as the server does."""

    def __init__(self, file: Path) -> None:
        self.database = sqlite3.connect(file, isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("PRAGMA cache_size=-65536")
        self.database.execute(
            "CREATE TABLE entry (id BLOB PRIMARY KEY, sha256 TEXT, md5 TEXT, pdq BLOB)"
        )
        self.database.execute("CREATE TABLE state (said TEXT)")

    def follow(self, state: State, fetch: Fetch) -> State:
        for step in follow(state, fetch, now=NOW):
            state = step.state
            self.database.execute("BEGIN IMMEDIATE")
            for line in step.lines:
                if line.entry is None:
                    self.database.execute(
                        "DELETE FROM entry WHERE id = ?", (bytes.fromhex(line.id),)
                    )
                    continue
                prints = line.entry.prints
                row = (bytes.fromhex(line.id), prints.sha256, prints.md5, prints.pdq)
                self.database.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)", row)
            self.database.execute("DELETE FROM state")
            self.database.execute("INSERT INTO state VALUES (?)", (json.dumps(state.to_dict()),))
            self.database.execute("COMMIT")
        return state

    def __len__(self) -> int:
        (count,) = self.database.execute("SELECT count(*) FROM entry").fetchone()
        return int(count)


def measure(folder: Path, root: PublicKey) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    ports: Any = context.Queue()
    server = context.Process(target=serve, args=(folder, ports), daemon=True)
    server.start()
    fetch, spent = over_http(f"http://127.0.0.1:{ports.get()}"), [0.0]

    def timed(path: str, most: int) -> bytes:
        start = time.perf_counter()
        raw = fetch(path, most)
        spent[0] += time.perf_counter() - start
        return raw

    results: dict[str, Any] = {"before_gb": peak_gb()}
    store = Store(folder / "follower.db")
    shutil.copy(folder / "first.json", folder / "head.json")
    start, processor = time.perf_counter(), time.process_time()
    state = store.follow(State(LIST, root), timed)
    results["follow_s"] = time.perf_counter() - start
    results["of_it_processor_s"] = time.process_time() - processor
    results["of_it_fetching_s"] = spent[0]
    results["peak_gb"] = peak_gb()
    before, spent[0] = len(store), 0.0
    shutil.copy(folder / "second.json", folder / "head.json")
    start = time.perf_counter()
    store.follow(state, timed)
    results["update_s"] = time.perf_counter() - start - spent[0]
    results["stored"] = len(store)
    assert len(store) > before
    server.terminate()
    return results


def measure_installation(folder: Path, root: PublicKey) -> dict[str, Any]:
    """The same by the jobs of a server, on SQLite, without its worker's pauses."""
    from benchmarks.desk import set_up

    context = multiprocessing.get_context("spawn")
    ports: Any = context.Queue()
    server = context.Process(target=serve, args=(folder, ports), daemon=True)
    server.start()
    (folder / "installation").mkdir()
    set_up(folder / "installation")

    from staydown_server.gate.listed import live_index
    from staydown_server.gate.models import Listed
    from staydown_server.sharing import follow as following
    from staydown_server.sharing import partners, sources

    partner = partners.follow_staydown(
        LIST,
        address=f"http://127.0.0.1:{ports.get()}",
        root=str(root),
        keys=["none is asked for"],
        most_a_day=10_000_000,
    )
    spent, fetch = [0.0], sources.over_http

    def timed(*asked: Any, **named: Any) -> Any:
        ask = fetch(*asked, **named)

        def timed_ask(path: str, most: int) -> bytes:
            start = time.perf_counter()
            raw = ask(path, most)
            spent[0] += time.perf_counter() - start
            return raw

        return timed_ask

    sources.over_http = timed
    results: dict[str, Any] = {}
    for name, head in (("follow_s", "first.json"), ("update_s", "second.json")):
        shutil.copy(folder / head, folder / "head.json")
        spent[0], start, processor = 0.0, time.perf_counter(), time.process_time()
        following.follow(partner_id=partner.pk)
        partner.refresh_from_db()
        assert not partner.trouble, partner.trouble
        results[name] = time.perf_counter() - start - (spent[0] if name == "update_s" else 0)
        if name == "follow_s":
            results["of_it_processor_s"] = time.process_time() - processor
            results["peak_gb"] = peak_gb()
    start = time.perf_counter()
    live_index.count()
    results["index_s"] = time.perf_counter() - start
    results["peak_with_index_gb"] = peak_gb()
    results["stored"] = Listed.objects.filter(state="live").count()
    server.terminate()
    return results


def serve(folder: Path, ports: Any) -> None:
    handler = partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    ports.put(server.server_address[1])
    server.serve_forever()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *said: Any) -> None:
        pass


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    sys.exit(main())
