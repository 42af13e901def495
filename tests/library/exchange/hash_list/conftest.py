from pathlib import Path

import pytest

from library.exchange.hash_list.publisher import Follower, Publisher


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path / "list")


@pytest.fixture
def follower(publisher: Publisher) -> Follower:
    return Follower.of(publisher)
