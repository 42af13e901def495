"""Who asks: the network, as far as it can be believed."""

from typing import Any

import pytest
from django.test import RequestFactory

from staydown_server.web.pace import caller


def asked(address: str, **headers: str) -> str:
    return caller(RequestFactory(REMOTE_ADDR=address).get("/", headers=headers))


def test_an_address_is_its_own_caller() -> None:
    """And what a visitor writes into a header changes nothing."""
    assert asked("203.0.113.7") == "203.0.113.7"
    assert asked("203.0.113.7", **{"X-Forwarded-For": "198.51.100.1"}) == "203.0.113.7"


def test_a_network_of_ipv6_is_one_caller() -> None:
    """Everybody there has more addresses than could be counted."""
    assert asked("2001:db8::1") == asked("2001:db8::ffff:1") != asked("2001:db8:0:1::1")


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("rubbish", ""),
        ("", ""),
    ],
)
def test_a_proxy_names_its_client(settings: Any, told: str, believed: str) -> None:
    """The last entry is the proxy's own; what stands before it can be made up."""
    settings.CLIENT_ADDRESS_HEADER = "X-Forwarded-For"

    assert asked("127.0.0.1", **{"X-Forwarded-For": told}) == believed
    assert asked("127.0.0.1") == "127.0.0.1"
