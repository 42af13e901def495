"""The standing cast, with real processes around it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from world import Plaza, Server, Visitor


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Staydown, started."""
    server = Server(tmp_path / "staydown")
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture
def plaza(server: Server, tmp_path: Path) -> Iterator[Plaza]:
    """Plaza with its sample pictures, plugged in and registered."""
    plaza = Plaza(tmp_path / "plaza", server)
    try:
        plaza.start()
        yield plaza
    finally:
        plaza.end()


@pytest.fixture
def alice(server: Server) -> Visitor:
    return Visitor(server)


@pytest.fixture
def bob(server: Server) -> Visitor:
    bob = Visitor(server)
    bob.sign_in()
    return bob


@pytest.fixture
def charlie(server: Server) -> Visitor:
    return Visitor(server)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window and without calls home."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    # What still would ask its maker for something finds nobody.
    quiet.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", *quiet],
        )
        yield browser
        browser.close()
