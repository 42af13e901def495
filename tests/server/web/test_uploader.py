"""The uploader's page: the reasons, and the way to object."""

import pytest
from django.test import Client

from server.story import ALICE, ALICES_ADDRESS, REASON, rows_of, run_jobs
from server.web.pages import text, value_of
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case
from staydown_server.review.decide import restore
from staydown_server.review.models import Appeal

pytestmark = pytest.mark.django_db


def test_the_page_says_what_was_decided_and_nothing_of_alice(
    charlie: Client, reasons_path: str, bob: User
) -> None:
    """Facts, ground and means; not who wrote, nor who decided."""
    page = text(charlie.get(reasons_path))

    assert REASON in page
    for secret in (ALICE, ALICES_ADDRESS, "used to know", bob.email):
        assert secret not in page


def test_an_appeal_is_taken_in(charlie: Client, reasons_path: str) -> None:
    """And shown as waiting."""
    answer = charlie.post(reasons_path, {"text": "It shows me. <b>I agreed.</b>"}, follow=True)

    assert answer.status_code == 200
    assert Appeal.objects.get().content == {"text": "It shows me. <b>I agreed.</b>"}
    assert "<b>I agreed" not in text(answer)


@pytest.mark.parametrize("sent", ["", " ", "\x00", "x" * 10_001])
def test_an_appeal_that_cannot_be_taken_in_says_why(
    charlie: Client, reasons_path: str, sent: str
) -> None:
    """And keeps what was typed."""
    answer = charlie.post(reasons_path, {"text": sent})

    assert answer.status_code == 422
    assert 'role="alert"' in text(answer)
    assert value_of(answer, "text") == sent.replace("\x00", "")
    assert not Appeal.objects.exists()


def test_a_second_appeal_waits_for_the_first(charlie: Client, reasons_path: str) -> None:
    """It is told so."""
    charlie.post(reasons_path, {"text": "Mine."})

    assert charlie.post(reasons_path, {"text": "Mine!"}).status_code == 422
    assert Appeal.objects.count() == 1


def test_after_a_restoration_the_page_says_so(
    charlie: Client, reasons_path: str, removed_case: Case, bob: User
) -> None:
    """And there is nothing left to object to."""
    restore(rows_of(removed_case)[0], reason=REASON, by=bob)
    run_jobs()

    page = text(charlie.get(reasons_path))
    assert 'name="text"' not in page


@pytest.mark.parametrize("token", ["x", "A" * 26, "1", "é", "x" * 3000, "%00"])
def test_a_guessed_link_is_a_404(charlie: Client, reasons_path: str, token: str) -> None:
    """Like any address that is none."""
    assert charlie.get(f"/reasons/{token}/").status_code == 404
    assert charlie.post(f"/reasons/{token}/", {"text": "x"}).status_code == 404
    assert not Appeal.objects.exists()
