"""Read what registries answer (RFC 9083), whatever they put into it.

Nothing here trusts a shape: a registry leaves out, redacts (RFC 9537) and misspells.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MAIL = re.compile(r"[^\s<>()\[\],;:\"@]+@[^\s<>()\[\],;:\"@]+\.[^\s<>()\[\],;:\"@]+")
#: What registries write where they leave something out.
_REDACTED = re.compile(r"redacted|not disclosed|select (request|contact)", re.IGNORECASE)
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_DEEPEST = 6
_LONGEST = 300
_ORGANISATIONS = ("org", "group")


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody whom an object names."""

    handle: str
    roles: frozenset[str]
    #: The roles of the entities that this one is part of.
    under: frozenset[str]
    name: str
    #: "org", "group", "individual", ...; empty where it is not said.
    kind: str
    #: ISO 3166-1 alpha-2; empty where it is not said so.
    country: str
    mails: tuple[str, ...]
    #: Addresses of forms.
    forms: tuple[str, ...]
    #: By their type, such as "IANA Registrar ID".
    public_ids: Mapping[str, str]


def entities(
    thing: Any, *, under: frozenset[str] = frozenset(), depth: int = 0
) -> Iterator[Entity]:
    """Everybody whom *thing* names, and whom those name in turn, the nearest first."""
    if depth > _DEEPEST:
        return
    named = [each for each in _list(_dict(thing).get("entities")) if isinstance(each, dict)]
    for each in named:
        yield _entity(each, under)
    for each in named:
        yield from entities(each, under=under | _roles(each), depth=depth + 1)


def text(thing: Any, key: str) -> str:
    """The text at *key*; empty where there is none, or none that says anything."""
    value = _dict(thing).get(key)
    return _said(value)


def country(thing: Any) -> str:
    """ISO 3166-1 alpha-2; empty where it is not said so."""
    value = text(thing, "country")
    return value.upper() if _COUNTRY.fullmatch(value) else ""


def prefixes(thing: Any) -> tuple[str, ...]:
    """The networks of an IP network (the extension cidr0), or else its first and last address."""
    found = []
    for each in _list(_dict(thing).get("cidr0_cidrs")):
        prefix = text(each, "v4prefix") or text(each, "v6prefix")
        length = _dict(each).get("length")
        if prefix and isinstance(length, int):
            found.append(f"{prefix}/{length}")
    first, last = text(thing, "startAddress"), text(thing, "endAddress")
    return tuple(found) or ((f"{first} - {last}",) if first and last else ())


def related(thing: Any) -> str:
    """Where another registry says more of the same object; empty where it is not said."""
    for link in _list(_dict(thing).get("links")):
        if text(link, "rel") == "related" and text(link, "type") == "application/rdap+json":
            return text(link, "href")
    return ""


def without_persons(thing: Any, *, depth: int = 0) -> Any:
    """*thing* without the people in it: of whom we keep only what a letter needs, the contacts
    for abuse, the registrar, and an organisation that holds a network."""
    if not isinstance(thing, dict) or depth > _DEEPEST:
        return thing
    kept = []
    for each in _list(thing.get("entities")):
        if not isinstance(each, dict):
            continue
        named = _entity(each, frozenset())
        inner = without_persons(each, depth=depth + 1)
        is_holder = "registrant" in named.roles and named.kind in _ORGANISATIONS
        if named.roles & {"abuse", "registrar"} or is_holder:
            kept.append(inner)
        elif inner.get("entities"):
            kept.append({key: inner[key] for key in ("roles", "entities") if key in inner})
    return {**thing, "entities": kept} if "entities" in thing else thing


def one_line(said: str, longest: int) -> str:
    """*said* by a stranger, for letters and pages: nothing that ends a header, or turns the
    direction of what follows."""
    line = " ".join(said.split())
    return "".join(letter for letter in line if letter.isprintable())[:longest]


def _entity(thing: dict[str, Any], under: frozenset[str]) -> Entity:
    card = list(_card(thing))
    mails: list[str] = []
    forms: list[str] = []
    for name, _, value in card:
        if name not in ("email", "contact-uri", "url"):
            continue
        said = _said(value).removeprefix("mailto:")
        if _MAIL.fullmatch(said):
            mails.append(said)
        # Registries put the address of a form where they redact a mail address. A "url" is a
        # home page.
        elif name != "url" and said.startswith("https://") and " " not in said:
            forms.append(said)
    ids = {
        text(each, "type"): text(each, "identifier")
        for each in _list(thing.get("publicIds"))
        if text(each, "type") and text(each, "identifier")
    }
    names = [_said(value) for wanted in ("fn", "org") for name, _, value in card if name == wanted]
    kinds = [_said(value).lower() for name, _, value in card if name == "kind"]
    return Entity(
        handle=text(thing, "handle"),
        roles=_roles(thing),
        under=under,
        name=next(filter(None, names), ""),
        kind=next(iter(kinds), ""),
        country=next(filter(None, (_card_country(*field) for field in card)), ""),
        mails=tuple(dict.fromkeys(mails)),
        forms=tuple(dict.fromkeys(forms)),
        public_ids=ids,
    )


def _card(thing: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """The fields of its jCard (RFC 7095): name, parameters, value."""
    card = _list(thing.get("vcardArray"))
    for field in _list(card[1]) if len(card) > 1 else []:
        if isinstance(field, list) and len(field) >= 4 and isinstance(field[0], str):
            yield field[0].lower(), _dict(field[1]), field[3]


def _card_country(name: str, parameters: dict[str, Any], value: Any) -> str:
    if name != "adr":
        return ""
    # RFC 8605 has the code as a parameter; many write it where the country's name belongs.
    parts = _list(value)
    for said in (_said(parameters.get("cc")), _said(parts[-1]) if parts else ""):
        if _COUNTRY.fullmatch(said):
            return said.upper()
    return ""


def _roles(thing: dict[str, Any]) -> frozenset[str]:
    return frozenset(role.lower() for role in _list(thing.get("roles")) if isinstance(role, str))


def _said(value: Any) -> str:
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str) or _REDACTED.search(value):
        return ""
    return one_line(value, _LONGEST)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
