"""What every connector that speaks a host's API must do, against a fake that enforces its rules."""

import time

import pytest

from server.removal.fakes.base import FakeHost, Reply
from staydown_server.catalogue import connection
from staydown_server.jobs import RetryLater
from staydown_server.removal.hosts import KINDS, api
from staydown_server.removal.hosts.connector import Refusal
from staydown_server.removal.models import Removal

Trouble = Removal.Trouble


def test_an_item_is_taken_down_and_seen_to_be_gone(fake: FakeHost) -> None:
    """Nobody is shown it any more, and our own look says so, before and after."""
    connector, order = fake.connector(), fake.order()
    # Telegram has nothing to look with: its look is another deletion.
    assert fake.kind == "telegram" or not connector.is_gone(order)

    assert connector.take_down(order) is True

    assert not fake.is_shown()
    assert connector.is_gone(order)


def test_an_item_is_put_back_where_the_host_can(fake: FakeHost) -> None:
    """What the host cannot undo, the connector says beforehand, and refuses."""
    connector, order = fake.connector(), fake.order()
    connector.take_down(order)

    if not connector.reversible:
        with pytest.raises(Refusal) as caught:
            connector.restore(order)
        assert caught.value.trouble == Trouble.CANNOT_RESTORE
        assert caught.value.is_final
        return
    assert connector.restore(order) is True
    assert fake.is_shown()
    assert not connector.is_gone(order)


def test_only_telegrams_deletion_is_for_good() -> None:
    """As it is said on its page; the others have an option at most."""
    assert [kind for kind, connector in KINDS.items() if not connector.reversible] == ["telegram"]


def test_taking_down_twice_is_taking_down_once(fake: FakeHost) -> None:
    """Power failed after the host obeyed: the second order finds it done, with the receipt that
    was written, or without."""
    connector, order = fake.connector(), fake.order()
    connector.take_down(order)

    fake.connector().take_down(fake.order(receipt=dict(order.receipt)))
    fake.connector().take_down(fake.order())

    assert not fake.is_shown()
    if connector.reversible:
        assert connector.restore(order)
        assert connector.restore(order)
        assert fake.is_shown()


def test_a_busy_host_is_left_alone_for_as_long_as_it_says(fake: FakeHost) -> None:
    """By its own header or field; then it obeys."""
    fake.next.append(fake.too_many())

    with pytest.raises(RetryLater) as caught:
        fake.connector().take_down(fake.order())

    if fake.kind != "lemmy":  # which does not say
        assert caught.value.seconds == pytest.approx(fake.seconds_to_wait, abs=3)
    assert fake.is_shown()
    fake.connector().take_down(fake.order())
    assert not fake.is_shown()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        *(("0", 1), ("-5", 1), ("99999999", 3600), ("nan", None), ("soon", None), ("", None)),
        *(("1e400", 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 1), ("9" * 5000, 3600)),
    ],
)
def test_a_host_cannot_send_us_away_for_good(
    lemmy: FakeHost, said: str, seconds: float | None
) -> None:
    """Nor make us come back at once, nor confuse us."""
    lemmy.next.append(Reply(429, headers={"Retry-After": said}))

    with pytest.raises(RetryLater) as caught:
        lemmy.connector().take_down(lemmy.order())

    assert caught.value.seconds == seconds


def test_a_wrong_token_is_told_plainly(fake: FakeHost) -> None:
    """And nothing is taken down. Discourse calls it forbidden."""
    wrong = "123456:wrong" if fake.kind == "telegram" else "wrong"

    with pytest.raises(Refusal) as caught:
        fake.connector(**{fake.secret[0]: wrong}).take_down(fake.order())

    expected = Trouble.FORBIDDEN if fake.kind == "discourse" else Trouble.TOKEN
    assert caught.value.trouble == expected
    assert not caught.value.is_final
    assert fake.is_shown()


def test_a_token_without_the_right_is_told_plainly(fake: FakeHost) -> None:
    """It is somebody's, but not a moderator's."""
    fake.lose_rights()

    with pytest.raises(Refusal) as caught:
        fake.connector().take_down(fake.order())

    assert caught.value.trouble == Trouble.FORBIDDEN
    assert fake.is_shown()


def test_an_item_that_its_author_deleted_is_gone(fake: FakeHost) -> None:
    """That ends the order, and the restoration, too. Synapse says yes to everything."""
    fake.forget()
    connector, order = fake.connector(), fake.order()

    assert connector.take_down(order) is (fake.kind == "matrix")

    assert connector.is_gone(order)
    if connector.reversible and fake.kind != "matrix":
        assert connector.restore(order) is False


@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_a_host_with_a_fault_is_asked_again(fake: FakeHost, status: int) -> None:
    """Whatever the fault says of itself."""
    fake.next.append(Reply(status, raw=b"<html>oops"))

    with pytest.raises(RetryLater):
        fake.connector().take_down(fake.order())

    assert fake.is_shown()


def test_a_host_that_is_down_proves_nothing(fake: FakeHost) -> None:
    """Neither that it obeyed nor that the item is gone."""
    connector, order = fake.connector(), fake.order()
    fake.close()

    for step in (connector.take_down, connector.is_gone):
        with pytest.raises(RetryLater):
            step(order)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, raw=b"x" * (api.LARGEST_ANSWER + 1)),
        Reply(200, delay=0.8),
        Reply(200, raw=b"[" * 100_000),
        Reply(200, raw=b'{"account": {"id": "../9"}, "post_number": "1", "access_token": "a/b"}'),
        Reply(200, raw=b'{"account": [], "files": 3, "ok": "true", "streamingPlaylists": [4]}'),
        Reply(200, raw=b"\xff\xfe"),
        Reply(301, headers={"Location": "https://elsewhere.example/"}),
        Reply(302, headers={"Location": "/api/v1/accounts/verify_credentials"}),
        Reply(418),
    ],
    ids=["huge", "slow", "deep", "sly", "wrong", "binary", "moved", "redirect", "teapot"],
)
def test_hostile_answers_do_no_harm(
    fake: FakeHost, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is an order that was not obeyed: never an odd error, never somewhere else."""
    monkeypatch.setattr(connection, "READ_SECONDS", 0.3)
    fake.next.append(reply)
    began = time.monotonic()

    # Lemmy and Synapse say all with the status: what else is in the answer counts for nothing.
    is_read = not reply.delay and len(reply.body) <= api.LARGEST_ANSWER
    if fake.kind in ("lemmy", "matrix") and reply.status == 200 and is_read:
        assert fake.connector().take_down(fake.order())
        return
    with pytest.raises((RetryLater, Refusal)) as caught:
        fake.connector().take_down(fake.order())

    assert fake.secret[1] not in repr(caught.value)
    assert fake.url not in repr(caught.value)
    assert time.monotonic() - began < 5
    assert all(request.path != "/api/v1/accounts/verify_credentials" for request in fake.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_host_that_sends_us_elsewhere_is_set_up_wrongly(fake: FakeHost, status: int) -> None:
    """The operator writes down the right address; the token is taken nowhere else."""
    fake.next.append(Reply(status, headers={"Location": f"{fake.url}/elsewhere"}))

    with pytest.raises(Refusal) as caught:
        fake.connector().take_down(fake.order())

    assert caught.value.trouble == Trouble.SETTINGS
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    "item_id",
    [
        *(
            "",
            "x",
            "../1",
            "1/../../admin",
            "1?x=1",
            "1#",
            "1 ",
            " 1",
            "1\n",
            "%31",
            "1%2f..",
            "-1",
        ),
        *("٣", "1" * 100, "-1001234567890/42/../x", "a.example/../../users", "mxc://a/b/c"),
        *("a.example/b?admin_unsafely_bypass_quarantine=true", "1;2", "1\r\nX-Evil: 1"),
    ],
)
def test_an_id_that_is_none_of_the_hosts_is_sent_nowhere(fake: FakeHost, item_id: str) -> None:
    """Ids come from outside, and the token would go along."""
    order = fake.order(item_id)

    with pytest.raises(Refusal) as caught:
        fake.connector().take_down(order)

    assert caught.value.trouble == Trouble.UNKNOWN_ID
    assert fake.requests == []


def test_the_token_goes_to_the_hosts_origins_only(fake: FakeHost) -> None:
    """An address that was written down wrongly gets nothing."""
    connector = fake.connector()
    connector.host.origins = ["https://other.example:443"]

    with pytest.raises(Refusal) as caught:
        connector.take_down(fake.order())

    assert caught.value.trouble == Trouble.SETTINGS
    assert fake.requests == []


def test_public_and_private_networks_are_kept_apart(fake: FakeHost) -> None:
    """A host that the operator did not call private leads to no private address."""
    connector = fake.connector()
    connector.host.is_private = False

    with pytest.raises(Refusal) as caught:
        connector.take_down(fake.order())

    assert caught.value.trouble == Trouble.SETTINGS
    assert fake.requests == []
