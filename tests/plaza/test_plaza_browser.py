"""Plaza's pages in a real browser: for everyone, on a phone and at a desk."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from fake_staydown import FakeStaydown
from playwright.sync_api import Browser, sync_playwright
from plaza_world import Plaza, drawn

pytestmark = pytest.mark.browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    # What still would ask its maker for something finds nobody.
    quiet.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", *quiet],
        )
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_page_is_for_everyone(
    plaza: Plaza, staydown: FakeStaydown, chromium: Browser, width: int, colours: str
) -> None:
    """WCAG 2.2 AA, and nothing to scroll sideways for, not even with one very long word."""
    shown = plaza.posted(drawn("a"), title="Donaudampfschiff" * 5)
    gone = plaza.posted(drawn("b"), title="Gone")
    reasons = {"facts": "As reported.", "appeal_url": "https://staydown.example/reasons/A/"}
    staydown.send(plaza.url, "item.remove", gone, statement_of_reasons=reasons)
    staydown.verdicts[drawn("c")] = "hold"
    plaza.upload(drawn("c"), title="Held")
    context = chromium.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if colours == "dark" else "light",
        bypass_csp=True,  # for axe, which is put into the page
    )
    page = context.new_page()

    for path in ("/", f"/p/{shown}", f"/p/{gone}", "/upload", "/me", "/me/charlie", "/nothing"):
        page.goto(plaza.url + path)
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


def test_a_picture_is_posted_by_keyboard_alone(
    plaza: Plaza, chromium: Browser, picture: bytes
) -> None:
    """Tab, type, Enter; the first stop skips to the content."""
    page = chromium.new_page()
    page.goto(f"{plaza.url}/upload")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    # The operating system's own dialogue is out of a test's reach.
    page.locator("#file").set_input_files(
        {"name": "hills.jpg", "mimeType": "image/jpeg", "buffer": picture}
    )
    page.keyboard.press("Tab")
    page.keyboard.type("Hills at dawn")
    page.keyboard.press("Tab")
    page.keyboard.type("Dora")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert page.locator("h1").inner_text() == "Hills at dawn"
    assert page.locator("article img").evaluate("image => image.naturalWidth") == 320
    page.close()
