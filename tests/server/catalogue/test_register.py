"""Hosts speak for their own addresses: registering, updating, striking out."""

from typing import Any

import pytest

from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, scene
from staydown_server.accounts.models import Host
from staydown_server.audit.models import Entry
from staydown_server.catalogue.models import Change, Item
from staydown_server.catalogue.register import NotOnThisHost, register, strike_out

pytestmark = pytest.mark.django_db


def test_an_item_is_registered_once(host: Host, plaza: HostDouble, picture: bytes) -> None:
    """Repeating it changes nothing and writes nothing."""
    values: Any = {
        "host_item_id": "1",
        "url": plaza.page("1"),
        "fingerprint": fingerprint(picture),
    }
    first, is_new = register(host, **values)
    assert is_new
    second, is_new = register(host, **values)

    assert (second, is_new) == (first, False)
    assert Change.objects.count() == Entry.objects.count() == 1


def test_a_changed_item_is_brought_up_to_date(show: Any) -> None:
    """The new picture under the old id is what is searched from now on."""
    item = show("1", jpeg(scene(1)))
    other = jpeg(scene(2))

    show("1", other)

    item.refresh_from_db()
    assert item.load_fingerprint() == fingerprint(other)
    assert Change.objects.count() == 2


def test_a_struck_out_item_stays_on_record(host: Host, alices_item: Item) -> None:
    """Gone, not deleted; it can come back; and a second time does no harm."""
    assert strike_out(host, "alices")
    assert strike_out(host, "alices")
    alices_item.refresh_from_db()
    assert alices_item.gone_at is not None
    assert Change.objects.count() == 2


def test_a_struck_out_item_can_come_back(host: Host, show: Any, picture: bytes) -> None:
    """Registered again, it is searched again."""
    item = show("1", picture)
    strike_out(host, "1")

    show("1", picture)

    item.refresh_from_db()
    assert item.gone_at is None
    assert [change.entry_id for change in Change.objects.all()] == [item.pk] * 3


def test_an_unknown_item_cannot_be_struck_out(host: Host) -> None:
    """It says so."""
    assert not strike_out(host, "never heard of")


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/p/1",
        "http://127.0.0.1/p/1",
        "http://127.0.0.1.mallory.example:{port}/p/1",
        "https://127.0.0.1:{port}/p/1",
        "http://127.0.0.1:{port}@mallory.example/p/1",
        "ftp://127.0.0.1:{port}/p/1",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "/p/1",
        "http://[::1",
        "http://127.0.0.1:{port}x/p/1",
    ],
)
@pytest.mark.parametrize("name", ["url", "media_url"])
def test_an_address_elsewhere_is_refused(
    host: Host, plaza: HostDouble, picture: bytes, name: str, address: str
) -> None:
    """Or a host could have another one's pictures taken down, or us fetch what it likes."""
    values: Any = {"url": plaza.page("1"), "media_url": plaza.file("1")}
    values[name] = address.format(port=plaza.url.rpartition(":")[2])

    with pytest.raises(NotOnThisHost):
        register(host, host_item_id="1", fingerprint=fingerprint(picture), **values)

    assert not Item.objects.exists()


def test_two_hosts_may_use_the_same_id(host: Host, show: Any, picture: bytes) -> None:
    """An id is the host's own."""
    from staydown_server.accounts.hosts import add_host

    show("1", picture)
    add_host("other", origins=["https://o.example"], webhook_url="https://o.example/hook")
    other = Host.objects.get(name="other")

    _, is_new = register(
        other, host_item_id="1", url="https://o.example/1", fingerprint=fingerprint(picture)
    )

    assert is_new
    assert strike_out(other, "1")
    assert Item.objects.get(host=host).gone_at is None
