"""The chain itself: record a line, verify all lines.

A line's hash is SHA-256 over the previous line's hash and the canonical JSON of the line
(sorted keys, no spaces, UTF-8).
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils import timezone

if TYPE_CHECKING:
    from staydown_server.audit.models import Entry

_GENESIS = "0" * 64


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
    """Add one line about *subject*, inside the caller's transaction.

    *by* is who did it: ``user:3``, ``host:plaza``, ``person`` (holder of a receipt) or
    ``system``. Facts are ids, counts and kinds: the log outlives every purge.
    """
    from staydown_server.audit.models import Entry, Head

    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an audit line belongs in the transaction of its change")
    Head.objects.get_or_create(pk=1, defaults={"hash": _GENESIS})
    # Held until the transaction ends: lines are numbered in the order they commit.
    head = Head.objects.select_for_update().get(pk=1)
    entry = Entry(
        sequence=head.sequence + 1,
        at=timezone.now().isoformat(),
        action=action,
        subject=f"{subject._meta.model_name}:{subject.pk}",
        actor=by,
        facts=facts,
        previous=head.hash,
    )
    entry.hash = _hash(entry)
    entry.save(force_insert=True)
    head.sequence, head.hash = entry.sequence, entry.hash
    head.save()


def verify() -> Report:
    """Walk the whole chain; altered, missing, added and reordered lines are faults."""
    from staydown_server.audit.models import Entry, Head

    faults: list[str] = []
    previous, expected = _GENESIS, 1
    with transaction.atomic():
        head = Head.objects.filter(pk=1).first()
        for entry in Entry.objects.order_by("sequence").iterator(chunk_size=2000):
            if entry.sequence != expected:
                faults.append(f"line {expected} is missing: line {entry.sequence} comes next")
            if entry.previous != previous:
                faults.append(f"line {entry.sequence} does not follow the line before it")
            if entry.hash != _hash(entry):
                faults.append(f"line {entry.sequence} was altered")
            previous, expected = entry.hash, entry.sequence + 1
    lines = expected - 1
    if (head.sequence, head.hash) != (lines, previous) if head else lines:
        faults.append(f"the log ends at line {lines}, but its head says otherwise")
    return Report(lines=lines, head=previous, faults=tuple(faults))


def _hash(entry: "Entry") -> str:
    line: dict[str, Any] = {
        "sequence": entry.sequence,
        "at": entry.at,
        "action": entry.action,
        "subject": entry.subject,
        "actor": entry.actor,
        "facts": entry.facts,
    }
    canonical = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(entry.previous.encode() + canonical.encode()).hexdigest()
