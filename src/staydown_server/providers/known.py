"""What we know of providers beforehand: the files in ``data/``, each entry with its source.

The files in the folder of the setting ``STAYDOWN_PROVIDER_DATA`` replace ours of the same name.
"""

import ipaddress
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from staydown_server.catalogue.connection import IPAddress, IPNetwork
from staydown_server.providers.found import Contact

_Entry = TypeVar("_Entry")

CHANNELS = ("email", "form", "post")
PURPOSES = ("abuse", "ncii", "dsa", "legal", "general")
KINDS = ("search", "payment", "regulator", "dsc", "trusted-flagger", "police")


class DataError(Exception):
    """A data file cannot be read as one; the sentence says where and why."""


@dataclass(frozen=True, slots=True)
class Cdn:
    """A delivery network, and what tells that a site is behind it."""

    name: str
    networks: tuple[IPNetwork, ...]
    #: Names, or what names end with.
    aliases: tuple[str, ...]
    #: Numbers of autonomous systems.
    systems: frozenset[str]
    #: Names of headers in lower case, each with what its value holds.
    headers: tuple[tuple[str, str], ...]
    source: str
    seen: date


@dataclass(frozen=True, slots=True)
class Known:
    """A provider that says how it wants to be told."""

    name: str
    country: str
    domains: tuple[str, ...]
    systems: frozenset[str]
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """Somebody else who can be told."""

    #: One of `KINDS`.
    kind: str
    name: str
    #: ISO 3166-1 alpha-2; empty for everywhere.
    country: str
    contacts: tuple[Contact, ...]
    source: str
    seen: date


def cdn_of(
    *,
    addresses: Iterable[IPAddress] = (),
    aliases: Iterable[str] = (),
    system: str = "",
    headers: Mapping[str, str] | None = None,
) -> Cdn | None:
    """The delivery network that any of these tells of; names of *headers* in lower case."""
    places, names, sent = tuple(addresses), tuple(aliases), headers or {}
    for each in cdns():
        if (
            any(place in network for place in places for network in each.networks)
            or any(_is_under(name, alias) for name in names for alias in each.aliases)
            or system in each.systems
            or any(
                part.lower() in sent[name].lower() for name, part in each.headers if name in sent
            )
        ):
            return each
    return None


def provider(*, name: str = "", domain: str = "", system: str = "") -> Known | None:
    """The provider of that name, or under that domain, or with that system."""
    for each in providers():
        if (
            (name and name == each.name)
            or any(_is_under(domain, own) for own in each.domains)
            or (system and system in each.systems)
        ):
            return each
    return None


def bodies(kind: str, *, country: str | None = None) -> tuple[Body, ...]:
    """Those of *kind*, one of `KINDS`; of a *country* where one is given, and of everywhere."""
    return tuple(
        each
        for each in _bodies(settings.PROVIDER_DATA)
        if each.kind == kind and (country is None or each.country in (country, ""))
    )


def read_all() -> None:
    """Raises :class:`DataError` for a file that cannot be used."""
    cdns()
    providers()
    _bodies(settings.PROVIDER_DATA)


def cdns() -> tuple[Cdn, ...]:
    return _cdns(settings.PROVIDER_DATA)


def providers() -> tuple[Known, ...]:
    return _providers(settings.PROVIDER_DATA)


def _is_under(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


@cache
def _cdns(folder: str) -> tuple[Cdn, ...]:
    def read(entry: dict[str, Any]) -> Cdn:
        return Cdn(
            entry["name"],
            tuple(map(ipaddress.ip_network, entry["networks"])),
            tuple(entry["aliases"]),
            frozenset(entry["systems"]),
            tuple((name, part) for name, part in entry["headers"]),
            entry["source"],
            entry["seen"],
        )

    return _read(folder, "cdn", read)


@cache
def _providers(folder: str) -> tuple[Known, ...]:
    def read(entry: dict[str, Any]) -> Known:
        return Known(
            entry["name"],
            entry["country"],
            tuple(entry["domains"]),
            frozenset(entry["systems"]),
            tuple(_contact(each, each) for each in entry.get("contact", ())),
        )

    return _read(folder, "contacts", read, key="provider")


@cache
def _bodies(folder: str) -> tuple[Body, ...]:
    def read(entry: dict[str, Any]) -> Body:
        if entry["kind"] not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        return Body(
            entry["kind"],
            entry["name"],
            entry["country"],
            tuple(_contact(each, entry) for each in entry.get("contact", ())),
            entry["source"],
            entry["seen"],
        )

    return _read(folder, "bodies", read, key="body")


def _contact(values: dict[str, Any], entry: dict[str, Any]) -> Contact:
    if values["channel"] not in CHANNELS or values["purpose"] not in PURPOSES:
        raise ValueError(
            f"channel is one of {', '.join(CHANNELS)}, purpose one of {', '.join(PURPOSES)}"
        )
    seen_at = datetime.combine(entry["seen"], time(), UTC)
    return Contact(values["channel"], values["value"], values["purpose"], entry["source"], seen_at)


def _read(
    folder: str, file: str, read: Callable[[dict[str, Any]], _Entry], *, key: str = ""
) -> tuple[_Entry, ...]:
    ours = resources.files(__package__).joinpath("data", f"{file}.toml")
    theirs = Path(folder) / f"{file}.toml"
    place = theirs if folder and theirs.is_file() else ours
    try:
        return tuple(read(entry) for entry in tomllib.loads(place.read_text("utf-8"))[key or file])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file}.toml of the providers cannot be used ({type(error).__name__}: {error}): "
            "compare it with the one that is shipped"
        ) from error
