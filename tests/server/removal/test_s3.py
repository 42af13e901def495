"""Objects in a bucket, against moto's S3."""

import logging
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from server.removal.fakes.base import FakeHost, Reply, Request
from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item
from staydown_server.jobs import RetryLater
from staydown_server.removal.hosts.connector import Order, Refusal
from staydown_server.removal.hosts.s3 import S3
from staydown_server.removal.models import Removal

Trouble = Removal.Trouble
KEY = "2026/11/a b é.jpg"


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The address of an S3 service on this machine."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def ask(method: str, url: str, body: bytes = b"") -> bytes:
    plain = {"Content-Type": "text/plain"}
    asked = urllib.request.Request(url, body or None, plain, method=method)  # noqa: S310
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        read: bytes = answer.read()
    return read


@pytest.fixture
def bucket(service: str) -> S3Store:
    """A bucket with one picture in it."""
    ask("POST", f"{service}/moto-api/reset")
    ask("PUT", f"{service}/uploads")
    store = S3Store("uploads", **access(service))
    store.put(KEY, b"the picture", attributes={"Content-Type": "image/jpeg"})
    return store


def access(service: str) -> Any:
    return {
        "endpoint": service,
        "access_key_id": "AKIATEST",
        "secret_access_key": "s3cret-t0ken",
        "region": "us-east-1",
        "virtual_hosted_style_request": False,
        "client_options": {"allow_http": True},
        "retry_config": {"max_retries": 0},
    }


def connector(service: str, **changes: str) -> S3:
    given = {
        "endpoint": service,
        "bucket": "uploads",
        "access_key_id": "AKIATEST",
        "secret_access_key": "s3cret-t0ken",
        "region": "us-east-1",
        "prefix": "staydown-quarantine/",
    }
    return S3(Host(origins=[service], is_private=True, credentials={**given, **changes}))


def order(key: str = KEY, **more: Any) -> Order:
    return Order(
        removal_id=7,
        item=Item(host_item_id=key),
        statement_of_reasons=lambda: {},
        write_down=lambda _receipt: None,
        **{"turn": 1, "receipt": {}, **more},
    )


def keys(store: S3Store) -> set[str]:
    return {found["path"] for portion in store.list() for found in portion}


def trouble(step: Any, what: Order) -> Trouble:
    with pytest.raises(Refusal) as caught:
        step(what)
    return caught.value.trouble


def test_an_object_goes_into_quarantine_and_comes_back(service: str, bucket: S3Store) -> None:
    """With its content and its type."""
    s3, one = connector(service), order()

    assert s3.take_down(one) is True
    assert keys(bucket) == {f"staydown-quarantine/7-1/{KEY}"}

    assert s3.restore(one) is True
    assert keys(bucket) == {KEY}
    found = bucket.get(KEY)
    assert bytes(found.bytes()) == b"the picture"
    assert found.attributes["Content-Type"] == "image/jpeg"


def test_each_step_can_be_repeated(service: str, bucket: S3Store) -> None:
    """As after a crash, with and without what was written down."""
    s3, one = connector(service), order()

    assert s3.take_down(one)
    assert s3.take_down(one)
    assert s3.take_down(order())
    assert s3.restore(one) is True
    assert s3.restore(one) is False
    assert keys(bucket) == {KEY}


def test_a_crash_between_copy_and_deletion_is_made_good(service: str, bucket: S3Store) -> None:
    """In both directions."""
    held = f"staydown-quarantine/7-1/{KEY}"
    s3, one = connector(service), order()
    bucket.copy(KEY, held)
    assert s3.take_down(one)
    assert keys(bucket) == {held}

    bucket.copy(held, KEY)
    assert s3.restore(one)
    assert keys(bucket) == {KEY}


def test_a_later_object_in_its_place_is_not_overwritten(service: str, bucket: S3Store) -> None:
    """The desk is told."""
    s3, one = connector(service), order()
    s3.take_down(one)
    bucket.put(KEY, b"somebody's holiday")

    assert trouble(s3.restore, one) == Trouble.OCCUPIED
    assert bytes(bucket.get(KEY).bytes()) == b"somebody's holiday"


def test_a_later_turn_overwrites_nothing_in_quarantine(service: str, bucket: S3Store) -> None:
    """Both are kept until the appeal time is over."""
    s3, one = connector(service), order()
    s3.take_down(one)
    bucket.put(KEY, b"uploaded again")

    s3.take_down(order(turn=2, receipt=one.receipt))

    assert len(keys(bucket)) == 2


def test_an_object_that_is_not_there_was_not_there(service: str, bucket: S3Store) -> None:
    """But a bucket that is not there is a wrong setting."""
    s3 = connector(service)
    assert s3.take_down(order("none.jpg")) is False
    assert s3.restore(order("none.jpg")) is False

    lost = connector(service, bucket="no-such-bucket")
    assert trouble(lost.take_down, order()) == Trouble.SETTINGS
    assert trouble(lost.restore, order()) == Trouble.SETTINGS


@pytest.mark.parametrize("key", ["", "staydown-quarantine/7-1/x", "a/../b", "./a", ".."])
def test_keys_that_are_none_are_refused(service: str, bucket: S3Store, key: str) -> None:
    """Nothing is taken out of quarantine by an order to remove it."""
    assert trouble(connector(service).take_down, order(key)) == Trouble.UNKNOWN_ID
    assert keys(bucket) == {KEY}


def test_a_key_that_the_service_does_not_know_is_told(service: str, bucket: S3Store) -> None:
    """Moto checks signatures and policies from here on."""
    ask("POST", f"{service}/moto-api/reset-auth", b"0")
    try:
        assert trouble(connector(service).take_down, order()) == Trouble.FORBIDDEN
    finally:
        ask("POST", f"{service}/moto-api/reset-auth", b"inf")
    assert keys(bucket) == {KEY}


def test_the_endpoint_must_be_the_hosts_own(service: str, bucket: S3Store) -> None:
    """The secret goes nowhere else."""
    s3 = connector(service)
    s3.host.origins = ["https://other.example:443"]

    assert trouble(s3.take_down, order()) == Trouble.SETTINGS


def test_a_service_that_is_down_proves_nothing() -> None:
    """It is asked again."""
    s3 = connector("http://127.0.0.1:9")

    for step in (s3.take_down, lambda _order: s3.restore(order(receipt={"held": "x"}))):
        with pytest.raises(RetryLater) as caught:
            step(order())
        assert "s3cret" not in repr(caught.value)
        assert caught.value.__suppress_context__


class Faulty(FakeHost):
    """An S3 service that says nothing but the next answer."""

    def answer(self, request: Request) -> Reply:
        return Reply(503)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(500), RetryLater),
        (Reply(503, raw=b"<Error><Code>SlowDown</Code></Error>"), RetryLater),
        (Reply(200, raw=b"", headers={"Content-Length": "nonsense"}), RetryLater),
        (Reply(403, raw=b"<Error><Code>AccessDenied</Code></Error>"), Refusal),
        (Reply(401), Refusal),
    ],
)
def test_other_answers_are_sorted(reply: Reply, expected: type[Exception]) -> None:
    """No error of the library's own gets out: they quote keys and addresses."""
    faulty = Faulty()
    try:
        faulty.next.append(reply)
        with pytest.raises(expected):
            connector(faulty.url).take_down(order())
        assert len(faulty.requests) == 1
    finally:
        faulty.close()


def test_an_object_that_goes_while_it_is_copied_is_asked_for_again() -> None:
    """The next try finds it gone."""
    faulty = Faulty()
    found = {"Content-Length": "3", "ETag": '"x"', "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT"}
    try:
        faulty.next.extend([Reply(200, headers=found), Reply(404)])
        with pytest.raises(RetryLater):
            connector(faulty.url).take_down(order())
        assert [request.method for request in faulty.requests] == ["HEAD", "PUT"]
    finally:
        faulty.close()
