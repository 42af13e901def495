"""The loops of the index, compiled; they run without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba.extending import intrinsic

Words = npt.NDArray[np.uint64]
Int64 = int | np.int64
Found = npt.NDArray[np.int64]
"""(n, 3): query row, row, distance."""

_BLOCK = 32
"""So many neighbours are compared before any branch: it becomes one vector instruction."""


def _set_bits(_context: Any, number: Any) -> tuple[Any, Callable[..., Any]]:
    """The number of set bits, by the processor's own instruction."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return number(number), generate


_count_bits: Any = intrinsic(_set_bits)


@numba.njit(nogil=True, cache=True, inline="always")
def _chunk(words: Words, first: Int64, after: Int64) -> np.uint32:
    """Bits *first* to *after* of a hash, at most 32."""
    word, shift = first >> 6, np.uint64(first & 63)
    # What the next word gives is shifted twice, for a shift by 64 bits is undefined; where
    # the chunk ends in its first word, the last step takes it away again.
    upper = (words[min(word + 1, 3)] << np.uint64(1)) << (np.uint64(63) - shift)
    value = (words[word] >> shift) | upper
    return np.uint32(value & ((np.uint64(1) << np.uint64(after - first)) - np.uint64(1)))


@numba.njit(nogil=True, cache=True, inline="always")
def _apart(query: Words, rows: Words, row: Int64) -> np.int64:
    """How many bits *query* and a row differ in."""
    return np.int64(
        _count_bits(query[0] ^ rows[row, 0])
        + _count_bits(query[1] ^ rows[row, 1])
        + _count_bits(query[2] ^ rows[row, 2])
        + _count_bits(query[3] ^ rows[row, 3])
    )


@numba.njit(nogil=True, cache=True, inline="always")
def _is_there(died: np.uint64, version: np.uint64) -> bool:
    return bool(died == np.uint64(0) or died > version)


@numba.njit(nogil=True, cache=True)
def _kept(found: Found, count: int, query_row: int, row: Int64, distance: Int64) -> Found:
    """*found* with one more, in a larger array where it is full."""
    if count == len(found):
        larger = np.empty((2 * len(found), 3), np.int64)
        larger[:count] = found
        found = larger
    found[count, 0] = query_row
    found[count, 1] = row
    found[count, 2] = distance
    return found


@numba.njit(nogil=True, cache=True)
def fill_table(
    rows: Words,
    edges: npt.NDArray[np.int64],
    chunk: int,
    starts: npt.NDArray[np.uint32],
    places: npt.NDArray[np.uint32],
    partners: npt.NDArray[np.uint16],
) -> None:
    """Sort *rows* by one chunk, by counting.

    *places* becomes the row numbers, bucket by bucket; *partners* the lowest 16 bits of the
    neighbour in the pair, beside them; *starts* where each bucket begins.
    """
    first, after, other = edges[chunk], edges[chunk + 1], edges[chunk ^ 1]
    # In two steps, by the high half of the chunk and then by the low one: what is written
    # at a time stays in the processor's cache.
    half = (after - first) // 2
    lows = np.uint64((1 << half) - 1)
    heads = np.zeros((1 << (after - first - half)) + 1, np.int64)
    for row in range(len(rows)):
        heads[(_chunk(rows[row], first, after) >> np.uint32(half)) + 1] += 1
    heads = np.cumsum(heads)
    entries = np.empty(len(rows), np.uint64)
    filled = heads[:-1].copy()
    for row in range(len(rows)):
        value = np.uint64(_chunk(rows[row], first, after))
        slot = value >> np.uint64(half)
        neighbour = np.uint64(_chunk(rows[row], other, other + 16))
        entries[filled[slot]] = (
            np.uint64(row) << np.uint64(32) | (value & lows) << np.uint64(16) | neighbour
        )
        filled[slot] += 1
    counts = np.empty((1 << half) + 1, np.int64)
    for head in range(len(heads) - 1):
        part = entries[heads[head] : heads[head + 1]]
        counts[:] = 0
        for entry in part:
            counts[((entry >> np.uint64(16)) & lows) + 1] += 1
        bucket = head << half
        at = heads[head]
        for low in range(1 << half):
            at += counts[low]
            counts[low] = at
            starts[bucket + low] = at
        for entry in part:
            low = (entry >> np.uint64(16)) & lows
            place = counts[low]
            counts[low] = place + 1
            places[place] = entry >> np.uint64(32)
            partners[place] = entry & np.uint64(0xFFFF)
    starts[-1] = len(rows)


@numba.njit(nogil=True, cache=True)
def scan(
    queries: Words, radius: int, version: np.uint64, rows: Words, died: Words, used: int
) -> Found:
    """Every one of the first *used* rows within *radius* of a query."""
    found = np.empty((64, 3), np.int64)
    count = 0
    for query_row in range(len(queries)):
        query = queries[query_row]
        for begin in range(0, used, _BLOCK):
            end = min(begin + _BLOCK, used)
            nearest = np.int64(256)
            for row in range(begin, end):
                nearest = min(nearest, _apart(query, rows, row))
            if nearest > radius:
                continue
            for row in range(begin, end):
                distance = _apart(query, rows, row)
                if distance <= radius and _is_there(died[row], version):
                    found = _kept(found, count, query_row, row, distance)
                    count += 1
    return found[:count]


@numba.njit(nogil=True, cache=True)
def look_up(
    queries: Words,
    radius: int,
    version: np.uint64,
    rows: Words,
    died: Words,
    edges: npt.NDArray[np.int64],
    starts: npt.NDArray[np.uint32],
    offsets: npt.NDArray[np.int64],
    places: npt.NDArray[np.uint32],
    partners: npt.NDArray[np.uint16],
    limits: npt.NDArray[np.int64],
    reaches: npt.NDArray[np.int64],
    masks: npt.NDArray[np.uint32],
    firsts: npt.NDArray[np.int64],
    afters: npt.NDArray[np.int64],
) -> Found:
    """Every row within *radius* of a query, by tables; see `Plan` and `fill_table`."""
    found = np.empty((64, 3), np.int64)
    count = 0
    chunks = len(limits)
    own = np.empty(chunks, np.uint32)
    low = np.empty(chunks, np.uint16)
    for query_row in range(len(queries)):
        query = queries[query_row]
        for chunk in range(chunks):
            own[chunk] = _chunk(query, edges[chunk], edges[chunk + 1])
            low[chunk] = np.uint16(own[chunk] & np.uint32(0xFFFF))
        for chunk in range(chunks):
            sought = low[chunk ^ 1]
            table, neighbours = places[chunk], partners[chunk]
            for at in range(firsts[chunk], afters[chunk]):
                bucket = offsets[chunk] + np.int64(own[chunk] ^ masks[at])
                first, after = np.int64(starts[bucket]), np.int64(starts[bucket + 1])
                if first == after:
                    continue
                most = np.uint16(limits[chunk] - np.int64(_count_bits(masks[at])))
                for begin in range(first, after, _BLOCK):
                    end = min(begin + _BLOCK, int(after))
                    nearest = np.uint16(16)
                    for place in range(begin, end):
                        nearest = min(nearest, _count_bits(np.uint16(neighbours[place] ^ sought)))
                    if nearest > most:
                        continue
                    for place in range(begin, end):
                        if _count_bits(np.uint16(neighbours[place] ^ sought)) > most:
                            continue
                        row = np.int64(table[place])
                        distance = _apart(query, rows, row)
                        if distance > radius or not _is_there(died[row], version):
                            continue
                        if _was_found_before(rows[row], chunk, own, low, edges, limits, reaches):
                            continue
                        found = _kept(found, count, query_row, row, distance)
                        count += 1
    return found[:count]


@numba.njit(nogil=True, cache=True)
def _was_found_before(
    hash: Words,
    chunk: int,
    own: npt.NDArray[np.uint32],
    low: npt.NDArray[np.uint16],
    edges: npt.NDArray[np.int64],
    limits: npt.NDArray[np.int64],
    reaches: npt.NDArray[np.int64],
) -> bool:
    """Whether the table of an earlier chunk gave *hash* too."""
    for earlier in range(chunk):
        bits = np.int64(
            _count_bits(own[earlier] ^ _chunk(hash, edges[earlier], edges[earlier + 1]))
        )
        if bits > reaches[earlier]:
            continue
        other = edges[earlier ^ 1]
        neighbour = np.uint16(_chunk(hash, other, other + 16))
        if bits + np.int64(_count_bits(np.uint16(neighbour ^ low[earlier ^ 1]))) <= limits[earlier]:
            return True
    return False
