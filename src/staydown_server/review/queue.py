"""The desk's queue: open cases, the least time left first, and appeals that wait."""

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from staydown_server.cases.models import Case, CaseItem, Decision, Deposit
from staydown_server.removal.models import Removal
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
            is_deposit=Exists(Deposit.objects.filter(case_item__case=OuterRef("pk"))),
        )
        .prefetch_related("mark_set")
        .order_by("deadline")
    )


def stuck_cases() -> QuerySet[Case]:
    """Cases of which a host does not carry out an order, or shows again what was gone."""
    standing = Removal.objects.exclude(state=Removal.State.RESTORED)
    is_back = Q(came_back__gt=0) & ~Q(state=Removal.State.VERIFIED)
    stuck = standing.filter(~Q(trouble="") | is_back)
    return Case.objects.filter(caseitem__decision__removals__in=stuck).distinct().order_by("pk")


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
