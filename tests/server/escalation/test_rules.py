"""Stages and clocks: data, with a sentence where they cannot be used."""

from datetime import timedelta
from importlib import resources
from typing import Any

import pytest

from staydown_server.escalation.rules import RulesError, laws_here, read, rules

TEXT = resources.files("staydown_server.escalation").joinpath("stages.toml").read_text("utf-8")


def test_every_law_says_where_its_clock_comes_from() -> None:
    for law in rules().laws.values():
        assert law.source
        assert law.time >= timedelta(hours=1)
        assert set(law.names) >= {"en", "fr"}


def test_the_shortest_clock_runs() -> None:
    """Of the laws that set one for the role; otherwise the stage's own."""
    changed = read(TEXT.replace("hours = 48", "hours = 24", 1))

    assert changed.time_for("host", ["us", "eu"]) == timedelta(hours=24)
    assert changed.time_for("host", ["eu"]) == timedelta(hours=48)
    assert changed.time_for("registrar", ["us", "eu"]) == timedelta(hours=72)


@pytest.mark.parametrize(
    ("looked", "then"),
    [(0, 24), (24, 48), (47, 48), (96, 168), (719, 720), (720, 1440), (1500, 2160)],
)
def test_the_next_look_is_at_the_next_mark(looked: int, then: int) -> None:
    assert rules().next_look(timedelta(hours=looked)) == timedelta(hours=then)


def test_a_file_begins_with_the_laws_of_the_installation(settings: Any) -> None:
    settings.JURISDICTIONS = ("eu", "in", "us")

    assert laws_here() == ["eu", "us"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[looks]", "[looks", "well-formed"),
        ('roles = ["hosting", "cdn"]\nhours = 48', 'roles = ["hosting"]\nhours = 48', "one stage"),
        ('roles = ["host", "hosting"]', 'roles = ["janitor"]', "'janitor' is no role"),
        ("every = 720", "", "'every' is missing"),
        ("every = 720", "every = -1", "-1 is missing, or is not a time"),
        ("hours = [24, 48,", "hours = [48, 24,", "must rise"),
    ],
)
def test_stages_that_cannot_be_used_are_told(old: str, new: str, told: str) -> None:
    assert old in TEXT

    with pytest.raises(RulesError, match=told):
        read(TEXT.replace(old, new, 1))
