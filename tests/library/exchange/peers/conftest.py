import logging
from collections.abc import Iterator

import pytest

from library.exchange.peers.local import Clock, Local

SECRETS = ("key-of-alices-platform", "password-of-alices-platform")
"""Every key in these tests has one of these in it."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def local() -> Local:
    return Local()


@pytest.fixture(autouse=True)
def no_key_in_a_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does, at the most talkative level."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "urllib3")
    yield
    assert not [secret for secret in SECRETS if secret in caplog.text]
