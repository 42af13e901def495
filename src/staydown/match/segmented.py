"""Rows under ids that never stop changing, kept in parts that hardly ever do.

What is added goes to a short tail; a full tail becomes a sealed segment with search tables
of its own, and small segments are merged into larger ones, so that there are few. (The
log-structured merge tree of O'Neil et al., 1996, in memory.) What is removed is stamped with
the version that it is missing from, and left out of the next merge. So a reader takes the
`State` as it stands, needs no lock, and sees every change whole or not at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Tables = TypeVar("Tables")

_SMALL_SHARE = 32
"""A merge keeps other writers waiting: none makes a larger share of the whole than one in so
many, unless it is small anyway."""


@dataclass(slots=True)
class Segment(Generic[Tables]):
    """*rows*, uint64 of shape (n, width), under *ids*, uint64 of shape (n,).

    Ids ascend in a sealed segment; the tail has them as they came, and no *tables*. *died*,
    uint64 of shape (n,), is the first version that a row is missing from, 0 while it stays.
    """

    ids: Words
    rows: Words
    tables: Tables | None
    died: Words = field(init=False)

    def __post_init__(self) -> None:
        self.died = np.zeros(len(self.ids), np.uint64)

    def __len__(self) -> int:
        return len(self.ids)


class State(NamedTuple, Generic[Tables]):
    """Everything at one version; of the tail only the first *used* rows."""

    version: int
    segments: tuple[Segment[Tables], ...]
    tail: Segment[Tables]
    used: int
    live: int

    def parts(self) -> Iterator[tuple[Segment[Tables], int]]:
        """Each part that has rows, with the number of them."""
        for segment in self.segments:
            yield segment, len(segment)
        if self.used:
            yield self.tail, self.used


class Segmented(Generic[Tables]):
    """Rows of *width* words under ids. Safe to share between threads.

    *seal* makes the search tables of a segment's rows; *tail* is the number of rows that
    are searched without tables, and segments of up to *small* rows are merged at once.
    """

    def __init__(
        self, *, width: int, tail: int, small: int, seal: Callable[[Words], Tables]
    ) -> None:
        self._width = width
        self._tail = tail
        self._small = small
        self._seal = seal
        self._writing = threading.RLock()
        self.state: State[Tables] = State(1, (), self._new_tail(), 0, 0)

    def __len__(self) -> int:
        return self.state.live

    def __contains__(self, id: int) -> bool:
        wanted = np.array([id], np.uint64)
        return any(len(places) for _, places in _find(self.state, wanted, wanted))

    def begin_with(self, segment: Segment[Tables]) -> None:
        """Take *segment*, ready-made, in place of all that there is."""
        with self._writing:
            version = self.state.version + 1
            self.state = State(version, (segment,), self._new_tail(), 0, len(segment))

    def add(self, ids: Words, rows: Words, firsts: Words, lasts: Words) -> None:
        """Put *rows* under *ids*, all different, in place of every id from firsts[i] to
        lasts[i], both included; these ranges do not overlap, and ascend."""
        with self._writing:
            state = self.state
            version = state.version + 1
            replaced = _end(_find(state, firsts, lasts), version)
            used = state.used + len(ids)
            segments, tail = state.segments, state.tail
            if used <= self._tail:
                tail.ids[state.used : used] = ids
                tail.rows[state.used : used] = rows
            else:
                old_ids, old_rows = _alive(tail, state.used, version)
                sealed = self._sealed([old_ids, ids], [old_rows, rows])
                segments, tail, used = (*segments, sealed), self._new_tail(), 0
            live = state.live + len(ids) - replaced
            self.state = State(version, segments, tail, used, live)
            self._merge_small()

    def remove(self, firsts: Words, lasts: Words) -> None:
        """Remove every id in the ranges, as in `add`."""
        with self._writing:
            state = self.state
            removed = _end(_find(state, firsts, lasts), state.version + 1)
            self.state = state._replace(version=state.version + 1, live=state.live - removed)

    def live(self) -> tuple[Words, Words]:
        """All ids, ascending, and their rows: copies, for which no writer waits."""
        state = self.state
        alive = [_alive(part, used, state.version) for part, used in state.parts()]
        return _in_order([ids for ids, _ in alive], [rows for _, rows in alive], self._width)

    def _merge_small(self) -> None:
        small = max(self._small, self.state.live // _SMALL_SHARE)
        segments = list(self.state.segments)
        while len(segments) > 1:
            one, other = segments[-2:]
            if len(one) + len(other) > small or len(one) > 2 * len(other):
                break
            alive = [_alive(part, len(part), self.state.version) for part in (one, other)]
            segments[-2:] = [self._sealed([ids for ids, _ in alive], [rows for _, rows in alive])]
        if len(segments) < len(self.state.segments):
            self.state = self.state._replace(segments=tuple(segments))

    def _sealed(self, ids: list[Words], rows: list[Words]) -> Segment[Tables]:
        all_ids, all_rows = _in_order(ids, rows, self._width)
        return Segment(all_ids, all_rows, self._seal(all_rows))

    def _new_tail(self) -> Segment[Tables]:
        rows = np.empty((self._tail, self._width), np.uint64)
        return Segment(np.empty(self._tail, np.uint64), rows, None)


def _find(
    state: State[Tables], firsts: Words, lasts: Words
) -> Iterator[tuple[Segment[Tables], Places]]:
    """Where each part has ids in the ranges, still alive."""
    for segment in state.segments:
        starts = np.searchsorted(segment.ids, firsts)
        afters = np.searchsorted(segment.ids, lasts, "right")
        has_some = np.flatnonzero(afters > starts)
        ranges = [np.arange(starts[at], afters[at]) for at in has_some]
        places = np.concatenate([_NOWHERE, *ranges])
        yield segment, places[segment.died[places] == 0]
    ids = state.tail.ids[: state.used]
    at = np.searchsorted(firsts, ids, "right") - 1
    is_meant = (at >= 0) & (state.tail.died[: state.used] == 0)
    is_meant[is_meant] = ids[is_meant] <= lasts[at[is_meant]]
    yield state.tail, np.flatnonzero(is_meant)


def _end(found: Iterator[tuple[Segment[Tables], Places]], version: int) -> int:
    """Stamp the rows; they are there until *version* is published."""
    ended = 0
    for part, places in found:
        part.died[places] = version
        ended += len(places)
    return ended


_NOWHERE: Places = np.empty(0, np.int64)


def _alive(part: Segment[Tables], used: int, version: int) -> tuple[Words, Words]:
    died = part.died[:used]
    kept = (died == 0) | (died > version)
    if kept.all():
        return part.ids[:used], part.rows[:used]
    return part.ids[:used][kept], part.rows[:used][kept]


def _in_order(ids: list[Words], rows: list[Words], width: int) -> tuple[Words, Words]:
    all_ids = np.concatenate([*ids, np.empty(0, np.uint64)])
    all_rows = np.concatenate([*rows, np.empty((0, width), np.uint64)])
    if (all_ids[1:] > all_ids[:-1]).all():
        return all_ids, all_rows
    order = np.argsort(all_ids, kind="stable")
    return all_ids[order], all_rows[order]
