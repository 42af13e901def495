"""How 256 bits are cut into chunks, and how far to look around each chunk.

Multi-index hashing (Norouzi, Punjani and Fleet, 2012): two hashes that differ in few bits
agree, or nearly, in one of their chunks at least. Here chunks come in pairs. Of p pairs, at
most `radius` bits differ in all, so one pair at least differs in no more than its *limit*:
with radius = p * q + r, in q bits for r + 1 chosen pairs, in q - 1 for the others. Of such a
pair, the first chunk differs in at most half of the limit, or the second in less than half of
it. So every chunk has a table, it is asked for what lies within its own *reach*, and what it
holds is kept only while its pair stays within the limit. Nothing is missed, and hardly
anything unrelated has to be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np
import numpy.typing as npt

BITS = 256
WORDS = BITS // 64
LARGEST_REACH = 63
"""The largest radius that tables are asked with; beyond it a scan is never slower."""

_CHUNKS = ((1 << 23, 16), (1 << 25, 14), (1 << 32, 12))
"""Up to so many hashes are cut into so many chunks. Fewer, wider ones take less memory, and
more but shorter buckets are looked into."""
_PROBE, _READ, _LOOK = 20.0, 0.4, 40.0
"""What it costs to find a bucket, to read an entry of it, and to compare the hash of one: in
rows of a scan, measured at a million hashes."""


def chunks_for(count: int) -> int:
    """The number of chunks for *count* hashes, at most 2**32."""
    return next(chunks for most, chunks in _CHUNKS if count <= most)


@cache
def edges(chunks: int) -> npt.NDArray[np.int64]:
    """(chunks + 1,): where each chunk begins, in bits."""
    return np.arange(chunks + 1) * BITS // chunks


@dataclass(frozen=True, slots=True)
class Plan:
    """How a radius is asked of *chunks* tables; all arrays have one entry a chunk.

    *limits* is the most bits that a chunk and its neighbour in the pair may differ in, or
    -1 where a table need not be asked. *masks* are the differences to try, fewest bits
    first, those of chunk c from *firsts[c]* on, before *afters[c]*.
    """

    limits: npt.NDArray[np.int64]
    reaches: npt.NDArray[np.int64]
    masks: npt.NDArray[np.uint32]
    firsts: npt.NDArray[np.int64]
    afters: npt.NDArray[np.int64]
    probes: int
    work: float

    def is_worth_it(self, count: int) -> bool:
        """Whether asking the tables is cheaper than to scan *count* hashes.

        *work* is what an evenly spread hash costs, beside the *probes*.
        """
        return self.probes * _PROBE + count * self.work < count


@cache
def plan(chunks: int, radius: int) -> Plan:
    pairs = chunks // 2
    quotient, rest = divmod(radius, pairs)
    limits = np.array([quotient - (chunk // 2 > rest) for chunk in range(chunks)])
    halves = [
        limit // 2 if chunk % 2 == 0 else (limit - 1) // 2 for chunk, limit in enumerate(limits)
    ]
    reaches = np.where(limits < 0, -1, halves)
    masks: list[npt.NDArray[np.uint32]] = []
    begins: dict[tuple[int, int], int] = {}
    firsts = np.zeros(chunks, np.int64)
    afters = np.zeros(chunks, np.int64)
    probes, work = 0, 0.0
    for chunk, width in enumerate(np.diff(edges(chunks)).tolist()):
        reach = int(reaches[chunk])
        if reach < 0:
            continue
        if (width, reach) not in begins:
            begins[width, reach] = sum(map(len, masks))
            masks.append(_ball(width, reach))
        firsts[chunk] = begins[width, reach]
        for bits in range(reach + 1):
            tried = comb(width, bits)
            probes += tried
            work += tried / 2**width * (_READ + _LOOK * _within(int(limits[chunk]) - bits))
        afters[chunk] = firsts[chunk] + sum(comb(width, bits) for bits in range(reach + 1))
    return Plan(limits, reaches, np.concatenate(masks), firsts, afters, probes, work)


def _within(bits: int) -> float:
    """The share of unrelated neighbours, of 16 bits, that differ in at most *bits*."""
    return sum(comb(16, each) for each in range(bits + 1)) / 2**16


def _ball(width: int, reach: int) -> npt.NDArray[np.uint32]:
    """Every number of *width* bits with at most *reach* of them set, fewest first."""
    shells = [np.zeros(1, np.uint32)]
    for _ in range(min(reach, width)):
        # Each number of the last shell gets one more bit, above its highest.
        bits = np.uint32(1) << np.arange(width, dtype=np.uint32)
        wider = shells[-1][:, None] | bits[None, :]
        shells.append(wider[bits[None, :] > shells[-1][:, None]])
    return np.concatenate(shells)
