"""Letters both ways: once each, sealed, on record."""

import pytest
from django.db import IntegrityError, connection, transaction

from server.story import ALICE, power_fails_at_the_end
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.audit.models import Entry
from staydown_server.notices import letters
from staydown_server.notices.letters import (
    LONGEST_TEXT,
    LetterEmpty,
    LetterTooLong,
    NoticeTakenBack,
    TooManyLetters,
    write,
)
from staydown_server.notices.models import Letter, Notice
from staydown_server.notices.receive import Receipt
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db


@pytest.fixture
def notice(receipt: Receipt) -> Notice:
    return receipt.notice


def test_a_letter_sent_twice_is_one(notice: Notice) -> None:
    """A second click, or a lost answer."""
    first, is_new = write(notice, "It is also on my old page.", submission="s")
    again, is_new_again = write(notice, "It is also on my old page.", submission="s")

    assert (first, is_new, is_new_again) == (again, True, False)
    assert Letter.objects.count() == 1
    assert Entry.objects.filter(action="letter.written").count() == 1


def test_another_text_and_another_writer_are_other_letters(notice: Notice, bob: User) -> None:
    """Even in the same form: nothing that was typed is lost."""
    for text, by in (("Yes.", None), ("Yes, I am.", None), ("Yes.", bob)):
        write(notice, text, submission="s", by=by)

    assert [letter.content["text"] for letter in letters.of(notice)] == [
        "Yes.",
        "Yes, I am.",
        "Yes.",
    ]


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_a_letter_says_something(notice: Notice, text: str) -> None:
    """Or nothing is stored."""
    with pytest.raises(LetterEmpty):
        write(notice, text, submission="s")
    assert not Letter.objects.exists()


def test_a_letter_is_kept_to_the_letter_or_not_at_all(notice: Notice) -> None:
    """Nothing is cut off."""
    with pytest.raises(LetterTooLong):
        write(notice, "x" * (LONGEST_TEXT + 1), submission="s")
    assert not Letter.objects.exists()
    for text in ("é" * LONGEST_TEXT, " זה אני, ‎그리고 🙂\n<b> ", "x" * LONGEST_TEXT):
        letter, _ = write(notice, text, submission="s")
        letter.refresh_from_db()
        assert letter.content["text"] == text


def test_letters_end_somewhere(notice: Notice, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """On each side for itself: whoever floods us does not silence the desk."""
    monkeypatch.setattr(letters, "MOST_LETTERS", 3)
    for number in range(3):
        write(notice, f"{number}", submission="s")

    with pytest.raises(TooManyLetters):
        write(notice, "3", submission="s")
    assert write(notice, "2", submission="s")[1] is False
    assert write(notice, "Please stop.", submission="s", by=bob)[1]


def test_nothing_is_written_about_a_notice_taken_back(notice: Notice, bob: User) -> None:
    """By nobody."""
    withdraw(notice)

    for by in (None, bob):
        with pytest.raises(NoticeTakenBack):
            write(notice, "Wait.", submission="s", by=by)


def test_letters_are_sealed(notice: Notice, bob: User) -> None:
    """The table tells nothing, and neither does the log."""
    write(notice, f"I am {ALICE}.", submission="s")
    write(notice, "Is it Zebedee’s page?", submission="s", by=bob)

    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM notices_letter")
        stored = b"".join(bytes(row[0]) for row in cursor.fetchall())
    assert ALICE.encode() not in stored
    assert b"Zebedee" not in stored
    assert "Zebedee" not in str(list(Entry.objects.values()))
    assert [entry.actor for entry in Entry.objects.filter(action="letter.written")] == [
        "person",
        str(bob),
    ]
    assert audit.verify().is_whole


def test_a_letter_and_its_line_stand_or_fall_together(notice: Notice) -> None:
    """A power failure leaves neither."""
    with power_fails_at_the_end():
        write(notice, "Yes.", submission="s")

    assert not Letter.objects.exists()
    assert not Entry.objects.filter(action="letter.written").exists()


def test_what_is_read_leaves_the_list(notice: Notice, bob: User) -> None:
    """On record, once; what moderators wrote never was on it."""
    write(notice, "Yes.", submission="s")
    write(notice, "Thank you.", submission="s", by=bob)
    assert letters.unread().count() == 1

    letters.mark_read(notice, by=bob)
    letters.mark_read(notice, by=bob)

    assert not letters.unread().exists()
    assert Entry.objects.filter(action="letters.read").count() == 1


def test_moderators_add_no_addresses(notice: Notice, bob: User) -> None:
    """The table insists."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.create(
            notice=notice,
            kind=Letter.Kind.PLACES,
            written_by=bob,
            content={"text": "x"},
            submission_digest=b"x",
        )
