"""Which of many reported pictures a suspect one may show a part of.

Each kept keypoint lies in a few hash tables, under some of its bits; a keypoint of the
suspect looks there, and under keys that differ by one bit, and votes for the pictures
whose keypoints are near. That may miss single keypoints, and does not matter: a copy
shares dozens, and `staydown.match.judge` decides about the few pictures with most votes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numba
import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local import Sight
from staydown.fingerprint.local.form import bits_within

INDEXED = 96
"""Keypoints a picture that vote; the first ones are the best spread."""
TABLES = 4
MOST_ASKED = 420
NEAR = 14
"""Of the 64 bits that are compared before voting; unrelated ones differ in 32."""
LONGEST_BUCKET = 256
_FEWEST_VOTES = 2.0
_UNSORTED = 512
_PORTION = 4096

Words = npt.NDArray[np.uint64]


class LocalIndex:
    """Local fingerprints under numbers; additions and removals count at once.

    Takes 3 kB a picture beside the fingerprints themselves. Safe to share between
    threads.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rows: dict[int, int] = {}
        self._numbers: list[int | None] = []
        self._sketches = np.empty((0, INDEXED), np.uint64)
        self._sources: list[bytes] = []
        self._counts = np.empty(0, np.int64)
        self._sorted = 0
        self._bits = 4
        self._order = np.empty((TABLES, 0), np.uint32)
        self._starts = np.zeros((TABLES, (1 << self._bits) + 1), np.uint32)

    def __len__(self) -> int:
        with self._lock:
            return len(self._rows)

    def add(self, entries: Iterable[tuple[int, bytes]]) -> None:
        """Keep fingerprints, as `LocalFingerprint.to_bytes` wrote them, under numbers.

        The bytes themselves are kept, not copied; what was there under a number goes.
        """
        with self._lock:
            for number, packed in entries:
                self.remove([number])
                row = len(self._numbers)
                self._make_room(row + 1)
                bits = bits_within(packed)[:INDEXED]
                self._sketches[row, : len(bits)] = _words(bits)[:, 3]
                self._counts[row] = len(bits)
                self._sources.append(packed)
                self._numbers.append(number)
                self._rows[number] = row

    def remove(self, numbers: Iterable[int]) -> None:
        """Forget *numbers*; those that are not there are passed over."""
        with self._lock:
            for number in numbers:
                row = self._rows.pop(number, None)
                if row is not None:
                    self._numbers[row] = None
                    self._counts[row] = 0

    def candidates(self, sight: Sight, most: int = 24) -> list[int]:
        """The numbers of at most *most* pictures that *sight* may show, likeliest first."""
        with self._lock:
            used = len(self._numbers)
            if used - self._sorted > max(_UNSORTED, used // 8):
                self._sort()
            votes = np.zeros(used, np.float32)
            for bits in (sight.bits, sight.mirrored, sight.inverted):
                if len(bits):
                    words = _words(bits[:MOST_ASKED])
                    ours = np.zeros(used, np.float32)
                    self._vote(words, ours)
                    votes = np.maximum(votes, ours)
            (promising,) = np.nonzero(votes >= _FEWEST_VOTES)
            promising = promising[np.argsort(-votes[promising], kind="stable")][:most]
            found = (self._numbers[row] for row in promising.tolist())
            return [number for number in found if number is not None]

    def _vote(self, words: Words, votes: npt.NDArray[np.float32]) -> None:
        sketches = np.ascontiguousarray(words[:, 3])
        seen = np.full(len(votes), -1, np.int32)
        if self._sorted:
            keys = _keys(words) & np.uint32((1 << self._bits) - 1)
            _vote_by_tables(
                sketches, keys, self._bits, self._sketches, self._counts,
                self._order, self._starts, votes, seen,
            )  # fmt: skip
        _vote_by_all(sketches, self._sketches, self._counts, self._sorted, votes, seen)

    def _sort(self) -> None:
        """Fill the tables anew, without what was removed."""
        rows = [row for row, number in enumerate(self._numbers) if number is not None]
        self._numbers = [self._numbers[row] for row in rows]
        self._rows = {number: row for row, number in enumerate(self._numbers) if number is not None}
        self._sketches = self._sketches[rows]
        self._sources = [self._sources[row] for row in rows]
        self._counts = self._counts[rows]
        self._sorted = len(rows)
        total = max(1, int(self._counts.sum()))
        self._bits = int(np.clip(np.log2(total / 3), 4, 24))
        # A portion at a time: the keys of all would take as much memory as the index.
        keys = np.empty((TABLES, int(self._counts.sum())), np.uint32)
        filled = 0
        for start in range(0, len(rows), _PORTION):
            portion = self._sources[start : start + _PORTION]
            bits = np.concatenate([bits_within(packed)[:INDEXED] for packed in portion])
            keys[:, filled : filled + len(bits)] = _keys(_words(bits))
            filled += len(bits)
        keys &= np.uint32((1 << self._bits) - 1)
        self._order = np.empty(keys.shape, np.uint32)
        self._starts = np.zeros((TABLES, (1 << self._bits) + 1), np.uint32)
        for table in range(TABLES):
            _fill_table(keys[table], self._counts, self._starts[table], self._order[table])

    def _make_room(self, count: int) -> None:
        room = len(self._counts)
        if count <= room:
            return
        more = max(count, room + max(64, room // 8)) - room
        self._sketches = np.concatenate([self._sketches, np.zeros((more, INDEXED), np.uint64)])
        self._counts = np.concatenate([self._counts, np.zeros(more, np.int64)])


def _words(bits: npt.NDArray[np.uint8]) -> Words:
    return np.ascontiguousarray(bits).view(np.uint64)


def _keys(words: Words) -> npt.NDArray[np.uint32]:
    """(TABLES, n): 24 bits for each table, from the first three words."""
    shifts = ((0, 0), (0, 32), (1, 0), (2, 0))
    keys = [(words[:, word] >> np.uint64(by)) & np.uint64(0xFFFFFF) for word, by in shifts]
    return np.stack(keys).astype(np.uint32)


@numba.njit(cache=True)
def _differing(one: np.uint64, other: np.uint64) -> np.int64:
    word = one ^ other
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@numba.njit(cache=True)
def _fill_table(
    keys: npt.NDArray[np.uint32],
    counts: npt.NDArray[np.int64],
    starts: npt.NDArray[np.uint32],
    order: npt.NDArray[np.uint32],
) -> None:
    """Sort by counting: *order* holds places, bucket by bucket; *starts* where each begins."""
    for key in keys:
        starts[key + 1] += 1
    for bucket in range(1, len(starts)):
        starts[bucket] += starts[bucket - 1]
    filled = starts[:-1].copy()
    at = 0
    for row in range(len(counts)):
        for place in range(counts[row]):
            key = keys[at]
            order[filled[key]] = row * INDEXED + place
            filled[key] += np.uint32(1)
            at += 1


@numba.njit(cache=True)
def _vote_by_tables(
    asked: Words,
    keys: npt.NDArray[np.uint32],
    bits: int,
    sketches: Words,
    counts: npt.NDArray[np.int64],
    order: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.uint32],
    votes: npt.NDArray[np.float32],
    seen: npt.NDArray[np.int32],
) -> None:
    flat = sketches.ravel()
    for query in range(len(asked)):
        for table in range(len(order)):
            for flip in range(-1, bits):
                key = keys[table, query]
                if flip >= 0:
                    key = key ^ np.uint32(1 << flip)
                first, after = starts[table, key], starts[table, key + 1]
                # What thousands share (sky, letters) tells nothing.
                if after - first > LONGEST_BUCKET:
                    after = first + LONGEST_BUCKET
                for at in range(first, after):
                    place = order[table, at]
                    row = place // INDEXED
                    if seen[row] == query or counts[row] == 0:
                        continue
                    apart = _differing(asked[query], flat[place])
                    if apart <= NEAR:
                        seen[row] = query
                        votes[row] += 1.5 - apart / (NEAR + 1.0)


@numba.njit(cache=True)
def _vote_by_all(
    asked: Words,
    sketches: Words,
    counts: npt.NDArray[np.int64],
    start: int,
    votes: npt.NDArray[np.float32],
    seen: npt.NDArray[np.int32],
) -> None:
    for row in range(start, len(votes)):
        for query in range(len(asked)):
            for place in range(counts[row]):
                apart = _differing(asked[query], sketches[row, place])
                if apart <= NEAR:
                    votes[row] += 1.5 - apart / (NEAR + 1.0)
                    break
