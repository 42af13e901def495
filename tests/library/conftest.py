"""What the library's tests share."""

from collections.abc import Iterator
from typing import Any

import pytest

from library.pictures import NO_PHOTOS, photo_folder
from staydown import DecoderPool
from staydown.fingerprint.files import new_pool


@pytest.fixture(scope="session")
def pool() -> Iterator[DecoderPool]:
    """Decoders with the shipped limits."""
    pool = new_pool(size=2)
    yield pool
    pool.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if photo_folder() is None:
        terminalreporter.write_line(NO_PHOTOS)
