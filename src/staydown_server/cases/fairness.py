"""What makes a moderator look twice, and when a sender is suspended, read from fairness.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


class FairnessError(Exception):
    """The numbers cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Marks:
    """From when on a case is marked."""

    unrelated_uploaders: int
    old_days: int
    popular_uploaders: int
    many_notices: int
    many_notices_hours: int


@dataclass(frozen=True, slots=True)
class Senders:
    """From when on a sender is warned, and suspended."""

    unfounded: int
    within_days: int
    after_warning: int
    warning_days: int
    suspended_days: int


@dataclass(frozen=True, slots=True)
class Fairness:
    """Both."""

    marks: Marks
    senders: Senders


@cache
def fairness() -> Fairness:
    """The numbers of this installation; raises :class:`FairnessError`."""
    return read(resources.files(__package__).joinpath("fairness.toml").read_text("utf-8"))


def read(text: str) -> Fairness:
    """The numbers in *text*, TOML with the tables ``marks`` and ``senders``."""
    try:
        tables = tomllib.loads(text)
        read = Fairness(Marks(**tables["marks"]), Senders(**tables["senders"]))
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise FairnessError(f"cases/fairness.toml cannot be read ({error})") from error
    for name, table in tables.items():
        for key, value in table.items():
            # Not below 1: nobody is warned, and nothing marked, for nothing.
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise FairnessError(f"cases/fairness.toml: {name}.{key} must be 1 or more")
    return read
