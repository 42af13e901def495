"""The statutory clock of each jurisdiction, read from jurisdictions.toml."""

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources

from django.conf import settings


class UnknownJurisdiction(Exception):
    """The settings name a jurisdiction that the file does not have."""


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Where the clock comes from."""

    key: str
    name: str
    hours: int
    source: str

    @property
    def time_to_remove(self) -> timedelta:
        return timedelta(hours=self.hours)


@cache
def jurisdictions() -> dict[str, Jurisdiction]:
    """All of them by key."""
    text = resources.files(__package__).joinpath("jurisdictions.toml").read_text("utf-8")
    return {key: Jurisdiction(key=key, **values) for key, values in tomllib.loads(text).items()}


def jurisdiction(key: str) -> Jurisdiction:
    """The jurisdiction called *key*; raises :class:`UnknownJurisdiction`."""
    try:
        return jurisdictions()[key]
    except KeyError:
        known = ", ".join(sorted(jurisdictions()))
        raise UnknownJurisdiction(
            f"no jurisdiction is called {key!r}: choose one of {known}, or several with commas"
        ) from None


def strictest() -> Jurisdiction:
    """The one with the shortest clock of those that apply here: it serves all of them.

    Raises :class:`UnknownJurisdiction`.
    """
    return min(map(jurisdiction, settings.JURISDICTIONS), key=lambda each: each.hours)
