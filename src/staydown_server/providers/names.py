"""What the DNS says: the addresses of a name, its mail servers, the system of an address.

Asked through dnspython at the machine's resolvers, or at those in the settings.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import dns.exception
import dns.nameserver
import dns.rdatatype
import dns.resolver
from django.conf import settings

from staydown_server.catalogue.connection import IPAddress
from staydown_server.providers.found import Reason
from staydown_server.providers.keep import asked

LIFETIME_SECONDS = 8.0
#: For whom to write to; and for where to go, where a new answer may matter.
FRESH = timedelta(hours=1)
FRESH_TO_GO = timedelta(minutes=5)
#: Networks change hands seldom.
FRESH_SYSTEM = timedelta(days=1)
_MOST_VALUES = 50


class NotResolved(Exception):
    """The DNS has nothing to say, or does not answer; *reason* says which."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Records:
    """What one name has of one type."""

    values: tuple[str, ...]
    #: The names that it stands for, in turn (CNAME).
    aliases: tuple[str, ...]
    #: The primary key of the answer, and when it came.
    source: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a name leads."""

    addresses: tuple[IPAddress, ...]
    aliases: tuple[str, ...]
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class System:
    """The autonomous system that announces an address."""

    number: str
    name: str
    #: Where it is registered: ISO 3166-1 alpha-2.
    country: str
    network: str
    sources: tuple[int, ...]


def addresses_of(host: str, *, fresh: timedelta = FRESH) -> Addresses:
    """The IP addresses of *host*, a name or an IP address itself, wherever they lead; IPv4 first.

    Raises :class:`NotResolved`.
    """
    try:
        return Addresses((ipaddress.ip_address(host),), (), ())
    except ValueError:
        pass
    found: list[Records] = []
    failed: NotResolved | None = None
    for kind in ("A", "AAAA"):
        try:
            found.append(records(host, kind, fresh=fresh))
        except NotResolved as error:
            failed = error
            if error.reason == Reason.NO_SUCH_NAME:
                break
    values = [value for each in found for value in each.values]
    if not values:
        raise failed or NotResolved(Reason.NO_ADDRESS)
    return Addresses(
        tuple(map(ipaddress.ip_address, dict.fromkeys(values))),
        tuple(dict.fromkeys(alias for each in found for alias in each.aliases)),
        tuple(each.source for each in found),
    )


def mail_servers(domain: str) -> Records:
    """The servers that take mail for *domain*, the first choice first; none where it takes none.

    Raises :class:`NotResolved`.
    """
    found = records(domain, "MX")
    ranked = sorted((int(rank), name) for rank, name in (each.split() for each in found.values))
    # A single dot: it takes no mail at all (RFC 7505).
    names = tuple(name.rstrip(".").lower() for _, name in ranked if name != ".")
    return Records(names, found.aliases, found.source, found.at)


def system_of(address: IPAddress) -> System:
    """The autonomous system of *address*, as Team Cymru's zones have it.

    https://www.team-cymru.com/ip-asn-mapping . Raises :class:`NotResolved`.
    """
    zone = "origin.asn.cymru.com" if address.version == 4 else "origin6.asn.cymru.com"
    back = address.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    origin = records(f"{back}.{zone}", "TXT", fresh=FRESH_SYSTEM)
    fields = _fields(origin, 3)
    # An address that several systems announce has several numbers.
    number = fields[0].split()[0] if fields[0] else ""
    if not number.isdecimal():
        raise NotResolved(Reason.WRONG_ANSWER)
    sources: tuple[int, ...] = (origin.source,)
    name = ""
    try:
        named = records(f"AS{number}.asn.cymru.com", "TXT", fresh=FRESH_SYSTEM)
        name, sources = _fields(named, 5)[4], (*sources, named.source)
    except NotResolved:
        # The number alone says who it is, too.
        pass
    return System(number, name, fields[2], fields[1], sources)


def _fields(records: Records, count: int) -> list[str]:
    fields = [field.strip() for field in records.values[0].split("|")] if records.values else []
    if len(fields) < count:
        raise NotResolved(Reason.WRONG_ANSWER if fields else Reason.NOT_FOUND)
    return fields


def records(name: str, kind: str, *, fresh: timedelta = FRESH) -> Records:
    """What *name* has of type *kind*, as text; nothing where it has none.

    Raises :class:`NotResolved`.
    """
    kept = asked("dns", f"{name} {kind}", fresh=fresh, ask=lambda: _ask(name, kind))
    if kept.answer["state"] == Reason.NO_SUCH_NAME:
        raise NotResolved(Reason.NO_SUCH_NAME)
    values, aliases = tuple(kept.answer["values"]), tuple(kept.answer["aliases"])
    return Records(values, aliases, kept.pk, kept.at)


def _ask(name: str, kind: str) -> tuple[Mapping[str, Any], str]:
    resolver = _resolver()
    try:
        answer = resolver.resolve(
            name, kind, raise_on_no_answer=False, lifetime=LIFETIME_SECONDS, search=False
        )
    except dns.resolver.NXDOMAIN:
        return {"state": Reason.NO_SUCH_NAME, "values": [], "aliases": []}, "DNS"
    except dns.exception.Timeout:
        raise NotResolved(Reason.TIMEOUT) from None
    except dns.resolver.NoNameservers:
        raise NotResolved(Reason.UNREACHABLE) from None
    except (dns.exception.DNSException, ValueError, OSError):
        # A name that cannot be asked for, or an answer that cannot be read.
        raise NotResolved(Reason.WRONG_ANSWER) from None
    values = [_text(record) for record in answer.rrset or ()][:_MOST_VALUES]
    aliases = [
        record.target.to_text(omit_final_dot=True).lower()
        for rrset in answer.response.answer
        if rrset.rdtype == dns.rdatatype.CNAME
        for record in rrset
    ]
    source = f"DNS, {answer.nameserver}"
    return {"state": "found", "values": values, "aliases": aliases[:_MOST_VALUES]}, source


def _text(record: Any) -> str:
    if record.rdtype == dns.rdatatype.TXT:
        return b"".join(record.strings).decode("utf-8", "replace")
    return str(record.to_text())


def _resolver() -> dns.resolver.Resolver:
    if not settings.LOOKUP_RESOLVERS:
        return dns.resolver.Resolver()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [
        dns.nameserver.Do53Nameserver(address, port) for address, port in settings.LOOKUP_RESOLVERS
    ]
    return resolver
