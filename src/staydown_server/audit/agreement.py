"""Whether the tables behind the chain agree with it: each row with its lines, each line with
its row."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Cast

from staydown_server.audit import rows
from staydown_server.audit.models import Entry

_AT_ONCE = 500
"""Rows compared together: fewer than SQLite takes as values of one query."""

#: A row that has these actions for its last line need not be there any more.
_LAST_ACTIONS = ("item.duplicate",)
#: An action with this ending may change what else never changes, or end the row.
PURGED = ".purged"

#: Rows that no line is about: their evidence is in the digest of the row that rests on them.
_WITHOUT_LINE = {
    # An address that is being located, and an upload that a decision placed in the case.
    "caseitem": Q(state="locating") | Q(origin="held"),
    # One that held an upload.
    "check": Q(heldupload__isnull=False),
}


def disagreements() -> Iterator[str]:
    """A sentence for each row that was altered, added or taken away behind the chain's back.

    Memory is flat: some hundred rows are looked at together. Others may go on working.
    """
    audited = [model for model in apps.get_models() if rows.is_audited(model)]
    for model in audited:
        for keys in _some(_keys(model._base_manager.all())):
            yield from _compare(model, keys)
    yield from _without_row({rows.name_of(model): model for model in audited})


def _keys(found: QuerySet[Any]) -> Iterator[Any]:
    return found.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=2000)


def _some(values: Iterable[Any]) -> Iterator[list[Any]]:
    remaining = iter(values)
    while some := list(islice(remaining, _AT_ONCE)):
        yield some


def _compare(model: type[models.Model], keys: list[Any]) -> Iterator[str]:
    doubtful = list(_faults(model, keys))
    # Somebody may have changed the row between our look at it and at its lines.
    for key, _ in doubtful:
        with transaction.atomic():
            yield from (sentence for _, sentence in _faults(model, [key]))


def _faults(model: type[models.Model], keys: list[Any]) -> Iterator[tuple[Any, str]]:
    now = rows.digests(model, keys)
    subjects = {rows.subject_of(model, key): key for key in now}
    lines = Entry.objects.filter(subject__in=subjects).order_by("subject", "sequence")
    # As text: what somebody else wrote there need not be JSON.
    values = lines.values_list("subject", "sequence", "action", Cast("facts", models.TextField()))
    for subject, of_one in groupby(values.iterator(chunk_size=2000), key=lambda line: line[0]):
        key = subjects.pop(subject)
        if sentence := _fault(subject, now[key], of_one):
            yield key, sentence
    if subjects:
        yield from _unknown(model, subjects)
    # What a row rests on is read along with it, and may have been taken away.
    for key in _keys(model._base_manager.filter(pk__in=[key for key in keys if key not in now])):
        yield key, f"{rows.subject_of(model, key)} names a row that is not there"


def _fault(subject: str, now: str, lines: Iterable[tuple[Any, ...]]) -> str:
    """What is wrong with a row whose digests are *now*; nothing is an empty text."""
    then, sequence = "", 0
    for _, sequence, action, facts in lines:
        before, then = then, _digests_in(facts)
        if not then:
            return f"line {sequence} does not say what {subject} was like"
        if before and _fixed(before) != _fixed(then) and not action.endswith(PURGED):
            return f"{subject} was altered before line {sequence}"
    return f"{subject} was altered after line {sequence}" if then != now else ""


def _digests_in(facts: str) -> str:
    try:
        return str(json.loads(facts).get(rows.FACT) or "")
    except (TypeError, ValueError, AttributeError, RecursionError):
        return ""


def _fixed(both: str) -> str:
    return both.partition(".")[0]


def _unknown(model: type[models.Model], subjects: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """Those of *subjects*, none of which has a line, that should have one."""
    excused = _WITHOUT_LINE.get(rows.name_of(model), Q(pk__in=[]))
    odd = model._base_manager.filter(pk__in=subjects.values()).exclude(excused)
    for key in _keys(odd):
        yield key, f"{rows.subject_of(model, key)} has no line in the log"


def _without_row(audited: dict[str, type[models.Model]]) -> Iterator[str]:
    subjects = Entry.objects.order_by("subject").values_list("subject", flat=True).distinct()
    by_name = groupby(
        (subject.partition(":") for subject in subjects.iterator(chunk_size=2000)),
        key=lambda parts: parts[0],
    )
    for name, parts in by_name:
        if name not in audited:
            continue
        for some in _some(key for _, _, key in parts):
            there = _keys(audited[name]._base_manager.filter(pk__in=_valid(audited[name], some)))
            known = {str(key) for key in there}
            yield from _gone(f"{name}:{key}" for key in some if key not in known)


def _valid(model: type[models.Model], keys: list[str]) -> list[str]:
    """Those that can be keys of the model: what is none has no row."""
    return [key for key in keys if _is_key(model, key)]


def _is_key(model: type[models.Model], key: str) -> bool:
    if isinstance(model._meta.pk, models.UUIDField):
        return _is_uuid(key)
    # No longer than a number of 64 bits.
    return key.isascii() and key.isdecimal() and len(key) <= 18


def _is_uuid(key: str) -> bool:
    try:
        return str(UUID(key)) == key
    except ValueError:
        return False


def _gone(subjects: Iterable[str]) -> Iterator[str]:
    for subject in subjects:
        last = Entry.objects.filter(subject=subject).order_by("sequence").last()
        if last and last.action not in _LAST_ACTIONS and not last.action.endswith(PURGED):
            yield f"{subject} is gone, but line {last.sequence} speaks of it"
