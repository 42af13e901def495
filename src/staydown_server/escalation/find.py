"""Who serves a site: asked once, on a person's command, and kept with its time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from staydown_server import audit, vault
from staydown_server.accounts.models import User
from staydown_server.escalation import draft
from staydown_server.escalation.models import (
    Addressee,
    AddressSighting,
    EscalatedSite,
    EscalationFile,
)
from staydown_server.escalation.rules import rules
from staydown_server.jobs import job
from staydown_server.providers import known
from staydown_server.providers.find import find as find_providers
from staydown_server.providers.found import Contact, Group, Provider, Sighting, Site, Trouble

#: What a letter goes to first: whoever is there for this very matter, then for abuse.
_PURPOSES = ("ncii", "dsa", "abuse", "legal", "general")
_CHANNELS = ("email", "form", "post")
#: What addresses answer tells of a delivery network: so long their first looks are waited for.
PATIENCE = timedelta(minutes=2)


def ask_again(site: EscalatedSite, *, by: User) -> None:
    """Find out anew who serves *site*."""
    with transaction.atomic():
        EscalatedSite.objects.filter(pk=site.pk).update(wanted_at=timezone.now())
        audit.record("escalated_site.asked", site, by=str(by))
        find.defer(site_id=site.pk)


@job("escalation.find", is_slow=True)
def find(site_id: int) -> None:
    """Find out who serves the site, and draft what can be written to them."""
    site = EscalatedSite.objects.select_related("file").get(pk=site_id)
    if site.wanted_at is None or site.file.closed_at is not None:
        return
    urls = tuple(address.url for address in site.escalatedaddress_set.all())
    sightings = AddressSighting.objects.filter(address__site=site)
    # Before the transaction: registries take their time.
    found = find_providers(
        Group(host=site.host, domain=site.domain, urls=urls),
        sightings=[_sighting(each) for each in sightings],
    )
    with transaction.atomic():
        site = EscalatedSite.objects.select_for_update().select_related("file").get(pk=site_id)
        site.found, site.found_at, site.wanted_at = snapshot(found), timezone.now(), None
        site.save(update_fields=["found", "found_at", "wanted_at"])
        audit.record("escalated_site.found", site, by="system", providers=len(found.providers))
        for values in _addressees(site.file, found):
            _keep(site, values)
        draft.propose(site)


def _sighting(row: AddressSighting) -> Sighting:
    """As much of it as tells who serves the site."""
    return Sighting(
        url=row.content["url"],
        at=row.at,
        status=row.content["status"],
        chain=tuple(row.content["chain"]),
        address=row.content["address"],
        headers=row.content["headers"],
        content_type=row.content["content_type"],
        sha256=row.content["sha256"],
        certificate=None,
        fingerprint=None,
        troubles=(),
    )


def snapshot(found: Site) -> dict[str, Any]:
    """What was found, as JSON. The addresses are in rows of their own."""
    return {
        "host": found.host,
        "domain": found.domain,
        "addresses": list(found.addresses),
        "providers": [_provider(each) for each in found.providers],
        "troubles": [trouble(each) for each in found.troubles],
    }


def trouble(each: Trouble) -> dict[str, str]:
    return {"step": each.step, "reason": each.reason, "by_hand": each.by_hand, "about": each.about}


def contact(each: Contact) -> dict[str, str]:
    return {
        "channel": each.channel,
        "value": each.value,
        "purpose": each.purpose,
        "source": each.source,
        "seen_at": each.seen_at.isoformat(),
    }


def _provider(each: Provider) -> dict[str, Any]:
    return {
        "role": str(each.role),
        "name": each.name,
        "identifiers": dict(each.identifiers),
        "country": each.country,
        "contacts": [contact(one) for one in each.contacts],
        "sources": list(each.sources),
    }


def _addressees(file: EscalationFile, found: Site) -> Iterator[dict[str, Any]]:
    """Whom letters about this site can go to. The mail provider is no one's business."""
    for each in found.providers:
        # Beside the registrar, a registry acts only where it says how it is to be told.
        is_silent = str(each.role) == Addressee.Role.REGISTRY and not each.contacts
        if str(each.role) in Addressee.Role.values and not is_silent:
            yield _values(str(each.role), each.name, each.country, each.contacts)
    for kind in (Addressee.Role.SEARCH, Addressee.Role.PAYMENT):
        for body in known.bodies(kind):
            yield _values(kind, body.name, body.country, body.contacts)
    for key in file.laws:
        law = rules().laws[key]
        country = law.country or file.country
        if not law.regulator or not country:
            continue
        for body in known.bodies(law.regulator, country=country):
            values = _values(Addressee.Role.REGULATOR, body.name, body.country, body.contacts)
            yield {**values, "law": key}


def _values(role: str, name: str, country: str, contacts: tuple[Contact, ...]) -> dict[str, Any]:
    ordered = sorted(
        contacts, key=lambda each: (_PURPOSES.index(each.purpose), _CHANNELS.index(each.channel))
    )
    return {
        "role": role,
        # A digest: a host's name can be a person's.
        "key": vault.digest(name.casefold(), purpose="addressee key").hex(),
        "name": name,
        "country": country,
        "contacts": [contact(each) for each in ordered],
    }


def _keep(site: EscalatedSite, values: dict[str, Any]) -> None:
    """Remember an addressee, once; what is known of one who was written to stays."""
    known_one = Addressee.objects.filter(site=site, role=values["role"], key=values["key"]).first()
    if known_one is None:
        added = Addressee.objects.create(site=site, **values)
        audit.record("addressee.added", added, by="system", role=added.role)
    elif known_one.asked_at is None and values["contacts"]:
        known_one.contacts = values["contacts"]
        known_one.save(update_fields=["contacts"])
        audit.record("addressee.found_again", known_one, by="system")
