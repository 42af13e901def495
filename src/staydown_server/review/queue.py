"""The desk's queue: open cases, the least time left first, and appeals that wait."""

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.review.models import Appeal


def open_cases() -> QuerySet[Case]:
    """Cases that wait for a decision."""
    decided = Decision.objects.filter(case_item=OuterRef("pk"), superseded_at=None)
    undecided = CaseItem.objects.filter(~Exists(decided))
    return (
        Case.objects.filter(closed_at=None)
        .annotate(
            things=Count("caseitem", distinct=True),
            undecided=Count("caseitem", filter=Q(caseitem__in=undecided), distinct=True),
        )
        .order_by("deadline")
    )


def appeals_in(case: Case) -> QuerySet[Appeal]:
    """The appeals against what was decided in *case*, in the order in which they came."""
    against = Q(removal__decision__case_item__case=case) | Q(upload__case_item__case=case)
    return Appeal.objects.filter(against).select_related("removal__item", "upload").order_by("pk")


def waiting_appeals() -> QuerySet[Appeal]:
    """Appeals without an answer, the oldest first."""
    waiting = Appeal.objects.filter(outcome="").select_related(
        "removal__decision__case_item__case", "upload"
    )
    return waiting.order_by("received_at")
