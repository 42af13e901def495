"""Hashes to fill an index with, and to ask it with: random ones, and those of real pictures."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.pictures import photos
from PIL import Image

from staydown.fingerprint.pdq import pdq

Hashes = npt.NDArray[np.uint8]

RADIUS = 31
"""What the field matches PDQ with, and what is asked of."""
CHUNK, CROPS, QUERIES = 1_000_000, 250_000, 500
SMALLEST_QUALITY = 50
"""Of PDQ: pictures below it are not matched, and so not in a bank."""


def write_hashes(kind: str, count: int, path: Path) -> None:
    rng = np.random.default_rng(6)
    out = np.lib.format.open_memmap(path, "w+", np.uint8, (count, 32))
    pool = of_crops(rng, min(CROPS, count // 8 + 1)) if kind == "real" else out[:0]
    out[: len(pool)] = pool[:count]
    for start in range(len(pool), count, CHUNK):
        size = min(CHUNK, count - start)
        out[start : start + size] = mixed(rng, pool, size) if len(pool) else of_chance(rng, size)
    out.flush()


def of_chance(rng: np.random.Generator, count: int) -> Hashes:
    return rng.integers(0, 256, (count, 32), np.uint8)


def of_crops(rng: np.random.Generator, count: int) -> Hashes:
    """All eight hashes of each crop, no two alike, shuffled."""
    made: list[bytes] = []
    while len(made) < 8 * count:
        picture = pictures()[rng.integers(len(pictures()))]
        # Of a few sizes only: the matrices of each are kept.
        height, width = (32 * rng.integers(3, side // 32, endpoint=True) for side in picture.shape)
        y, x = (rng.integers(room + 1) for room in np.subtract(picture.shape, (height, width)))
        seen = pdq(picture[y : y + height, x : x + width])
        if seen.quality >= SMALLEST_QUALITY:
            made.extend(seen.dihedral)
    hashes = np.frombuffer(b"".join(made), np.uint8).reshape(-1, 32)
    return rng.permutation(np.unique(hashes, axis=0))


@cache
def pictures() -> list[Hashes]:
    """The photos, grey, of at most 512 pixels a side."""
    made = []
    for path in photos():
        with Image.open(path) as photo:
            grey = photo.convert("L")
        grey.thumbnail((512, 512))
        made.append(np.asarray(grey))
    return made


def mixed(rng: np.random.Generator, pool: Hashes, count: int) -> Hashes:
    """Hashes of *pool*, a run of bytes of each (around the end too) replaced by another's."""
    ones, others = pool[rng.integers(len(pool), size=(2, count))]
    starts, lengths = rng.integers(32, size=(count, 1)), rng.integers(8, 25, (count, 1))
    made: Hashes = np.where((np.arange(32) - starts) % 32 < lengths, others, ones)
    return made


def write_queries(kind: str, hashes: Hashes, folder: Path) -> None:
    """Planted neighbours in the even rows, strangers in the others; beside them the truth:
    row, id and distance of what was planted."""
    rng = np.random.default_rng(len(hashes))
    ids, distances = rng.integers([[len(hashes)], [RADIUS + 1]], size=(2, QUERIES))
    flips = rng.permuted(np.tile(np.arange(256), (QUERIES, 1)), axis=1) < distances[:, None]
    queries = np.empty((2 * QUERIES, 32), np.uint8)
    queries[::2] = hashes[ids] ^ np.packbits(flips, axis=1)
    queries[1::2] = of_crops(rng, QUERIES)[:QUERIES] if kind == "real" else of_chance(rng, QUERIES)
    np.save(folder / "queries.npy", queries)
    np.save(folder / "planted.npy", np.stack([2 * np.arange(QUERIES), ids, distances], axis=1))
