"""People who help, by country, read from helplines.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from django.utils.translation import get_language


@dataclass(frozen=True, slots=True)
class Line:
    """One help line: its page always, its number if it has one."""

    name: str
    url: str
    phone: str
    what: str


@dataclass(frozen=True, slots=True)
class Country:
    name: str
    lines: tuple[Line, ...]


def helplines() -> tuple[Country, ...]:
    """All of them, in the reader's language where the data has it."""
    return _helplines(get_language() or "en")


@cache
def _helplines(language: str) -> tuple[Country, ...]:
    def said(texts: Mapping[str, str]) -> str:
        return texts.get(language, texts["en"])

    def line(values: dict[str, Any]) -> Line:
        what = said(values["what"])
        return Line(values["name"], values["url"], values.get("phone", ""), what)

    text = resources.files(__package__).joinpath("helplines.toml").read_text("utf-8")
    return tuple(
        Country(said(values["country"]), tuple(line(entry) for entry in values["line"]))
        for values in tomllib.loads(text)["country"]
    )
