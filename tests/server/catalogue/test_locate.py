"""From the address that Alice pasted to the item behind it."""

from typing import Any

import pytest

from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, scene
from staydown_server.accounts.hosts import origin_of
from staydown_server.accounts.models import Host
from staydown_server.catalogue.locate import host_of, key_of, locate
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import register, strike_out

pytestmark = pytest.mark.django_db


def placed(host: Host, url: str) -> Item:
    """An item that the host shows at *url*."""
    shown = fingerprint(jpeg(scene(1)))
    item, _ = register(host, host_item_id=url[-200:], url=url, fingerprint=shown)
    return item


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


@pytest.mark.parametrize(
    "address",
    [
        "http://forum.example/käse/1?id=7",
        "https://www.forum.example/k%c3%a4se/1?id=7",
        "https://m.forum.example/k%C3%A4se/1/?id=7#top",
        "https://forum.example:443/käse/%31?utm_source=mail&id=7&fbclid=x",
        "https://forum.example./käse/1?a=1&b=2&id=7&c=3&d=4",
    ],
)
def test_one_place_has_many_spellings(host: Host, address: str) -> None:
    """With or without www, s, a phone's name, encoded letters, and what was added on the way."""
    host.origins = ["https://forum.example:443"]
    host.save()
    item, _ = register(
        host,
        host_item_id="7",
        url="https://forum.example/käse/1?id=7",
        fingerprint=fingerprint(jpeg(scene(1))),
    )

    assert locate(address) == [item]
    assert locate(address.replace("id=7", "id=8")) == []
    assert locate(address.replace("forum", "board")) == []


def test_a_name_is_the_same_in_letters_and_in_the_dns(host: Host) -> None:
    host.origins = [origin_of("https://käse.example")]
    host.save()
    item, _ = register(
        host,
        host_item_id="1",
        url="https://Käse.example/1",
        fingerprint=fingerprint(jpeg(scene(1))),
    )

    assert locate("https://xn--kse-qla.example/1") == [item]


def test_the_address_with_most_of_the_parameters_is_meant(host: Host, plaza: HostDouble) -> None:
    """The page itself is registered, too."""
    page, film = placed(host, f"{plaza.url}/v"), placed(host, f"{plaza.url}/v?id=1")

    assert locate(f"{plaza.url}/v?utm_source=mail&id=1") == [film]
    assert locate(f"{plaza.url}/v?utm_source=mail") == [page]
    assert locate(f"{plaza.url}/v?" + "&".join(f"x{n}=1" for n in range(40))) == [page]


def test_an_address_too_long_to_be_a_key_is_found_all_the_same(
    host: Host, plaza: HostDouble
) -> None:
    """Letters that grow when they are encoded."""
    url = f"{plaza.url}/" + "ä" * 1500
    item = placed(host, url)

    assert len(item.url_key) <= 2000
    assert locate(url) == [item]
    assert locate(url + "ä") == []


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
