"""From the address that Alice pasted to the item behind it."""

from typing import Any

import pytest

from server.host_double import HostDouble
from server.pictures import jpeg, scene
from staydown_server.accounts.models import Host
from staydown_server.catalogue.locate import host_of, key_of, locate
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import register, strike_out

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    [
        "{url}/p/alices",
        "{url}/p/alices/",
        "{url}/p/alices#comments",
        "{url}/p/alices?utm_source=mail&x=1",
        "{url}/p/alices/?utm_source=mail#top",
        "{url}/f/alices.jpg",
        "{url}/f/alices.jpg?width=200",
        "{shout}/p/alices",
    ],
)
def test_an_item_is_found_by_its_page_and_its_file(
    alices_item: Item, plaza: HostDouble, address: str
) -> None:
    """With a fragment, a slash, a tail for tracking, or in capitals."""
    asked = address.format(url=plaza.url, shout=plaza.url.replace("http", "HTTP"))

    assert locate(asked) == [alices_item]


@pytest.mark.parametrize(
    "address",
    ["{url}/p/alice", "{url}/p/alices/more", "{url}/P/alices", "{url}", "http://", "alices", ""],
)
def test_another_address_finds_nothing(alices_item: Item, plaza: HostDouble, address: str) -> None:
    """A path is compared to the letter."""
    assert locate(address.format(url=plaza.url)) == []


def test_an_address_whose_query_names_the_item_is_told_apart(
    host: Host, show: Any, plaza: HostDouble
) -> None:
    """``?id=1`` and ``?id=2`` are two items on one path."""
    items = []
    for number in (1, 2):
        item, _ = register(
            host,
            host_item_id=str(number),
            url=f"{plaza.url}/view?id={number}",
            fingerprint=show(f"x{number}", jpeg(scene(number))).load_fingerprint(),
        )
        items.append(item)

    assert locate(f"{plaza.url}/view?id=2") == [items[1]]
    assert locate(f"{plaza.url}/view?id=3") == []


def test_a_page_can_show_two_items(host: Host, show: Any, plaza: HostDouble) -> None:
    """Both are found."""
    one, two = show("1", jpeg(scene(1))), show("2", jpeg(scene(2)))
    for item in (one, two):
        register(
            host,
            host_item_id=item.host_item_id,
            url=f"{plaza.url}/album",
            fingerprint=item.load_fingerprint(),
        )

    assert locate(f"{plaza.url}/album") == [one, two]


def test_what_is_gone_is_not_found(host: Host, alices_item: Item) -> None:
    """The host struck it out."""
    strike_out(host, "alices")

    assert locate(alices_item.url) == []


def test_an_address_belongs_to_the_host_with_its_origin(host: Host, plaza: HostDouble) -> None:
    """And to nobody where there is none."""
    assert host_of(f"{plaza.url}/anything") == host
    assert host_of("https://elsewhere.example/") is None
    assert host_of("http://[::1") is None
    assert host_of("http://a\u2100b.example/") is None


def test_addresses_that_cannot_be_parsed_have_a_key_all_the_same() -> None:
    """A person may paste anything."""
    for address in ("http://[::1", "http://x.example:port/", "http://a\u2100b.example/"):
        assert key_of(address) == address
