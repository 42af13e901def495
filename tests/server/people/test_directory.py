"""Through an organisation's directory: as good as a passkey where it vouches for more than a
password, and worth nothing in any other way."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from server.people.fake_directory import (
    CLIENT,
    SECRET,
    FakeDirectory,
    by_hand,
    other_key,
)
from server.web.pages import text
from staydown_server.accounts.models import Authenticator, User
from staydown_server.audit.agreement import disagreements
from staydown_server.people import enter, roles
from staydown_server.people.invite import invite

pytestmark = pytest.mark.django_db

BOB = "bob@desk.example"


@pytest.fixture
def directory(settings: Any) -> Iterator[FakeDirectory]:
    made = FakeDirectory()
    settings.OIDC_ISSUER, settings.OIDC_NAME = made.issuer, "Forum e.V."
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
    cache.clear()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def nobody_tried_before(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = enter.tries_of_callers
    monkeypatch.setattr(pace, "_buckets", type(pace._buckets)())


@pytest.fixture
def bob(directory: FakeDirectory) -> User:
    """Bob has joined his account there to his account here."""
    opened(BOB, directory)
    return User.objects.get(email=BOB)


def opened(email: str, directory: FakeDirectory, *, subject: str = "bob-7") -> Client:
    """Somebody's browser, who opened their invitation and went through the directory."""
    browser = Client()
    browser.post(f"/sign-in/{invite(email, by='operator')}/")
    goes_through(browser, directory, subject=subject)
    return browser


def goes_through(browser: Client, directory: FakeDirectory, *, subject: str = "bob-7") -> str:
    """There and back; where it ends."""
    place = browser.get("/sign-in/directory/")["Location"]
    if not place.startswith("http"):
        return place
    back = directory.sign_in(place, subject=subject)
    return browser.get("/sign-in/directory/back/", back)["Location"]


def is_in(browser: Client) -> bool:
    return browser.get("/desk/").status_code == 200


def test_who_holds_an_invitation_joins_the_two(bob: User, directory: FakeDirectory) -> None:
    """And signs in through the directory from then on; no password opens anything."""
    browser = Client()
    assert goes_through(browser, directory) == "/desk/"
    assert is_in(browser)
    held = Authenticator.objects.get(user=bob)
    assert (held.kind, held.used_at is None) == ("directory", False)
    assert not bob.has_usable_password()
    assert list(disagreements()) == []


def test_whom_the_directory_knows_is_not_let_in_by_that(
    bob: User, directory: FakeDirectory
) -> None:
    """Even with the same address there."""
    directory.claims = {"email": BOB, "email_verified": True}
    browser = Client()

    assert goes_through(browser, directory, subject="mallory-3") == "/sign-in/"
    assert not is_in(browser)
    assert "nobody here has joined" in text(browser.get("/sign-in/"))
    assert User.objects.count() == 1


def test_who_is_shut_out_here_stays_out(bob: User, directory: FakeDirectory) -> None:
    """Whatever the directory says."""
    invite("carol@desk.example", by="operator")
    User.objects.filter(email="carol@desk.example").update(role="administrator")
    roles.shut_out(bob, by=User.objects.get(email="carol@desk.example"))
    browser = Client()

    goes_through(browser, directory)

    assert not is_in(browser)


@pytest.mark.parametrize(
    ("amr", "is_enough"),
    [
        (["pwd"], False),
        (["otp"], False),
        ([], False),
        (None, False),
        ("mfa", False),
        (["pwd", "otp"], True),
        (["mfa"], True),
        (["hwk"], True),
    ],
)
@pytest.mark.parametrize("is_strong", [False, True])
def test_a_password_alone_is_not_enough(
    bob: User, directory: FakeDirectory, settings: Any, amr: Any, is_enough: bool, is_strong: bool
) -> None:
    """Unless the operator says that the directory always asks for more."""
    settings.OIDC_IS_STRONG = is_strong
    directory.claims = {"amr": amr}
    browser = Client()

    goes_through(browser, directory)

    assert is_in(browser) == (is_enough or is_strong)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": 1},
        {"exp": None},
        {"iat": int(time.time()) + 4000},
    ],
)
def test_a_token_for_anything_else_opens_nothing(
    bob: User, directory: FakeDirectory, claims: dict[str, Any]
) -> None:
    """For somebody else, of somebody else, for another question, or of another time."""
    directory.claims = claims
    browser = Client()

    assert goes_through(browser, directory) == "/sign-in/"
    assert not is_in(browser)


@pytest.mark.parametrize(
    "how", ["another key", "the public key as a secret", "not at all", "noise"]
)
def test_a_token_of_nobodys_opens_nothing(bob: User, directory: FakeDirectory, how: str) -> None:
    """Signed by another, with what everybody knows, or not."""
    if how == "another key":
        directory.signed_by = other_key()
    elif how == "the public key as a secret":
        # The old trick: what everybody has, as the secret of an HMAC.
        public = directory.key.as_pem(private=False)
        directory.token = partial(by_hand, algorithm="HS256", secret=public)
    elif how == "not at all":
        directory.token = partial(by_hand, algorithm="none", secret=b"")
    else:
        directory.token = lambda _claims: "a.b.c"
    browser = Client()

    assert goes_through(browser, directory) == "/sign-in/"
    assert not is_in(browser)


def test_an_answer_counts_once_and_where_it_was_asked(bob: User, directory: FakeDirectory) -> None:
    """Not in another browser, not a second time, not with another's code."""
    browser, other = Client(), Client()
    back = directory.sign_in(browser.get("/sign-in/directory/")["Location"])
    other.get("/sign-in/directory/back/", back)
    assert not is_in(other)
    forged = {**back, "state": "forged"}
    browser.get("/sign-in/directory/back/", forged)
    assert not is_in(browser)

    # The question is spent by a wrong answer; and a code by its use.
    browser.get("/sign-in/directory/back/", back)
    assert not is_in(browser)
    browser.get("/sign-in/directory/back/")
    browser.get("/sign-in/directory/back/", {"error": "access_denied", "state": back["state"]})
    assert not is_in(browser)
    assert "did not sign you in" in text(browser.get("/sign-in/"))


@pytest.mark.parametrize(
    "description",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "http://198.51.100.7/token"},
        {"jwks_uri": 7},
    ],
)
def test_a_directory_that_is_none_is_not_asked(
    bob: User, directory: FakeDirectory, description: dict[str, Any]
) -> None:
    """It must be who it says it is, and over TLS."""
    directory.description = description
    cache.clear()
    browser = Client()

    assert goes_through(browser, directory) == "/sign-in/"
    assert "does not answer" in text(browser.get("/sign-in/"))


def test_a_directory_that_is_down_is_said(bob: User, directory: FakeDirectory) -> None:
    """Those who have another way in use that."""
    directory.status = 503
    cache.clear()
    browser = Client()

    assert goes_through(browser, directory) == "/sign-in/"
    page = text(browser.get("/sign-in/"))
    assert "Forum e.V. does not answer" in page
    assert "With a password and a code" in page


def test_an_account_there_opens_one_here(bob: User, directory: FakeDirectory) -> None:
    """Dora cannot join Bob's; with her own she has a way in beside what she had."""
    dora = opened("dora@desk.example", directory)
    assert not is_in(dora)
    assert "Somebody signs in with this already" in text(dora.get("/enrol/"))

    dora = opened("dora@desk.example", directory, subject="dora-2")
    assert is_in(dora)
    assert goes_through(dora, directory, subject="dora-9") == "/desk/account/"
    assert Authenticator.objects.filter(user__email="dora@desk.example").count() == 2


def test_without_a_directory_there_is_no_such_page(client: Client, db: None) -> None:
    """It is an option."""
    assert client.get("/sign-in/directory/").status_code == 404
    assert client.get("/sign-in/directory/back/").status_code == 404
    assert "/sign-in/directory/" not in text(client.get("/sign-in/"))
