"""Alice reports on her phone: in short steps, by keyboard, without script, and unseen."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.test import override_settings
from person import PHONE, Person
from playwright.sync_api import Browser, Page, expect
from world import Server, free_port

from library.films import drawn_film
from library.pictures import bits_between, drawing, encoded
from staydown import Fingerprint, fingerprint_bytes
from staydown_server import vault

pytestmark = pytest.mark.browser

URL = "http://127.0.0.1:9/p/1"


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A page that everybody visits."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Weather</title>Sunny.")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", free_port()), Handler) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_port}/"
        site.shutdown()


@pytest.fixture
def server(tmp_path: Path, elsewhere: str) -> Iterator[Server]:
    server = Server(tmp_path / "staydown", STAYDOWN_LEAVE_TO=elsewhere)
    try:
        server.start()
        yield server
    finally:
        server.end()


def content_of_the_notice(server: Server) -> dict[str, object]:
    """What is stored of the one notice, unsealed with the installation's key."""
    ((sealed,),) = server.rows("SELECT content FROM notices_notice")
    with override_settings(KEY_FILE=server.data / "keys" / "installation.key"):
        content: dict[str, object] = json.loads(vault.unseal(sealed, purpose="notice"))
    return content


def sent_by(page: Page) -> list[bytes]:
    """The body of every request that is not a page's own address."""
    bodies: list[bytes] = []
    page.on("request", lambda request: bodies.append(request.post_data_buffer or b""))
    return bodies


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_link_and_a_photo_are_reported_by_keyboard(
    server: Server, chromium: Browser, tmp_path: Path, language: str
) -> None:
    """On a small screen, in three steps and a few keys; the photo does not leave the phone."""
    photo = encoded(drawing(2000, 1500, 5), "JPEG", quality=90)
    (tmp_path / "IMG_0001.jpg").write_bytes(photo)
    alice = Person(chromium, f"report-{language}", PHONE, language)
    page = alice.page
    bodies = sent_by(page)
    page.goto(server.url)
    alice.looks("home")
    page.locator("main a.button").first.press("Enter")
    expect(page.locator("#places")).to_be_visible()
    expect(page.locator("#contact")).to_be_hidden()
    page.locator("#places").fill(f"look!! {URL}, please")
    page.locator("#files").set_input_files(tmp_path / "IMG_0001.jpg")
    expect(page.locator('[data-when="done"]')).to_be_visible()
    alice.looks("which")
    page.locator("[data-next]").first.press("Enter")
    expect(page.locator("h2:visible")).to_be_focused()
    page.locator(".step:visible [data-next]").press("Enter")
    expect(page.locator("#ask-good_faith")).to_be_visible()
    page.locator("#good_faith").press("Space")
    alice.looks("statement")
    page.locator("#good_faith").press("Enter")
    page.locator("#contact").fill("alice@example.org")
    page.locator("#signature").fill("Alice Example")
    alice.looks("you")
    fields = page.locator("#report").locator(
        "input:not([type=hidden]):not([hidden]), textarea:not([hidden])"
    )
    assert fields.count() <= 15
    with page.expect_navigation():
        page.locator("#signature").press("Enter")

    assert re.fullmatch(
        r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", page.locator("[data-receipt]").inner_text()
    )
    alice.looks("receipt")
    content = content_of_the_notice(server)
    assert URL in str(content["places"])
    assert content["language"] == language
    assert len(str(content["statement"]).splitlines()) == 4
    (found,) = [Fingerprint.from_dict(value) for value in content["fingerprints"]]  # type: ignore[attr-defined]
    wanted = fingerprint_bytes(photo)
    assert (found.sha256, found.local) == (wanted.sha256, None)
    assert bits_between(found.pdq, wanted.pdq) <= 2
    assert sum(map(len, bodies)) < 20_000
    for body in bodies:
        assert all(photo[at : at + 16] not in body for at in range(0, len(photo) - 16, 16))
    page.goto(f"{server.url}/report/")
    expect(page.locator("#contact")).to_have_value("")
    alice.leaves()


def test_a_film_is_hashed_on_the_device_and_what_cannot_be_is_sent_by_choice(
    server: Server, chromium: Browser, tmp_path: Path
) -> None:
    """With the reason in words, and the other ways offered."""
    film, odd = drawn_film(7), encoded(drawing(640, 480, 6), "TIFF")
    (tmp_path / "film.mp4").write_bytes(film)
    (tmp_path / "notes.txt").write_bytes(b"Not a picture. " * 99)
    (tmp_path / "odd.tiff").write_bytes(odd)
    alice = Person(chromium, "report-film", PHONE, "en")
    page = alice.page
    page.goto(f"{server.url}/report/")
    page.locator("#files").set_input_files(
        [tmp_path / name for name in ("film.mp4", "notes.txt", "odd.tiff")]
    )
    expect(page.locator(".file [data-when=busy]:visible")).to_have_count(0)
    expect(page.locator("[data-when=not_media]:visible")).to_have_count(1)
    expect(page.locator("[data-when=exact]:visible")).to_have_count(1)
    expect(page.locator("[data-do=send]:visible")).to_have_count(2)
    alice.looks("unreadable")
    page.locator(".file", has_text="notes.txt").locator("[data-do=remove]").click()
    page.locator(".file", has_text="odd.tiff").locator("[data-do=send]").click()
    expect(page.locator("[data-when=sent]:visible")).to_have_count(1)
    page.locator("[data-next]:visible").click()
    page.locator("#good_faith").check()
    page.locator("[data-next]:visible").click()
    page.locator("#contact").fill("alice@example.org")
    page.locator("#signature").fill("Alice Example")
    alice.clicks("[data-send]")

    expect(page.locator("[data-receipt]")).to_be_visible()
    content = content_of_the_notice(server)
    prints = [Fingerprint.from_dict(value) for value in content["fingerprints"]]  # type: ignore[attr-defined]
    assert [found.kind for found in prints] == ["video", "picture"]
    assert prints[0].film is not None
    assert len(prints[0].film.frames) >= 4
    assert prints[1].local is not None
    alice.leaves()


def test_a_childs_picture_is_sent_to_nobody(
    server: Server, chromium: Browser, tmp_path: Path
) -> None:
    """It is not offered, and taken back where it was chosen before; "back" is a step back."""
    (tmp_path / "photo.png").write_bytes(encoded(drawing(500, 400, 9)))
    alice = Person(chromium, "report-minor", PHONE, "fr")
    page = alice.page
    page.goto(f"{server.url}/report/")
    page.locator("#files").set_input_files(tmp_path / "photo.png")
    page.locator("[data-do=send]").click()
    expect(page.locator("[data-when=sent]:visible")).to_have_count(1)

    page.locator("#about_minor").check()

    expect(page.locator("[data-when=sent]:visible")).to_have_count(0)
    expect(page.locator("[data-when=done]:visible")).to_have_count(1)
    expect(page.locator("[data-do=send]:visible")).to_have_count(0)
    alice.looks("minor")
    page.locator("[data-next]:visible").click()
    page.locator("#good_faith").check()
    page.locator("[data-next]:visible").click()
    page.locator("#contact").fill("alice@example.org")
    page.locator("#signature").fill("Alice Example")
    page.go_back()
    expect(page.locator("#good_faith")).to_be_visible()
    page.locator("[data-back]:visible").click()
    expect(page.locator("#about_minor")).to_be_visible()
    page.go_forward()
    page.go_forward()
    expect(page.locator("#signature")).to_have_value("Alice Example")
    alice.clicks("[data-send]")
    expect(page.locator("[data-receipt]")).to_be_visible()
    content = content_of_the_notice(server)
    assert content["about_minor"] is True
    (found,) = [Fingerprint.from_dict(value) for value in content["fingerprints"]]  # type: ignore[attr-defined]
    assert found.local is None, "made on the device: the file was not sent"
    alice.leaves()


def test_nothing_typed_is_lost(server: Server, chromium: Browser, tmp_path: Path) -> None:
    """By a reload, another language, or a server that is gone for a while; nor sent twice."""
    (tmp_path / "photo.png").write_bytes(encoded(drawing(500, 400, 8)))
    alice = Person(chromium, "report-lost", PHONE, "en")
    page = alice.page
    page.goto(f"{server.url}/report/")
    page.locator("#places").fill(URL)
    page.locator("#files").set_input_files(tmp_path / "photo.png")
    expect(page.locator('[data-when="done"]')).to_be_visible()
    page.reload()
    expect(page.locator("#places")).to_have_value(URL)
    page.locator("[data-next]:visible").click()
    page.locator("#explanation").fill("Опубликовано без согласия · 未经同意")
    with page.expect_navigation():
        page.get_by_role("button", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("#places")).to_have_value(URL)
    expect(page.locator("#explanation")).to_have_value("Опубликовано без согласия · 未经同意")
    expect(page.locator("#files-kept")).to_be_visible()
    alice.looks("kept")
    page.locator("[data-next]:visible").click()
    page.locator("#good_faith").check()
    page.locator("[data-next]:visible").click()
    page.locator("#contact").fill("alice@example.org")
    page.locator("#signature").fill("Алиса")
    server.kill()
    page.locator("[data-send]").click()
    page.wait_for_url("chrome-error://**")
    server.start()
    page.goto(f"{server.url}/report/")
    expect(page.locator("#signature")).to_be_visible()
    expect(page.locator("#signature")).to_have_value("Алиса")
    expect(page.locator("#places")).to_have_value(URL)
    expect(page.locator("#good_faith")).to_be_checked()
    page.locator("[data-send]").dblclick()

    expect(page.locator("[data-receipt]")).to_be_visible()
    content = content_of_the_notice(server)
    assert content["signature"] == "Алиса"
    assert len(content["fingerprints"]) == 1, "chosen before the language was"  # type: ignore[arg-type]
    alice.leaves()


def test_what_was_chosen_is_there_after_a_reload(
    server: Server, chromium: Browser, tmp_path: Path
) -> None:
    """In sight, and added to; also where the tab may keep nothing, or keeps rubbish."""
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(encoded(drawing(300, 200, 20 + number)))
    alice = Person(chromium, "report-again", PHONE, "en")
    page = alice.page
    page.goto(f"{server.url}/report/")
    page.locator("#files").set_input_files([tmp_path / "0.png", tmp_path / "1.png"])
    expect(page.locator("[data-when=done]:visible")).to_have_count(2)
    page.reload()
    expect(page.locator("[data-when=done]:visible")).to_have_count(2)
    page.locator("#files").set_input_files(tmp_path / "2.png")
    expect(page.locator("[data-when=done]:visible")).to_have_count(3)
    page.locator(".file", has_text="1.png").locator("[data-do=remove]").click()
    expect(page.locator("[data-do=remove]:focus")).to_have_count(1)
    page.locator("#kind-deposit").check()
    page.locator("[data-next]:visible").click()
    page.locator("#good_faith").check()
    page.locator("[data-next]:visible").click()
    page.locator("#contact").fill("alice@example.org")
    page.locator("#signature").fill("Alice Example")
    alice.clicks("[data-send]")
    content = content_of_the_notice(server)
    assert content["kind"] == "deposit"
    assert len(content["fingerprints"]) == 2  # type: ignore[arg-type]
    page.go_back()
    expect(page.locator("#report")).to_be_visible()
    for name in ("places", "contact", "signature"):
        expect(page.locator(f"#{name}")).to_have_value("")

    page.evaluate("sessionStorage.setItem('staydown-draft', '{')")
    page.goto(f"{server.url}/report/")
    expect(page.locator("#contact")).to_be_hidden()
    page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('no'); } });"
    )
    page.goto(f"{server.url}/report/")
    expect(page.locator("#contact")).to_be_hidden()
    page.locator("[data-leave]").click()
    expect(page).to_have_title("Weather")
    alice.leaves()


def test_without_script_the_form_is_one_page(server: Server, chromium: Browser) -> None:
    """With links; and everything that scripts would do is out of the way."""
    context = chromium.new_context(java_script_enabled=False, viewport=PHONE, locale="en")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{server.url}/report/")
    expect(page.locator("[data-next]:visible")).to_have_count(0)
    page.locator("#places").fill(URL)
    page.locator("#contact").fill("alice@example.org")
    page.locator("#signature").fill("Alice Example")
    page.locator("#signature").press("Enter")
    expect(page.locator("#good_faith-question")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator("#good_faith").check()
    page.locator("[data-send]").click()

    expect(page.locator("[data-receipt]")).to_be_visible()
    page.goto(server.url)
    page.locator("[data-leave]").click()
    expect(page).to_have_title("Weather")
    context.close()


def test_leaving_quickly(server: Server, chromium: Browser, elsewhere: str) -> None:
    """At once, with nothing kept; and "back" leads away again."""
    alice = Person(chromium, "report-leaves", PHONE, "en")
    page = alice.page
    page.goto("about:blank")
    page.goto(f"{server.url}/")
    page.goto(f"{server.url}/report/")
    page.locator("#places").fill(URL)
    page.locator("[data-leave]").click()
    expect(page).to_have_url(elsewhere)
    page.go_back(wait_until="commit")
    expect(page).to_have_url(elsewhere)

    page.goto(f"{server.url}/report/")
    expect(page.locator("#places")).to_have_value("")
    page.locator("#places").fill(URL)
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(page).to_have_url(elsewhere)
    alice.leaves()
