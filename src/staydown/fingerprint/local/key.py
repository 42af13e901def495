"""The secret that turns descriptors and tiles into bits.

A local fingerprint is made of signs of random projections, and the random numbers
come from a key. Two fingerprints of different keys have nothing in common: a stolen
table is useless elsewhere, and without the key its bits cannot be turned back into a
sketch of the picture. `OPEN_KEY` is for open use, where there is nothing to hide.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

KEY_BYTES = 32
DESCRIPTOR_BITS = 256
DESCRIPTOR_DIMENSIONS = 128
TILE_BITS = 32
TILE_FREQUENCIES = 5
"""A tile is judged by its 5 x 5 lowest frequencies but the mean: finer ones do not
survive a JPEG, and would need an alignment that keypoints cannot give."""


@dataclass(frozen=True, slots=True)
class LocalKey:
    """32 secret bytes. Keep them outside the database that holds the fingerprints."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a local key has {KEY_BYTES} bytes")

    @property
    def mark(self) -> bytes:
        """Eight bytes that tell keys apart and give nothing of the secret away."""
        return self.stream("mark", 8)

    def stream(self, purpose: str, count: int, salt: bytes = b"") -> bytes:
        """*count* bytes that only this key gives for this *purpose*: SHAKE-256."""
        name = f"staydown local 1 {purpose}".encode()
        return hashlib.shake_256(self.secret + len(name).to_bytes(1) + name + salt).digest(count)


OPEN_KEY = LocalKey(hashlib.sha256(b"staydown: the key of open use").digest())


@dataclass(frozen=True, slots=True, eq=False)
class Projections:
    """The two projections of a key, ready to use.

    *descriptor*, (256, 128), is applied to root-normalised SIFT vectors and *offset*,
    (256,), is taken away; the signs are the bits. *tile*, (32, 64), is applied to the
    8 x 8 pixels of a tile, row by row.
    """

    descriptor: Floats
    offset: Floats
    tile: Floats


@lru_cache(maxsize=8)
def projections(key: LocalKey) -> Projections:
    mean, whitening = moments()
    random = _bell(key, "descriptor", (DESCRIPTOR_BITS, DESCRIPTOR_DIMENSIONS))
    descriptor = (random @ whitening).astype(np.float32)
    tile = _bell(key, "tile", (TILE_BITS, TILE_FREQUENCIES**2 - 1)) @ _tile_frequencies()
    return Projections(
        descriptor=descriptor,
        offset=(descriptor @ mean).astype(np.float32),
        tile=tile.astype(np.float32),
    )


def _bell(key: LocalKey, purpose: str, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Whole numbers with a bell-shaped spread: the same on every machine."""
    drawn = np.frombuffer(key.stream(purpose, shape[0] * shape[1] * 4), np.uint8)
    bell: npt.NDArray[np.float64] = drawn.reshape(*shape, 4).sum(axis=2, dtype=np.float64) - 510.0
    return bell


def _tile_frequencies() -> npt.NDArray[np.float64]:
    """(24, 64): the lowest frequencies of 8 x 8 pixels, weaker the finer they are."""
    frequency, sample = np.arange(TILE_FREQUENCIES)[:, None], np.arange(8)[None, :]
    cosines = np.cos(np.pi / 16 * frequency * (2 * sample + 1))
    cosines /= np.linalg.norm(cosines, axis=1, keepdims=True)
    weight = 1.0 / (1.0 + np.add.outer(np.arange(5.0) ** 2, np.arange(5.0) ** 2) / 12)
    planes: npt.NDArray[np.float64] = np.einsum("ij,ia,jb->ijab", weight, cosines, cosines)
    return planes.reshape(TILE_FREQUENCIES**2, 64)[1:]


@lru_cache(maxsize=1)
def moments() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean (128,) and whitening (128, 128) of root-normalised SIFT on ordinary photos.

    Measured by ``benchmarks/moments.py``. Equal spread in every direction is worth as
    much as twice the bits, and fills the buckets of a search evenly.
    """
    file = resources.files(__package__).joinpath("moments.bin")
    values = np.frombuffer(file.read_bytes(), dtype="<f2").astype(np.float64)
    return values[:DESCRIPTOR_DIMENSIONS], values[DESCRIPTOR_DIMENSIONS:].reshape(128, 128)
