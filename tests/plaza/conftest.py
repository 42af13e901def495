"""Plaza, plugged into a fake Staydown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_staydown import FakeStaydown
from plaza_world import Plaza, drawn


@pytest.fixture
def staydown() -> Iterator[FakeStaydown]:
    fake = FakeStaydown()
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def plaza(tmp_path: Path, staydown: FakeStaydown) -> Iterator[Plaza]:
    plaza = Plaza(tmp_path / "plaza", staydown)
    plaza.open()
    yield plaza
    plaza.close()


@pytest.fixture
def picture() -> bytes:
    return drawn("hills")
