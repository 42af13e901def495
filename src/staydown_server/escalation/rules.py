"""Whom to write to, in which order, and how long each has: read from stages.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any

from django.conf import settings
from django.utils.translation import get_language

from staydown_server.escalation.models import Addressee

#: Which laws a file begins with, by the installation's jurisdictions.
_OF_JURISDICTIONS = {"us": "us", "eu": "eu", "uk": "uk"}


class RulesError(Exception):
    """The file cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Law:
    """What sets a clock, and is named in letters."""

    key: str
    #: By language; English is always there.
    names: Mapping[str, str]
    time: timedelta
    roles: frozenset[str]
    source: str
    #: The kind of body to which one complains; empty where there is none.
    regulator: str
    #: Whose body; empty: of where the person lives.
    country: str

    @property
    def name(self) -> str:
        """In the reader's language where the data has it."""
        return self.names.get(get_language() or "en", self.names["en"])


@dataclass(frozen=True, slots=True)
class Stage:
    """Who is written to together."""

    key: str
    roles: frozenset[str]
    #: Where no law sets a clock.
    time: timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    laws: Mapping[str, Law]
    stages: tuple[Stage, ...]
    #: A role, and the one whose letter it gets.
    letters: Mapping[str, str]
    looks: tuple[timedelta, ...]
    look_every: timedelta

    def stage_of(self, role: str) -> int:
        """The place of the stage in which *role* is written to."""
        return next(at for at, stage in enumerate(self.stages) if role in stage.roles)

    def template_of(self, role: str, law: str) -> str:
        """The name of the letter to *role*; to a regulator, under a *law*."""
        return f"{role}-{law}" if law else self.letters.get(role, role)

    def time_for(self, role: str, laws: list[str]) -> timedelta:
        """How long *role* has: the shortest clock that one of *laws* sets, or the stage's."""
        set_by_law = [self.laws[key].time for key in laws if role in self.laws[key].roles]
        return min(set_by_law, default=self.stages[self.stage_of(role)].time)

    def next_look(self, looked: timedelta) -> timedelta:
        """When the mark after *looked* is, both counted from the opening of the file."""
        later = [mark for mark in self.looks if mark > looked]
        if later:
            return later[0]
        last = self.looks[-1]
        return last + ((looked - last) // self.look_every + 1) * self.look_every


def laws_here() -> list[str]:
    """Those that a new file begins with."""
    here = [_OF_JURISDICTIONS.get(key, "") for key in settings.JURISDICTIONS]
    return [key for key in here if key in rules().laws]


@cache
def rules() -> Rules:
    """Those of stages.toml; raises :class:`RulesError`."""
    return read(resources.files(__package__).joinpath("stages.toml").read_text("utf-8"))


def read(text: str) -> Rules:
    """The rules in *text*, TOML as stages.toml explains; raises :class:`RulesError`."""
    try:
        values = tomllib.loads(text)
        laws = {key: _law(key, each) for key, each in values["laws"].items()}
        stages = tuple(
            Stage(each["key"], frozenset(each["roles"]), _hours(each["hours"]))
            for each in values["stage"]
        )
        letters = values.get("letters", {})
        looks = tuple(_hours(each) for each in values["looks"]["hours"])
        every = _hours(values["looks"]["every"])
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"escalation/stages.toml is not well-formed ({error})") from error
    except (KeyError, TypeError) as error:
        raise RulesError(f"escalation/stages.toml: {error} is missing, or is not a time") from error
    named = [role for stage in stages for role in stage.roles]
    if sorted(named) != sorted(Addressee.Role.values):
        raise RulesError("escalation/stages.toml: each role belongs to one stage, and no other")
    if not looks or list(looks) != sorted(set(looks)):
        raise RulesError("escalation/stages.toml: the hours of looks must rise")
    return Rules(laws, stages, letters, looks, every)


def _law(key: str, values: Mapping[str, Any]) -> Law:
    roles = frozenset(values["roles"])
    if odd := sorted(roles - set(Addressee.Role.values)):
        raise RulesError(f"escalation/stages.toml: {odd[0]!r} is no role")
    return Law(
        key,
        values["name"],
        _hours(values["hours"]),
        roles,
        values["source"],
        values.get("regulator", ""),
        values.get("country", ""),
    )


def _hours(value: object) -> timedelta:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise TypeError(repr(value))
    return timedelta(hours=value)
