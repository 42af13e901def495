"""Writing a list: changes in, lines and a signed head out."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from staydown.exchange.hash_list.entry import Entry
from staydown.exchange.hash_list.errors import Inconsistent
from staydown.exchange.hash_list.head import PAGE_LINES, Head
from staydown.exchange.hash_list.line import CHAIN_START, Line, Op, Reason, chained

HEAD_LASTS = timedelta(days=7)
"""Sign a head at least so often, changes or not: followers refuse an older one."""


@dataclass(frozen=True, slots=True)
class Change:
    """What shall go on a list: an entry, its change, or why the one called *id* is taken back."""

    op: Op
    id: str
    entry: Entry | None = None
    reason: Reason | None = None

    @classmethod
    def add(cls, entry: Entry) -> Self:
        """An addition under a new random name, which says nothing about any case."""
        return cls("add", uuid.uuid4().hex, entry)

    @classmethod
    def change(cls, id: str, entry: Entry) -> Self:
        return cls("change", id, entry)

    @classmethod
    def retract(cls, id: str, reason: Reason) -> Self:
        return cls("retract", id, reason=reason)


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a list was written: all that its next line and head need, to be stored beside it."""

    sequence: int = 0
    standing: int = 0
    page_lines: int = PAGE_LINES
    pages: tuple[bytes, ...] = ()

    def after(self, lines: Iterable[Line]) -> Tally:
        """With *lines*, which come next. Raises `Inconsistent` for any other sequence number."""
        sequence, standing, pages = self.sequence, self.standing, list(self.pages)
        chain = pages[-1] if pages else CHAIN_START
        for line in lines:
            if line.sequence != sequence + 1:
                raise Inconsistent(f"Line {line.sequence} cannot follow line {sequence}.")
            if sequence % self.page_lines == 0:
                pages.append(b"")
            sequence += 1
            standing += {"add": 1, "change": 0, "retract": -1}[line.op]
            chain = chained(chain, [line.digest()])
            pages[-1] = chain
        return replace(self, sequence=sequence, standing=standing, pages=tuple(pages))

    def head(
        self,
        list: str,
        *,
        number: int,
        keys: int,
        now: datetime,
        generation: int = 1,
        lasts: timedelta = HEAD_LASTS,
    ) -> Head:
        """The head to sign. *number* is higher than that of any head before."""
        return Head(
            list=list,
            number=number,
            keys=keys,
            generation=generation,
            sequence=self.sequence,
            standing=self.standing,
            page_lines=self.page_lines,
            pages=self.pages,
            signed_at=now,
            expires_at=now + lasts,
        )


def written_lines(changes: Iterable[Change], *, after: int, now: datetime) -> Iterator[Line]:
    """The lines that say *changes*, from the sequence number *after* + 1 on."""
    for sequence, each in enumerate(changes, start=after + 1):
        yield Line(sequence, now, each.op, each.id, each.entry, each.reason)


def without_the_past(lines: Iterable[Line], standing: dict[str, int]) -> Iterator[Line]:
    """*lines* as a list shows them: only what stands still has its content.

    *standing* gives the sequence of the last addition or change of each entry that stands. A
    follower that comes late must not learn what a person has taken back.
    """
    for line in lines:
        yield line if standing.get(line.id) == line.sequence else line.black_out()
