"""What the DNS says."""

from ipaddress import ip_address

import pytest

from server.providers.fakes import Internet
from staydown_server.providers import names
from staydown_server.providers.found import Reason


def test_mail_servers_come_in_their_order(internet: Internet) -> None:
    """And one that takes no mail has none (RFC 7505)."""
    internet.dns.add("a.example", "MX", "20 second.example.", "5 First.example.")
    internet.dns.add("null.example", "MX", "0 .")
    internet.dns.add("none.example", "A", "192.0.2.1")

    assert names.mail_servers("a.example").values == ("first.example", "second.example")
    assert names.mail_servers("null.example").values == ()
    assert names.mail_servers("none.example").values == ()


def test_a_name_without_an_address(internet: Internet) -> None:
    """Is not one that does not exist."""
    internet.dns.add("text.example", "TXT", '"hello"')

    with pytest.raises(names.NotResolved) as caught:
        names.addresses_of("text.example")

    assert caught.value.reason == Reason.NO_ADDRESS


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('"nothing to see"', Reason.WRONG_ANSWER),
        ('"x | 192.0.2.0/24 | NL"', Reason.WRONG_ANSWER),
        ('" | | "', Reason.WRONG_ANSWER),
    ],
)
def test_a_system_that_is_none(internet: Internet, said: str, reason: Reason) -> None:
    """Somebody else may answer in that zone."""
    internet.dns.add("1.2.0.192.origin.asn.cymru.com", "TXT", said)

    with pytest.raises(names.NotResolved) as caught:
        names.system_of(ip_address("192.0.2.1"))

    assert caught.value.reason == reason


def test_of_several_systems_the_first(internet: Internet) -> None:
    """And a number without a name is enough."""
    internet.dns.add(
        "1.2.0.192.origin.asn.cymru.com", "TXT", '"64500 64501 | 192.0.2.0/24 | NL | ripencc |"'
    )

    system = names.system_of(ip_address("192.0.2.1"))

    assert (system.number, system.name, system.country) == ("64500", "", "NL")


def test_aliases_are_told(internet: Internet) -> None:
    """Each on the way: one of them may be a delivery network's."""
    internet.dns.add("a.example", "CNAME", "b.example.")
    internet.dns.add("b.example", "CNAME", "c.example.")
    internet.dns.add("c.example", "A", "192.0.2.7")

    found = names.addresses_of("a.example")

    assert found.aliases == ("b.example", "c.example")
    assert [str(each) for each in found.addresses] == ["192.0.2.7"]
