"""Carry an order out at the host, again and again until the host has taken it."""

from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.jobs import job
from staydown_server.removal import reasons, verify
from staydown_server.removal.hosts import webhook
from staydown_server.removal.models import Removal


@job("removal.carry_out")
def carry_out(removal_id: int) -> None:
    """Send the order that stands now. If power fails after the host took it, it is sent again
    under the same id, and the host answers that it is done."""
    removal = Removal.objects.select_related("item__host", "decision__case_item").get(pk=removal_id)
    if removal.state == Removal.State.ORDERED:
        had_it = webhook.send(
            "item.remove",
            removal.item.host,
            item=webhook.named(removal.item),
            event_id=f"remove-{removal.pk}-{removal.turn}",
            statement_of_reasons=reasons.statement_of_reasons(removal),
        )
        _advance(removal, Removal.State.CARRIED_OUT, "removal.carried_out", had_it)
    elif removal.state == Removal.State.RESTORE_ORDERED:
        had_it = webhook.send(
            "item.restore",
            removal.item.host,
            item=webhook.named(removal.item),
            event_id=f"restore-{removal.pk}-{removal.turn}",
        )
        _advance(removal, Removal.State.RESTORED, "restore.carried_out", had_it)


def _advance(removal: Removal, state: Removal.State, action: str, had_it: bool) -> None:
    now = timezone.now()
    stamp = "carried_out_at" if state == Removal.State.CARRIED_OUT else "restored_at"
    with transaction.atomic():
        # Only from the order we sent: it may have been turned round meanwhile.
        moved = Removal.objects.filter(
            pk=removal.pk, state=removal.state, turn=removal.turn
        ).update(**{"state": state, stamp: now})
        if not moved:
            _say_again(removal)
            return
        audit.record(action, removal, by="system", item=removal.item_id, host_had_it=had_it)
        if state == Removal.State.CARRIED_OUT:
            verify.verify.defer(removal_id=removal.pk)


def _say_again(sent: Removal) -> None:
    """What the host heard last may be the order we sent, which no longer stands: the one that
    stands is sent once more, as a new turn."""
    standing = Removal.objects.select_for_update().get(pk=sent.pk)
    if standing.turn == sent.turn:
        # Another worker carried out the very same order.
        return
    restoring = (Removal.State.RESTORE_ORDERED, Removal.State.RESTORED)
    is_restore = standing.state in restoring
    standing.state = Removal.State.RESTORE_ORDERED if is_restore else Removal.State.ORDERED
    standing.turn += 1
    standing.save()
    audit.record("order.repeated", standing, by="system", item=standing.item_id)
    carry_out.defer(removal_id=standing.pk)
