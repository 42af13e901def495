"""What is shared, how far partners' word counts, and what is a flood: read from rules.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any

from staydown.exchange.hash_list import HOWS

#: What an entry does to an upload that matches it, mildest first. "leave": nothing.
ANSWERS = ("leave", "hold", "block")
#: How our own entries come about.
OWN_HOWS = ("reviewed", "reviewed-by-two", "imported")
CAREFUL = "careful"


class RulesError(Exception):
    """The rules cannot be used; the sentence says why, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How far one partner's word counts."""

    answers: Mapping[str, str]
    lowest_confidence: int
    block_from: int

    def answer(self, how: str, confidence: int) -> str:
        """One of `ANSWERS`, for uploads that match an entry of this kind."""
        if confidence < self.lowest_confidence:
            return "leave"
        answer = self.answers[how]
        return "hold" if answer == "block" and confidence < self.block_from else answer


@dataclass(frozen=True, slots=True)
class Disputes:
    """How many partners must say "wrong" before an entry of ours is lowered, or taken back."""

    lower: int
    withdraw: int


@dataclass(frozen=True, slots=True)
class Flood:
    """When what comes waits for a person."""

    most_a_day: int
    pulled_back_minutes: int
    popular_items: int
    popular_uploaders: int
    matching_a_day: int
    collapse_percent: int
    collapse_entries: int


@dataclass(frozen=True, slots=True)
class Rules:
    share: Mapping[str, bool]
    confidence: Mapping[str, int]
    lasting: timedelta
    renewed_before: timedelta
    disputes: Disputes
    trust: Mapping[str, Trust]
    flood: Flood


@cache
def rules() -> Rules:
    """The rules of this installation; raises :class:`RulesError`."""
    return read(resources.files(__package__).joinpath("rules.toml").read_text("utf-8"))


def read(text: str) -> Rules:
    """The rules in *text*, TOML as in rules.toml; raises :class:`RulesError`."""
    try:
        tables = tomllib.loads(text)
        lasting = tables["lasting"]
        made = Rules(
            share={how: _flag(tables["share"], "share", how) for how in OWN_HOWS},
            confidence={
                name: _number(tables["confidence"], "confidence", name, 0, 100)
                for name in (*OWN_HOWS, "disputed")
            },
            lasting=timedelta(days=_number(lasting, "lasting", "days", 1)),
            renewed_before=timedelta(days=_number(lasting, "lasting", "renew_days", 1)),
            disputes=Disputes(
                **{name: _number(tables["disputes"], "disputes", name) for name in _DISPUTES}
            ),
            trust={name: _trust(table, name) for name, table in tables["trust"].items()},
            flood=Flood(**{name: _number(tables["flood"], "flood", name) for name in _FLOOD}),
        )
    except (tomllib.TOMLDecodeError, KeyError, AttributeError, TypeError) as error:
        raise RulesError(f"sharing/rules.toml cannot be read ({error})") from error
    if CAREFUL not in made.trust:
        raise RulesError(f"sharing/rules.toml needs a table [trust.{CAREFUL}]: the default")
    if made.renewed_before >= made.lasting:
        raise RulesError("sharing/rules.toml: lasting.renew_days must be below lasting.days")
    return made


_DISPUTES = ("lower", "withdraw")
_FLOOD = (
    *("most_a_day", "pulled_back_minutes", "popular_items", "popular_uploaders", "matching_a_day"),
    *("collapse_percent", "collapse_entries"),
)


def _trust(table: Mapping[str, Any], name: str) -> Trust:
    answers = {how: table.get(how) for how in HOWS}
    for how, answer in answers.items():
        if answer not in ANSWERS:
            choices = ", ".join(ANSWERS)
            raise RulesError(f"sharing/rules.toml: trust.{name}.{how} must be one of {choices}")
        # Nobody has looked at them.
        if answer == "block" and how in ("deposited", "imported"):
            raise RulesError(
                f"sharing/rules.toml blocks what is {how}, which no person has looked at: write "
                f'trust.{name}.{how} = "hold"'
            )
    return Trust(
        {how: str(answer) for how, answer in answers.items()},
        _number(table, f"trust.{name}", "lowest_confidence", 0, 100),
        _number(table, f"trust.{name}", "block_from", 0, 100),
    )


def _flag(table: Mapping[str, Any], name: str, key: str) -> bool:
    value = table[key]
    if not isinstance(value, bool):
        raise RulesError(f"sharing/rules.toml: {name}.{key} must be true or false")
    return value


def _number(
    table: Mapping[str, Any], name: str, key: str, least: int = 1, most: int = 1_000_000_000
) -> int:
    value = table[key]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RulesError(f"sharing/rules.toml: {name}.{key} must be a number of {least} or more")
    return value
