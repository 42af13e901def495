"""Alice points at more addresses: they join her case."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from server.pictures import jpeg, scene
from server.story import (
    alice_reports,
    bob_decides,
    case_of,
    power_fails_at_the_end,
    rows_of,
    run_jobs,
)
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item
from staydown_server.notices.letters import LetterEmpty, LetterTooLong, NoticeTakenBack
from staydown_server.notices.models import Letter
from staydown_server.notices.report import MOST_PLACES
from staydown_server.review.add import NoAddress, NoCaseYet, TooManyPlaces, add_places
from staydown_server.review.status import RowState, status_of
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db


@pytest.fixture
def another(show: Any) -> Item:
    """Another picture of Alice's, on show at Plaza."""
    item: Item = show("another", jpeg(scene(2)))
    return item


def test_added_addresses_are_found_and_searched_for(case: Case, another: Item) -> None:
    """Like those of the notice, with noise around them."""
    add_places(case.notice, f"and here too: {another.url}, please", submission="s")
    assert [row.state for row in status_of(case.notice).rows] == [
        RowState.WAITING,
        RowState.SEARCHING,
    ]
    run_jobs()

    assert [row.item for row in rows_of(case)][1] == another
    assert [row.state for row in status_of(case.notice).rows] == [RowState.WAITING] * 2
    assert Letter.objects.get().content["text"] == f"and here too: {another.url}, please"
    assert audit.verify().is_whole


def test_sent_twice_they_are_added_once(case: Case, another: Item) -> None:
    """And what stands in the case already is not added again."""
    for submission in ("s", "s", "t"):
        add_places(case.notice, another.url, submission=submission)
        run_jobs()

    assert len(rows_of(case)) == 2
    added = [entry.facts["urls"] for entry in Entry.objects.filter(action="places.added")]
    assert added == [1, 0]


def test_an_open_case_keeps_its_clock(case: Case, another: Item) -> None:
    """Nobody's deadline moves because of it."""
    add_places(case.notice, another.url, submission="s")

    before = case.deadline
    case.refresh_from_db()
    assert case.deadline == before


def test_a_closed_case_opens_again(removed_case: Case, another: Item, bob: User) -> None:
    """With a clock that starts now; and closes when they are decided."""
    Case.objects.update(deadline=timezone.now() - timedelta(days=30))

    add_places(removed_case.notice, another.url, submission="s")

    removed_case.refresh_from_db()
    assert removed_case.closed_at is None
    assert timedelta(hours=47) < removed_case.deadline - timezone.now() <= timedelta(hours=48)
    run_jobs()
    bob_decides(removed_case, bob)
    removed_case.refresh_from_db()
    assert removed_case.closed_at is not None


def test_known_addresses_open_nothing_again(removed_case: Case) -> None:
    """There is nothing new to decide."""
    add_places(removed_case.notice, rows_of(removed_case)[0].reported_url, submission="s")

    removed_case.refresh_from_db()
    assert removed_case.closed_at is not None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", LetterEmpty),
        (" \n", LetterEmpty),
        ("somewhere else", NoAddress),
        ("ftp://plaza.example/1", NoAddress),
        ("http://", NoAddress),
        (" ".join(f"https://p.example/{n}" for n in range(MOST_PLACES)), TooManyPlaces),
        ("https://p.example/" + "x" * 10_000, LetterTooLong),
    ],
)
def test_what_cannot_be_added_is_said(case: Case, text: str, error: type[Exception]) -> None:
    """With nothing stored."""
    with pytest.raises(error):
        add_places(case.notice, text, submission="s")

    assert len(rows_of(case)) == 1
    assert not Letter.objects.exists()


def test_before_there_is_a_case_nothing_joins_it(alices_item: Item) -> None:
    """A moment later it does."""
    receipt = alice_reports(alices_item.url)
    with pytest.raises(NoCaseYet):
        add_places(receipt.notice, "https://p.example/1", submission="s")
    assert not Letter.objects.exists()
    run_jobs()

    add_places(receipt.notice, "https://p.example/1", submission="s")

    assert len(rows_of(case_of(receipt))) == 2


def test_a_notice_taken_back_gets_nothing_more(case: Case) -> None:
    """Not even the same again."""
    withdraw(case.notice)

    with pytest.raises(NoticeTakenBack):
        add_places(case.notice, "https://p.example/1", submission="s")


def test_rows_letter_and_line_stand_or_fall_together(case: Case, another: Item) -> None:
    """A power failure leaves none of them."""
    with power_fails_at_the_end():
        add_places(case.notice, another.url, submission="s")

    assert len(rows_of(case)) == 1
    assert not Letter.objects.exists()


def test_the_notice_itself_is_not_altered(case: Case, another: Item) -> None:
    """What arrived first stays as it came."""
    before = case.notice.content
    add_places(case.notice, another.url, submission="s")

    case.notice.refresh_from_db()
    assert case.notice.content == before
