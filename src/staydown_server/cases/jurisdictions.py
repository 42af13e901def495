"""The statutory clock of each jurisdiction, read from jurisdictions.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources

from django.conf import settings
from django.utils.translation import get_language


class UnknownJurisdiction(Exception):
    """The settings name a jurisdiction that the file does not have."""


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Where the clock comes from."""

    key: str
    #: By language; English is always there.
    names: Mapping[str, str]
    hours: int
    source: str

    @property
    def name(self) -> str:
        """In the reader's language where the data has it."""
        return self.names.get(get_language() or "en", self.names["en"])

    @property
    def time_to_remove(self) -> timedelta:
        return timedelta(hours=self.hours)


@cache
def jurisdictions() -> dict[str, Jurisdiction]:
    """All of them by key."""
    text = resources.files(__package__).joinpath("jurisdictions.toml").read_text("utf-8")
    return {
        key: Jurisdiction(key, values["name"], values["hours"], values["source"])
        for key, values in tomllib.loads(text).items()
    }


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
