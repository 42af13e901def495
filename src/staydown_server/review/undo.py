"""Undo what was decided a moment ago, while no host has carried it out."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases import sending
from staydown_server.cases.models import Case, CaseItem, Decision, Deposit
from staydown_server.gate import keep_down
from staydown_server.removal.models import Removal
from staydown_server.removal.order import order_restore
from staydown_server.review.decide import DecisionError
from staydown_server.review.desk_rules import desk
from staydown_server.review.models import Appeal

_REASON = "Undone."
#: What was decided at once has times that lie so close together.
_TOGETHER = timedelta(seconds=5)


class TooLate(DecisionError):
    """It was carried out, or somebody went on from it: it can only be decided anew."""


def undoable(case: Case) -> QuerySet[Decision]:
    """What was decided last in *case*, while it can be undone."""
    since = timezone.now() - timedelta(minutes=desk().undo_minutes)
    carried_out = Removal.objects.filter(item=OuterRef("case_item__item")).exclude(
        Q(state=Removal.State.ORDERED) | Q(state=Removal.State.RESTORED)
    )
    standing = Decision.objects.filter(
        ~Exists(carried_out),
        ~Exists(Deposit.objects.filter(case_item=OuterRef("case_item"))),
        ~Exists(Appeal.objects.filter(refusal=OuterRef("pk"))),
        case_item__case=case,
        case_item__case__notice__withdrawn_at=None,
        superseded_at=None,
        outcome__in=[Decision.Outcome.REMOVE, Decision.Outcome.KEEP],
        decided_at__gt=since,
    ).exclude(case_item__origin=CaseItem.Origin.HELD)
    last = standing.order_by("-decided_at").first()
    if last is None:
        return Decision.objects.none()
    return standing.filter(decided_at__gt=last.decided_at - _TOGETHER, decided_by=last.decided_by)


def undo(case: Case, *, by: User) -> int:
    """Make what was decided last undecided again; how many things. Raises :class:`TooLate`."""
    with transaction.atomic():
        case = Case.objects.select_for_update().select_related("notice").get(pk=case.pk)
        decisions = list(undoable(case).select_related("case_item__item"))
        if not decisions:
            raise TooLate
        standing = sending.standing_of(case.notice)
        for decision in decisions:
            _undo(decision, by)
        sending.weigh_again(case.notice, standing)
        if case.closed_at is not None:
            case.closed_at = None
            case.save(update_fields=["closed_at"])
            audit.record("case.reopened", case, by=str(by))
    return len(decisions)


def _undo(decision: Decision, by: User) -> None:
    row, now = decision.case_item, timezone.now()
    if not Decision.objects.filter(pk=decision.pk, superseded_at=None).update(superseded_at=now):
        raise TooLate
    # It stands for the moment only: the thing is undecided again.
    undone = Decision.objects.create(
        case_item=row,
        outcome=Decision.Outcome.RESTORE,
        manner=Decision.Manner.UNDONE,
        reason=_REASON,
        decided_by=by,
        decided_at=now,
        superseded_at=now,
    )
    audit.record("decision.undone", undone, by=str(by), case_item=row.pk, decision=decision.pk)
    keep_down.lift(row, decision=undone)
    elsewhere = Decision.objects.filter(
        case_item__item=row.item, outcome=Decision.Outcome.REMOVE, superseded_at=None
    )
    if row.item and not elsewhere.exists():
        for removal in Removal.objects.filter(item=row.item, state=Removal.State.ORDERED):
            order_restore(removal, decision=undone)
