"""Films in which a region was replaced, and moves through the shot as a swapped face would.

`swap` lays a patch the size of a face over every frame, along a path: feathered, its
colours matched to what it covers, its own picture moving too. What it holds is a piece of
another film, a drawn face, or the film itself without its details.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from benchmarks import edits, video_edits
from benchmarks.edits import Pixels, generator
from benchmarks.video_edits import Film, Timed
from benchmarks.videos import clips

import staydown

Floats = np.ndarray[Any, np.dtype[np.float32]]
Way = Callable[[float], tuple[float, float]]
"""Where the middle of the patch lies, 0 to 1 across and down, after so many seconds."""

SHARES = (0.02, 0.04, 0.08)
HOLDS = ("another film", "a drawn face", "blur")
INNOCENT = ("crf 35", "0.5x", "crop 20%", "mirror", "story frame", "messenger 640")
TEXTURE = 14.0
"""The least spread of values beneath the patch: what is plain cannot be seen to differ."""

_TRIES = 40
_SOFT = 0.3


def path_of(rng: np.random.Generator) -> Way:
    """A loop of 5 to 9 seconds, as wide as a third to three fifths of the frame."""
    across, down = rng.uniform(0.35, 0.65, 2)
    wide, high = rng.uniform(0.16, 0.3, 2)
    turns, start = rng.uniform(5, 9, 2), rng.uniform(0, 2 * np.pi, 2)

    def place(seconds: float) -> tuple[float, float]:
        angle = start + 2 * np.pi * seconds / turns
        return float(across + wide * np.sin(angle[0])), float(down + high * np.sin(angle[1]))

    return place


def swap(film: Film, share: float, holds: str, other: Film, key: str) -> Iterator[Timed]:
    """The frames of *film* with a patch over *share* of each."""
    rng = generator("swap", key, share, holds)
    height, width = film.frames[0].shape[:2]
    tall = np.sqrt(share * height * width * rng.uniform(1.0, 1.5) * 4 / np.pi)
    rows = min(round(tall), round(0.8 * height))
    columns = round(share * height * width * 4 / np.pi / rows)
    path = _textured_path(film, rows, columns, rng)
    cover = _oval(rows, columns)
    at = int(rng.integers(len(other.frames)))
    left, top = rng.uniform(0, 1, 2)
    face = drawn_face(rows, columns, rng)
    for number, (time, pixels) in enumerate(zip(film.times, film.frames, strict=True)):
        y, x = _corner(path(time), height, width, rows, columns)
        there = pixels[y : y + rows, x : x + columns].astype(np.float32)
        if holds == "another film":
            shown = other.frames[(at + number) % len(other.frames)]
            patch = _piece(shown, rows, columns, left, top)
        elif holds == "a drawn face":
            patch = face
        else:
            patch = cv2.GaussianBlur(there, (0, 0), rows / 8)
        out = pixels.copy()
        laid = _matched(patch, there) if holds != "blur" else patch
        out[y : y + rows, x : x + columns] = np.clip(laid * cover + there * (1 - cover), 0, 255)
        yield time, out


def _textured_path(film: Film, rows: int, columns: int, rng: np.random.Generator) -> Way:
    """The first of some paths that passes over texture, or the one that does most."""
    height, width = film.frames[0].shape[:2]
    best: tuple[float, Way] | None = None
    for _ in range(_TRIES):
        path = path_of(rng)
        spreads = []
        for at in range(0, len(film.frames), max(1, len(film.frames) // 8)):
            y, x = _corner(path(film.times[at]), height, width, rows, columns)
            spreads.append(float(film.frames[at][y : y + rows, x : x + columns].mean(2).std()))
        least = float(np.median(spreads))
        if best is None or least > best[0]:
            best = least, path
        if least > TEXTURE:
            break
    assert best is not None
    return best[1]


def _corner(
    middle: tuple[float, float], height: int, width: int, rows: int, columns: int
) -> tuple[int, int]:
    y = np.clip(middle[1] * height - rows / 2, 0, height - rows)
    x = np.clip(middle[0] * width - columns / 2, 0, width - columns)
    return round(float(y)), round(float(x))


def _oval(rows: int, columns: int) -> Floats:
    """1 within, and softly 0 at the rim: (rows, columns, 1)."""
    down, across = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    inward = (1 - np.sqrt(down**2 + across**2)) / _SOFT
    cover: Floats = np.clip(inward, 0, 1).astype(np.float32)[:, :, None]
    return cover


def _piece(pixels: Pixels, rows: int, columns: int, left: float, top: float) -> Floats:
    """A window of the picture at twice the patch's size or all of its height, made as small."""
    tall = min(pixels.shape[0], 2 * rows)
    wide = min(pixels.shape[1], round(tall * columns / rows))
    y, x = round(top * (pixels.shape[0] - tall)), round(left * (pixels.shape[1] - wide))
    piece = pixels[y : y + tall, x : x + wide]
    small = cv2.resize(piece, (columns, rows), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)


def drawn_face(rows: int, columns: int, rng: np.random.Generator) -> Floats:
    """An oval with a light side, hair, brows, eyes, a nose and a mouth; soft like a photo."""
    page = np.full((200, 160, 3), rng.uniform(120, 180), np.float32)
    page += np.linspace(30, -30, 160, dtype=np.float32)[None, :, None] * rng.choice((-1, 1))
    dark, middle = (float(each) for each in rng.uniform((10, 60), (50, 110)))
    cv2.ellipse(page, (80, 20), (85, int(rng.integers(35, 55))), 0, 0, 360, (dark,) * 3, -1)
    eyes = int(rng.integers(80, 95))
    for side in (-1, 1):
        across = 80 + side * int(rng.integers(28, 36))
        cv2.ellipse(page, (across, eyes), (16, 8), 0, 0, 360, (235.0,) * 3, -1)
        cv2.circle(page, (across, eyes), 7, (dark,) * 3, -1)
        cv2.ellipse(page, (across, eyes - 18), (20, 6), 0, 180, 360, (dark,) * 3, 5)
    cv2.ellipse(page, (80, 118), (12, 22), 0, -20, 200, (middle,) * 3, 5)
    cv2.ellipse(page, (80, 155), (28, int(rng.integers(7, 14))), 0, 0, 360, (middle,) * 3, -1)
    soft = cv2.GaussianBlur(page, (0, 0), 2.5) + rng.normal(0, 5, page.shape).astype(np.float32)
    face: Floats = cv2.resize(soft, (columns, rows), interpolation=cv2.INTER_AREA)
    return face


def _matched(patch: Floats, there: Floats) -> Floats:
    """*patch* with the mean and the spread of what it covers, channel by channel."""
    own, aim = patch.reshape(-1, 3), there.reshape(-1, 3)
    matched: Floats = (patch - own.mean(0)) / (own.std(0) + 4) * (aim.std(0) + 4) + aim.mean(0)
    return matched


AFTER: dict[str, Callable[[Sequence[Timed], float, str], bytes]] = {
    "encoded again": lambda frames, fps, key: video_edits.written(frames, fps),
    "0.5x, crf 30": lambda frames, fps, key: _written(frames, fps, key, edits.resize(0.5), 30),
    "crop 20%": lambda frames, fps, key: _written(frames, fps, key, edits.crop(0.2), 26),
}
"""What is done to the film afterwards."""


def _written(frames: Sequence[Timed], fps: float, key: str, change: Any, crf: int) -> bytes:
    changed = ((time, change(pixels, generator(key), [])) for time, pixels in frames)
    return video_edits.written(changed, fps, crf=crf)


def called(path: Path) -> list[tuple[str, str | None]]:
    """What each changed and each innocent copy of one clip is taken for."""
    cv2.setNumThreads(1)
    everything = clips()
    film = video_edits.read(str(path))
    other = video_edits.read(str(everything[(everything.index(path) + 7) % len(everything)]))
    kept = staydown.fingerprint_file(path, look="reported")
    copies: dict[str, bytes] = {}
    for share in SHARES:
        for holds in HOLDS:
            frames = list(swap(film, share, holds, other, path.stem))
            for after in AFTER if holds == HOLDS[0] else ("encoded again",):
                name = f"{holds}, {after} | {share:.0%}"
                copies[name] = AFTER[after](frames, film.fps, path.stem)
    for name in INNOCENT:
        copies[f"{name} | 0%"] = video_edits.EDITS[name](film, path.stem, [other, other]).content
    rows = []
    for name, content in copies.items():
        match = staydown.compare(kept, staydown.fingerprint_bytes(content))
        rows.append((name, match.kind if match else None))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=14)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    chosen = clips()[1 :: max(1, len(clips()) // options.clips)][: options.clips]
    table: dict[str, Counter[str | None]] = defaultdict(Counter)
    with ProcessPoolExecutor(options.processes) as workers:
        for rows in workers.map(called, chosen):
            for name, kind in rows:
                table[name][kind] += 1
    print("| what, then what was done | share | clips | found | called replaced |")
    print("| --- | --- | --- | --- | --- |")
    for name, kinds in table.items():
        count = kinds.total()
        print(f"| {name} | {count} | {count - kinds[None]} | {kinds['region-replaced']} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
