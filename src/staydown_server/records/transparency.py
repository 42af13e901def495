"""Statements of reasons for the DSA Transparency Database (DSA article 24(5)).

They hold no personal data by construction: every text comes from transparency.toml. What a
moderator wrote, and what anybody else typed, stays here; so do addresses and names.
"""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet

from staydown_server.cases.models import CaseItem, Decision
from staydown_server.records.statement_rules import faults, rules

Statement = dict[str, Any]

#: Not read: the row has a fingerprint of its own.
_LARGE = "case_item__item__fingerprint"


class NotValid(Exception):
    """A statement breaks a rule of the Database: transparency.toml must be put right."""

    def __init__(self, puid: str, broken: tuple[str, ...]) -> None:
        super().__init__(f"{puid}: {'; '.join(broken)}")


def statements(since: datetime, until: datetime) -> Iterator[Statement]:
    """One for each decision from *since* on, before *until*, that took something of an uploader's
    off, or refused it, in the order of the decisions.

    Raises :class:`NotValid` for one that the Database would refuse.
    """
    for decision in _removals(since, until).iterator(chunk_size=500):
        statement = statement_of(decision)
        if broken := faults(statement):
            raise NotValid(statement["puid"], broken)
        yield statement


def requests(since: datetime, until: datetime) -> Iterator[dict[str, list[Statement]]]:
    """The same as bodies of ``POST /api/v1/statements``, which takes a hundred at once."""
    remaining = statements(since, until)
    while together := list(islice(remaining, rules()["most_together"])):
        yield {"statements": together}


def statement_of(decision: Decision) -> Statement:
    """The statement about one decision to remove."""
    row = decision.case_item
    said = _said()
    minor = said["minor"] if (row.case.notice.content or {}).get("about_minor") else {}
    was_reported = row.copy_of_id is None
    statement = {
        **{name: value for name, value in said.items() if not isinstance(value, dict)},
        **minor,
        "territorial_scope": rules()["values"]["territorial_scope"],
        "content_type": ["CONTENT_TYPE_VIDEO" if _is_film(row) else "CONTENT_TYPE_IMAGE"],
        "content_date": _first_seen(row).date().isoformat(),
        "application_date": decision.decided_at.date().isoformat(),
        "decision_facts": _facts(row),
        "source_type": "SOURCE_ARTICLE_16" if was_reported else "SOURCE_VOLUNTARY",
        "automated_detection": "No" if was_reported else "Yes",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
        "puid": f"staydown-decision-{decision.pk}",
    }
    if decision.superseded_at is not None:
        ended = decision.superseded_at.date().isoformat()
        statement["end_date_visibility_restriction"] = ended
    return statement


def _removals(since: datetime, until: datetime) -> QuerySet[Decision]:
    # A fingerprint that is kept down with nothing online took nothing of anybody's.
    of_somebody = Q(case_item__item__isnull=False) | Q(case_item__origin=CaseItem.Origin.HELD)
    taken = Decision.objects.filter(
        of_somebody, outcome=Decision.Outcome.REMOVE, decided_at__gte=since, decided_at__lt=until
    )
    related = ("case_item__case__notice", "case_item__item", "case_item__heldupload__gate_check")
    return taken.select_related(*related).defer(_LARGE).order_by("pk")


def _facts(row: CaseItem) -> str:
    facts = _said()["facts"]
    if row.copy_of_id is None:
        return f"{facts['reported']} {facts['decided']}"
    found = facts["uploaded" if row.origin == CaseItem.Origin.HELD else "found"]
    return f"{found} {facts[row.match_kind]} {facts['decided']}"


def _first_seen(row: CaseItem) -> datetime:
    """When it was posted, as far as we know: when its host first told us of it."""
    if row.item is not None:
        return row.item.registered_at
    return row.heldupload.gate_check.at


def _is_film(row: CaseItem) -> bool:
    known = row.load_fingerprint()
    if known is not None:
        return known.kind == "video"
    # Of a refused upload no fingerprint is kept: a picture matches at the one moment 0.
    return any(any(span["suspect"]) for span in row.match_spans)


@cache
def _said() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("transparency.toml").read_text("utf-8")
    return tomllib.loads(text)
