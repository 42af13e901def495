"""From an invitation to the desk, in again, and out."""

import html
import json
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from server.people.device import PASSWORD, Device, app_code, enrolled
from server.story import somebody
from server.web.pages import text, without_token
from staydown_server.accounts.models import Authenticator, Role, SignInLink, User
from staydown_server.people import enter
from staydown_server.people.invite import invite

pytestmark = pytest.mark.django_db

BOB = "bob@desk.example"


@pytest.fixture(autouse=True)
def nobody_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tries_of_callers", "tries_for_accounts"):
        pace = getattr(enter, name)
        monkeypatch.setattr(pace, "_buckets", type(pace._buckets)())


def secret_in(page: str) -> str:
    found = re.search(r"data-secret>([A-Z2-7 ]+)<", page)
    assert found
    return found[1].replace(" ", "")


def question_in(page: str) -> dict[str, Any]:
    found = re.search(r'data-question="([^"]+)"', page)
    assert found
    question: dict[str, Any] = json.loads(html.unescape(found[1]))
    return question


def test_an_invitation_leads_to_the_desk_by_way_of_an_app(charlie: Client) -> None:
    """With a password, the app's code, and codes to keep; the link alone opens nothing."""
    path = f"/sign-in/{invite(BOB, by='operator')}/"
    assert charlie.post(path).headers["Location"] == "/enrol/"
    assert charlie.get("/desk/").status_code == 302, "not yet"
    page = text(charlie.get("/enrol/"))
    assert "<svg" in page
    code = app_code(secret_in(page))
    assert charlie.post("/enrol/", {"password": "short", "code": code}).status_code == 422

    answer = charlie.post("/enrol/", {"password": PASSWORD, "code": code})

    assert len(re.findall(r"<code>[A-Z2-7]{5}-[A-Z2-7]{5}</code>", text(answer))) == 10
    assert charlie.get("/desk/").status_code == 200
    assert Client().post(path).status_code == 403


def test_an_invitation_leads_to_the_desk_by_way_of_a_passkey(charlie: Client) -> None:
    """And the passkey opens it the next time."""
    device = Device()
    charlie.post(f"/sign-in/{invite(BOB, by='operator')}/")
    question = question_in(text(charlie.get("/enrol/")))
    form = {"answer": json.dumps(device.makes(question)), "name": "laptop"}
    assert charlie.post("/enrol/passkey/", form).headers["Location"] == "/desk/"

    again = Client()
    question = question_in(text(again.get("/sign-in/")))
    answer = again.post("/sign-in/passkey/", {"answer": json.dumps(device.answers(question))})

    assert answer.headers["Location"] == "/desk/"
    assert again.get("/desk/").status_code == 200
    replayed = Client().post("/sign-in/passkey/", {"answer": json.dumps(device.answers(question))})
    assert replayed.status_code == 401


def test_a_password_and_a_code_sign_in(charlie: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed wrong is asked for again; the address stays."""
    _, secret, _ = enrolled(BOB)
    Authenticator.objects.update(last_step=0)
    wrong = charlie.post("/sign-in/", {"email": BOB, "password": "x", "code": "000000"})
    assert wrong.status_code == 401
    assert BOB in text(wrong)

    form = {"email": BOB, "password": PASSWORD, "code": app_code(secret)}
    assert charlie.post("/sign-in/", form).headers["Location"] == "/desk/"
    assert charlie.get("/desk/").status_code == 200


def test_opening_the_link_spends_nothing(charlie: Client) -> None:
    """Mail scanners open links."""
    path = f"/sign-in/{invite(BOB, by='operator')}/"
    for _ in range(3):
        assert charlie.get(path).status_code == 200
        assert charlie.head(path).status_code == 200
    assert SignInLink.objects.get().used_at is None

    assert charlie.post(path).status_code == 302


def test_spent_expired_and_invented_links_look_the_same(settings: Any) -> None:
    """Nobody learns which one it was."""
    settings.TRY_OUT = True
    spent = invite("dora@desk.example", by="operator")
    Client().post(f"/sign-in/{spent}/")
    expired = invite(BOB, by="operator")
    SignInLink.objects.filter(used_at=None).update(expires_at=timezone.now() - timedelta(1))
    left = invite("left@desk.example", by="operator")
    User.objects.filter(email="left@desk.example").update(is_active=False)

    answers = []
    for token in (spent, expired, left, "invented", "x" * 2000, "é"):
        browser = Client()
        answers.append(browser.post(f"/sign-in/{token}/"))
        assert browser.get("/desk/").status_code == 302

    assert {answer.status_code for answer in answers} == {403}
    pages = {without_token(answer).replace(answer.wsgi_request.path, "") for answer in answers}
    assert len(pages) == 1


def test_to_try_out_the_link_is_enough(charlie: Client, settings: Any) -> None:
    """Where the setting says so, and nowhere else."""
    settings.TRY_OUT = True

    answer = charlie.post(f"/sign-in/{invite(BOB, by='operator')}/")

    assert answer.headers["Location"] == "/desk/"
    assert charlie.get("/desk/").status_code == 200


def test_a_new_session_begins_at_sign_in(charlie: Client, settings: Any) -> None:
    """Whoever planted a session before gets nothing by it."""
    settings.TRY_OUT = True
    charlie.cookies["staydown_session"] = "planted-by-mallory-0123456789abc"

    answer = charlie.post(f"/sign-in/{invite(BOB, by='operator')}/")

    assert answer.cookies["staydown_session"].value != "planted-by-mallory-0123456789abc"
    assert answer.cookies["staydown_session"]["httponly"]
    assert answer.cookies["staydown_session"]["samesite"] == "Lax"


def test_the_page_for_strangers_says_what_to_do(charlie: Client) -> None:
    """401, in a sentence."""
    answer = charlie.get("/sign-in/")

    assert answer.status_code == 401
    assert "<h1>" in text(answer)


@pytest.mark.parametrize(("minutes", "is_in"), [(59, True), (61, False)])
def test_a_desk_left_alone_closes(
    bobs_browser: Client, monkeypatch: pytest.MonkeyPatch, minutes: int, is_in: bool
) -> None:
    """An hour after the last click."""
    later = time.time() + minutes * 60
    monkeypatch.setattr("staydown_server.web.moderators.time.time", lambda: later)

    assert (bobs_browser.get("/desk/").status_code == 200) == is_in


def test_a_day_at_the_desk_ends(bobs_browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy it was."""
    began = time.time()
    for minutes in range(0, 12 * 60, 50):
        later = began + minutes * 60
        monkeypatch.setattr("staydown_server.web.moderators.time.time", lambda at=later: at)
        assert bobs_browser.get("/desk/").status_code == 200
    monkeypatch.setattr("staydown_server.web.moderators.time.time", lambda: began + 12 * 3600 + 1)

    assert bobs_browser.get("/desk/").status_code == 302


def test_a_role_that_is_taken_away_counts_at_the_next_click(
    bobs_browser: Client, bob: User
) -> None:
    """In the middle of a session; and so does being shut out."""
    ada = Client()
    ada.force_login(somebody("ada@desk.example", Role.ADMINISTRATOR))
    assert bobs_browser.get("/desk/").status_code == 200

    ada.post(f"/desk/people/{bob.pk}/role/", {"role": "auditor"})
    assert bobs_browser.get("/desk/").status_code == 200
    assert bobs_browser.post("/desk/cases/1/decide/").status_code == 403

    ada.post(f"/desk/people/{bob.pk}/shut-out/")
    assert bobs_browser.get("/desk/").headers["Location"] == "/sign-in/"


def test_an_administrator_invites(db: None, settings: Any) -> None:
    """The link is shown once, and is nowhere else."""
    ada = Client()
    ada.force_login(somebody("ada@desk.example", Role.ADMINISTRATOR))

    page = text(ada.post("/desk/people/invite/", {"email": "Dora@desk.example", "role": "senior"}))

    found = re.search(r"data-link>([^<]+)<", page)
    assert found
    path = found[1].removeprefix(settings.PUBLIC_URL)
    assert Client().post(path).headers["Location"] == "/enrol/"
    assert User.objects.get(email="dora@desk.example").may_confirm
    assert "data-link" not in text(ada.get("/desk/people/"))


def test_what_one_signs_in_with_changes_only_soon_after_signing_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A desk left open for a while must not become somebody else's."""
    bob, secret, _ = enrolled(BOB)
    browser = Client()
    browser.force_login(bob)
    shown = secret_in(text(browser.get("/desk/account/")))
    form = {"password": "five other words in a row", "code": app_code(shown)}
    now = time.time()
    monkeypatch.setattr("staydown_server.web.moderators.time.time", lambda: now + 16 * 60)
    assert browser.post("/desk/account/code/", form).status_code == 302
    assert Authenticator.objects.get().content["secret"] == secret
    monkeypatch.undo()

    answer = browser.post("/desk/account/code/", form)

    assert "data-recovery" in text(answer)
    assert Authenticator.objects.get().content["secret"] == shown
    assert browser.get("/desk/").status_code == 200, "this session goes on"
