"""A browser with the page open, and what it makes of files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from hasher.world import Site, serving, started
from staydown import Fingerprint

Hash = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = started(playwright.chromium)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@contextmanager
def opened_page(chromium: Browser, site: Site) -> Iterator[Page]:
    """The page, which has nothing to say on its console."""
    page = chromium.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(error.message))
    page.goto(site.url)
    yield page
    page.close()
    assert complaints == []


@pytest.fixture(scope="module")
def page_of_many(chromium: Browser, site: Site) -> Iterator[Page]:
    """One page and one worker for file after file, as a person uses them."""
    with opened_page(chromium, site) as page:
        yield page


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A page of the test's own."""
    with opened_page(chromium, site) as page:
        yield page


@pytest.fixture
def hashed(page_of_many: Page, tmp_path: Path) -> Hash:
    """What the browser makes of files: of paths, read in place, or of bytes."""

    def hash_all(*files: Path | bytes) -> list[dict[str, Any]]:
        choose(page_of_many, tmp_path, *files)
        outcomes: list[dict[str, Any]] = page_of_many.evaluate("hashAll()")
        return outcomes

    return hash_all


def choose(page: Page, folder: Path, *files: Path | bytes) -> None:
    """Choose files in the page; those given as bytes are written to *folder* first."""
    paths = []
    for number, file in enumerate(files):
        path = file if isinstance(file, Path) else folder / f"{number}"
        if isinstance(file, bytes):
            path.write_bytes(file)
        paths.append(path)
    page.set_input_files("#files", paths)


def with_worker_of(page: Page, another_browser: str) -> None:
    """Let the worker run in *another_browser*: lines that change what this one has."""
    body = f"{another_browser} importScripts('/staydown/hasher-worker.js');"
    page.route(
        "**/other-worker.js", lambda route: route.fulfill(content_type="text/javascript", body=body)
    )
    page.evaluate("hasher.script = '/other-worker.js'")


def fingerprint_in(outcome: dict[str, Any]) -> Fingerprint:
    """The fingerprint of a file that the browser could read, as the server reads it."""
    assert outcome["reason"] is None
    return Fingerprint.from_dict(outcome["fingerprint"])
