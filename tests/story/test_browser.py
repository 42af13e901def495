"""The main job once more, by clicking in a real browser, with a picture of each page kept."""

import io
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from person import DESKTOP, PHONE, Person
from PIL import Image, ImageOps
from playwright.sync_api import Browser, expect
from world import Plaza, Server, wait_for

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_whole_path_by_hand(
    server: Server, plaza: Plaza, chromium: Browser, tmp_path: Path, language: str
) -> None:
    """Alice on a phone, Bob at a desk, in both languages."""
    wait_for(lambda: len(server.rows("SELECT 1 FROM catalogue_item")) >= 24, why="registered")
    url = server.an_item_shown(times=3)
    media_url = server.rows("SELECT media_url FROM catalogue_item WHERE url = ?", url)[0][0]
    picture = requests.get(media_url, timeout=20).content

    alice = Person(chromium, f"alice-{language}", PHONE, language)
    alice.page.goto(server.url)
    expect(alice.page.locator("html")).to_have_attribute("lang", language)
    alice.looks("home")
    alice.page.goto(url)
    alice.clicks(f'a[href^="{server.url}/report/?url="]')
    expect(alice.page.locator("#places")).to_have_value(url)
    alice.page.locator("[data-next]:visible").click()
    alice.page.locator("#good_faith").check()
    alice.page.locator("[data-next]:visible").click()
    alice.page.locator("#contact").fill("alice@example.org")
    alice.page.locator("#signature").fill("Alice Example")
    alice.clicks("[data-send]")
    code = alice.page.locator("[data-receipt]").inner_text()
    assert re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", code)
    alice.looks("receipt")
    alice.clicks('main a[href="/status/"]')
    wait_for(server.all_jobs_done, why="located and swept")
    alice.page.reload()
    expect(alice.page.locator('[data-state="waiting"]').first).to_be_visible()
    alice.looks("status-waiting")

    bob = Person(chromium, f"bob-{language}", DESKTOP, language)
    bob.page.goto(f"{server.url}/desk/")
    bob.looks("stranger")
    bob.page.goto(server.sign_in_link())
    bob.looks("sign-in")
    bob.clicks("main button")
    bob.looks("queue")
    bob.clicks('a[href^="/desk/cases/"]')
    bob.page.locator("img.picture").first.scroll_into_view_if_needed()
    bob.page.wait_for_function("document.querySelector('img.picture').naturalWidth > 0")
    bob.looks("case")
    bob.clicks('form[action$="/reveal/"] button')
    bob.looks("revealed")
    bob.clicks("#decide button")
    expect(bob.page.locator(".question")).to_be_visible()
    bob.page.locator("#reason").fill("Reported as published without consent.")
    bob.clicks("#decide button")
    wait_for(server.all_jobs_done, why="removed and verified")
    bob.page.reload()
    expect(bob.page.locator('[data-removal="verified"]').first).to_be_visible()
    bob.looks("decided")

    alice.page.reload()
    expect(alice.page.locator('[data-state="removed"]').first).to_be_visible()
    alice.looks("status-removed")
    gone = alice.page.goto(url)
    assert gone is not None
    assert gone.status == 410
    alice.looks("plaza-gone")

    copies = {"same.jpg": picture, "mirror.jpg": _mirrored(picture)}
    for name, content in copies.items():
        (tmp_path / name).write_bytes(content)
        alice.page.goto(f"{plaza.url}/upload")
        alice.page.locator('input[type="file"]').set_input_files(tmp_path / name)
        alice.page.locator('input[name="name"]').fill("mallory")
        alice.page.locator('input[name="title"]').fill("Again")
        alice.clicks("main form button")
        alice.looks(f"plaza-refuses-{name.partition('.')[0]}")
    assert len(server.rows("SELECT 1 FROM gate_check WHERE verdict = 'block'")) == 2

    own = {urlsplit(server.url).netloc, urlsplit(plaza.url).netloc}
    assert alice.called | bob.called <= own, "no page calls anybody else"
    assert server.audit_is_whole()
    alice.leaves()
    bob.leaves()


def _mirrored(picture: bytes) -> bytes:
    out = io.BytesIO()
    ImageOps.mirror(Image.open(io.BytesIO(picture)).convert("RGB")).save(out, "JPEG", quality=80)
    return out.getvalue()
