"""Look at the host ourselves: removed is what no longer serves, not what was said; and again
later, since what was taken down can come back by a backup, a cache or a person."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from staydown_server import audit
from staydown_server.cases.models import Decision
from staydown_server.jobs import RetryLater, defer, job
from staydown_server.notices import mail
from staydown_server.removal.connect import connect, refusals_are_told
from staydown_server.removal.models import Removal

#: When we look again at something that was gone, counted from the look before.
LATER_LOOKS = (timedelta(days=1), timedelta(days=6))


@job("removal.verify")
def verify(removal_id: int) -> None:
    """Mark the removal verified once none of the item's addresses serves it any more."""
    removal = Removal.objects.select_related("item__host").get(pk=removal_id)
    if removal.state != Removal.State.CARRIED_OUT:
        return
    if not _is_gone(removal):
        Removal.objects.filter(pk=removal.pk).update(still_served=F("still_served") + 1)
        raise RetryLater("the host still serves the item")
    with transaction.atomic():
        moved = Removal.objects.filter(pk=removal.pk, state=Removal.State.CARRIED_OUT).update(
            state=Removal.State.VERIFIED,
            # What comes back later was removed in time all the same.
            verified_at=Coalesce("verified_at", timezone.now()),
            trouble="",
        )
        if moved:
            audit.record("removal.verified", removal, by="system", item=removal.item_id)
            _announce(removal)
            _look_again(removal, look=0)


@job("removal.recheck")
def recheck(removal_id: int, turn: int, look: int) -> None:
    """Look once more at something that was gone. If it is back, it is ordered down again, and
    the desk is told."""
    removal = Removal.objects.select_related("item__host").get(pk=removal_id)
    if (removal.state, removal.turn) != (Removal.State.VERIFIED, turn):
        return
    is_gone = _is_gone(removal)
    with transaction.atomic():
        standing = Removal.objects.filter(pk=removal.pk, state=Removal.State.VERIFIED, turn=turn)
        if is_gone and standing.exists():
            audit.record("removal.rechecked", removal, by="system", item=removal.item_id, look=look)
            _look_again(removal, look=look + 1)
        elif not is_gone and standing.update(
            state=Removal.State.ORDERED,
            turn=F("turn") + 1,
            came_back=F("came_back") + 1,
        ):
            audit.record("removal.came_back", removal, by="system", item=removal.item_id)
            # By name: carry_out.py imports this module.
            defer("removal.carry_out", removal_id=removal.pk)


def _look_again(removal: Removal, *, look: int) -> None:
    if look < len(LATER_LOOKS):
        recheck.defer(after=LATER_LOOKS[look], removal_id=removal.pk, turn=removal.turn, look=look)


def _is_gone(removal: Removal) -> bool:
    connector, order = connect(removal)
    with refusals_are_told(removal):
        return connector.is_gone(order)
    return False


def _announce(removal: Removal) -> None:
    """Tell those whose notices it was removed for."""
    standing = Decision.objects.filter(
        case_item__item=removal.item, outcome=Decision.Outcome.REMOVE, superseded_at=None
    )
    for notice_id in standing.values_list("case_item__case__notice", flat=True).distinct():
        mail.announce(notice_id)
