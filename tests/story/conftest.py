"""The standing cast, with real processes around it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
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
