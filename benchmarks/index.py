"""The index of 256-bit hashes beside faiss and threatexchange: time, memory, recall.

``python -m benchmarks.index [--counts N...] [--large] [--kinds uniform real] [--radii R...]``

The peers are no dependencies. To have them in the same run, in a throw-away environment
with a C++ compiler (threatexchange needs pdqhash, which has no binary wheel):

    python3 -m venv /tmp/peers
    /tmp/peers/bin/pip install . faiss-cpu==1.15.1 threatexchange==1.2.17 matplotlib
    /tmp/peers/bin/python -m benchmarks.index

Each system is measured in a process and on a core of its own, in processor time. Peers run
twice, under glibc's allocator and under jemalloc (Debian's libjemalloc2, or ``--jemalloc
FILE``), and of the two runs each number is the better one; we run under glibc's.

Half of the queries are planted: an entry with up to 31 bits flipped. The others are
strangers of the same kind. Hashes are `uniform` (random), or `real`: all eight of random
crops of the photos beside the project (`STAYDOWN_MEDIA`). Where more than those 2 million
are wanted, a run of 8 to 24 bytes of one is replaced by another's. That changes some 32 to
96 bits and keeps what makes real hashes hard: two share 16 bits 1.7 times as often as by
chance. With as many bits flipped at random it would be 1.01 times.

Gigabytes are those of the whole process, without the hashes that it was given; its peak is
with them. Results also go to ``artefacts/index.json`` and, with matplotlib, ``index.png``.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# ruff: noqa: E402
import argparse
import ctypes
import importlib.util
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.hashes import QUERIES, RADIUS, Hashes, write_hashes, write_queries
from benchmarks.pictures import ARTEFACTS, ROOT, photos

from staydown import HammingIndex

ASKED = {10_000_000: (0.4, 1.5), 50_000_000: (3.0, 6.0)}
"""Milliseconds a query and gigabytes, at so many hashes."""
ASKED_OF_REAL = 2.0
"""Times the milliseconds."""
COUNTS = [100_000, 1_000_000, 10_000_000]
LARGE = 50_000_000
WARM = 100_000
ADDS, ADDS_SECONDS = 20, 10.0
KINDS = ("uniform", "real")
COLUMNS = {
    "mean_ms": 3, "median_ms": 3, "batch_ms": 3, "times_ours": 1, "gb": 2, "before_gb": 2,
    "peak_gb": 2, "build_s": 1, "add_ms": 2, "recall": 3,
}  # fmt: skip
"""With so many decimals."""
JEMALLOC = next(map(str, Path("/usr/lib").glob("*/libjemalloc.so.2")), None)
NO_PEERS = (
    "No peer is installed here, so there is nothing to compare with: recall is that of the "
    "planted neighbours. The first lines of benchmarks/index.py say how to install the peers."
)
NO_JEMALLOC = "libjemalloc.so.2 (Debian: libjemalloc2) is not here: peers run under glibc's alone."

Found = npt.NDArray[np.int64]
"""(3, n): query rows, ids, distances; by row, then distance, then id."""


class Staydown:
    """Like each of these: entries get the ids from *first* on, and only `ask` is timed."""

    def __init__(self) -> None:
        self.index = HammingIndex()

    def add(self, first: int, hashes: Hashes) -> None:
        self.index.add(np.arange(first, first + len(hashes), dtype=np.uint64), hashes)

    def ask(self, queries: Hashes, radius: int) -> Any:
        return self.index.range_search(queries, radius)

    def found(self, answer: Any) -> Found:
        # As it comes: its order is part of what it promises.
        return np.stack([column.astype(np.int64) for column in answer])


class Faiss:
    """`IndexBinaryFlat`, or `IndexBinaryMultiHash` of *tables* of *bits* bits.

    Exact at radius 31, for of so many chunks one differs in at most *flips* bits.
    """

    def __init__(self, tables: int = 0, bits: int = 0, flips: int = 0) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        if tables:
            assert tables * (flips + 1) > RADIUS
            self.index = faiss.IndexBinaryMultiHash(256, tables, bits)
            self.index.nflip = flips
        else:
            self.index = faiss.IndexBinaryFlat(256)

    def add(self, first: int, hashes: Hashes) -> None:
        assert first == self.index.ntotal
        self.index.add(hashes)

    def ask(self, queries: Hashes, radius: int) -> Any:
        # Its radius is the first distance that is too far.
        return self.index.range_search(queries, radius + 1)

    def found(self, answer: Any) -> Found:
        limits, distances, ids = answer
        counts = np.diff(limits.astype(np.int64))
        return in_order(np.repeat(np.arange(len(counts)), counts), ids, distances)


class ThreatExchange:
    """What its PDQ signal type is matched with; its radius is always 31.

    Its own commands build it anew for a change (the time to build); here it may `add`.
    """

    def __init__(self) -> None:
        import faiss
        from threatexchange.signal_type.pdq.signal import PdqSignal

        faiss.omp_set_num_threads(1)
        self.index = PdqSignal.get_index_cls()()

    def add(self, first: int, hashes: Hashes) -> None:
        self.index.add_all((row.tobytes().hex(), first + at) for at, row in enumerate(hashes))

    def ask(self, queries: Hashes, radius: int) -> Any:
        assert radius == RADIUS
        return [self.index.query(row.tobytes().hex()) for row in queries]

    def found(self, answer: Any) -> Found:
        triples = [
            (row, match.metadata, match.similarity_info.distance)
            for row, matches in enumerate(answer)
            for match in matches
        ]
        return in_order(*np.array(triples, np.int64).reshape(-1, 3).T)


OURS, FLAT = "staydown", "faiss flat"
SYSTEMS: dict[str, Callable[[], Any]] = {
    OURS: Staydown,
    FLAT: Faiss,
    "faiss multi 16 x 16 bits": lambda: Faiss(16, 16, 1),
    "faiss multi 11 x 23 bits": lambda: Faiss(11, 23, 2),
    "threatexchange": ThreatExchange,
}
ANY_RADIUS = (OURS, FLAT)


def in_order(rows: Any, ids: Any, distances: Any) -> Found:
    found: Found = np.stack([rows, ids, distances]).astype(np.int64)
    return found[:, np.lexsort((ids, distances, rows))]


# One system, in a process of its own


def measure(name: str, count: int, folder: Path, radii: list[int], allocator: str) -> None:
    """Print what was measured, as JSON; what was found goes to a file."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    memory = int(Path("/proc/meminfo").read_text().partition("MemAvailable:")[2].split()[0]) << 10
    # Who wants more than there is shall say so, and not take the machine along.
    resource.setrlimit(resource.RLIMIT_DATA, (memory * 9 // 10, memory))
    assert ("jemalloc" in Path("/proc/self/maps").read_text()) == (allocator == "jemalloc")
    asked = np.load(folder / "queries.npy")
    singles, batch = np.split(asked, 2)
    # Compiled, imported and read from disk before anything counts.
    small = SYSTEMS[name]()
    small.add(0, np.load(folder / "hashes.npy", mmap_mode="r")[: min(count, WARM)])
    for radius in radii:
        small.ask(asked, radius)
    del small
    trim()
    results: dict[str, Any] = {"allocator": allocator, "before_gb": gigabytes("VmRSS")}

    system = SYSTEMS[name]()
    start = time.process_time()
    system.add(0, np.load(folder / "hashes.npy", mmap_mode="r")[:count])
    results["build_s"] = time.process_time() - start
    trim()
    results |= {"gb": gigabytes("VmRSS"), "peak_gb": gigabytes("VmHWM")}

    system.ask(batch, RADIUS)
    spent, answers = [], []
    for at in range(QUERIES):
        start = time.process_time()
        answers.append(system.ask(singles[at : at + 1], RADIUS))
        spent.append((time.process_time() - start) * 1e3)
    results |= {"mean_ms": np.mean(spent), "median_ms": np.median(spent), "by_radius": {}}
    found = {"singles": np.hstack([in_row(at, system.found(a)) for at, a in enumerate(answers)])}
    for radius in radii:
        start = time.process_time()
        answer = system.ask(batch, radius)
        results["by_radius"][radius] = (time.process_time() - start) * 1e3 / QUERIES
        found[str(radius)] = in_row(QUERIES, system.found(answer))
    results["batch_ms"] = results["by_radius"][RADIUS]
    np.savez(folder / f"{name}.npz", allow_pickle=False, **found)
    results["add_ms"] = np.median(list(adds(system, count)))
    print(json.dumps(results))


def in_row(first: int, found: Found) -> Found:
    """The same, with *first* added to the query rows."""
    moved: Found = found + np.array([[first], [0], [0]])
    return moved


def adds(system: Any, count: int) -> Iterator[float]:
    """Wall milliseconds from a new entry to its match."""
    rng = np.random.default_rng(count)
    end = time.monotonic() + ADDS_SECONDS
    for at in range(ADDS):
        new = rng.integers(0, 256, (1, 32), np.uint8)
        start = time.perf_counter()
        system.add(count + at, new)
        answer = system.ask(new, RADIUS)
        yield (time.perf_counter() - start) * 1e3
        assert count + at in system.found(answer)[1]
        if time.monotonic() > end:
            break


def trim() -> None:
    """Give back to the system what is free, whichever the allocator."""
    process = ctypes.CDLL(None)
    process.malloc_trim(0)
    if hasattr(process, "mallctl"):
        process.mallctl(b"arena.4096.purge", None, None, None, ctypes.c_size_t(0))


def gigabytes(field: str) -> float:
    return int(Path("/proc/self/status").read_text().partition(f"{field}:")[2].split()[0]) / 1e6


# All of them, side by side


def here() -> list[str]:
    missing = [name for name in ("faiss", "threatexchange") if not importlib.util.find_spec(name)]
    return [name for name in SYSTEMS if not any(name.startswith(each) for each in missing)]


def run(
    name: str, count: int, folder: Path, options: argparse.Namespace, allocator: str
) -> dict[str, Any] | str:
    """What was measured, or why it was not."""
    radii = sorted({RADIUS, *options.radii}) if name in ANY_RADIUS else [RADIUS]
    command = [sys.executable, "-m", "benchmarks.index", "--measure", name, str(folder), allocator]
    command += ["--counts", str(count), "--radii", *map(str, radii)]
    environment = os.environ | ({"LD_PRELOAD": options.jemalloc} if allocator == "jemalloc" else {})
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, check=False, env=environment,
            timeout=None if name == OURS else options.patience,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"took longer than {options.patience:.0f} s"
    if done.returncode and name != OURS:
        if any(words in done.stderr for words in ("MemoryError", "bad_alloc", "allocate memory")):
            return "did not fit into the memory that was free"
        if done.returncode < 0:
            return f"was ended by {signal.Signals(-done.returncode).name}"
    if done.returncode:
        raise RuntimeError(f"{name} at {count}: {done.stderr}")
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def recall(name: str, folder: Path) -> float:
    """The lowest share, at any radius, of the planted neighbours that were found."""
    planted = np.load(folder / "planted.npy")
    shares = []
    with np.load(folder / f"{name}.npz") as found:
        for key in found:
            radius = RADIUS if key == "singles" else int(key)
            is_asked = (planted[:, 0] < QUERIES) == (key == "singles")
            wanted = set(map(tuple, planted[is_asked & (planted[:, 2] <= radius)]))
            shares.append(len(wanted & set(map(tuple, found[key].T))) / len(wanted))
    return min(shares)


def side_by_side(
    kind: str, count: int, folder: Path, options: argparse.Namespace, skipped: dict[str, str]
) -> dict[str, Any]:
    """Every system at one size, in a table; *skipped* grows by what did not get through."""
    write_queries(kind, np.load(folder / "hashes.npy", mmap_mode="r")[:count], folder)
    print(f"\n{count:,} hashes, {kind}; radius {RADIUS}, one core")
    print(f"{'':<26}" + "".join(f"{title.replace('_', ' '):>11}" for title in COLUMNS), flush=True)
    results: dict[str, Any] = {}
    for name in here():
        runs = []
        for allocator in ["glibc", "jemalloc"] if options.jemalloc and name != OURS else ["glibc"]:
            if name not in skipped:
                measured = run(name, count, folder, options, allocator)
                if isinstance(measured, dict):
                    runs.append(measured)
                else:
                    skipped[name] = f"under {allocator} {count:,} {measured}"
        if not runs:
            print(f"{name:<26}  left out: {skipped[name]}", flush=True)
            continue
        row = results[name] = {
            key: min(each[key] for each in runs) for key in COLUMNS if key in runs[0]
        }
        row |= {"runs": runs, "recall": recall(name, folder)}
        row["times_ours"] = row["mean_ms"] / results[OURS]["mean_ms"]
        print(
            f"{name:<26}" + "".join(f"{row[key]:11.{n}f}" for key, n in COLUMNS.items()), flush=True
        )
    if FLAT in results:
        with np.load(folder / f"{OURS}.npz") as ours, np.load(folder / f"{FLAT}.npz") as flat:
            same = all(np.array_equal(ours[key], flat[key]) for key in flat)
        results[OURS]["same_as_flat"] = same
    if peers := [name for name in results if name != OURS]:
        best = min(peers, key=lambda name: float(results[name]["mean_ms"]))
        print(f"The best peer, {best}: {results[best]['times_ours']:.1f} times our mean")
    by_radius = results[OURS]["runs"][0]["by_radius"].items()
    print(f"{OURS}, batch ms by radius: {', '.join(f'{r} bits {ms:.3f}' for r, ms in by_radius)}")
    return results


def checks(results: dict[str, dict[int, dict[str, Any]]]) -> list[tuple[str, bool]]:
    made = []
    for kind, sizes in results.items():
        for count, systems in sizes.items():
            ours, what = systems[OURS], f"{count:,} {kind} hashes"
            made.append((f"{what}: recall {ours['recall']:.6f}, exactly 1", ours["recall"] == 1))
            if "same_as_flat" in ours:
                made.append((f"{what}: ids, distances and order of a scan", ours["same_as_flat"]))
            if count in ASKED:
                ms, gb = ASKED[count]
                ms *= ASKED_OF_REAL if kind == "real" else 1
                made.append((f"{what}: {ours['mean_ms']:.3f} ms a query, at most {ms:g}",
                             ours["mean_ms"] <= ms))  # fmt: skip
                made.append((f"{what}: {ours['gb']:.2f} GB, at most {gb:g}", ours["gb"] <= gb))
    return made


def in_words(kind: str, sizes: dict[int, dict[str, Any]]) -> str:
    """Where the curve leads: as steep as between the last two sizes, or as N at worst."""
    (fewer, before), (more, after) = [(count, sizes[count][OURS]) for count in sorted(sizes)[-2:]]
    slope = np.log(after["mean_ms"] / before["mean_ms"]) / np.log(more / fewer)
    size = (after["gb"] - after["before_gb"]) / more
    there = [
        f"{after['mean_ms'] * (count / more) ** slope:.1f} to {after['mean_ms'] * count / more:.1f}"
        f" ms and {size * count:.0f} GB at {label}"
        for label, count in (("100 M", 1e8), ("1 G", 1e9))
    ]
    return (
        f"{kind}: {size * 1e9:.0f} bytes a hash, and from {fewer:,} to {more:,} hashes the "
        f"milliseconds grew as N to the {slope:.2f}; so it would be {' and '.join(there)}."
    )


def draw(results: dict[str, dict[int, dict[str, Any]]]) -> None:
    import matplotlib.pyplot as plt

    _, grid = plt.subplots(len(results), 2, figsize=(11, 4.2 * len(results)), squeeze=False)
    for (kind, sizes), (times, memory) in zip(results.items(), grid, strict=True):
        for name in SYSTEMS:
            rows = {count: each[name] for count, each in sizes.items() if name in each}
            sizes_of = [(row["gb"] - row["before_gb"]) * 1e9 / count for count, row in rows.items()]
            look = {"marker": "o", "label": name, "linewidth": 3 if name == OURS else 1}
            times.plot(list(rows), [row["mean_ms"] for row in rows.values()], **look)
            memory.plot(list(rows), sizes_of, **look)
        for axes, what in ((times, "processor ms a query"), (memory, "bytes a hash")):
            axes.set(title=f"{kind}, radius {RADIUS}", xlabel="hashes", ylabel=what)
            axes.set(xscale="log", yscale="log")
            axes.grid(alpha=0.3)
            axes.legend(fontsize=8)
    plt.tight_layout()
    plt.savefig(ARTEFACTS / "index.png", dpi=80)
    plt.close()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The index of hashes, beside its peers.")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, metavar="N")
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} hashes, too")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--radii", type=int, nargs="+", default=[RADIUS], metavar="BITS")
    parser.add_argument("--jemalloc", default=JEMALLOC, metavar="FILE")
    parser.add_argument("--patience", type=float, default=900, help="seconds for one process")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        name, folder, allocator = options.measure
        measure(name, options.counts[0], Path(folder), options.radii, allocator)
        return 0
    counts = sorted({*options.counts, *([LARGE] if options.large else [])})
    if len(here()) == 1:
        print(NO_PEERS)
    elif not options.jemalloc:
        print(NO_JEMALLOC)
    results: dict[str, dict[int, dict[str, Any]]] = {}
    for kind in options.kinds:
        if kind == "real" and not photos():
            print("\nNo photos are here (STAYDOWN_MEDIA), so no hashes of real pictures.")
            continue
        skipped: dict[str, str] = {}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_hashes(kind, counts[-1], folder / "hashes.npy")
            results[kind] = {
                count: side_by_side(kind, count, folder, options, skipped) for count in counts
            }
    print()
    if len(counts) > 1 and counts[-1] >= min(ASKED):
        for kind, sizes in results.items():
            print(in_words(kind, sizes))
        print()
    made = checks(results)
    for sentence, holds in made:
        print(f"  {'holds         ' if holds else 'does not hold '}  {sentence}")
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "index.json").write_text(json.dumps(results, indent=1) + "\n")
    if importlib.util.find_spec("matplotlib"):
        draw(results)
    return 0 if all(holds for _, holds in made) else 1


if __name__ == "__main__":
    sys.exit(main())
