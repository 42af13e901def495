"""The chain itself: record a line, verify all lines.

A line's hash is HMAC-SHA256 over the previous line's hash and the canonical JSON of the line
(sorted keys, no spaces, UTF-8), with a key that the vault derives and no table holds: whoever
can write to the database alone can neither alter a line nor make the chain anew.
"""

import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models.functions import Cast
from django.utils import timezone

from staydown_server import vault
from staydown_server.audit import rows

if TYPE_CHECKING:
    from staydown_server.audit.anchor import Anchor
    from staydown_server.audit.models import Head

_GENESIS = "0" * 64
_MOST_FAULTS = 100
"""Beyond these nothing new is learned, and a log of millions of lines may be wrong in each."""

_LINE = ("sequence", "at", "action", "subject", "actor", "facts")


@dataclass(frozen=True, slots=True)
class Report:
    """What verifying found: how many lines, and a sentence for each fault."""

    lines: int
    head: str
    faults: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not self.faults


def record(
    action: str, subject: models.Model, *, by: str, **facts: str | int | bool | None
) -> None:
    """Add one line about *subject*, inside the caller's transaction, after the change.

    *by* is who did it: ``user:3``, ``host:plaza``, ``person`` (holder of a receipt),
    ``operator`` (a command) or ``system``. Facts are ids, counts and kinds: the log outlives
    every purge. Digests of the subject's row join them (``rows.py``).
    """
    from staydown_server.audit.models import Entry

    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an audit line belongs in the transaction of its change")
    model = subject._meta.model
    if rows.is_audited(model):
        facts[rows.FACT] = rows.digests(model, [subject.pk]).get(subject.pk)
    head = _head()
    entry = Entry(
        sequence=head.sequence + 1,
        at=timezone.now().isoformat(),
        action=action,
        subject=rows.subject_of(model, subject.pk),
        actor=by,
        facts=facts,
        previous=head.hash,
    )
    entry.hash = hash_of({name: getattr(entry, name) for name in _LINE}, entry.previous)
    entry.save(force_insert=True)
    head.sequence, head.hash = entry.sequence, entry.hash
    head.seal = _seal(head.sequence, head.hash)
    head.save()


def is_ours() -> bool:
    """Whether the log was begun with this installation's key; begins it if need be."""
    with transaction.atomic():
        head = _head()
    return hmac.compare_digest(str(head.seal), _seal(head.sequence, head.hash))


def verify(anchors: Iterable["Anchor"] = ()) -> Report:
    """Walk the whole chain, line by line, while others add to it.

    Altered, missing, added and reordered lines are faults, and a chain made anew without the
    key; so is an anchor that the chain does not hold.
    """
    walk = _Walk(anchors)
    while walk.goes_on():
        pass
    return walk.report()


def end() -> tuple[int, str] | None:
    """The last line's number and hash; None where the log does not end as it should."""
    from staydown_server.audit.models import Entry, Head

    head = Head.objects.filter(pk=1).first()
    last = Entry.objects.order_by("-sequence").values_list("sequence", "hash").first()
    if head is None:
        return None if last else (0, _GENESIS)
    is_sealed = hmac.compare_digest(str(head.seal), _seal(head.sequence, head.hash))
    # A line that came between the two looks is no fault.
    if not is_sealed or last is None or last[0] < head.sequence:
        return None
    return head.sequence, head.hash


def hash_of(line: dict[str, Any], previous: str) -> str:
    """The hash of a line, which follows a line with the hash *previous*."""
    canonical = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key = vault.subkey("audit chain")
    return hmac.digest(key, f"{previous}{canonical}".encode(), sha256).hex()


def _head() -> "Head":
    """Held until the transaction ends: lines are numbered in the order they commit."""
    from staydown_server.audit.models import Head

    Head.objects.get_or_create(pk=1, defaults={"hash": _GENESIS, "seal": _seal(0, _GENESIS)})
    return Head.objects.select_for_update().get(pk=1)


class _Walk:
    """One look at all lines, from the first to the head."""

    def __init__(self, anchors: Iterable["Anchor"]) -> None:
        self._anchors: dict[int, set[str]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.sequence, set()).add(anchor.hash)
        self._faults: list[str] = []
        self._lines, self._last = 0, _GENESIS

    def goes_on(self) -> bool:
        """Look at the lines that were not looked at; False once there is nothing more to do."""
        from staydown_server.audit.models import Head

        seen = self._lines
        for line in _lines_after(seen):
            self._look_at(*line)
            if len(self._faults) >= _MOST_FAULTS:
                self._faults.append("there may be more: the rest was not looked at")
                return False
        head = Head.objects.filter(pk=1).first()
        # Others may have added lines meanwhile: then the head has moved on.
        if head is not None and head.sequence > self._lines > seen:
            return True
        self._compare(head)
        return False

    def report(self) -> Report:
        return Report(self._lines, self._last, tuple(self._faults))

    def _look_at(self, sequence: int, previous: str, own: str, text: str, *rest: Any) -> None:
        if sequence != self._lines + 1:
            self._faults.append(f"line {self._lines + 1} is missing: line {sequence} comes next")
        if previous != self._last:
            self._faults.append(f"line {sequence} does not follow the line before it")
        if own != _hash_of_stored(sequence, text, rest, previous):
            self._faults.append(f"line {sequence} was altered")
        if self._anchors.pop(sequence, {own}) != {own}:
            self._faults.append(f"line {sequence} is not the one that an anchor holds")
        self._last, self._lines = own, sequence

    def _compare(self, head: Any) -> None:
        at_head = (head.sequence, head.hash) if head else (0, _GENESIS)
        if at_head != (self._lines, self._last):
            self._faults.append(f"the log ends at line {self._lines}, but its head says otherwise")
        elif head and head.seal != _seal(head.sequence, head.hash):
            self._faults.append("the head of the log was not written by this installation")
        for sequence in sorted(self._anchors):
            self._faults.append(f"line {sequence}, which an anchor holds, is missing")


def _lines_after(sequence: int) -> Iterator[tuple[Any, ...]]:
    from staydown_server.audit.models import Entry

    # As text: what somebody else wrote there need not be JSON.
    facts = Cast("facts", models.TextField())
    # The first look leaves out none: a number below 1 is a fault as well.
    later = Entry.objects.filter(sequence__gt=sequence) if sequence else Entry.objects.all()
    lines = later.order_by("sequence")
    values = lines.values_list(
        "sequence", "previous", "hash", facts, "at", "action", "subject", "actor"
    )
    return values.iterator(chunk_size=2000)


def _hash_of_stored(sequence: int, text: str, rest: tuple[Any, ...], previous: str) -> str:
    try:
        line = dict(zip(_LINE, (sequence, *rest, json.loads(text)), strict=True))
        return hash_of(line, previous)
    except (TypeError, ValueError, RecursionError):
        return ""


def _seal(sequence: int, last: str) -> str:
    return hmac.digest(vault.subkey("audit head"), f"{sequence} {last}".encode(), sha256).hex()
