"""A held upload by clicking in a real browser: what differs can be seen, at every size."""

import pytest
from changed_copies import cropped, shown_as, with_region_replaced
from person import DESKTOP, PHONE, Person
from playwright.sync_api import Browser, expect
from world import Plaza, Server, Visitor, wait_for

pytestmark = pytest.mark.browser


def test_a_held_upload_is_decided_by_hand(
    server: Server, plaza: Plaza, alice: Visitor, chromium: Browser
) -> None:
    """In English at a desk, in French on a phone; and what a sweep found, in its case."""
    wait_for(plaza.has_registered_everything, why="Plaza's pictures are registered")
    address, picture = shown_as(plaza, "The sailor")
    _, other = shown_as(plaza, "Grandmother")
    version = with_region_replaced(picture, other)
    assert plaza.upload(version, title="The other sailor").status_code == 201
    alice.report(address)
    wait_for(server.all_jobs_done, why="located and swept")

    bob = Person(chromium, "bob-held-en", DESKTOP, "en")
    bob.page.goto(server.sign_in_link())
    bob.clicks("main button")
    bob.clicks('a[href^="/desk/cases/"]')
    swapped = bob.page.locator("li", has=bob.page.locator('[data-kind="region-replaced"]'))
    expect(swapped.locator('input[type="checkbox"]')).not_to_be_checked()
    bob.page.locator("summary", has_text="Beside the reported picture").click()
    for drawn in swapped.locator("img.picture").all():
        drawn.scroll_into_view_if_needed()
    bob.looks("case-with-a-region")
    bob.page.locator("#reason").fill("Reported as published without consent.")
    bob.clicks("#decide button")
    wait_for(server.all_jobs_done, why="removed and verified")
    held = [
        plaza.upload(each, title="again").json()["state"] for each in (version, cropped(picture))
    ]
    assert held == ["held", "held"]

    bob.page.goto(f"{server.url}/desk/")
    bob.looks("queue")
    bob.clicks('a[href^="/desk/uploads/"]')
    expect(bob.page.locator("main")).to_contain_text("may be somebody else's")
    _wait_for_pictures(bob)
    bob.looks("veiled")
    bob.clicks('form[action$="/reveal/"] button')
    _wait_for_pictures(bob)
    bob.looks("revealed")
    for drawn, outline in zip(
        bob.page.locator(".seen img").all(), bob.page.locator(".seen svg").all(), strict=True
    ):
        assert drawn.bounding_box() == outline.bounding_box(), "the outline lies on the picture"

    phone = Person(chromium, "bob-held-fr", PHONE, "fr")
    phone.page.goto(server.sign_in_link("dora@example.org"))
    phone.clicks("main button")
    phone.looks("queue")
    phone.clicks('a[href^="/desk/uploads/"]')
    _wait_for_pictures(phone)
    phone.looks("veiled")
    phone.clicks('#decide button[value="refused"]')
    expect(phone.page.locator(".question")).to_be_visible()
    phone.page.locator("#reason").fill("Une version de l’image signalée.")
    phone.clicks('#decide button[value="refused"]')
    expect(phone.page.locator('[data-outcome="refused"]')).to_be_visible()
    phone.looks("refused")
    wait_for(server.all_jobs_done, why="Plaza was told")

    charlie = Person(chromium, "charlie-fr", PHONE, "fr")
    charlie.page.goto(f"{plaza.url}/me/charlie")
    charlie.looks("plaza-mine")
    charlie.clicks('a[href*="/reasons/"]')
    charlie.looks("reasons-of-an-upload")
    for person in (bob, phone, charlie):
        person.leaves()


def _wait_for_pictures(person: Person) -> None:
    person.page.wait_for_function(
        "[...document.querySelectorAll('.seen img')].every(each => each.naturalWidth > 0)"
    )
