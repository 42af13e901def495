"""Which of many reported pictures a suspect one may show a part of.

Each kept keypoint lies in a few hash tables, under some of its bits; a keypoint of the
suspect looks there, and under keys that differ by one bit, and votes for the pictures
whose keypoints are near. That may miss single keypoints, and does not matter: a copy
shares dozens, and `staydown.match.judge` decides about the few pictures with most votes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numba
import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local import Sight
from staydown.fingerprint.local.form import bits_within
from staydown.match.segmented import Segment, Segmented
from staydown.match.snapshot import NewSnapshot, Snapshot, SnapshotError

INDEXED = 96
"""Keypoints a picture that vote; the first ones are the best spread."""
TABLES = 4
MOST_ASKED = 420
NEAR = 14
"""Of the 64 bits that are compared before voting; unrelated ones differ in 32."""
LONGEST_BUCKET = 256
_FEWEST_VOTES = 2.0
_TAIL = 512
_SMALL = 1 << 15
_FEWEST_BITS, _MOST_BITS = 4, 24

Words = npt.NDArray[np.uint64]

# A row: the number of keypoints, then of each the word that is compared before voting, then
# of each the two words that the tables are made of.
_COMPARED = slice(1, 1 + INDEXED)
_KEYED = (slice(1 + INDEXED, 1 + 2 * INDEXED), slice(1 + 2 * INDEXED, 1 + 3 * INDEXED))
_WIDTH = 1 + 3 * INDEXED


@dataclass(frozen=True, slots=True)
class Tables:
    """*order*, uint32 (TABLES, keypoints): keypoints by their key, as row * INDEXED + place;
    *starts*, uint32 (TABLES, 2**bits + 1): where each key's begin."""

    order: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.uint32]

    @property
    def bits(self) -> int:
        return (len(self.starts[0]) - 1).bit_length() - 1

    @classmethod
    def of(cls, rows: Words) -> Tables:
        total = int(rows[:, 0].sum())
        bits = int(np.clip(np.log2(max(1, total) / 3), _FEWEST_BITS, _MOST_BITS))
        tables = cls(
            np.empty((TABLES, total), np.uint32),
            np.zeros((TABLES, (1 << bits) + 1), np.uint32),
        )
        for table in range(TABLES):
            first = _KEYED[table // 2].start
            shift, mask = np.uint64(32 * (table % 2)), np.uint64((1 << bits) - 1)
            _fill_table(rows, first, shift, mask, tables.starts[table], tables.order[table])
        return tables


class LocalIndex:
    """Local fingerprints under numbers; additions and removals count at once.

    Takes 3.9 kB a picture, and none of the fingerprints themselves. Safe to share between
    threads.
    """

    def __init__(self) -> None:
        self._segmented: Segmented[Tables] = Segmented(
            width=_WIDTH, tail=_TAIL, small=_SMALL, seal=Tables.of
        )

    def __len__(self) -> int:
        return len(self._segmented)

    def add(
        self,
        entries: Iterable[tuple[int, bytes]],
        *,
        in_place_of: npt.NDArray[np.uint64] | None = None,
    ) -> None:
        """Keep fingerprints, as `LocalFingerprint.to_bytes` wrote them, under numbers.

        What was there under a number goes, or, where *in_place_of* is given, what was there
        in these ranges: see `HammingIndex.add`.
        """
        latest = dict(entries)
        numbers = np.array(sorted(latest), np.uint64)
        rows = np.zeros((len(latest), _WIDTH), np.uint64)
        for row, number in zip(rows, numbers.tolist(), strict=True):
            words = _words(bits_within(latest[number])[:INDEXED])
            row[0] = len(words)
            for target, word in zip((_COMPARED, *_KEYED), (3, 0, 1), strict=True):
                row[target][: len(words)] = words[:, word]
        firsts, lasts = (numbers, numbers) if in_place_of is None else in_place_of.T
        self._segmented.add(numbers, rows, firsts, lasts)

    def remove_ranges(self, ranges: npt.NDArray[np.uint64]) -> None:
        """Forget the numbers in *ranges*, as in `HammingIndex.add`."""
        self._segmented.remove(*ranges.T)

    def candidates(self, sight: Sight, most: int = 24) -> list[int]:
        """The numbers of at most *most* pictures that *sight* may show, likeliest first."""
        state = self._segmented.state
        asked = [
            _words(bits[:MOST_ASKED])
            for bits in (sight.bits, sight.mirrored, sight.inverted)
            if len(bits)
        ]
        found: list[tuple[float, int]] = []
        for part, used in state.parts():
            votes = np.zeros(used, np.float32)
            for words in asked:
                votes = np.maximum(votes, _votes(part, used, words))
            votes[(part.died[:used] != 0) & (part.died[:used] <= state.version)] = 0
            (promising,) = np.nonzero(votes >= _FEWEST_VOTES)
            found += zip(votes[promising].tolist(), part.ids[promising].tolist(), strict=True)
        found.sort(key=lambda pair: (-pair[0], pair[1]))
        return [number for _, number in found[:most]]

    def write(self, snapshot: NewSnapshot) -> None:
        """Put everything into *snapshot*, merged, without what was removed."""
        numbers, rows = self._segmented.live()
        snapshot.put("parts/ids", numbers)
        rows = snapshot.put("parts/rows", rows)
        if len(rows) > _TAIL:
            tables = Tables.of(rows)
            snapshot.put("parts/order", tables.order)
            snapshot.put("parts/starts", tables.starts)

    @classmethod
    def read(cls, snapshot: Snapshot) -> Self:
        """The index that `write` put into *snapshot*; raises `SnapshotError`."""
        index = cls()
        arrays = snapshot.under("parts/")
        try:
            numbers, rows = arrays["ids"], arrays["rows"]
            if len(rows) > _TAIL:
                tables = Tables(arrays["order"], arrays["starts"])
                index._segmented.begin_with(Segment(numbers, rows, tables))
            else:
                index._segmented.add(numbers, rows, numbers, numbers)
        except KeyError as error:
            raise SnapshotError(f"The snapshot has no {error.args[0]} of parts.") from None
        return index


def _votes(part: Segment[Tables], used: int, words: Words) -> npt.NDArray[np.float32]:
    votes = np.zeros(used, np.float32)
    sketches = np.ascontiguousarray(words[:, 3])
    if part.tables is None:
        _vote_by_all(sketches, part.rows, votes)
        return votes
    bits = part.tables.bits
    halves = (words[:, table // 2] >> np.uint64(32 * (table % 2)) for table in range(TABLES))
    keys = np.stack([half & np.uint64((1 << bits) - 1) for half in halves]).astype(np.uint32)
    seen = np.full(used, -1, np.int32)
    _vote_by_tables(
        sketches, keys, bits, part.rows, part.tables.order, part.tables.starts, votes, seen
    )
    return votes


def _words(bits: npt.NDArray[np.uint8]) -> Words:
    return np.ascontiguousarray(bits).view(np.uint64)


@numba.njit(nogil=True, cache=True, inline="always")
def _differing(one: np.uint64, other: np.uint64) -> np.int64:
    word = one ^ other
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@numba.njit(nogil=True, cache=True)
def _fill_table(
    rows: Words,
    first: int,
    shift: np.uint64,
    mask: np.uint64,
    starts: npt.NDArray[np.uint32],
    order: npt.NDArray[np.uint32],
) -> None:
    """Sort by counting: *order* holds places, bucket by bucket; *starts* where each begins.

    The keys are bits of the words from *first* on in each row.
    """
    for row in range(len(rows)):
        for place in range(np.int64(rows[row, 0])):
            starts[((rows[row, first + place] >> shift) & mask) + np.uint64(1)] += np.uint32(1)
    for bucket in range(1, len(starts)):
        starts[bucket] += starts[bucket - 1]
    filled = starts[:-1].copy()
    for row in range(len(rows)):
        for place in range(np.int64(rows[row, 0])):
            key = (rows[row, first + place] >> shift) & mask
            order[filled[key]] = row * INDEXED + place
            filled[key] += np.uint32(1)


@numba.njit(nogil=True, cache=True)
def _vote_by_tables(
    asked: Words,
    keys: npt.NDArray[np.uint32],
    bits: int,
    rows: Words,
    order: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.uint32],
    votes: npt.NDArray[np.float32],
    seen: npt.NDArray[np.int32],
) -> None:
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
                    row, place = divmod(order[table, at], INDEXED)
                    if seen[row] == query:
                        continue
                    apart = _differing(asked[query], rows[row, 1 + place])
                    if apart <= NEAR:
                        seen[row] = query
                        votes[row] += 1.5 - apart / (NEAR + 1.0)


@numba.njit(nogil=True, cache=True)
def _vote_by_all(asked: Words, rows: Words, votes: npt.NDArray[np.float32]) -> None:
    for row in range(len(votes)):
        for query in range(len(asked)):
            for place in range(np.int64(rows[row, 0])):
                apart = _differing(asked[query], rows[row, 1 + place])
                if apart <= NEAR:
                    votes[row] += 1.5 - apart / (NEAR + 1.0)
                    break
