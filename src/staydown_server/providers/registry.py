"""Ask the registries (RDAP): who holds an IP address, and who registered a domain for others.

Which registry is responsible, IANA's bootstrap files say (RFC 9224); how to ask it, RFC 9082.
Why this is our own: ``docs/decisions/0012-rdap.md``.
"""

import ipaddress
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from django.conf import settings

from staydown_server.catalogue.connection import Answer, IPAddress
from staydown_server.providers import registry_objects
from staydown_server.providers.found import Reason
from staydown_server.providers.keep import asked
from staydown_server.providers.servers import LONGEST_TURN, Busy, turn_at
from staydown_server.providers.visit import NotVisited, follow, lower, visit

FRESH = timedelta(days=1)
FRESH_BOOTSTRAP = timedelta(days=7)
#: IANA's list of domains has about 100 kB.
LARGEST_ANSWER = 2_000_000
_ACCEPT = {"Accept": "application/rdap+json, application/json;q=0.9"}


class NotAnswered(Exception):
    """The registry says nothing about it; *reason* says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Found:
    """An object of a registry."""

    thing: Mapping[str, Any]
    #: The primary key of the answer, where it came from, and when.
    source: int
    server: str
    at: datetime


def network(address: IPAddress) -> Found:
    """The IP network that *address* is part of; raises :class:`NotAnswered`."""
    bases = _bases(f"ipv{address.version}.json")
    fitting = [
        (net.prefixlen, urls)
        for entry, urls in bases
        if (net := _network(entry)) is not None and address in net
    ]
    return _object(fitting, f"ip/{address}", "ip network")


def domain(name: str) -> Found:
    """The domain *name*; raises :class:`NotAnswered`."""
    labels = name.lower().split(".")
    endings = {".".join(labels[start:]): len(labels) - start for start in range(1, len(labels))}
    fitting = [
        (endings[entry.lower()], urls)
        for entry, urls in _bases("dns.json")
        if entry.lower() in endings
    ]
    return _object(fitting, f"domain/{quote(name)}", "domain")


def at(url: str) -> Found:
    """The object at *url*, which another registry named; raises :class:`NotAnswered`."""
    return _read(url, FRESH, "domain")


def _object(fitting: list[tuple[int, list[str]]], path: str, kind: str) -> Found:
    if not fitting:
        raise NotAnswered(Reason.NO_SERVER)
    # The longest match counts (RFC 9224, 4 and 5.1).
    _, urls = max(fitting, key=lambda each: each[0])
    secure = [url for url in urls if not _is_plain(url)]
    usable = secure or [url for url in urls if _is_plain(settings.RDAP_BOOTSTRAP)]
    if not usable:
        raise NotAnswered(Reason.NO_SERVER)
    base = usable[0] if usable[0].endswith("/") else usable[0] + "/"
    return _read(urljoin(base, path), FRESH, kind)


def _is_plain(url: str) -> bool:
    """Without TLS anybody on the way could name themselves as the contact: only for fakes."""
    return urlsplit(url).scheme == "http"


def _bases(file: str) -> Iterator[tuple[str, list[str]]]:
    """What a bootstrap file says: an entry, and where its registry is asked."""
    found = _read(urljoin(settings.RDAP_BOOTSTRAP, file), FRESH_BOOTSTRAP, "").thing
    services = found.get("services")
    if not isinstance(services, list):
        raise NotAnswered(Reason.WRONG_ANSWER)
    for service in services:
        if not (isinstance(service, list) and len(service) == 2):
            continue
        entries, urls = service
        if isinstance(entries, list) and isinstance(urls, list):
            addresses = [url for url in urls if isinstance(url, str)]
            yield from ((entry, addresses) for entry in entries if isinstance(entry, str))


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry)
    except ValueError:
        return None


def _read(url: str, fresh: timedelta, kind: str) -> Found:
    kept = asked("rdap", url, fresh=fresh, ask=lambda: _ask(url, kind))
    if kept.answer["status"] == 404:
        raise NotAnswered(Reason.NOT_FOUND)
    server = urlsplit(kept.source).hostname or ""
    return Found(kept.answer["object"], kept.pk, server, kept.at)


def _ask(url: str, kind: str) -> tuple[Mapping[str, Any], str]:
    try:
        answer, chain = follow(url, _politely)
    except Busy:
        raise NotAnswered(Reason.RATE_LIMITED) from None
    except NotVisited as error:
        raise NotAnswered(error.reason) from None
    if answer.status == 404:
        return {"status": 404}, chain[-1]
    if answer.status == 429:
        raise NotAnswered(Reason.RATE_LIMITED)
    if answer.status >= 500:
        raise NotAnswered(Reason.UNREACHABLE)
    try:
        thing = json.loads(answer.body) if answer.status == 200 else None
    except (ValueError, RecursionError):
        thing = None
    if not isinstance(thing, dict) or (kind and thing.get("objectClassName") != kind):
        raise NotAnswered(Reason.WRONG_ANSWER)
    return {"status": 200, "object": registry_objects.without_persons(thing)}, chain[-1]


def _politely(url: str) -> Answer:
    if _is_plain(url) and not _is_plain(settings.RDAP_BOOTSTRAP):
        raise NotVisited(Reason.WRONG_ANSWER)
    with turn_at(urlsplit(url).netloc) as turn:
        answer = visit(
            url,
            # Others wait for the turn to end.
            ends_at=time.monotonic() + LONGEST_TURN.total_seconds() - 5,
            wants=lambda status, _headers: LARGEST_ANSWER if status == 200 else 0,
            headers=_ACCEPT,
        )
        if answer.status in (429, 503):
            turn.refused(lower(answer.headers))
        return answer
