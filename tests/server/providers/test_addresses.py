"""Addresses as people type and paste them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staydown_server.providers.addresses import NotAnAddress, domain_of, group, normalise
from staydown_server.providers.found import ByHand, Reason, Step


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://example.com/a", "https://example.com/a"),
        ("HTTPS://EXAMPLE.com:443/A?b=C#top", "https://example.com/A?b=C"),
        ("http://example.com:80", "http://example.com/"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("example.com/a b".replace(" ", "%20"), "https://example.com/a%20b"),
        ("example.com:8443/x", "https://example.com:8443/x"),
        ("//example.com/x", "https://example.com/x"),
        ("<https://example.com/x>", "https://example.com/x"),
        ("« https://example.com/x »", "https://example.com/x"),
        ("hxxps://example[.]com/x", "https://example.com/x"),
        ("https://bücher.example/é", "https://xn--bcher-kva.example/%C3%A9"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://XN--BCHER-KVA.example./", "https://xn--bcher-kva.example/"),
        ("https://my_site.example.com/", "https://my_site.example.com/"),
        ("https://name:secret@example.com/x", "https://example.com/x"),
        ("https://bank.com@mallory.example/x", "https://mallory.example/x"),
        ("https://93.184.215.14/x", "https://93.184.215.14/x"),
        ("https://[2606:2800:21F::1]:443/x", "https://[2606:2800:21f::1]/x"),
        ("https://example.com/%2e%2E/x?q=ü&r=%FC", "https://example.com/%2e%2E/x?q=%C3%BC&r=%FC"),
    ],
)
def test_one_spelling_for_what_was_meant(typed: str, meant: str) -> None:
    """As the host will be asked for it."""
    assert normalise(typed)[0] == meant


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("no address at all", Reason.NOT_AN_ADDRESS),
        ("https://", Reason.NOT_AN_ADDRESS),
        ("https:///path", Reason.NOT_AN_ADDRESS),
        ("https://exam ple.com/", Reason.NOT_AN_ADDRESS),
        ("https://example.com/\x00", Reason.NOT_AN_ADDRESS),
        ("https://example.com/a\r\nX-Evil: 1", Reason.NOT_AN_ADDRESS),
        ("https://[::1", Reason.NOT_AN_ADDRESS),
        ("https://[fe80::1%25eth0]/", Reason.NOT_AN_ADDRESS),
        ("https://example.com:99999/", Reason.NOT_AN_ADDRESS),
        ("https://example.com:0/", Reason.NOT_AN_ADDRESS),
        ("https://-example-.com/", Reason.NOT_AN_ADDRESS),
        ("https://" + "a" * 64 + ".com/", Reason.NOT_AN_ADDRESS),
        ("https://" + "a." * 130 + "com/", Reason.NOT_AN_ADDRESS),
        ("https://a..b.com/", Reason.NOT_AN_ADDRESS),
        ("https://xn--a.com/", Reason.NOT_AN_ADDRESS),
        ("https://2130706433/", Reason.NOT_AN_ADDRESS),
        ("https://0x7f.0.0.1/", Reason.NOT_AN_ADDRESS),
        ("https://127.1/", Reason.NOT_AN_ADDRESS),
        ("printer", Reason.NOT_AN_ADDRESS),
        ("mailto:alice@example.com", Reason.NOT_HTTP),
        ("javascript:alert(1)", Reason.NOT_HTTP),
        ("data:text/html,x", Reason.NOT_HTTP),
        ("file:///etc/passwd", Reason.NOT_HTTP),
        ("ftp://example.com/x", Reason.NOT_HTTP),
        ("https://example.com/" + "a" * 2000, Reason.TOO_LONG),
        ("https://example.com/" + "é" * 900, Reason.TOO_LONG),
        ("http://127.0.0.1/", Reason.PRIVATE_NETWORK),
        ("http://10.0.0.1:8000/", Reason.PRIVATE_NETWORK),
        ("http://169.254.169.254/latest/meta-data", Reason.PRIVATE_NETWORK),
        ("http://[::1]/", Reason.PRIVATE_NETWORK),
        ("http://[::ffff:10.0.0.1]/", Reason.PRIVATE_NETWORK),
        ("http://[fd00::1]/", Reason.PRIVATE_NETWORK),
        ("http://localhost:8000/", Reason.PRIVATE_NETWORK),
        ("http://app.localhost/", Reason.PRIVATE_NETWORK),
        ("http://nas.local/", Reason.PRIVATE_NETWORK),
        ("http://metadata.google.internal/", Reason.PRIVATE_NETWORK),
        ("http://expyuzz4wqqyqhjn.onion/", Reason.ONION),
    ],
)
def test_what_cannot_be_asked_for_is_told_with_its_reason(typed: str, reason: Reason) -> None:
    """And what a person can do about it."""
    groups, troubles = group([typed])

    assert groups == ()
    assert [(each.step, each.reason) for each in troubles] == [(Step.ADDRESS, reason)]
    wanted = ByHand.CORRECT_THE_ADDRESS
    if reason in (Reason.PRIVATE_NETWORK, Reason.ONION):
        wanted = ByHand.LEAVE_IT_OUT
    assert troubles[0].by_hand == wanted
    assert typed.startswith(troubles[0].about[:200])


def test_addresses_are_grouped_by_host_in_the_order_in_which_they_came() -> None:
    """One that was pasted twice is asked for once, and both lines are kept."""
    groups, troubles = group(
        [
            "https://b.example.com/2",
            "",
            "https://a.example.net/1",
            "HTTPS://B.example.com:443/2#again",
            "not one",
            "https://b.example.com/3",
        ]
    )

    assert [(each.host, each.domain, each.urls) for each in groups] == [
        (
            "b.example.com",
            "example.com",
            ("https://b.example.com/2", "https://b.example.com/3"),
        ),
        ("a.example.net", "example.net", ("https://a.example.net/1",)),
    ]
    assert groups[0].typed["https://b.example.com/2"] == (
        "https://b.example.com/2",
        "HTTPS://B.example.com:443/2#again",
    )
    assert [each.about for each in troubles] == ["not one"]


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.example.co.uk", "example.co.uk"),
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        # Registered by the company, whoever uses the name below it.
        ("alice.github.io", "github.io"),
        ("x.xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("93.184.215.14", ""),
        ("2606:2800:21f::1", ""),
        ("co.uk", ""),
    ],
)
def test_the_domain_is_the_one_that_somebody_registered(host: str, domain: str) -> None:
    """For a registry, not for cookies."""
    assert domain_of(host) == domain


@given(st.text(max_size=80))
def test_no_text_does_harm(text: str) -> None:
    """An address comes out, or a named error; and an address stays as it is."""
    try:
        url, host = normalise(text)
    except NotAnAddress:
        return
    assert url.isascii()
    assert normalise(url) == (url, host)


def test_private_networks_can_be_let_in_for_trying_out(settings: Any) -> None:
    """By the operator alone."""
    import ipaddress

    settings.LOOKUP_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)

    assert normalise("http://127.0.0.1:8000/x")[1] == "127.0.0.1"
    with pytest.raises(NotAnAddress):
        normalise("http://10.0.0.1/")
