"""Search everything the hosts show for copies of a reported picture."""

from collections.abc import Iterable
from dataclasses import dataclass

from staydown import Fingerprint, Match
from staydown_server.catalogue.live import LiveBank
from staydown_server.catalogue.models import Item, Shelf


@dataclass(frozen=True, slots=True)
class Found:
    """A copy and why we call it one."""

    item: Item
    match: Match


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found, and what it searched: for the record."""

    found: tuple[Found, ...]
    searched: int
    through_change: int


def sweep(fingerprint: Fingerprint) -> Swept:
    """Every registered item that matches *fingerprint*."""
    matches, searched, through_change = _shelf.search(fingerprint)
    items = Item.objects.select_related("host").filter(pk__in=[m.id for m in matches])
    by_id = {str(item.pk): item for item in items}
    found = tuple(Found(by_id[m.id], m) for m in matches if m.id is not None and m.id in by_id)
    return Swept(found, searched, through_change)


def _entries(ids: Iterable[int] | None) -> Iterable[tuple[int, str]]:
    items = Item.objects.filter(gone_at=None)
    if ids is not None:
        items = items.filter(pk__in=list(ids))
    return items.order_by("pk").values_list("pk", "fingerprint").iterator(chunk_size=5000)


_shelf = LiveBank(Shelf.CATALOGUE, _entries)
