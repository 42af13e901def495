from collections.abc import Iterator
from typing import Any

import pytest

from server.providers.fakes import Internet


@pytest.fixture(scope="session")
def whole_internet() -> Iterator[Internet]:
    internet = Internet()
    yield internet
    internet.close()


@pytest.fixture
def internet(whole_internet: Internet, settings: Any, db: Any) -> Internet:
    """A small internet, empty, which the settings point at."""
    whole_internet.reset()
    whole_internet.use(settings)
    return whole_internet
