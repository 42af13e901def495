"""Somebody at a screen, in a real browser."""

from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page
from world import ROOT

SCREENS = ROOT / "artefacts" / "screens"
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}


class Person:
    """Somebody at a screen. Every page they come to is photographed and checked with axe."""

    def __init__(self, browser: Browser, name: str, size: dict[str, int], language: str) -> None:
        self._name, self._number = name, 0
        self.called: set[str] = set()
        self._context: BrowserContext = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            locale=language,
            # For axe, which is put into the page; the pages themselves have no script.
            bypass_csp=True,
        )
        self.page: Page = self._context.new_page()
        self.page.on("request", lambda request: self.called.add(urlsplit(request.url).netloc))

    def clicks(self, selector: str) -> None:
        """Click what leads to another page, and wait for it."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def looks(self, what: str) -> None:
        """Keep a picture of the page, and hold it to WCAG 2.2 AA."""
        self._number += 1
        # At the top, where what stays in sight while scrolling covers nothing.
        self.page.evaluate("scrollTo(0, 0)")
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(
            path=SCREENS / f"{self._name}-{self._number:02d}-{what}.png", full_page=True
        )
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{what} scrolls sideways by {wide} pixels"
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": tags}})
        assert found.violations_count == 0, found.generate_report()

    def leaves(self) -> None:
        self._context.close()
