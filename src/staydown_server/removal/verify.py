"""Look at the host's addresses ourselves: removed is what no longer serves, not what was said."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from staydown_server import audit
from staydown_server.cases.models import Decision
from staydown_server.catalogue import fetch
from staydown_server.catalogue.models import Item
from staydown_server.jobs import RetryLater, job
from staydown_server.notices import mail
from staydown_server.removal.models import Removal

#: What a host answers for something it has taken down. Not 401 or 403: a host that turns our
#: request away may still show the picture to everybody else.
GONE = frozenset({404, 410, 451})


@job("removal.verify")
def verify(removal_id: int) -> None:
    """Mark the removal verified once none of the item's addresses serves it any more."""
    removal = Removal.objects.select_related("item__host").get(pk=removal_id)
    if removal.state != Removal.State.CARRIED_OUT:
        return
    if not all(_is_gone(url, removal.item) for url in removal.item.addresses):
        Removal.objects.filter(pk=removal.pk).update(still_served=F("still_served") + 1)
        raise RetryLater("the host still serves the item")
    with transaction.atomic():
        moved = Removal.objects.filter(pk=removal.pk, state=Removal.State.CARRIED_OUT).update(
            state=Removal.State.VERIFIED, verified_at=timezone.now()
        )
        if moved:
            audit.record("removal.verified", removal, by="system", item=removal.item_id)
            _announce(removal)


def _is_gone(url: str, item: Item) -> bool:
    try:
        answer = fetch.fetch(url, host=item.host, headers={"Cache-Control": "no-cache"})
    except fetch.FetchError as error:
        # A host that is down serves nothing, but it comes back: that is no proof.
        raise RetryLater("the host did not answer") from error
    return answer.status in GONE


def _announce(removal: Removal) -> None:
    """Tell those whose notices it was removed for."""
    standing = Decision.objects.filter(
        case_item__item=removal.item, outcome=Decision.Outcome.REMOVE, superseded_at=None
    )
    for notice_id in standing.values_list("case_item__case__notice", flat=True).distinct():
        mail.announce(notice_id)
