"""Bob asks, reads what came, and finds it in the queue."""

from typing import Any

import pytest
from django.test import Client

from server.web.pages import text, value_of
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case
from staydown_server.notices import letters
from staydown_server.notices.letters import write
from staydown_server.notices.models import Letter
from staydown_server.review.ask import ask, unread_cases
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db


def test_an_answer_waits_in_the_queue_until_it_is_read(
    bobs_browser: Client, case: Case, bob: User
) -> None:
    """Then it stays with the case."""
    ask(case, "Which one is you?", submission="b", by=bob)
    assert f"/desk/cases/{case.pk}/#letters" not in text(bobs_browser.get("/desk/"))
    write(case.notice, "The <i>left</i> one.", submission="a")

    assert f"/desk/cases/{case.pk}/#letters" in text(bobs_browser.get("/desk/"))
    page = text(bobs_browser.get(f"/desk/cases/{case.pk}/"))
    assert "The &lt;i&gt;left&lt;/i&gt; one." in page
    assert "Which one is you?" in page
    bobs_browser.post(f"/desk/cases/{case.pk}/read/")

    assert f"/desk/cases/{case.pk}/#letters" not in text(bobs_browser.get("/desk/"))
    page = text(bobs_browser.get(f"/desk/cases/{case.pk}/"))
    assert "one." in page
    assert f"/desk/cases/{case.pk}/read/" not in page


def test_whoever_asks_again_has_read_the_answer(case: Case, bob: User) -> None:
    """One click less."""
    write(case.notice, "Hello?", submission="a")
    assert list(unread_cases()) == [case]

    ask(case, "Yes?", submission="b", by=bob)

    assert list(unread_cases()) == []


def test_a_question_sent_twice_is_one(bobs_browser: Client, case: Case) -> None:
    """The form names itself."""
    form = f"/desk/cases/{case.pk}/"
    submission = value_of(bobs_browser.get(form), "submission")
    assert submission != value_of(bobs_browser.get(form), "submission")

    for _ in range(2):
        sent = {"letter": "Is this you?\x00", "submission": submission}
        assert bobs_browser.post(f"{form}ask/", sent).status_code == 302

    (letter,) = Letter.objects.all()
    assert letter.content["text"] == "Is this you?"


@pytest.mark.parametrize(
    ("typed", "sentence"), [("", "write something"), ("x" * 10_001, "shorten")]
)
def test_a_question_that_cannot_be_sent_says_why(
    bobs_browser: Client, case: Case, typed: str, sentence: str
) -> None:
    """With what was typed, and the same name."""
    answer = bobs_browser.post(
        f"/desk/cases/{case.pk}/ask/", {"letter": typed, "submission": "mine"}
    )

    assert answer.status_code == 422
    assert sentence in text(answer)
    assert value_of(answer, "letter") == typed
    assert value_of(answer, "submission") == "mine"
    assert not Letter.objects.exists()


def test_nothing_is_asked_about_a_notice_taken_back(bobs_browser: Client, case: Case) -> None:
    """The form is gone, and what was still open in another window is answered."""
    withdraw(case.notice)

    assert "/ask/" not in text(bobs_browser.get(f"/desk/cases/{case.pk}/"))
    answer = bobs_browser.post(f"/desk/cases/{case.pk}/ask/", {"letter": "Well?"})
    assert answer.status_code == 422
    assert "taken back" in text(answer)


def test_added_addresses_are_met_in_the_case(bobs_browser: Client, case: Case) -> None:
    """They do not wait among the letters, but stand there as they were typed."""
    sent: Any = write(
        case.notice, "also https://p.example/1", submission="a", kind=Letter.Kind.PLACES
    )
    assert sent[1]

    assert not letters.unread().exists()
    assert "also https://p.example/1" in text(bobs_browser.get(f"/desk/cases/{case.pk}/"))
