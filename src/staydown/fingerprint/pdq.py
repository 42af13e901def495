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


def pdq(pixels: Floats | Bytes, *, orientation: int = 1, span: int = 255) -> PdqHash:
    """Hash a picture: luma, shape (height, width), or RGB, shape (height, width, 3).

    Values run over *span* steps from black to white (219 in most films; the hash takes no
    notice, the quality does). *orientation* is EXIF's: the hash is that of the upright
    picture. A picture with a side below `SMALLEST_SIDE` has the zero hash and quality
    0, as in the reference; by its quality it never matches.

    Each of the eight hashes is what the reference gives for the pixels really turned.
    Its own shortcut, signs of one transform, forgets that its filter and sampling lie
    off centre: it is 13 to 18 bits off in the mean (``docs/divergences.md``).
    """
    if min(pixels.shape[:2]) < SMALLEST_SIDE:
        return PdqHash(dihedral=(bytes(HASH_BYTES),) * len(ORIENTATIONS), quality=0)
    plain, flipped, mirrored, turned = samples(pixels, orientation=orientation)
    # Swapping rows with columns swaps the samples, and nothing else.
    lying = (plain, mirrored.T, turned, flipped.T, flipped, mirrored, plain.T, turned.T)
    return PdqHash(dihedral=_hashes(np.stack(lying)), quality=quality(plain, span))


def samples(pixels: Floats | Bytes, *, orientation: int = 1) -> Floats:
    """Blur *pixels*, lay them upright and keep 64 x 64 luma samples, float32.

    Returns four grids, shape (4, 64, 64): of the picture as it is, flipped, mirrored,
    and both.
    """
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if channels not in (1, 3):
        raise ValueError(f"luma or RGB is expected, not {channels} channels")
    lines = pixels.reshape(height, width * channels)
    # Rows first, on the bytes as they lie: each byte is widened once, in a piece
    # that stays in the processor's cache, and the weights of red, green and blue
    # wait until 64 rows are left. Reading the rows from their other end is a second
    # set of weights for the same piece, not a second look at the pixels.
    if lines.size <= _SMALL:
        lines = lines.astype(np.float32)
    rows = np.empty((SAMPLES, 2, width * channels), dtype=np.float32)
    for row, (first, weights) in enumerate(_tents(height)):
        piece = lines[first : first + weights.shape[1]].astype(np.float32, copy=False)
        np.matmul(weights, piece, out=rows[row])
    if channels == 3:
        rows = rows.reshape(SAMPLES, 2, width, 3) @ LUMA
    rows = rows.reshape(2 * SAMPLES, width)
    columns = np.empty((SAMPLES, 2 * SAMPLES, 2), dtype=np.float32)
    for column, (first, weights) in enumerate(_tents(width)):
        np.matmul(rows[:, first : first + weights.shape[1]], weights.T, out=columns[column])
    # From (column, row, row's direction, column's direction) to four pictures; what
    # was read from its far end comes out in that order.
    grids = columns.reshape(SAMPLES, SAMPLES, 2, 2).transpose(2, 3, 1, 0).copy()
    grids[1] = grids[1, :, ::-1].copy()
    grids[:, 1] = grids[:, 1, :, ::-1].copy()
    # Laying the stored picture upright is choosing among these grids.
    if orientation in (3, 4, 6, 7):
        grids = grids[::-1]
    if orientation in (2, 3, 7, 8):
        grids = grids[:, ::-1]
    if orientation > 4:
        grids = grids.transpose(1, 0, 3, 2)
    plain, mirrored, flipped, turned = grids.reshape(4, SAMPLES, SAMPLES)
    return np.stack((plain, flipped, mirrored, turned))


def _hashes(grids: Floats) -> tuple[bytes, ...]:
    """The hash of each of the grids, shape (n, 64, 64)."""
    frequencies = (_COSINES @ grids @ _COSINES.T).reshape(len(grids), -1)
    # The reference's median of an even count is the lower of the middle two.
    middle = frequencies.shape[1] // 2 - 1
    median = np.partition(frequencies, middle, axis=1)[:, middle]
    bits = (frequencies > median[:, None])[:, ::-1]
    return tuple(row.tobytes() for row in np.packbits(bits, axis=1))


def quality(grid: Floats, span: int = 255) -> int:
    """How much there is to see in 64 x 64 samples: 0 (nothing) to 100.

    The sum of the steps between neighbours, each in whole percent of the range,
    over 90: the reference's measure and constants.
    """
    hundred, whole = np.float32(100), np.float32(span)
    down = np.trunc((grid[:-1] - grid[1:]) * hundred / whole)
    across = np.trunc((grid[:, :-1] - grid[:, 1:]) * hundred / whole)
    steps = int(np.abs(down).sum()) + int(np.abs(across).sum())
    return min(100, steps // 90)


@lru_cache(maxsize=64)
def _tents(size: int) -> tuple[tuple[int, Floats], ...]:
    """The 64 samples along a side of *size* pixels: (first pixel, weights) of each.

    The weights have two rows: of the sample itself, and of the one that lies there
    when the side is read from its far end. The reference's windows and centres are
    not symmetric, so the two differ by a pixel.
    """
    ahead, behind = _windows(size)
    reach = size - 1
    tents = []
    for sample in range(SAMPLES):
        centre = int((sample + 0.5) * size / SAMPLES)
        mirror = reach - int((SAMPLES - 1 - sample + 0.5) * size / SAMPLES)
        first = max(0, min(centre - 2 * behind, mirror - 2 * ahead))
        last = min(reach, max(centre + 2 * ahead, mirror + 2 * behind))
        weights = np.zeros((2, last - first + 1), dtype=np.float32)
        _add_tent(weights[0], centre - first, first, size, behind, ahead)
        _add_tent(weights[1], mirror - first, first, size, ahead, behind)
        tents.append((first, weights))
    return tuple(tents)


def _windows(size: int) -> tuple[int, int]:
    """How far a box filter reaches ahead of its pixel, and behind it."""
    window = -(-size // (2 * SAMPLES))
    ahead = (window + 2) // 2 - 1
    return ahead, window - 1 - ahead


def _add_tent(weights: Floats, centre: int, first: int, size: int, behind: int, ahead: int) -> None:
    """Write the tent around *centre* into *weights*, which begin at pixel *first*.

    The second box averages places of the first one; each of those averages pixels. At
    the rim both are cut off, and divide by what is left.
    """
    low, high = -first, size - first
    places = np.arange(max(low, centre - behind), min(high, centre + ahead + 1))
    start = np.maximum(low, places - behind)
    after = np.minimum(high, places + ahead + 1)
    share = 1.0 / (len(places) * (after - start))
    steps = np.zeros(len(weights) + 1)
    np.add.at(steps, start, share)
    np.subtract.at(steps, after, share)
    weights += np.cumsum(steps)[:-1].astype(np.float32)


def dihedral_from_bits(original: bytes) -> tuple[bytes, ...]:
    """What the eight hashes probably are, when only *original* is known.

    A bit says on which side of the median a frequency lies, and the median is close
    to zero: so bits are nearly signs, and turning a picture changes signs or swaps
    rows with columns. On 581 photos the guesses lie 13 to 19 bits from the truth in
    the mean (original and transposed: none), and 92 to 99 in 100 of them within 31.
    That widens the distance of a turned copy; it does not make matches out of
    unrelated pictures.
    """
    bits = np.unpackbits(np.frombuffer(original, dtype=np.uint8))[::-1]
    signs = bits.reshape(FREQUENCIES, FREQUENCIES).astype(np.int8) * 2 - 1
    swapped = signs.T
    # Frequencies count from 1: an odd one changes its sign when its axis is turned.
    axis = np.where(np.arange(FREQUENCIES) % 2 == 0, -1, 1).astype(np.int8)
    rows, columns = axis[:, None], axis[None, :]
    turned = (
        signs,
        swapped * rows,
        signs * rows * columns,
        swapped * columns,
        signs * rows,
        signs * columns,
        swapped,
        swapped * rows * columns,
    )
    return tuple(np.packbits((each > 0).reshape(-1)[::-1]).tobytes() for each in turned)


def _cosines() -> Floats:
    frequency = np.arange(1, FREQUENCIES + 1)[:, None]
    sample = np.arange(SAMPLES)[None, :]
    angles = (np.pi / 2 / SAMPLES) * frequency * (2 * sample + 1)
    cosines: Floats = (np.sqrt(2 / SAMPLES) * np.cos(angles)).astype(np.float32)
    return cosines


_COSINES = _cosines()
_SMALL = 1 << 20
"""So many numbers are widened at once: as long as they fit the cache, that is quicker."""
