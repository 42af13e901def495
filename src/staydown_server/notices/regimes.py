"""What each law asks a notice to hold, read from regimes.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Regime:
    """One law's notice: its elements, each with the fields of the form that collect it."""

    source: str
    elements: Mapping[str, tuple[str, ...]]
    nameless_for_minors: bool


@cache
def regimes() -> dict[str, Regime]:
    """All of them, by the key of their jurisdiction."""
    text = resources.files(__package__).joinpath("regimes.toml").read_text("utf-8")
    return {
        key: Regime(
            source=values["source"],
            elements={name: tuple(fields) for name, fields in values["elements"].items()},
            nameless_for_minors=values["nameless_for_minors"],
        )
        for key, values in tomllib.loads(text).items()
    }


def may_be_nameless() -> bool:
    """Whether a law that applies here takes a notice about somebody under 18 without a name."""
    return any(regimes()[key].nameless_for_minors for key in settings.JURISDICTIONS)
