"""How the desk works, read from desk.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


class DeskError(Exception):
    """The numbers cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Shares of a case's time, most first; minutes; and a number of looks."""

    marks: tuple[float, ...]
    claim_minutes: int
    break_looks: int
    break_minutes: int
    undo_minutes: int


@cache
def desk() -> Desk:
    """The numbers of this installation; raises :class:`DeskError`."""
    return read(resources.files(__package__).joinpath("desk.toml").read_text("utf-8"))


def read(text: str) -> Desk:
    """The numbers in *text*, TOML with the tables of desk.toml."""
    try:
        tables = tomllib.loads(text)
        marks = tuple(tables["clock"]["marks"])
        numbers = {
            "claim_minutes": tables["claims"]["minutes"],
            "break_looks": tables["breaks"]["looks"],
            "break_minutes": tables["breaks"]["minutes"],
            "undo_minutes": tables["undo"]["minutes"],
        }
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DeskError(f"review/desk.toml cannot be read ({error})") from error
    for name, number in numbers.items():
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise DeskError(f"review/desk.toml: {name.replace('_', ' ')} must be 1 or more")
    is_share = all(isinstance(mark, float) and 0 < mark < 1 for mark in marks)
    if not marks or not is_share or list(marks) != sorted(marks, reverse=True):
        raise DeskError("review/desk.toml: marks must be shares between 0 and 1, the largest first")
    return Desk(marks, **numbers)
