"""Step 6: order a removal, or its undoing. carry_out.py then talks to the host."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from staydown_server import audit
from staydown_server.cases.models import Decision
from staydown_server.catalogue.models import Item
from staydown_server.removal import carry_out, reasons
from staydown_server.removal.models import Removal


def order_removal(item: Item, *, decision: Decision) -> Removal:
    """Ask the host to take *item* down, once.

    A second call returns the first order: hosts throttle repeats, and a throttled order
    leaves the picture up.
    """
    with transaction.atomic():
        removal = Removal.objects.exclude(state=Removal.State.RESTORED).filter(item=item).first()
        if removal is not None and removal.state != Removal.State.RESTORE_ORDERED:
            return removal
        if removal is not None:
            # Decided again before the host had put it back: the old order holds again.
            removal.state, removal.turn = Removal.State.ORDERED, removal.turn + 1
            removal.decision, removal.restore_decision = decision, None
            removal.save()
        else:
            removal = Removal.objects.create(item=item, decision=decision)
            removal.reasons_digest = reasons.digest_of(reasons.token_of(removal))
            removal.save()
        audit.record(
            "removal.ordered", removal, by=decision.actor, item=item.pk, decision=decision.pk
        )
        # A moment in which the moderator can undo it (`review.undo`).
        moment = timedelta(seconds=settings.UNDO_SECONDS)
        carry_out.carry_out.defer(after=moment, removal_id=removal.pk)
    return removal


def order_restore(removal: Removal, *, decision: Decision) -> None:
    """Ask the host to put the item back, once."""
    with transaction.atomic():
        removal = Removal.objects.select_for_update().get(pk=removal.pk)
        if removal.state in (Removal.State.RESTORE_ORDERED, Removal.State.RESTORED):
            return
        removal.state, removal.turn = Removal.State.RESTORE_ORDERED, removal.turn + 1
        removal.restore_decision = decision
        removal.save()
        audit.record(
            "restore.ordered",
            removal,
            by=decision.actor,
            item=removal.item_id,
            decision=decision.pk,
        )
        carry_out.carry_out.defer(removal_id=removal.pk)
