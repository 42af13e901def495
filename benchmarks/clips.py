"""A closed site's catalogue: how long it takes to find all copies of one film among 43,000.

``python -m benchmarks.clips [--counts N ...]``

The reported film is cut together from all benign clips beside the project (some four
minutes). Among the catalogue's clips of five minutes stand four copies of it: recompressed,
an excerpt of ten seconds, one that is cropped, which only the local layer finds, and an
excerpt of that. All others are made of real clips' fingerprints, in which every stretch has
four bits in ten flipped, hashes and keypoints alike, and its keypoints change places: 102 bits
apart, where unrelated films are 128, and as unevenly spread. They are made anew, from their
numbers, when a search loads them: that stands in for the database. The index is the server's,
with a hash a second, and searched as its sweeps do: each film found is looked at afterwards.

As in the server, the index is written to a snapshot and opened again. Seconds are of one
search, from the fingerprint to the matches, on the clock and of processor time; gigabytes are
those of the process with the index, the shared ones of the file included. Results also go to
``artefacts/clips.json``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks import video_edits
from benchmarks.videos import ARTEFACTS, clips

import staydown
from staydown import Fingerprint
from staydown.fingerprint.film import Film, Still
from staydown.fingerprint.local import OPEN_KEY
from staydown.fingerprint.local.form import bits_within
from staydown.match import FingerprintIndex, Snapshot, new_snapshot

COUNTS = (1_000, 4_000, 16_000, 43_000)
ASKED_SECONDS, ASKED_GIGABYTES = 2.0, 8.0
MINUTES_A_CLIP = 5
STILLS = 24
FLIPPED = 0.4
_PORTION = 200
_SEARCHES = 5
_TILES_AND_CONTRAST = 1024 + 128


def film_of(path: str, look: str = "upload") -> Film:
    """What is kept of a clip, or of one that is asked with."""
    found = staydown.fingerprint_file(path, look=look).film  # type: ignore[arg-type]
    assert found is not None
    return found if look == "reported" else replace(found, sketches=None).kept()


def edited(arguments: tuple[Path, str]) -> Film:
    """What is kept of an edited copy of a clip."""
    path, name = arguments
    copy = video_edits.EDITS[name](video_edits.read(str(path)), path.stem, [])
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(copy.content)
        file.flush()
        return film_of(file.name)


def joined(films: Sequence[Film], most_stills: int = STILLS) -> Film:
    """The films, one after another."""
    parts, stills, start = [], [], 0.0
    for film in films:
        frames = film.frames.copy()
        frames["milliseconds"] += round(start * 1000)
        parts.append(frames)
        stills += [replace(still, time=still.time + start) for still in film.stills]
        start += film.duration
    kept = np.linspace(0, len(stills) - 1, min(len(stills), most_stills)).astype(int)
    return Film(start, 25.0, np.concatenate(parts).tobytes(), tuple(stills[at] for at in kept))


def excerpt(film: Film, start: float, seconds: float) -> Film:
    is_in = (film.times >= start) & (film.times < start + seconds)
    frames = film.frames[is_in].copy()
    frames["milliseconds"] -= round(start * 1000)
    stills = tuple(
        replace(still, time=still.time - start)
        for still in film.stills
        if start <= still.time < start + seconds
    )
    return Film(seconds, film.fps, frames.tobytes(), stills)


@cache
def masks() -> npt.NDArray[np.uint8]:
    """Which bits are flipped, in a thousand ways, of as many keypoints as a still may have."""
    chance = np.random.default_rng(0)
    return np.stack([np.packbits(chance.random((160, 256)) < FLIPPED, axis=1) for _ in range(1000)])


def unlike(film: Film, chance: np.random.Generator) -> Film:
    """Another film."""
    frames = film.frames.copy()
    for name in ("pdq", "mirrored"):
        frames[name] ^= np.packbits(chance.random(256) < FLIPPED)
    still = film.stills[chance.integers(len(film.stills))]
    layer = _unlike(still.local or b"", masks()[chance.integers(1000)], int(chance.integers(9, 60)))
    return Film(film.duration, film.fps, frames.tobytes(), (Still(still.time, layer),))


def _unlike(layer: bytes, mask: npt.NDArray[np.uint8], shift: int) -> bytes:
    """With the keypoints in each other's places, too."""
    bits = bits_within(layer)
    start = len(layer) - _TILES_AND_CONTRAST - bits.size
    changed = np.roll(bits ^ mask[: len(bits)], shift, axis=0)
    return layer[:start] + changed.tobytes() + layer[start + bits.size :]


class Catalogue:
    """Clips by number, made when they are asked for; a few of them are copies."""

    def __init__(self, real: Sequence[Film], copies: dict[int, Film]) -> None:
        self._real = real
        self._copies = copies
        self.loaded = 0

    def clip(self, number: int) -> Fingerprint:
        chance = np.random.default_rng(number)
        parts: list[Film] = []
        copy = self._copies.get(number)
        seconds = 0.0
        while seconds < 60 * MINUTES_A_CLIP:
            if copy is not None and seconds > 60:
                parts.append(copy)
                copy = None
            else:
                parts.append(unlike(self._real[chance.integers(len(self._real))], chance))
            seconds += parts[-1].duration
        return Fingerprint(sha256=f"{number:064x}", kind="video", film=joined(parts, STILLS))

    def load(self, numbers: Sequence[int]) -> dict[int, Fingerprint]:
        self.loaded += len(numbers)
        return {number: self.clip(number) for number in numbers}


def memory() -> float:
    """The process's own memory, in gigabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e9


@cache
def material() -> tuple[list[Film], Fingerprint, dict[str, Film]]:
    """The real clips, the reported film, and its copies."""
    paths = clips()
    real = [film_of(str(path)) for path in paths]
    reported = joined([film_of(str(path), "reported") for path in paths], 128)
    with ProcessPoolExecutor(2) as pool:
        lesser = joined(list(pool.map(edited, [(path, "crf 35") for path in paths])))
        cropped = joined(list(pool.map(edited, [(path, "crop 20%") for path in paths])), 2 * STILLS)
    copies = {
        "recompressed": lesser,
        "10 s of it": excerpt(lesser, 61.0, 10.0),
        "cropped": cropped,
        "30 s cropped": excerpt(cropped, 100.0, 30.0),
    }
    asked = Fingerprint(sha256="ff" * 32, kind="video", film=reported)
    return real, asked, copies


def measured(count: int) -> dict[str, object]:
    real, asked, copies = material()
    # Spread over the catalogue, always among its first thousand.
    numbers = {name: 200 * at + 77 for at, name in enumerate(copies)}
    catalogue = Catalogue(real, {numbers[name]: film for name, film in copies.items()})
    before = memory()
    index = FingerprintIndex(key=OPEN_KEY, frames_apart=1.0)
    begun = time.process_time()
    hashes = 0
    for start in range(0, count, _PORTION):
        portion = {n: catalogue.clip(n) for n in range(start, min(count, start + _PORTION))}
        index.add(portion.items())
        hashes += sum(len(each.film or b"") for each in portion.values())
    built = time.process_time() - begun
    with tempfile.TemporaryDirectory() as folder:
        with new_snapshot(Path(folder, "index"), {}) as snapshot:
            index.write(snapshot)
        del index, snapshot, portion
        begun = time.perf_counter()
        saved = Snapshot.open(Path(folder, "index"))
        index = FingerprintIndex.read(saved, key=OPEN_KEY, frames_apart=1.0)
        opened = time.perf_counter() - begun
    index.search(asked, catalogue.load, closely=False)
    clock, spent, loaded = [], [], []
    for _ in range(_SEARCHES):
        catalogue.loaded = 0
        started, used = time.perf_counter(), time.process_time()
        matches = index.search(asked, catalogue.load, closely=False)
        clock.append(time.perf_counter() - started)
        spent.append(time.process_time() - used)
        loaded.append(catalogue.loaded)
    found = {int(match.id or 0) for match in matches}
    return {
        "clips": count,
        "seconds": statistics.median(clock),
        "processor seconds": statistics.median(spent),
        "loaded": loaded[-1],
        "gigabytes": memory(),
        "gigabytes before": before,
        "found": [name for name, number in numbers.items() if number in found],
        "others found": len(found - set(numbers.values())),
        "frames hashed": hashes,
        "built in": built,
        "opened in": opened,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS)
    counts = parser.parse_args().counts
    material()
    rows = []
    for count in counts:
        # Each in a process of its own: what one leaves behind is not the next one's memory.
        with ProcessPoolExecutor(1) as alone:
            row = alone.submit(measured, count).result()
        rows.append(row)
        print(json.dumps(row), flush=True)
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "clips.json").write_text(json.dumps(rows, indent=1))
    last = rows[-1]
    for name, value, asked in (
        ("seconds", last["seconds"], ASKED_SECONDS),
        ("gigabytes", last["gigabytes"], ASKED_GIGABYTES),
    ):
        held = "holds" if float(str(value)) < asked else "DOES NOT HOLD"
        print(f"{last['clips']} clips: {value:.2f} {name}, asked below {asked}: {held}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
