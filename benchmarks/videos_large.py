"""What is found of a large film, of which only a share is decoded.

``python -m benchmarks.videos_large [--films N] [--seconds S]``

Six excerpts of *S* seconds, of six of the benign clips beside the project, make a film.
It is encoded in the ways below, and looked at as if it were large: key frames, and what the
share of work leaves for after them. Each excerpt's clip is the reported one. The films are
480p, which spares hours of encoding: what is decoded depends on the size of a film's packets
against that of its frames, and at 480p packets are the larger part, so that less is.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from benchmarks import video_edits
from benchmarks.edits import Pixels, generator
from benchmarks.videos import clips, hashes_only, reported

import staydown
from staydown import Fingerprint
from staydown.fingerprint import video
from staydown.fingerprint.gather import gather_film
from staydown.fingerprint.local import OPEN_KEY
from staydown.media import DecoderPool
from staydown.media.limits import DEFAULT_LIMITS

EXCERPTS = 6
FPS = 25.0
_LARGE = "upload, as if large"
video.PROFILES[_LARGE] = replace(video.UPLOAD, small=0.0)

WAYS: dict[str, tuple[float, dict[str, str]]] = {
    "cuts, x264's key frames": (0.0, {"crf": "23", "preset": "veryfast"}),
    "cuts, as phones encode (a key frame a second)": (
        0.0,
        {"crf": "18", "preset": "veryfast", "bf": "0", "g": "25", "sc_threshold": "0"},
    ),
    "half a second of dissolve, x264's key frames": (0.5, {"crf": "23", "preset": "veryfast"}),
    "cuts, a key frame in 2 s, blind to cuts": (
        0.0,
        {"crf": "23", "preset": "veryfast", "g": "50", "sc_threshold": "0"},
    ),
    "cuts, a key frame in 10 s, blind to cuts": (
        0.0,
        {"crf": "23", "preset": "veryfast", "g": "250", "sc_threshold": "0"},
    ),
}
"""Seconds of dissolve between excerpts, and how the film is encoded."""


class _Here:
    """Decodes in this process, as if the film were large."""

    def run(
        self, entry: str, fd: int, options: dict[str, Any], *, meanwhile: Callable[[], None] | None
    ) -> bytes:
        return video.hash_video(fd, DEFAULT_LIMITS, **{**options, "profile": _LARGE})


def looked_at_in_part(path: str) -> Fingerprint:
    """The fingerprint of an upload, as if it were too large to be decoded whole."""
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    fd = os.open(path, os.O_RDONLY)
    try:
        found = gather_film(
            fd,
            cast(DecoderPool, _Here()),
            OPEN_KEY,
            profile="upload",
            progress=None,
            meanwhile=lambda: None,
        )
    finally:
        os.close(fd)
    size = {"width": found.width, "height": found.height}
    shown = Fingerprint.from_dict({"kind": "video", "sha256": digest, **size})
    return replace(shown, film=found.film)


def film_of(paths: Sequence[Path], seconds: float, dissolve: float, key: str) -> Iterator[Pixels]:
    """The frames of an excerpt of each clip, *seconds* long, one after another."""
    last: list[Pixels] = []
    for path in paths:
        film = video_edits.read(str(path))
        extra = round(dissolve * FPS)
        length = seconds + dissolve
        start = float(generator(key, path.stem).uniform(0, film.duration - length))
        at = [start + number / FPS for number in range(round(length * FPS))]
        rows = np.maximum(np.searchsorted(film.times, np.array(at) + 1e-6, "right") - 1, 0)
        frames = [cv2.resize(film.frames[int(row)], (854, 480)) for row in rows]
        for number, before in enumerate(last):
            weight = (number + 1) / (len(last) + 1)
            frames[number] = cv2.addWeighted(before, 1 - weight, frames[number], weight, 0)
        last = frames[len(frames) - extra :]
        yield from frames[: len(frames) - extra]


def found_in(number: int, seconds: float) -> dict[str, list[tuple[bool, bool]]]:
    """Of each excerpt of one film, in each way: whether a hash lies within it, and whether it
    is found by hashes."""
    cv2.setNumThreads(1)
    long = [path for path in clips() if video_edits.read(str(path)).duration > seconds + 1]
    chosen = [long[at] for at in generator("large", str(number)).permutation(len(long))[:EXCERPTS]]
    rows: dict[str, list[tuple[bool, bool]]] = {}
    for way, (dissolve, options) in WAYS.items():
        frames = film_of(chosen, seconds, dissolve, str(number))
        timed = ((at / FPS, pixels) for at, pixels in enumerate(frames))
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            file.write(video_edits.written(timed, FPS, options=options))
            file.flush()
            suspect = looked_at_in_part(file.name)
        assert suspect.film is not None
        times = suspect.film.times
        rows[way] = [
            (
                bool(((times >= at * seconds) & (times < (at + 1) * seconds - dissolve)).any()),
                staydown.compare(hashes_only(reported(path)), hashes_only(suspect)) is not None,
            )
            for at, path in enumerate(chosen)
        ]
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    if not clips():
        print("The clips of ../shared/media/videos are not here.")
        return 1
    films = range(options.films)
    with ProcessPoolExecutor(2) as workers:
        done = list(workers.map(found_in, films, [options.seconds] * len(films)))
    print(f"Excerpts of {options.seconds:g} s | with a hash | found by hashes")
    for way in WAYS:
        rows = np.array([row for each in done for row in each[way]])
        print(f"{way}, {len(rows)} | " + " | ".join(str(count) for count in rows.sum(axis=0)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
