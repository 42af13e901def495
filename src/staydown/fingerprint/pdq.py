"""PDQ, the field's 256-bit picture hash, as matrix products.

The method is Facebook's (ThreatExchange, ``pdq/``, 2019): blur the luma with two
box filters, keep 64 x 64 samples, take 16 x 16 low frequencies of their cosine
transform, and set a bit where a frequency lies above the median.

Blur and sampling are linear and work on rows and columns apart, so here they are
two matrices: ``rows @ luma @ columns.T``. Each row of such a matrix is a tent of
about ``size / 64`` weights, and neighbouring tents barely overlap: the picture is
read once. ``docs/decisions/0002-own-pdq.md`` says why we do not use the binding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

HASH_BYTES = 32
SAMPLES = 64
FREQUENCIES = 16
SMALLEST_SIDE = 5
"""Below this many pixels a side the reference refuses to hash, and so do we."""

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Weights of red, green and blue (ITU-R BT.601), as in the reference."""

ORIENTATIONS = (
    "original",
    "rotated-90",
    "rotated-180",
    "rotated-270",
    "flipped",
    "mirrored",
    "transposed",
    "transversed",
)
"""The eight ways to lay a picture down, in the reference's order.

Rotations are counter-clockwise; *flipped* swaps top and bottom, *mirrored* swaps
left and right, *transposed* swaps rows and columns, *transversed* does so along
the other diagonal.
"""


@dataclass(frozen=True, slots=True)
class PdqHash:
    """What PDQ says of one picture: eight hashes, *original* first, and the quality."""

    dihedral: tuple[bytes, ...]
    quality: int

    @property
    def original(self) -> bytes:
        return self.dihedral[0]


def pdq(pixels: Floats | Bytes, *, orientation: int = 1) -> PdqHash:
    """Hash a picture: luma, shape (height, width), or RGB, shape (height, width, 3).

    Values run from 0 to 255. *orientation* is EXIF's: the hash is that of the upright
    picture. A picture with a side below `SMALLEST_SIDE` has the zero hash and quality
    0, as in the reference; by its quality it never matches.
    """
    if min(pixels.shape[:2]) < SMALLEST_SIDE:
        return PdqHash(dihedral=(bytes(HASH_BYTES),) * len(ORIENTATIONS), quality=0)
    return pdq_of_samples(samples(pixels, orientation=orientation))


def samples(pixels: Floats | Bytes, *, orientation: int = 1) -> Floats:
    """Blur *pixels*, lay them upright and keep 64 x 64 luma samples, float32."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if channels not in (1, 3):
        raise ValueError(f"luma or RGB is expected, not {channels} channels")
    # Turning the weights instead of the pixels gives the same samples for nothing.
    down = _tents(height, orientation in (3, 4, 6, 7))
    across = _tents(width, orientation in (2, 3, 7, 8))
    lines = pixels.reshape(height, width * channels)
    # Rows first, on the bytes as they lie: each byte is widened once, in a piece
    # that stays in the processor's cache, and the weights of red, green and blue
    # wait until 64 rows are left.
    reduced = np.empty((SAMPLES, width * channels), dtype=np.float32)
    for row, (first, weights) in enumerate(down):
        piece = lines[first : first + len(weights)]
        np.dot(weights, piece.astype(np.float32, copy=False), out=reduced[row])
    if channels == 3:
        reduced = reduced.reshape(SAMPLES, width, 3) @ LUMA
    grid = np.empty((SAMPLES, SAMPLES), dtype=np.float32)
    for column, (first, weights) in enumerate(across):
        grid[:, column] = reduced[:, first : first + len(weights)] @ weights
    return np.ascontiguousarray(grid.T) if orientation > 4 else grid


def pdq_of_samples(grid: Floats) -> PdqHash:
    """Hash 64 x 64 luma samples."""
    frequencies = (_COSINES @ grid @ _COSINES.T).astype(np.float32, copy=False)
    turned = _turned(frequencies)
    # The reference's median of an even count is the lower of the middle two.
    middle = turned.shape[1] // 2 - 1
    median = np.partition(turned, middle, axis=1)[:, middle]
    bits = (turned > median[:, None])[:, ::-1]
    return PdqHash(
        dihedral=tuple(row.tobytes() for row in np.packbits(bits, axis=1)),
        quality=quality(grid),
    )


def quality(grid: Floats) -> int:
    """How much there is to see in 64 x 64 samples: 0 (nothing) to 100.

    The sum of the steps between neighbours, each in whole percent of the range,
    over 90: the reference's measure and constants.
    """
    hundred, span = np.float32(100), np.float32(255)
    down = np.trunc((grid[:-1] - grid[1:]) * hundred / span)
    across = np.trunc((grid[:, :-1] - grid[:, 1:]) * hundred / span)
    steps = int(np.abs(down).sum()) + int(np.abs(across).sum())
    return min(100, steps // 90)


@lru_cache(maxsize=64)
def _tents(size: int, backwards: bool) -> tuple[tuple[int, Floats], ...]:
    """The 64 samples along a side of *size* pixels: (first pixel, weights) of each.

    *backwards*: as if the side were read from its far end.
    """
    window = -(-size // (2 * SAMPLES))
    ahead = (window + 2) // 2 - 1
    behind = window - 1 - ahead
    tents = []
    for sample in range(SAMPLES):
        centre = int((sample + 0.5) * size / SAMPLES)
        # The second box averages places of the first one; each of those averages
        # pixels. At the rim both are cut off, and divide by what is left.
        places = np.arange(max(0, centre - behind), min(size, centre + ahead + 1))
        first = np.maximum(0, places - behind)
        after = np.minimum(size, places + ahead + 1)
        share = 1.0 / (len(places) * (after - first))
        steps = np.zeros(int(after[-1] - first[0]) + 1)
        np.add.at(steps, first - first[0], share)
        np.subtract.at(steps, after - first[0], share)
        start, weights = int(first[0]), np.cumsum(steps)[:-1].astype(np.float32)
        if backwards:
            start, weights = size - start - len(weights), weights[::-1].copy()
        tents.append((start, weights))
    return tuple(tents)


def dihedral_from_bits(original: bytes) -> tuple[bytes, ...]:
    """What the eight hashes probably are, when only *original* is known.

    A bit says on which side of the median a frequency lies, and the median is close
    to zero: so bits are nearly signs, and signs are what turning a picture changes.
    On 581 photos the guesses lie 7 bits from the truth in the mean, 20 in the 99th
    percentile and 30 at most; original and transposed are exact. That widens the
    distance of a turned copy; it does not make matches out of unrelated pictures.
    """
    bits = np.unpackbits(np.frombuffer(original, dtype=np.uint8))[::-1]
    signs = bits.reshape(FREQUENCIES, FREQUENCIES).astype(np.float32) * 2 - 1
    guesses = (_turned(signs) > 0)[:, ::-1]
    return tuple(row.tobytes() for row in np.packbits(guesses, axis=1))


def _turned(frequencies: Floats) -> Floats:
    """The frequencies of the picture's eight orientations, one a row.

    Turning or mirroring a picture only changes signs of its frequencies, or swaps
    rows with columns: seven more hashes for the price of seven medians.
    """
    swapped = frequencies.T
    return np.stack(
        [
            frequencies,
            swapped * _ODD_ROWS,
            frequencies * _ODD_ROWS * _ODD_COLUMNS,
            swapped * _ODD_COLUMNS,
            frequencies * _ODD_ROWS,
            frequencies * _ODD_COLUMNS,
            swapped,
            swapped * _ODD_ROWS * _ODD_COLUMNS,
        ]
    ).reshape(len(ORIENTATIONS), -1)


def _cosines() -> Floats:
    frequency = np.arange(1, FREQUENCIES + 1)[:, None]
    sample = np.arange(SAMPLES)[None, :]
    angles = (np.pi / 2 / SAMPLES) * frequency * (2 * sample + 1)
    cosines: Floats = (np.sqrt(2 / SAMPLES) * np.cos(angles)).astype(np.float32)
    return cosines


_COSINES = _cosines()
# Frequencies count from 1: an odd one changes its sign when its axis is turned round.
_SIGNS = np.where(np.arange(FREQUENCIES) % 2 == 0, -1, 1).astype(np.float32)
_ODD_ROWS = _SIGNS[:, None]
_ODD_COLUMNS = _SIGNS[None, :]
