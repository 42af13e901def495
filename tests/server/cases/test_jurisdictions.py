"""Clocks are data."""

from datetime import timedelta

import pytest
from django.utils import translation

from staydown_server.cases.jurisdictions import UnknownJurisdiction, jurisdiction, jurisdictions


@pytest.mark.parametrize(("key", "hours"), [("us", 48), ("uk", 48), ("in", 24), ("eu", 48)])
def test_each_clock_is_that_of_its_law(key: str, hours: int) -> None:
    """With its source beside it."""
    clock = jurisdiction(key)

    assert clock.time_to_remove == timedelta(hours=hours)
    assert clock.key == key
    assert clock.name
    assert clock.source


def test_an_unknown_place_is_an_error_that_lists_the_known_ones() -> None:
    """Whoever runs the installation reads what to write."""
    with pytest.raises(UnknownJurisdiction, match=r"'atlantis'.*eu, in, uk, us"):
        jurisdiction("atlantis")
    assert set(jurisdictions()) >= {"us", "uk", "in", "eu"}


def test_its_name_is_in_the_readers_language() -> None:
    """English, where the data has no other."""
    assert jurisdiction("us").name == "United States"
    with translation.override("fr"):
        assert jurisdiction("us").name == "États-Unis"
    with translation.override("de"):
        assert jurisdiction("us").name == "United States"
