"""Signing in with a link, once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from server.web.pages import text, without_token
from staydown_server.accounts.models import SignInLink, User
from staydown_server.accounts.sign_in import issue_link

pytestmark = pytest.mark.django_db


def test_the_button_signs_in(charlie: Client) -> None:
    """And leads to the desk."""
    path = f"/sign-in/{issue_link('bob@desk.example')}/"

    answer = charlie.post(path)

    assert answer.headers["Location"] == "/desk/"
    assert charlie.get("/desk/").status_code == 200


def test_opening_the_link_spends_nothing(charlie: Client) -> None:
    """Mail scanners open links."""
    path = f"/sign-in/{issue_link('bob@desk.example')}/"
    for _ in range(3):
        assert charlie.get(path).status_code == 200
        assert charlie.head(path).status_code == 200
    assert SignInLink.objects.get().used_at is None
    assert charlie.get("/desk/").status_code == 302

    assert charlie.post(path).status_code == 302


def test_spent_expired_and_invented_links_look_the_same() -> None:
    """Nobody learns which one it was."""
    spent, expired = issue_link("bob@desk.example"), issue_link("bob@desk.example")
    Client().post(f"/sign-in/{spent}/")
    SignInLink.objects.filter(used_at=None).update(expires_at=timezone.now() - timedelta(1))
    left = issue_link("left@desk.example")
    User.objects.filter(email="left@desk.example").update(is_active=False)

    answers = []
    for token in (spent, expired, left, "invented", "x" * 2000, "é"):
        browser = Client()
        answers.append(browser.post(f"/sign-in/{token}/"))
        assert browser.get("/desk/").status_code == 302

    assert {answer.status_code for answer in answers} == {403}
    pages = {without_token(answer).replace(answer.wsgi_request.path, "") for answer in answers}
    assert len(pages) == 1


def test_a_new_session_begins_at_sign_in(charlie: Client) -> None:
    """Whoever planted a session before gets nothing by it."""
    charlie.cookies["staydown_session"] = "planted-by-mallory-0123456789abc"

    answer = charlie.post(f"/sign-in/{issue_link('bob@desk.example')}/")

    assert answer.cookies["staydown_session"].value != "planted-by-mallory-0123456789abc"
    assert answer.cookies["staydown_session"]["httponly"]
    assert answer.cookies["staydown_session"]["samesite"] == "Lax"


def test_the_page_for_strangers_says_what_to_do(charlie: Client) -> None:
    """401, in a sentence."""
    answer = charlie.get("/sign-in/")

    assert answer.status_code == 401
    assert "<h1>" in text(answer)
