"""How long what is personal stays, read from retention.toml."""

import tomllib
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from functools import cache
from importlib import resources

from django.conf import settings

from staydown_server.cases.jurisdictions import jurisdictions


class RetentionError(Exception):
    """The times cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The times of one jurisdiction; retention.toml says what each is."""

    appeal: timedelta
    notice: timedelta
    held_upload: timedelta
    deposit: timedelta
    ended_deposit: timedelta
    job: timedelta
    change: timedelta
    lookup: timedelta
    answer: timedelta

    @property
    def after_closing(self) -> timedelta:
        """From the end of a case to the end of what people told us about it."""
        return self.appeal + self.notice


@cache
def retentions() -> dict[str, Retention]:
    """All of them by jurisdiction; raises :class:`RetentionError`."""
    return read(resources.files(__package__).joinpath("retention.toml").read_text("utf-8"))


def retention(*keys: str) -> Retention:
    """That of the jurisdictions called *keys* together.

    The time to appeal is the longest of theirs; everything else goes by the shortest.
    """
    times = [asdict(retentions()[key]) for key in keys]
    shortest = {name: min(each[name] for each in times) for name in times[0]}
    return Retention(**{**shortest, "appeal": max(each["appeal"] for each in times)})


def retention_here() -> Retention:
    """That of all jurisdictions of this installation."""
    return retention(*settings.JURISDICTIONS)


def read(text: str) -> dict[str, Retention]:
    """The times in *text*, TOML with a table for all and one for each that differs."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RetentionError(f"cases/retention.toml is not well-formed ({error})") from error
    if unknown := sorted(set(tables) - {"all", *jurisdictions()}):
        raise RetentionError(f"cases/retention.toml names {unknown[0]!r}, which is no jurisdiction")
    common = tables.get("all", {})
    return {key: _retention(common | tables.get(key, {})) for key in jurisdictions()}


def _retention(days: dict[str, object]) -> Retention:
    names = {field.name for field in fields(Retention)}
    if wrong := sorted(names ^ set(days)):
        raise RetentionError(f"cases/retention.toml: {wrong[0]!r} is missing, or is not a time")
    times = {}
    for name, value in days.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise RetentionError(f"cases/retention.toml: {name!r} must be a number of days")
        times[name] = timedelta(days=value)
    return Retention(**times)
