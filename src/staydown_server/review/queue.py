"""The desk's queue: open cases, the least time left first, and appeals that wait."""

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from staydown_server.cases.models import Case, CaseItem, Decision, Deposit, Mark
from staydown_server.removal.models import Removal
from staydown_server.review.models import Appeal, Proposal


def open_cases() -> QuerySet[Case]:
    """Cases that wait for a decision: those about somebody under 18 first, then by time left."""
    undecided_here = undecided_rows().filter(case=OuterRef("pk")).order_by()
    things = CaseItem.objects.filter(case=OuterRef("pk")).order_by()
    return (
        Case.objects.filter(closed_at=None)
        .annotate(
            things=_count(things),
            undecided=_count(undecided_here),
            is_deposit=Exists(Deposit.objects.filter(case_item__case=OuterRef("pk"))),
        )
        .select_related("claimed_by")
        .prefetch_related("mark_set")
        .order_by("-about_minor", "deadline", "pk")
    )


def undecided_rows() -> QuerySet[CaseItem]:
    """Things without a decision that stands."""
    decided = Decision.objects.filter(case_item=OuterRef("pk"), superseded_at=None)
    return CaseItem.objects.filter(~Exists(decided))


def _count(rows: QuerySet[CaseItem]) -> Coalesce:
    counted = rows.values("case").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def case_called(number: str) -> Case | None:
    """The case of a number as people write it: SD-000012, sd12, 12."""
    digits = number.upper().removeprefix("SD").lstrip("-").strip()
    is_id = digits.isascii() and digits.isdigit() and len(digits) < 19
    return Case.objects.filter(pk=int(digits)).first() if is_id else None


def marked() -> QuerySet[Any]:
    """The ids of cases to look at twice."""
    return Mark.objects.values("case")


def of_deposits() -> QuerySet[Any]:
    """The ids of cases that a deposit's first hit opened."""
    return Deposit.objects.exclude(case_item=None).values("case_item__case")


def proposed() -> Q:
    """Cases in which a proposal waits for a senior."""
    return Q(pk__in=Proposal.objects.filter(settled_at=None).values("case"))


def stuck_cases() -> QuerySet[Case]:
    """Cases of which a host does not carry out an order, or shows again what was gone."""
    standing = Removal.objects.exclude(state=Removal.State.RESTORED)
    is_back = Q(came_back__gt=0) & ~Q(state=Removal.State.VERIFIED)
    stuck = standing.filter(~Q(trouble="") | is_back)
    cases = stuck.order_by().values("decision__case_item__case")
    return Case.objects.filter(pk__in=cases).order_by("pk")


def appeals_in(case: Case) -> QuerySet[Appeal]:
    """The appeals against what was decided in *case*, in the order in which they came."""
    against = (
        Q(removal__decision__case_item__case=case)
        | Q(upload__case_item__case=case)
        | Q(refusal__case_item__case=case)
    )
    told = Appeal.objects.filter(against).order_by("pk")
    return told.select_related("removal__item", "upload", "refusal__case_item__item")


def waiting_appeals() -> QuerySet[Appeal]:
    """Appeals without an answer, the oldest first."""
    # Whoever took their notice back no longer asks for anything.
    taken_back = Q(refusal__case_item__case__notice__withdrawn_at__isnull=False)
    waiting = (
        Appeal.objects.filter(outcome="")
        .exclude(taken_back)
        .select_related("removal__decision__case_item__case", "upload", "refusal__case_item__case")
    )
    return waiting.order_by("received_at")
