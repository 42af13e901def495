"""What stands on a list, in memory: for lists of a size that fits there, and for checking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from staydown.exchange.hash_list.entry import Entry
from staydown.exchange.hash_list.errors import Inconsistent
from staydown.exchange.hash_list.follower import Step
from staydown.exchange.hash_list.line import Line


class Standing:
    """The entries of one list that stand, by their names, with the lines that set them."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._stale: dict[str, Line] = {}

    def __len__(self) -> int:
        return len(self._lines) + len(self._stale)

    def __iter__(self) -> Iterator[Line]:
        yield from self._stale.values()
        yield from self._lines.values()

    def entries(self, now: datetime) -> Iterator[tuple[str, Entry]]:
        """Those whose time is not over at *now*."""
        for line in self:
            if line.entry is not None and line.entry.stands_at(now):
                yield line.id, line.entry

    def take(self, step: Step) -> None:
        """Carry *step* out, all of it or nothing. Raises `Inconsistent`."""
        changed = _changed(step.lines, {} if step.begins_anew else self._lines)
        if step.begins_anew:
            # What stood goes on standing until the new history has been followed.
            self._stale = {**self._stale, **self._lines}
            self._lines = {}
        self._take(changed)
        if step.caught_up:
            self._stale = {}

    def add(self, lines: Iterable[Line]) -> None:
        """Carry *lines* out, all of them or none. Raises `Inconsistent`."""
        self._take(_changed(lines, self._lines))

    def _take(self, changed: dict[str, Line | None]) -> None:
        for name, line in changed.items():
            self._stale.pop(name, None)
            if line is None:
                self._lines.pop(name, None)
            else:
                self._lines[name] = line


def _changed(lines: Iterable[Line], stands: Mapping[str, Line]) -> dict[str, Line | None]:
    """What *lines* make of what *stands*: None for what they take back."""
    changed: dict[str, Line | None] = {}
    for line in lines:
        stood = changed[line.id] if line.id in changed else stands.get(line.id)
        if line.op == "add" and stood is not None:
            raise Inconsistent(f"Line {line.sequence} adds what stands on the list already.")
        if line.op != "add" and stood is None:
            raise Inconsistent(f"Line {line.sequence} is about what does not stand.")
        if line.op == "retract":
            changed[line.id] = None
        else:
            # Until a later line says more, what was blacked out stands as it did before.
            changed[line.id] = stood if stood is not None and line.blacked_out else line
    return changed
