"""An archive in a bucket: an S3 that runs here."""

import obstore
import pytest
from obstore.store import S3Store

from server.host_double import HostDouble
from server.pictures import jpeg, scene
from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item
from staydown_server.gate.archive import bucket
from staydown_server.gate.archive.entry import Unusable
from staydown_server.gate.archive.scan import Outcome, scan

pytestmark = pytest.mark.django_db


def put(store: S3Store, key: str, content: bytes) -> None:
    obstore.put(store, key, content)


def test_a_bucket_is_scanned_and_then_what_is_new(
    host: Host, plaza: HostDouble, endpoint: str
) -> None:
    """Under its prefix alone; objects are told apart by what the store says of them."""
    store = bucket.opened("s3://uploads/2019", endpoint=endpoint)
    put(store, "a.jpg", jpeg(scene(1)))
    put(store, "été/b c.jpg", jpeg(scene(2)))
    put(store, "notes.txt", b"no picture")
    put(bucket.opened("s3://uploads/private", endpoint=endpoint), "c.jpg", jpeg(scene(3)))

    def outcomes() -> dict[str, Outcome]:
        entries = bucket.entries(store, f"{plaza.url}/media")
        return {one.id: one.outcome for one in scan(host, entries)}

    first = outcomes()
    assert first == {
        "a.jpg": Outcome.REGISTERED,
        "été/b c.jpg": Outcome.REGISTERED,
        "notes.txt": Outcome.UNREADABLE,
    }
    assert Item.objects.get(host_item_id="été/b c.jpg").url.endswith(
        "/media/%C3%A9t%C3%A9/b%20c.jpg"
    )
    put(store, "a.jpg", jpeg(scene(4)))
    assert outcomes() == {
        "a.jpg": Outcome.REGISTERED,
        "été/b c.jpg": Outcome.UNCHANGED,
        "notes.txt": Outcome.UNREADABLE,
    }


def test_an_object_that_the_store_does_not_give_costs_one_line(
    host: Host, plaza: HostDouble, endpoint: str
) -> None:
    """Deleted between the list and its turn."""
    store = bucket.opened("s3://uploads", endpoint=endpoint)
    put(store, "a.jpg", jpeg(scene(1)))
    entries = list(bucket.entries(store, plaza.url))
    obstore.delete(store, "a.jpg")

    (only,) = scan(host, entries)

    assert only.outcome == Outcome.UNREADABLE
    assert only.why == "It cannot be opened."


def test_a_bucket_that_is_not_there_is_said_to_be(endpoint: str) -> None:
    """With what to look at."""
    with pytest.raises(Unusable, match="check its name, your keys and --endpoint"):
        list(bucket.entries(bucket.opened("s3://nobodys", endpoint=endpoint), "https://x.example"))
