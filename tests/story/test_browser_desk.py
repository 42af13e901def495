"""The desk in a real browser, by keyboard alone: forty copies, one decision."""

import io

import pytest
from changed_copies import shown_as
from person import DESKTOP, PHONE, Person
from PIL import Image
from playwright.sync_api import Browser, expect
from world import Plaza, Server, Visitor, wait_for

pytestmark = pytest.mark.browser

_COPIES = 40


def _copies(picture: bytes) -> list[bytes]:
    """The same picture, saved again and again."""
    files = []
    with Image.open(io.BytesIO(picture)) as opened:
        for number in range(_COPIES):
            file = io.BytesIO()
            opened.save(file, "JPEG", quality=50 + number)
            files.append(file.getvalue())
    return files


def test_forty_copies_are_decided_by_keyboard(
    server: Server, plaza: Plaza, alice: Visitor, chromium: Browser
) -> None:
    """Found, taken, looked at for a moment, and removed, without a mouse; and read on a phone."""
    wait_for(plaza.has_registered_everything, why="Plaza's pictures are registered")
    address, picture = shown_as(plaza, "The lighthouse")
    for number, copy in enumerate(_copies(picture)):
        assert plaza.upload(copy, title=f"Copy {number}").status_code == 201
    alice.report(address)
    wait_for(server.all_jobs_done, why="located and swept")

    bob = Person(chromium, "bob-desk-en", DESKTOP, "en")
    bob.page.goto(server.sign_in_link())
    bob.clicks("main button")
    keyboard = bob.page.keyboard
    keyboard.press("?")
    bob.looks("keys")
    keyboard.press("Escape")
    keyboard.press("j")
    with bob.page.expect_navigation():
        keyboard.press("o")
    with bob.page.expect_navigation():
        keyboard.press("t")
    expect(bob.page.locator(".case-actions")).to_contain_text("Mine")
    _looks_for_a_moment(bob)
    keyboard.press("r")
    keyboard.press("ArrowDown")
    keyboard.press("Tab")
    keyboard.press("Escape")
    keyboard.press("d")
    with bob.page.expect_navigation():
        keyboard.press("Enter")
    expect(bob.page.locator(".done").first).to_be_visible()
    bob.looks("decided")
    wait_for(server.all_jobs_done, why="removed and verified")
    taken = server.rows("SELECT count(*) FROM removal_removal WHERE state = 'verified'")
    assert taken[0][0] > _COPIES

    address, _ = shown_as(plaza, "The sailor")
    alice.report(address)
    wait_for(server.all_jobs_done, why="located and swept")
    phone = Person(chromium, "dora-desk-fr", PHONE, "fr")
    phone.page.goto(server.sign_in_link("dora@example.org"))
    phone.clicks("main button")
    phone.looks("queue")
    phone.clicks("a[data-open]")
    phone.looks("case")
    for person in (bob, phone):
        person.leaves()


def _looks_for_a_moment(bob: Person) -> None:
    """While a key is held down; then the picture is veiled as before."""
    picture = bob.page.locator("[data-row] img.picture").first
    bob.page.keyboard.press("j")
    veiled = picture.get_attribute("src")
    bob.page.keyboard.down("v")
    expect(picture).not_to_have_attribute("src", veiled or "")
    bob.page.keyboard.up("v")
    expect(picture).to_have_attribute("src", veiled or "")
