"""Exact search for near hashes."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

BITS = 256
_WORDS = BITS // 64
_BYTES = BITS // 8
# So many hashes are compared at a time: four words of each stay in the cache.
_BLOCK = 1 << 15


class HammingIndex:
    """Finds every 256-bit hash within a number of bits of another one.

    A linear scan: complete by construction. Ids are unsigned 64-bit numbers. Adding
    an id again replaces its hash; removing an id that is not there does nothing, so
    that repeating a removal is harmless. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rows: dict[int, int] = {}
        self._ids = np.empty(0, dtype=np.uint64)
        self._words = np.empty((_WORDS, 0), dtype=np.uint64)

    def __len__(self) -> int:
        with self._lock:
            return len(self._rows)

    def __contains__(self, id: object) -> bool:
        with self._lock:
            return id in self._rows

    def add(self, ids: npt.ArrayLike, hashes: npt.ArrayLike) -> None:
        """Add *hashes*, uint8 of shape (n, 32), under *ids*, uint64 of shape (n,).

        Of an id that comes twice, the last hash counts. Raises ValueError when the
        shapes or types do not fit; then nothing has been added.
        """
        new_ids = _ids(ids)
        words = _words(hashes, "hashes")
        if len(new_ids) != len(words):
            raise ValueError(f"{len(new_ids)} ids came with {len(words)} hashes")
        with self._lock:
            self._make_room(len(self._rows) + len(new_ids))
            rows = np.empty(len(new_ids), dtype=np.int64)
            for at, id in enumerate(new_ids.tolist()):
                rows[at] = self._rows.setdefault(id, len(self._rows))
            # An array takes the last of several values for one place, by luck; we
            # promise it, so repeated ids are reduced to their last hash first.
            last = len(rows) - 1 - np.unique(rows[::-1], return_index=True)[1]
            self._ids[rows[last]] = new_ids[last]
            self._words[:, rows[last]] = words[last].T

    def remove(self, ids: npt.ArrayLike) -> None:
        """Remove *ids*, uint64 of shape (n,); those that are not there are passed over."""
        with self._lock:
            for id in _ids(ids).tolist():
                row = self._rows.pop(id, None)
                if row is None:
                    continue
                # The last row moves into the gap.
                last = len(self._rows)
                if row != last:
                    self._ids[row] = self._ids[last]
                    self._words[:, row] = self._words[:, last]
                    self._rows[int(self._ids[row])] = row

    def range_search(
        self, queries: npt.ArrayLike, radius: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
        """Every entry within *radius* bits of each query, uint8 of shape (m, 32).

        Returns (query_rows, ids, distances), three arrays of one length, ordered by
        query row, then distance, then id.
        """
        asked = _words(queries, "queries")
        if not 0 <= radius <= BITS:
            raise ValueError(f"the radius must lie between 0 and {BITS} bits, not {radius}")
        found: list[tuple[npt.NDArray[np.int64], ...]] = []
        with self._lock:
            count = len(self._rows)
            for start in range(0, count, _BLOCK):
                block = self._words[:, start : min(count, start + _BLOCK)]
                for query_row, query in enumerate(asked):
                    differing = np.bitwise_count(block[0] ^ query[0]).astype(np.int32)
                    for word in range(1, _WORDS):
                        differing += np.bitwise_count(block[word] ^ query[word])
                    (near,) = np.nonzero(differing <= radius)
                    if len(near):
                        rows = np.full(len(near), query_row)
                        found.append((rows, near + start, differing[near]))
            if not found:
                empty = np.empty(0, dtype=np.int64)
                return empty, empty.astype(np.uint64), empty.astype(np.int32)
            query_rows = np.concatenate([each[0] for each in found])
            ids = self._ids[np.concatenate([each[1] for each in found])]
            distances = np.concatenate([each[2] for each in found]).astype(np.int32)
        order = np.lexsort((ids, distances, query_rows))
        return query_rows[order], ids[order], distances[order]

    def _make_room(self, count: int) -> None:
        room = len(self._ids)
        if count <= room:
            return
        room = max(count, 2 * room, 1024)
        ids, words = np.empty(room, np.uint64), np.empty((_WORDS, room), np.uint64)
        used = len(self._rows)
        ids[:used] = self._ids[:used]
        words[:, :used] = self._words[:, :used]
        self._ids, self._words = ids, words


def _ids(ids: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    array = np.asarray(ids)
    if array.size == 0 and array.ndim == 1:
        return array.astype(np.uint64)
    if array.ndim != 1 or array.dtype.kind not in "ui":
        raise ValueError("ids must be whole numbers (uint64) in one dimension")
    if array.dtype.kind == "i" and array.min() < 0:
        raise ValueError("ids must not be negative")
    return array.astype(np.uint64)


def _words(hashes: npt.ArrayLike, name: str) -> npt.NDArray[np.uint64]:
    array = np.asarray(hashes)
    if array.ndim != 2 or array.shape[1] != _BYTES or array.dtype != np.uint8:
        raise ValueError(
            f"{name} must be uint8 of shape (n, {_BYTES}), not {array.dtype} of shape {array.shape}"
        )
    return np.ascontiguousarray(array).view(np.uint64)
