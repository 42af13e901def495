"""Search everything the hosts show for copies of a reported picture."""

from dataclasses import dataclass

from staydown import Fingerprint, Match
from staydown_server.catalogue.live import LiveIndex
from staydown_server.catalogue.models import Item, Shelf

#: A search that finds so many may not have found them all.
_MANY = 12


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


def sweep(fingerprint: Fingerprint, *, known: frozenset[int] = frozenset()) -> Swept:
    """Every registered item that matches *fingerprint*, but for those *known* already.

    One search compares a few of the likeliest; where it finds many, it is asked for more.
    """
    matches, through_change = live_index.search(fingerprint, known=known)
    more = matches
    while len(more) >= _MANY:
        known |= {int(match.id or 0) for match in more}
        more, _ = live_index.search(fingerprint, known=known)
        matches += more
    items = Item.objects.select_related("host").filter(pk__in=[m.id for m in matches])
    by_id = {str(item.pk): item for item in items}
    found = tuple(Found(by_id[m.id], m) for m in matches if m.id is not None and m.id in by_id)
    return Swept(found, live_index.count(), through_change)


# What is reported is hashed closely, and asked with: of all that hosts show, a hash a second
# is enough. And `catalogue.look.closer` looks at each film that is found.
live_index = LiveIndex(
    Shelf.CATALOGUE, lambda: Item.objects.filter(gone_at=None), frames_apart=1.0, closely=False
)
