"""The data files: each entry has a source and a date, and what is broken says so."""

import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from staydown_server.providers import known
from staydown_server.providers.found import ByHand, Reason, Step


def test_each_entry_has_a_source_and_a_date() -> None:
    """Which somebody can follow."""
    entries = [*known.cdns(), *(body for kind in known.KINDS for body in known.bodies(kind))]

    assert len(entries) > 30
    for entry in entries:
        assert "https://" in entry.source
        assert datetime.date(2026, 1, 1) <= entry.seen <= datetime.date.today()  # noqa: DTZ011


def test_each_contact_can_be_used() -> None:
    """An address of a form, or of mail."""
    bodies = [body for kind in known.KINDS for body in known.bodies(kind)]
    contacts = [each for one in (*known.providers(), *bodies) for each in one.contacts]

    assert contacts
    for contact in contacts:
        assert contact.source.startswith(("https://", "TAKE IT DOWN Act"))
        if contact.channel == "form":
            assert urlsplit(contact.value).scheme == "https"
        else:
            assert contact.value.count("@") == 1


def test_bodies_are_found_by_country() -> None:
    """And those of everywhere."""
    assert [each.name for each in known.bodies("dsc", country="FR")] == ["Arcom"]
    assert {each.name for each in known.bodies("regulator", country="US")} == {
        "Federal Trade Commission",
        "ICANN Contractual Compliance",
    }
    assert {each.country for each in known.bodies("trusted-flagger")} == {"FR", "DE"}


def test_an_operator_may_keep_files_of_their_own(settings: Any, tmp_path: Path) -> None:
    """One replaces ours of that name, the others stay."""
    (tmp_path / "bodies.toml").write_text(
        '[[body]]\nkind = "police"\nname = "Ours"\ncountry = "BE"\n'
        'source = "https://police.example/"\nseen = 2026-11-01\n'
    )
    settings.PROVIDER_DATA = str(tmp_path)

    assert [each.name for each in known.bodies("police")] == ["Ours"]
    assert known.bodies("search") == ()
    assert known.cdns()


@pytest.mark.parametrize(
    "content",
    ["[[body", "", '[[body]]\nname = "x"\n', '[[body]]\nkind = "club"\n', "body = 3\n"],
)
def test_a_broken_file_says_where(settings: Any, tmp_path: Path, content: str) -> None:
    """And what to compare it with."""
    (tmp_path / "bodies.toml").write_text(content)
    settings.PROVIDER_DATA = str(tmp_path)

    with pytest.raises(known.DataError, match=r"bodies\.toml .* shipped"):
        known.bodies("dsc")


def test_a_broken_file_is_refused_at_the_start(settings: Any, tmp_path: Path) -> None:
    """Not found out when the first letter has no addressee."""
    from staydown_server.project import commands

    (tmp_path / "cdn.toml").write_text("[[cdn]]\nname = 3\n")
    settings.PROVIDER_DATA = str(tmp_path)

    with pytest.raises(commands._CannotStart, match=r"cdn\.toml"):
        commands._check_data()


def test_the_codes_are_in_the_documentation() -> None:
    """Whoever shows a trouble finds what it means."""
    page = (Path(__file__).parents[3] / "docs" / "providers.md").read_text()

    missing = [code for kind in (Step, Reason, ByHand) for code in kind if f"`{code}`" not in page]
    assert missing == []
