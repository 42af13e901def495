"""To the desk by clicking in a real browser: with a passkey, and with a password and an app."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from person import DESKTOP, PHONE, Person
from playwright.sync_api import Browser, expect
from world import Server

pytestmark = pytest.mark.browser

_PASSWORD = "four words in a row"
#: A device that asks its holder for nothing.
_DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Server]:
    """Staydown as it is run in earnest; by a name, since passkeys are made for names."""
    server = Server(tmp_path / "staydown", STAYDOWN_TRY_OUT="no")
    server.url = server.environment["STAYDOWN_PUBLIC_URL"] = f"http://localhost:{server.port}"
    try:
        server.start()
        yield server
    finally:
        server.end()


def test_with_a_passkey_on_a_phone(guarded: Server, chromium: Browser) -> None:
    """In French; and into the desk again with the same one."""
    carol = Person(chromium, "carol-passkey-fr", PHONE, "fr")
    devtools = carol.page.context.new_cdp_session(carol.page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE})
    made = guarded.command_line(
        *("moderator", "link", "carol@example.org", "--role", "administrator"),
        *("--url", guarded.url),
    )
    carol.page.goto(made.stdout.strip())
    carol.looks("invited")
    carol.clicks("main button")
    carol.looks("how-to-sign-in")
    carol.page.locator("#passkey-name").fill("téléphone")
    carol.clicks('form[data-passkey="new"] button')
    carol.looks("desk")

    carol.clicks('form[action="/sign-out/"] button')
    carol.page.goto(f"{guarded.url}/desk/")
    carol.looks("sign-in")
    carol.clicks('form[data-passkey="known"] button')
    carol.clicks('a[href="/desk/account/"]')
    expect(carol.page.locator("main")).to_contain_text("téléphone")
    carol.looks("account")

    carol.clicks('a[href="/desk/people/"]')
    carol.page.locator("#email").fill("eve@example.org")
    carol.page.locator("#role").select_option("auditor")
    carol.clicks('form[action="/desk/people/invite/"] button')
    expect(carol.page.locator("[data-link]")).to_contain_text(f"{guarded.url}/sign-in/")
    carol.looks("people")
    carol.leaves()


def test_with_a_password_and_an_app_at_a_desk(guarded: Server, chromium: Browser) -> None:
    """In English; a code of the app works, and one that was kept."""
    bob = Person(chromium, "bob-app-en", DESKTOP, "en")
    bob.page.goto(guarded.sign_in_link())
    bob.clicks("main button")
    bob.looks("how-to-sign-in")
    secret = bob.page.locator("[data-secret]").inner_text().replace(" ", "")
    bob.page.locator("#password").fill(_PASSWORD)
    bob.page.locator("#code").fill(_code(secret))
    bob.clicks("form:has(#password) button")
    bob.looks("codes-to-keep")
    kept = bob.page.locator("[data-recovery] code").first.inner_text()
    bob.clicks("main a.button")
    bob.clicks('form[action="/sign-out/"] button')

    bob.page.goto(f"{guarded.url}/desk/")
    _fill(bob, "000000")
    expect(bob.page.locator("[role=alert]").first).to_be_visible()
    bob.looks("not-right")
    _fill(bob, kept)
    assert bob.page.url == f"{guarded.url}/desk/"
    bob.leaves()


def _code(secret: str) -> str:
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(time.time())).decode()  # noqa: S303


def _fill(person: Person, code: str) -> None:
    for name, value in (("email", "bob@example.org"), ("password", _PASSWORD), ("code", code)):
        person.page.locator(f"#{name}").fill(value)
    person.clicks("form:has(#password) button")
