"""Keep the catalogue: what a host shows is registered, and struck out when it is gone."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from staydown import Fingerprint
from staydown_server import audit
from staydown_server.accounts.models import Host
from staydown_server.catalogue.locate import key_of, on_host
from staydown_server.catalogue.models import Change, Item, Shelf
from staydown_server.catalogue.read import stored_form


class NotOnThisHost(Exception):
    """The address is not on one of the host's origins."""


def register(
    host: Host,
    *,
    host_item_id: str,
    url: str,
    fingerprint: Fingerprint,
    media_url: str = "",
    uploader: str = "",
) -> tuple[Item, bool]:
    """Add the item, or bring it up to date; returns it and whether it is new.

    Raises :class:`NotOnThisHost`: a host speaks for its own addresses only.
    """
    for address in (url, media_url):
        if address and not on_host(address, host):
            raise NotOnThisHost
    values = {
        "url": url,
        "media_url": media_url,
        "url_key": key_of(url),
        "media_url_key": key_of(media_url) if media_url else "",
        "uploader": uploader,
        "fingerprint": stored_form(fingerprint),
        **Item.digests(fingerprint),
    }
    with transaction.atomic():
        item, is_new = Item.objects.get_or_create(
            host=host, host_item_id=host_item_id, defaults=values
        )
        current = {name: getattr(item, name) for name in values}
        if is_new or current != values or item.gone_at:
            for name, value in values.items():
                setattr(item, name, value)
            item.gone_at = None
            item.save()
            Change.objects.create(shelf=Shelf.CATALOGUE, entry_id=item.pk)
            audit.record("item.registered", item, by=str(host), is_new=is_new)
    return item, is_new


def strike_out(host: Host, host_item_id: str) -> bool:
    """The host no longer has the item; False if we never knew it."""
    return bool(strike_out_many(host, [host_item_id]))


def strike_out_many(host: Host, host_item_ids: Iterable[str]) -> list[str]:
    """The host no longer has these; those that we knew, in order. All are struck out, or none."""
    known = []
    with transaction.atomic():
        for host_item_id in dict.fromkeys(host_item_ids):
            item = Item.objects.filter(host=host, host_item_id=host_item_id).first()
            if item is None:
                continue
            known.append(host_item_id)
            if item.gone_at is None:
                item.gone_at = timezone.now()
                item.save()
                Change.objects.create(shelf=Shelf.CATALOGUE, entry_id=item.pk)
                audit.record("item.gone", item, by=str(host))
    return known
