"""Carry an order out at the host, again and again until the host has taken it."""

from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.jobs import job
from staydown_server.removal import verify
from staydown_server.removal.connect import connect, refusals_are_told
from staydown_server.removal.hosts.connector import Connector, Refusal
from staydown_server.removal.models import Removal


@job("removal.carry_out")
def carry_out(removal_id: int) -> None:
    """Send the order that stands now. If power fails after the host took it, it is sent again,
    and the host answers, or we see, that it is done."""
    removal = Removal.objects.select_related("item__host", "decision__case_item").get(pk=removal_id)
    if removal.state not in (Removal.State.ORDERED, Removal.State.RESTORE_ORDERED):
        return
    connector, order = connect(removal)
    had_it: bool | None = None
    with refusals_are_told(removal):
        if removal.state == Removal.State.ORDERED:
            had_it = connector.take_down(order)
        else:
            had_it = not _holds_more(removal, connector) and connector.restore(order)
    if had_it is None:
        # Refused for good, and on record.
        return
    if removal.state == Removal.State.ORDERED:
        _advance(removal, Removal.State.CARRIED_OUT, "removal.carried_out", had_it)
    else:
        _advance(removal, Removal.State.RESTORED, "restore.carried_out", had_it)


def _holds_more(removal: Removal, connector: Connector) -> bool:
    """Whether what the host would put back holds another item that must stay down, as a post
    with two pictures does."""
    unit = connector.unit(removal.item, removal.receipt)
    if unit is None:
        return False
    undone = (Removal.State.RESTORE_ORDERED, Removal.State.RESTORED)
    others = Removal.objects.filter(item__host=removal.item.host).exclude(state__in=undone)
    return any(
        _unit_of(other, connector) == unit for other in others.select_related("item").iterator()
    )


def _unit_of(removal: Removal, connector: Connector) -> str | None:
    try:
        return connector.unit(removal.item, removal.receipt)
    except Refusal:
        # An item whose id says nothing to the host was never taken down there.
        return None


def _advance(removal: Removal, state: Removal.State, action: str, had_it: bool) -> None:
    now = timezone.now()
    stamp = "carried_out_at" if state == Removal.State.CARRIED_OUT else "restored_at"
    with transaction.atomic():
        # Only from the order we sent: it may have been turned round meanwhile.
        moved = Removal.objects.filter(
            pk=removal.pk, state=removal.state, turn=removal.turn
        ).update(**{"state": state, stamp: now, "trouble": ""})
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
