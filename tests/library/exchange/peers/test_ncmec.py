"""NCMEC: windows of time, pages in no order, tombstones, votes."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from library.exchange.peers.fake_ncmec import PASSWORD, REASONS, FakeNCMEC
from library.exchange.peers.local import Clock, Local
from library.exchange.served import Said, served
from staydown.exchange.hash_list import Provenance
from staydown.exchange.peers.ncmec import (
    CONFIRMED,
    DISPUTED,
    DOWNVOTED,
    NCMEC,
    UPVOTED,
    Login,
    name_of,
)
from staydown.exchange.peers.update import NotUnderstood
from staydown.exchange.web import KeyRefused

LOGIN = Login("alice", PASSWORD)
LONG_AGO = datetime(2017, 10, 24, 15, tzinfo=UTC)


@pytest.fixture
def fake() -> FakeNCMEC:
    return FakeNCMEC()


@pytest.fixture
def address(fake: FakeNCMEC) -> Iterator[str]:
    with served(fake) as address:
        yield f"{address}/hashsharing"


@pytest.fixture
def client(address: str, clock: Clock) -> NCMEC:
    return NCMEC([LOGIN], address=address, now=clock)


def test_everything_is_fetched_and_told_apart(fake: FakeNCMEC, client: NCMEC, local: Local) -> None:
    fake.put("image1", LONG_AGO, md5="A1" * 16, sha1="a1" * 20, pdna="a1b2...", pdq="c3" * 32)
    fake.put("image2", LONG_AGO, sha1="b1" * 20)
    fake.put("video1", LONG_AGO, kind="video", member=43, md5="d4" * 16)

    local.take(client.fetch())

    assert set(local.entries) == {"42/image1", "43/video1"}
    entry = local.entries["42/image1"]
    assert (entry.prints.md5, entry.prints.pdq) == ("a1" * 16, b"\xc3" * 32)
    assert entry.harm == "child-abuse"
    assert entry.provenance == Provenance("imported", "ncmec.org", "ncmec.org")
    assert local.entries["43/video1"].prints.kind == "video"
    assert local.passed_over == {"no fingerprint of ours": 1}


def test_a_tombstone_removes_the_entry(fake: FakeNCMEC, client: NCMEC, local: Local) -> None:
    item = fake.put("image1", LONG_AGO, md5="a1" * 16)
    local.take(client.fetch())

    item.deleted, item.at = True, datetime(2026, 6, 1, 12, tzinfo=UTC) - timedelta(minutes=1)
    local.take(client.fetch({"from": "2026-05-01T00:00:00Z"}))

    assert not local.entries


def test_the_place_moves_on_when_a_window_was_read_to_its_end(
    fake: FakeNCMEC, client: NCMEC, local: Local, clock: Clock
) -> None:
    """Pages are in no order of time. Killed in the middle, it goes on there, or from the start."""
    at = clock() - timedelta(days=2)
    for number in range(6):
        fake.put(f"image{number}", at - timedelta(hours=number), md5=f"{number}0" * 16)
    start = {"from": "2026-05-30T00:00:00Z"}
    fake.page_size = 2

    local.checkpoint = start
    local.take(client.fetch(start), most=1)
    assert local.checkpoint["from"] == start["from"]
    assert "start=2" in local.checkpoint["next"]
    clock.pass_by(hours=1)
    fake.asked.clear()
    local.take(client.fetch(local.checkpoint))

    assert len([asked for asked in fake.asked if asked.query.get("start") == "2"]) == 1
    assert not [asked for asked in fake.asked if asked.query["to"] == asked.query["from"]]


def test_a_place_within_a_window_ends_after_half_a_day(
    fake: FakeNCMEC, client: NCMEC, local: Local, clock: Clock
) -> None:
    for number in range(6):
        fake.put(f"image{number}", clock() - timedelta(days=1), md5=f"{number}0" * 16)
    local.take(client.fetch({"from": "2026-05-30T00:00:00Z"}), most=1)
    clock.pass_by(hours=12)
    fake.asked.clear()

    local.take(client.fetch(local.checkpoint))

    assert "start" not in fake.asked[0].query
    assert len(local.entries) == 6


def test_times_are_sent_in_utc_wherever_the_machine_is(
    fake: FakeNCMEC, client: NCMEC, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public client sends the local time with a Z: west of Greenwich it misses hours."""
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    try:
        local.take(client.fetch({"from": "2026-05-30T00:00:00Z"}))
    finally:
        monkeypatch.undo()
        time.tzset()

    assert fake.asked[-1].query["to"] == "2026-06-01T11:59:55Z"


def test_windows_join_without_a_gap(fake: FakeNCMEC, client: NCMEC, local: Local) -> None:
    local.take(client.fetch())

    windows = [(asked.query["from"], asked.query["to"]) for asked in fake.asked]
    assert windows[0][0] == "2014-01-01T00:00:00Z"
    assert all(one[1] == other[0] for one, other in pairwise(windows))
    assert local.checkpoint == {"from": windows[-1][1]}


@pytest.mark.parametrize(
    ("votes", "confidence"),
    [
        ([], CONFIRMED),
        ([("affirmativeFeedback", "MD5")], UPVOTED),
        ([("affirmativeFeedback", "MD5"), ("negativeFeedback", "MD5")], DISPUTED),
        ([("negativeFeedback", "MD5")], DOWNVOTED),
        ([("negativeFeedback", "PDNA")], CONFIRMED),
    ],
)
def test_votes_of_other_members_count(
    fake: FakeNCMEC,
    client: NCMEC,
    local: Local,
    votes: list[tuple[str, str]],
    confidence: int,
) -> None:
    fake.put("image1", LONG_AGO, md5="a1" * 16).votes = votes

    local.take(client.fetch())

    assert local.entries["42/image1"].confidence == confidence


def test_our_votes_arrive(fake: FakeNCMEC, client: NCMEC) -> None:
    item = fake.put("image1", LONG_AGO, md5="a1" * 16)
    (reason,) = client.downvote_reasons("MD5")

    client.vote_for(name_of("42/image1"), "MD5")
    client.vote_against(name_of("42/image1"), "PDQ", reason)

    assert reason in REASONS
    assert item.votes == [("affirmativeFeedback", "MD5"), ("negativeFeedback", "PDQ")]


@pytest.mark.parametrize(
    "path", ["https://mallory.example/v2/entries?x", "//mallory.example", "@mallory.example/v2"]
)
def test_our_password_goes_nowhere_else(
    fake: FakeNCMEC, client: NCMEC, local: Local, path: str
) -> None:
    for number in range(6):
        fake.put(f"image{number}", LONG_AGO, md5=f"{number}0" * 16)
    fake.next_override = path

    with pytest.raises(NotUnderstood, match="not one of its entries"):
        local.take(client.fetch())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<queryResult>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><queryResult>&b;</queryResult>',
        b"\xff\xfe",
    ],
)
def test_what_is_no_honest_xml_is_not_understood(body: bytes, clock: Clock) -> None:
    with served(lambda asked: Said(200, body)) as address:
        client = NCMEC([LOGIN], address=address, now=clock)
        with pytest.raises(NotUnderstood):
            list(client.fetch())


def test_damaged_records_are_counted(fake: FakeNCMEC, client: NCMEC, local: Local) -> None:
    fake.put("image1", LONG_AGO, md5="none")
    fake.put("", LONG_AGO, md5="a1" * 16)
    fake.put("image3", LONG_AGO, kind="image", pdq="c3" * 31)

    local.take(client.fetch())

    assert not local.entries
    assert local.passed_over == {"damaged record": 3}


def test_a_refused_password_is_said_without_it(
    fake: FakeNCMEC, client: NCMEC, address: str, clock: Clock, local: Local
) -> None:
    fake.login = "alice:changed"

    with pytest.raises(KeyRefused) as refused:
        list(client.fetch())
    assert PASSWORD not in str(refused.getrepr(chain=True)) + repr(LOGIN)

    both = NCMEC([LOGIN, Login("alice", "changed")], address=address, now=clock)
    assert local.take(both.fetch()) > 0
