"""Find who serves an address, without touching it: name servers and registries are asked.

Each answer is kept (`models.Answer`) and serves again while it is fresh. What cannot be found
out is told with what a person can do instead; the rest is found all the same.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from django.conf import settings

from staydown_server.catalogue.connection import IPAddress, public
from staydown_server.providers import known, names, registry, registry_objects
from staydown_server.providers.addresses import domain_of
from staydown_server.providers.found import (
    ByHand,
    Contact,
    Group,
    Provider,
    Reason,
    Role,
    Sighting,
    Site,
    Step,
    Trouble,
)

#: Of a name that leads to many: one network answers for several.
MOST_ADDRESSES = 8


def find(group: Group, *, sightings: Iterable[Sighting] = ()) -> Site:
    """Who serves *group*, and who can be told.

    Takes seconds, since registries are asked one by one: not inside a transaction, and not
    while somebody waits. With *sightings* of its addresses, headers tell of a delivery network,
    too.
    """
    search = _Search(group)
    search.where_it_leads()
    search.mail()
    search.networks(dict(_headers(group.host, sightings)))
    search.domain()
    return Site(
        group.host,
        group.domain,
        group.urls,
        tuple(map(str, search.addresses)),
        tuple(search.providers),
        tuple(dict.fromkeys(search.troubles)),
    )


def _headers(host: str, sightings: Iterable[Sighting]) -> Iterable[tuple[str, str]]:
    for sighting in sightings:
        # Where it redirected elsewhere, the headers are those of another host.
        if sighting.chain and urlsplit(sighting.chain[-1]).hostname == host:
            yield from sighting.headers.items()


class _Search:
    """One search, step by step: each adds what it found, and what it could not find."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.addresses: tuple[IPAddress, ...] = ()
        self.aliases: tuple[str, ...] = ()
        self.providers: list[Provider] = []
        self.troubles: list[Trouble] = []
        self._sources: tuple[int, ...] = ()

    def where_it_leads(self) -> None:
        host = self.group.host
        try:
            found = names.addresses_of(host)
        except names.NotResolved as error:
            later = error.reason in (Reason.TIMEOUT, Reason.UNREACHABLE)
            by_hand = ByHand.ASK_LATER if later else ByHand.CORRECT_THE_ADDRESS
            self._missed(Step.DNS, error.reason, by_hand, host)
            return
        self.aliases, self._sources = found.aliases, found.sources
        reachable = public(found.addresses, and_in=settings.LOOKUP_NETWORKS)
        self.addresses = tuple(map(ipaddress.ip_address, reachable))
        if not reachable:
            self._missed(Step.DNS, Reason.PRIVATE_NETWORK, ByHand.LEAVE_IT_OUT, host)

    def mail(self) -> None:
        """The site itself, and who takes its mail."""
        group = self.group
        listed = known.provider(domain=group.host)
        published = listed.contacts if listed else ()
        usual: tuple[Contact, ...] = ()
        server = None
        try:
            found = names.mail_servers(group.domain) if group.domain else None
        except names.NotResolved as error:
            found = None
            if error.reason not in (Reason.NO_SUCH_NAME, Reason.NO_ADDRESS):
                self._missed(Step.MAIL, error.reason, ByHand.ASK_LATER, group.domain)
        if found is not None and found.values:
            # Nobody says that it is read, but where mail is taken it should be.
            mailbox = f"abuse@{group.domain}"
            usual = (Contact("email", mailbox, "abuse", "RFC 2142", found.at),)
            server = domain_of(found.values[0]) or found.values[0]
        identifiers = {"domain": group.domain} if group.domain else {}
        self._add(Role.HOST, group.host, identifiers, "", (*published, *usual), self._sources)
        if not published:
            self._missed(Step.CONTACT, Reason.NO_CONTACT, ByHand.LOOK_FOR_A_CONTACT, group.host)
        if found is not None and server:
            by = known.provider(domain=server)
            servers = {"domain": server, "servers": " ".join(found.values)}
            contacts = by.contacts if by else ()
            country = by.country if by else ""
            name = by.name if by else server
            self._add(Role.MAIL, name, servers, country, contacts, (found.source,))

    def networks(self, headers: Mapping[str, str]) -> None:
        """Who holds the addresses: a hosting provider, or a delivery network before one."""
        told: set[str] = set()
        for address in self.addresses[:MOST_ADDRESSES]:
            system = self._system(address)
            number = system.number if system else ""
            cdn = known.cdn_of(
                addresses=(address,), aliases=self.aliases, system=number, headers=headers
            )
            found = self._network(address)
            thing = found.thing if found else {}
            handle = registry_objects.text(thing, "handle")
            one = (cdn.name if cdn else "") or handle or number
            if not one or one in told:
                continue
            told.add(one)
            holder = _holder(thing)
            name = (cdn.name if cdn else "") or holder or (system.name if system else "")
            listed = known.provider(name=cdn.name) if cdn else known.provider(system=number)
            sources = (
                *self._sources,
                *(system.sources if system else ()),
                *((found.source,) if found else ()),
            )
            contacts = (*(listed.contacts if listed else ()), *(_abuse(found) if found else ()))
            identifiers = {
                "address": str(address),
                "network": ", ".join(registry_objects.prefixes(thing)),
                "handle": handle,
                "holder": holder,
                "asn": number,
                "system": system.name if system else "",
            }
            country = registry_objects.country(thing) or (system.country if system else "")
            role = Role.CDN if cdn else Role.HOSTING
            self._add(role, name or str(address), identifiers, country, contacts, sources)
            if cdn:
                self._missed(Step.NETWORK, Reason.BEHIND_CDN, ByHand.ASK_THE_CDN, cdn.name)
            if not contacts:
                about = name or str(address)
                self._missed(Step.CONTACT, Reason.NO_CONTACT, ByHand.LOOK_FOR_A_CONTACT, about)

    def domain(self) -> None:
        """The registrar and the registry of the domain."""
        domain = self.group.domain
        if not domain:
            return
        try:
            found = registry.domain(domain)
        except registry.NotAnswered as error:
            self._missed(
                Step.DOMAIN, error.reason, _by_hand(error, ByHand.LOOK_UP_THE_DOMAIN), domain
            )
            return
        registrar = next(
            (each for each in registry_objects.entities(found.thing) if "registrar" in each.roles),
            None,
        )
        contacts, sources = _abuse(found), [found.source]
        if not contacts and (more := registry_objects.related(found.thing)):
            try:
                theirs = registry.at(more)
            except registry.NotAnswered as error:
                by_hand = _by_hand(error, ByHand.LOOK_UP_THE_DOMAIN)
                self._missed(Step.DOMAIN, error.reason, by_hand, domain)
            else:
                contacts = _abuse(theirs)
                sources.append(theirs.source)
        if registrar is not None and not contacts:
            # Registries of countries often have no other.
            contacts = tuple(_contacts(registrar, "general", found))
        if registrar is not None or contacts:
            name = registrar.name if registrar else ""
            listed = known.provider(name=name)
            contacts = (*(listed.contacts if listed else ()), *contacts)
            ids = registrar.public_ids if registrar else {}
            identifiers = {
                "domain": domain,
                "iana_id": ids.get("IANA Registrar ID", ""),
                "handle": registrar.handle if registrar else "",
            }
            country = registrar.country if registrar else ""
            self._add(Role.REGISTRAR, name or domain, identifiers, country, contacts, sources)
        if not contacts:
            by_hand = ByHand.LOOK_UP_THE_DOMAIN
            self._missed(Step.CONTACT, Reason.NO_CONTACT, by_hand, domain)
        ending = domain.partition(".")[2]
        at = {"domain": ending, "server": found.server}
        self._add(Role.REGISTRY, f".{ending}", at, "", (), (found.source,))

    def _system(self, address: IPAddress) -> names.System | None:
        try:
            return names.system_of(address)
        except names.NotResolved as error:
            self._missed(Step.SYSTEM, error.reason, ByHand.LOOK_UP_THE_NETWORK, str(address))
            return None

    def _network(self, address: IPAddress) -> registry.Found | None:
        try:
            return registry.network(address)
        except registry.NotAnswered as error:
            by_hand = _by_hand(error, ByHand.LOOK_UP_THE_NETWORK)
            self._missed(Step.NETWORK, error.reason, by_hand, str(address))
            return None

    def _add(
        self,
        role: Role,
        name: str,
        identifiers: Mapping[str, str],
        country: str,
        contacts: Iterable[Contact],
        sources: Iterable[int],
    ) -> None:
        said = MappingProxyType({key: value for key, value in identifiers.items() if value})
        once = {(each.channel, each.value.lower()): each for each in reversed(list(contacts))}
        ordered = tuple(reversed(once.values()))
        unique = tuple(dict.fromkeys(sources))
        self.providers.append(Provider(role, name, said, country, ordered, unique))

    def _missed(self, step: Step, reason: Reason, by_hand: ByHand, about: str) -> None:
        self.troubles.append(Trouble(step, reason, by_hand, about))


def _by_hand(error: registry.NotAnswered, otherwise: ByHand) -> ByHand:
    # Whoever refuses us now answers later; what else went wrong a person finds on a web page.
    return ByHand.ASK_LATER if error.reason == Reason.RATE_LIMITED else otherwise


def _holder(thing: Mapping[str, object]) -> str:
    holders = (e for e in registry_objects.entities(thing) if "registrant" in e.roles and e.name)
    held_by = next(holders, None)
    return held_by.name if held_by else registry_objects.text(thing, "name")


def _abuse(found: registry.Found) -> tuple[Contact, ...]:
    """The contacts for abuse in an object, those that are there for nothing else first; those of
    the registrar, too, where it says so."""
    wanted = [each for each in registry_objects.entities(found.thing) if "abuse" in each.roles]
    wanted.sort(key=lambda each: len(each.roles))
    return tuple(contact for each in wanted for contact in _contacts(each, "abuse", found))


def _contacts(
    entity: registry_objects.Entity, purpose: str, found: registry.Found
) -> Iterator[Contact]:
    for channel, values in (("email", entity.mails), ("form", entity.forms)):
        for value in values:
            yield Contact(channel, value, purpose, "rdap", found.at)
