"""Exact search for near hashes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from staydown.match.hamming.plan import BITS, LARGEST_REACH, WORDS, chunks_for, edges, plan
from staydown.match.segmented import Segment, Segmented
from staydown.match.snapshot import NewSnapshot, Snapshot, SnapshotError, new_snapshot

_BYTES = BITS // 8
_TAIL = 1 << 14
"""Rows without tables: to scan them takes some 20 microseconds."""
_SMALL = 1 << 20
"""To merge so many rows takes 0.2 seconds."""

Words = npt.NDArray[np.uint64]
Empty = Callable[[str, tuple[int, ...], npt.DTypeLike], npt.NDArray[Any]]
"""Makes room for an array, given its name, shape and type."""


def _in_memory(_name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.empty(shape, dtype)


@dataclass(frozen=True, slots=True)
class Tables:
    """One table for each chunk, see `fill_table`; *starts* of all of them in one array, those
    of chunk c from *offsets[c]* on."""

    edges: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    starts: npt.NDArray[np.uint32]
    places: npt.NDArray[np.uint32]
    partners: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, rows: Words, empty: Empty = _in_memory) -> Tables:
        """The tables for *rows*, in arrays that *empty* makes."""
        # Compiled when it is first wanted: most of a platform's processes never want it.
        from staydown.match.hamming.kernels import fill_table

        chunks = chunks_for(len(rows))
        tables = cls(
            edges(chunks),
            _offsets(chunks),
            empty("starts", (int(_offsets(chunks)[-1]),), np.uint32),
            empty("places", (chunks, len(rows)), np.uint32),
            empty("partners", (chunks, len(rows)), np.uint16),
        )
        for chunk in range(chunks):
            start, after = tables.offsets[chunk : chunk + 2]
            fill_table(
                rows, tables.edges, chunk, tables.starts[start:after],
                tables.places[chunk], tables.partners[chunk],
            )  # fmt: skip
        return tables

    @classmethod
    def read(cls, arrays: dict[str, npt.NDArray[Any]]) -> Tables:
        """The tables that `of` made in the *arrays* of a snapshot."""
        chunks = len(arrays["places"])
        named = (arrays[name] for name in ("starts", "places", "partners"))
        return cls(edges(chunks), _offsets(chunks), *named)


class HammingIndex:
    """Finds every 256-bit hash within a number of bits of another one.

    Exact: nothing within the radius is missed, and nothing else is found. Ids are unsigned
    64-bit numbers. Adding an id again replaces its hash; removing an id that is not there
    does nothing, so that repeating a removal is harmless. Changes count at once. Safe to
    share between threads: searches wait for nobody, run without the interpreter's lock, and
    see each call of `add` and `remove` whole or not at all.
    """

    def __init__(self) -> None:
        self._segmented: Segmented[Tables] = Segmented(
            width=WORDS, tail=_TAIL, small=_SMALL, seal=Tables.of
        )

    def __len__(self) -> int:
        return len(self._segmented)

    def __contains__(self, id: object) -> bool:
        return (
            isinstance(id, int | np.integer)
            and 0 <= int(id) < 1 << 64
            and int(id) in self._segmented
        )

    def add(
        self,
        ids: npt.ArrayLike,
        hashes: npt.ArrayLike,
        *,
        in_place_of: npt.ArrayLike | None = None,
    ) -> None:
        """Add *hashes*, uint8 of shape (n, 32), under *ids*, uint64 of shape (n,).

        Of an id that comes twice, the last hash counts. Where *in_place_of* is given, uint64
        of shape (k, 2), every id from the first to the second of a pair is replaced, and no
        other may be added: ids that belong together change together. Raises ValueError when
        the shapes or types do not fit; then nothing has been added.
        """
        new_ids = _ids(ids)
        words = _words(hashes, "hashes")
        if len(new_ids) != len(words):
            raise ValueError(f"{len(new_ids)} ids came with {len(words)} hashes")
        if not (new_ids[1:] > new_ids[:-1]).all():
            new_ids, from_the_end = np.unique(new_ids[::-1], return_index=True)
            words = words[len(words) - 1 - from_the_end]
        firsts, lasts = (new_ids, new_ids) if in_place_of is None else _ranges(in_place_of)
        if not _all_within(new_ids, firsts, lasts):
            raise ValueError("every id must lie in one of the ranges that are replaced")
        self._segmented.add(new_ids, words, firsts, lasts)

    def remove(self, ids: npt.ArrayLike) -> None:
        """Remove *ids*, uint64 of shape (n,); those that are not there are passed over."""
        gone = np.unique(_ids(ids))
        self._segmented.remove(gone, gone)

    def remove_ranges(self, ranges: npt.ArrayLike) -> None:
        """Remove every id in *ranges*, as in `add`."""
        self._segmented.remove(*_ranges(ranges))

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
        state = self._segmented.state
        version = np.uint64(state.version)
        rows, ids, distances = [_NOWHERE], [_NOBODY], [_NOWHERE]
        for part, used in state.parts():
            found = _search(part, used, asked, int(radius), version)
            rows.append(found[:, 0])
            ids.append(part.ids[found[:, 1]])
            distances.append(found[:, 2])
        all_rows, all_ids = np.concatenate(rows), np.concatenate(ids)
        all_distances = np.concatenate(distances).astype(np.int32)
        order = np.lexsort((all_ids, all_distances, all_rows))
        return all_rows[order], all_ids[order], all_distances[order]

    def save(self, path: str | os.PathLike[str], note: dict[str, Any] | None = None) -> None:
        """Write everything to a file that processes share when they `open` it.

        *note* is for the caller: JSON's own types. The file is there whole or not at all.
        """
        with new_snapshot(path, note or {}) as snapshot:
            self.write(snapshot)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> tuple[Self, dict[str, Any]]:
        """The index that `save` wrote, and its note. Its memory is the file's, and shared;
        what changes from now on is this process's own.

        Raises `SnapshotError` where the file is damaged, OSError where it cannot be opened.
        """
        snapshot = Snapshot.open(path)
        return cls.read(snapshot), snapshot.note

    def write(self, snapshot: NewSnapshot) -> None:
        """Put everything into *snapshot*, merged, without what was removed."""
        ids, rows = self._segmented.live()
        snapshot.put("hashes/ids", ids)
        rows = snapshot.put("hashes/rows", rows)
        if len(rows) > _TAIL:
            Tables.of(rows, lambda name, *form: snapshot.empty(f"hashes/{name}", *form))

    @classmethod
    def read(cls, snapshot: Snapshot) -> Self:
        """The index that `write` put into *snapshot*; raises `SnapshotError`."""
        index = cls()
        arrays = snapshot.under("hashes/")
        try:
            ids, rows = arrays["ids"], arrays["rows"]
            if len(ids) > _TAIL:
                index._segmented.begin_with(Segment(ids, rows, Tables.read(arrays)))
            else:
                index._segmented.add(ids, rows, ids, ids)
        except KeyError as error:
            raise SnapshotError(f"The snapshot has no {error.args[0]} of hashes.") from None
        return index


_NOWHERE = np.empty(0, np.int64)
_NOBODY = np.empty(0, np.uint64)


def _search(
    part: Segment[Tables], used: int, asked: Words, radius: int, version: np.uint64
) -> npt.NDArray[np.int64]:
    from staydown.match.hamming.kernels import look_up, scan

    if part.tables is not None and radius <= LARGEST_REACH:
        tables = part.tables
        how = plan(len(tables.places), radius)
        if how.is_worth_it(used):
            return look_up(
                asked, radius, version, part.rows, part.died,
                tables.edges, tables.starts, tables.offsets, tables.places, tables.partners,
                how.limits, how.reaches, how.masks, how.firsts, how.afters,
            )  # fmt: skip
    return scan(asked, radius, version, part.rows, part.died, used)


def _offsets(chunks: int) -> npt.NDArray[np.int64]:
    buckets = (1 << np.diff(edges(chunks))) + 1
    return np.concatenate([[0], np.cumsum(buckets)])


def _ids(ids: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    array = np.asarray(ids)
    if array.size == 0 and array.ndim == 1:
        return array.astype(np.uint64)
    if array.ndim != 1 or array.dtype.kind not in "ui":
        raise ValueError("ids must be whole numbers (uint64) in one dimension")
    if array.dtype.kind == "i" and array.min() < 0:
        raise ValueError("ids must not be negative")
    return array.astype(np.uint64)


def _ranges(ranges: npt.ArrayLike) -> tuple[Words, Words]:
    pairs = np.asarray(ranges)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "ui":
        raise ValueError("ranges must be pairs of whole numbers (uint64), of shape (k, 2)")
    firsts, lasts = np.unique(pairs.astype(np.uint64), axis=0).T
    if (firsts > lasts).any() or (firsts[1:] <= lasts[:-1]).any():
        raise ValueError("each range runs upwards, and none overlaps another")
    return np.ascontiguousarray(firsts), np.ascontiguousarray(lasts)


def _all_within(ids: Words, firsts: Words, lasts: Words) -> bool:
    at = np.searchsorted(firsts, ids, "right") - 1
    return bool((at >= 0).all() and (ids <= lasts[at]).all())


def _words(hashes: npt.ArrayLike, name: str) -> npt.NDArray[np.uint64]:
    array = np.asarray(hashes)
    if array.ndim != 2 or array.shape[1] != _BYTES or array.dtype != np.uint8:
        raise ValueError(
            f"{name} must be uint8 of shape (n, {_BYTES}), not {array.dtype} of shape {array.shape}"
        )
    return np.ascontiguousarray(array).view(np.uint64)
