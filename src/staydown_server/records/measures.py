"""What the yearly report counts: each measure is a query, and where its jurisdiction is.

The list follows articles 15, 16, 20 and 24 of the Digital Services Act. What happened counts in
the year in which it happened, whenever its notice came.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from staydown_server.cases.jurisdictions import jurisdictions
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.gate.models import Check, HeldUpload, KeepDown, Listed
from staydown_server.gate.policy import Answer
from staydown_server.notices.models import Notice
from staydown_server.removal.models import Removal
from staydown_server.review.models import Appeal

_ANSWERED = ~Q(outcome="")
_IMPORTED = CaseItem.objects.filter(origin=CaseItem.Origin.IMPORTED)


@dataclass(frozen=True, slots=True)
class Period:
    """From *start* on, before *end*."""

    start: datetime
    end: datetime

    def holds(self, column: str) -> Q:
        return Q(**{f"{column}__gte": self.start, f"{column}__lt": self.end})


@dataclass(frozen=True, slots=True)
class Measure:
    """The rows to count in a period, and the path from each to its jurisdiction."""

    rows: Callable[[Period], QuerySet[Any]]
    jurisdiction: Combinable


@dataclass(frozen=True, slots=True)
class Duration(Measure):
    """As a measure; and from when to when each of its rows took."""

    begins: Combinable
    ends: Combinable


def _at(model: Any, column: str, jurisdiction: Combinable, *conditions: Q | Combinable) -> Measure:
    return Measure(
        lambda period: model.objects.filter(period.holds(column), *conditions), jurisdiction
    )


_IN_CASE = F("case__jurisdiction")
_OF_ROW = F("case_item__case__jurisdiction")
_OF_REMOVAL = F("decision__case_item__case__jurisdiction")
_OF_CHECK = Coalesce(
    "keep_down__case_item__case__jurisdiction",
    "deposit__case_item__case__jurisdiction",
    "listed__case_item__case__jurisdiction",
)
_OF_UPLOAD = Coalesce(
    "gate_check__keep_down__case_item__case__jurisdiction",
    "gate_check__deposit__case_item__case__jurisdiction",
    "gate_check__listed__case_item__case__jurisdiction",
)
_OF_APPEAL = Coalesce(
    "removal__decision__case_item__case__jurisdiction",
    "refusal__case_item__case__jurisdiction",
    "upload__case_item__case__jurisdiction",
)
_OUTCOME, _MANNER, _ORIGIN = Decision.Outcome, Decision.Manner, CaseItem.Origin
_UNDONE = Q(manner=Decision.Manner.UNDONE)
#: What a partner lists is no person's notice.
_BY_PARTNERS = Listed.objects.exclude(case_item=None).values("case_item__case")
_BY_SOMEBODY = ~Q(decided_by=None)
# What a host imported is neither a notice nor a decision of ours, until something joins it.
_OURS = Q(importer=None)
_MORE_THAN_IMPORTED = CaseItem.objects.filter(case=OuterRef("pk")).exclude(
    origin=CaseItem.Origin.IMPORTED
)
_REPORTED = Q(decision__case_item__copy_of=None)
_RECEIVED = F("decision__case_item__case__received_at")


def _unfounded(period: Period) -> QuerySet[Case]:
    """Everything that was found stays online by somebody's decision."""
    decided = Decision.objects.filter(case_item__case=OuterRef("pk"), superseded_at=None)
    closed = Case.objects.filter(period.holds("closed_at"), notice__withdrawn_at=None)
    closed = closed.exclude(pk__in=_BY_PARTNERS)
    return closed.filter(
        Exists(decided.filter(_BY_SOMEBODY)), ~Exists(decided.filter(outcome=_OUTCOME.REMOVE))
    )


def _reversals(period: Period) -> QuerySet[Decision]:
    """Decisions by which somebody overturned an earlier one."""
    earlier = Decision.objects.filter(case_item=OuterRef("case_item"), pk__lt=OuterRef("pk"))
    taken = Decision.objects.filter(period.holds("decided_at"), _BY_SOMEBODY, ~_UNDONE)
    return taken.filter(Exists(earlier))


def _in_time(period: Period) -> QuerySet[Removal]:
    """Removals of what was reported, verified before the jurisdiction's hours were over."""
    in_time = Q(pk__in=[])
    for key, clock in jurisdictions().items():
        in_time |= Q(
            decision__case_item__case__jurisdiction=key,
            verified_at__lte=_RECEIVED + clock.time_to_remove,
        )
    return Removal.objects.filter(period.holds("verified_at"), _REPORTED, in_time)


def _first_decisions(period: Period) -> QuerySet[Decision]:
    earlier = Decision.objects.filter(
        case_item__case=OuterRef("case_item__case"), pk__lt=OuterRef("pk")
    )
    return Decision.objects.filter(period.holds("decided_at"), _OURS, ~Exists(earlier))


COUNTS: Mapping[str, Measure] = {
    "notices_received": _at(
        Notice,
        "received_at",
        _IN_CASE,
        ~Exists(_IMPORTED.filter(case__notice=OuterRef("pk"))),
        ~Exists(Listed.objects.filter(case_item__case__notice=OuterRef("pk"))),
    ),
    "notices_withdrawn": _at(Notice, "withdrawn_at", _IN_CASE),
    "notices_unfounded": Measure(_unfounded, F("jurisdiction")),
    "cases_closed": _at(Case, "closed_at", F("jurisdiction"), Exists(_MORE_THAN_IMPORTED)),
    "items_reported": _at(
        CaseItem, "created_at", _IN_CASE, Q(copy_of=None, listed=None) & ~Q(origin=_ORIGIN.IMPORTED)
    ),
    "copies_found": _at(
        CaseItem, "created_at", _IN_CASE, Q(origin__in=[_ORIGIN.SWEPT, _ORIGIN.REGISTERED])
    ),
    "decisions_to_remove": _at(Decision, "decided_at", _OF_ROW, _OURS & Q(outcome=_OUTCOME.REMOVE)),
    "decisions_to_keep": _at(Decision, "decided_at", _OF_ROW, Q(outcome=_OUTCOME.KEEP)),
    "decisions_unfounded": _at(Decision, "decided_at", _OF_ROW, Q(manner=_MANNER.UNFOUNDED)),
    "decisions_not_valid": _at(Decision, "decided_at", _OF_ROW, Q(manner=_MANNER.NOT_VALID)),
    "decisions_to_restore": _at(
        Decision, "decided_at", _OF_ROW, _OURS & Q(outcome=_OUTCOME.RESTORE), ~_UNDONE
    ),
    "reversals": Measure(_reversals, _OF_ROW),
    "removals_verified": _at(Removal, "verified_at", _OF_REMOVAL),
    "removals_of_reported": _at(Removal, "verified_at", _OF_REMOVAL, _REPORTED),
    "removals_of_copies": _at(Removal, "verified_at", _OF_REMOVAL, ~_REPORTED),
    "removals_of_reported_in_time": Measure(_in_time, _OF_REMOVAL),
    "removals_undone": _at(Removal, "restored_at", _OF_REMOVAL),
    "keep_downs_started": _at(KeepDown, "since", _OF_ROW, Q(decision__importer=None)),
    "uploads_blocked": _at(Check, "at", _OF_CHECK, Q(verdict=Answer.BLOCK)),
    "uploads_held": _at(Check, "at", _OF_CHECK, Q(verdict=Answer.HOLD)),
    "uploads_refused": _at(HeldUpload, "closed_at", _OF_UPLOAD, Q(outcome="refused")),
    "uploads_allowed": _at(HeldUpload, "closed_at", _OF_UPLOAD, Q(outcome="allowed")),
    "appeals_of_uploaders": _at(Appeal, "received_at", _OF_APPEAL, Q(refusal=None)),
    "appeals_of_notifiers": _at(Appeal, "received_at", _OF_APPEAL, ~Q(refusal=None)),
    "appeals_granted": _at(Appeal, "decided_at", _OF_APPEAL, Q(outcome="granted")),
    "appeals_refused": _at(Appeal, "decided_at", _OF_APPEAL, Q(outcome="refused")),
}

#: What share of the second (together) the first is.
SHARES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # What our search found and nobody had reported.
    "automated_detection_share": ("removals_of_copies", ("removals_verified",)),
    # Uploads that the gate blocked by itself, for a decision that somebody took before.
    "automated_decision_share": (
        "uploads_blocked",
        ("uploads_blocked", "decisions_to_remove", "decisions_to_keep"),
    ),
    "in_time_share": ("removals_of_reported_in_time", ("removals_of_reported",)),
    "reversal_share": ("reversals", ("decisions_to_remove", "decisions_to_keep")),
    "unfounded_share": ("notices_unfounded", ("cases_closed",)),
}

DURATIONS: Mapping[str, Duration] = {
    "hours_to_first_decision": Duration(
        _first_decisions, _OF_ROW, F("case_item__case__received_at"), F("decided_at")
    ),
    "hours_to_removal": Duration(
        lambda period: Removal.objects.filter(period.holds("verified_at"), _REPORTED),
        _OF_REMOVAL,
        _RECEIVED,
        F("verified_at"),
    ),
    "hours_to_answer_appeals": Duration(
        lambda period: Appeal.objects.filter(period.holds("decided_at"), _ANSWERED),
        _OF_APPEAL,
        F("received_at"),
        F("decided_at"),
    ),
}
