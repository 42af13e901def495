"""From a removal to the connector that carries it out, and to what went wrong there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from staydown_server import audit
from staydown_server.catalogue.models import Item
from staydown_server.jobs import RetryLater
from staydown_server.removal import reasons
from staydown_server.removal.hosts import connector_of
from staydown_server.removal.hosts.connector import Connector, Order, Refusal
from staydown_server.removal.models import Removal

#: Until we ask again a host that said no: somebody may have given us a better token meanwhile,
#: or have removed the item by hand.
REFUSED_SECONDS = 3600.0


def connect(removal: Removal) -> tuple[Connector, Order]:
    """The host's connector, and the order that it gets."""

    def write_down(receipt: dict[str, Any]) -> None:
        Removal.objects.filter(pk=removal.pk).update(receipt=receipt)

    order = Order(
        removal_id=removal.pk,
        turn=removal.turn,
        item=removal.item,
        receipt=dict(removal.receipt),
        statement_of_reasons=lambda: reasons.statement_of_reasons(removal),
        write_down=write_down,
    )
    return connector_of(removal.item.host), order


def can_be_undone(item: Item) -> bool:
    """Whether *item*'s host can put it back once it was taken down."""
    return connector_of(item.host).reversible


@contextmanager
def refusals_are_told(removal: Removal) -> Iterator[None]:
    """Put a refusal on record, once, for the desk to show; then try again after a while."""
    try:
        yield
    except Refusal as refusal:
        with transaction.atomic():
            known = Removal.objects.filter(pk=removal.pk, turn=removal.turn)
            if known.exclude(trouble=refusal.trouble).update(trouble=refusal.trouble):
                audit.record(
                    "removal.refused",
                    removal,
                    by="system",
                    item=removal.item_id,
                    trouble=refusal.trouble.value,
                )
        if not refusal.is_final:
            raise RetryLater("the host refuses", seconds=REFUSED_SECONDS) from None
