"""The receipt and the status page in a real browser: letters, more addresses, a contest, mail."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from person import DESKTOP, PHONE, Person
from playwright.sync_api import Browser, expect
from world import Plaza, Server, Visitor, wait_for

pytestmark = pytest.mark.browser


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Staydown with a mail server that is never there."""
    mail = {"STAYDOWN_MAIL_HOST": "127.0.0.1", "STAYDOWN_MAIL_PORT": "1"}
    server = Server(tmp_path / "staydown", STAYDOWN_MAIL_FROM="Notes <notes@example.org>", **mail)
    try:
        server.start()
        yield server
    finally:
        server.end()


def test_a_refusal_is_talked_about_and_turned_round(
    server: Server, plaza: Plaza, chromium: Browser
) -> None:
    """Alice on a small phone, in French; Bob and Dora at their desks."""
    wait_for(lambda: len(server.rows("SELECT 1 FROM catalogue_item")) >= 24, why="registered")
    url, second = server.an_item_shown(times=1), server.an_item_shown(times=3)
    alice = Person(chromium, "alice-status", PHONE, "fr")
    alice.page.goto(f"{server.url}/report/?url={url}")
    alice.page.locator("[data-next]:visible").click()
    alice.page.locator("#good_faith").check()
    alice.page.locator("[data-next]:visible").click()
    alice.page.locator("#contact").fill("alice@example.org")
    alice.page.locator("#signature").fill("Alice Example")
    alice.clicks("[data-send]")
    code = alice.page.locator("[data-receipt]").inner_text()
    expect(alice.page.locator("[data-copy]")).to_be_visible()
    with alice.page.expect_download() as saved:
        alice.page.locator("[download]").click()
    assert saved.value.suggested_filename == "note.txt"
    assert code in saved.value.path().read_text("utf-8-sig")
    alice.page.reload()
    assert alice.page.locator("[data-receipt]").inner_text() == code
    alice.clicks('main a[href="/status/"]')
    alice.page.go_back()
    assert code not in alice.page.content()

    alice.clicks('form[action="/status/leave/"] button')
    alice.page.goto(f"{server.url}/status/")
    alice.page.locator("#code").fill("WRONG")
    alice.clicks("main form button")
    alice.looks("wrong-code")
    alice.page.locator("#code").fill(code.lower().replace("-", " "))
    alice.clicks("main form button")
    wait_for(server.all_jobs_done, why="located and swept")

    bob = Person(chromium, "bob-status", DESKTOP, "en")
    bob.page.goto(server.sign_in_link())
    bob.clicks("main button")
    bob.clicks('a[href^="/desk/cases/"]')
    bob.page.locator("#letters summary").click()
    bob.page.locator("#letter").fill("Which of the two people are you?")
    bob.clicks('form[action$="/ask/"] button')
    alice.page.reload()
    alice.looks("question")
    alice.page.locator("#letter").fill("Celle de gauche.")
    alice.clicks('form[action="/status/write/"] button')
    expect(alice.page.locator('[data-letter="you"]')).to_contain_text("Celle de gauche.")
    bob.page.goto(f"{server.url}/desk/")
    bob.looks("queue-with-letter")
    bob.clicks('a[href$="#letters"]')
    bob.looks("case-with-letters")
    bob.page.locator("#reason").fill("It shows nobody.")
    bob.clicks('#decide button[value="keep"]')

    alice.page.reload()
    alice.looks("refused")
    alice.clicks('form[action="/status/contest/"] button')
    alice.looks("contest-empty")
    alice.page.locator("#objection").fill("Elle me montre.")
    alice.clicks('form[action="/status/contest/"] button')
    alice.looks("contested")
    alice.page.locator("summary", has_text="Ajouter des adresses").click()
    alice.page.locator("#places").fill(f"là aussi {second} merci")
    alice.clicks('form[action="/status/add/"] button')
    expect(alice.page.locator('[data-step="added"]')).to_be_visible()
    alice.page.locator("#mail summary").click()
    alice.page.locator("#address").fill("alice")
    alice.clicks('form[action="/status/mail/"] button')
    alice.looks("mail-question")
    alice.page.locator("#address").fill("alice@example.org")
    alice.clicks('form[action="/status/mail/"] button')
    expect(alice.page.locator('form[action="/status/mail/stop/"]')).to_have_count(1)

    dora = Person(chromium, "dora-status", DESKTOP, "en")
    dora.page.goto(server.sign_in_link("dora@example.org"))
    dora.clicks("main button")
    dora.clicks('a[href$="#appeals"]')
    dora.page.locator('[id^="answer-"]').fill("It shows her.")
    dora.looks("contest")
    dora.clicks('button[value="granted"]')
    done = "SELECT 1 FROM removal_removal WHERE state = 'verified'"
    wait_for(lambda: server.rows(done), why="removed after all")
    alice.page.reload()
    expect(alice.page.locator('[data-state="removed"]')).to_be_visible()
    alice.looks("turned-round")
    assert server.audit_is_whole()
    for person in (alice, bob, dora):
        person.leaves()


def test_the_code_in_a_hurry(server: Server, chromium: Browser) -> None:
    """After many wrong ones the page says how long to wait, and keeps what was typed."""
    stranger = Visitor(server)
    for number in range(20):
        wrong = stranger.send("/status/", form="/status/", code=f"WRONG{number}")
        assert wrong.status_code == 404
    alice = Person(chromium, "alice-hurry", PHONE, "en")
    alice.page.goto(f"{server.url}/status/")
    alice.page.locator("#code").fill("AAAA-BBBB")
    alice.clicks("main form button")

    expect(alice.page.locator("#code")).to_have_value("AAAA-BBBB")
    alice.looks("wait")
    alice.leaves()
