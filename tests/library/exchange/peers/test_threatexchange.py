"""ThreatExchange: updates in order of time, deletions, opinions, and a token in every address."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from library.exchange.peers.fake_threatexchange import GROUP, TOKEN, FakeThreatExchange
from library.exchange.peers.local import Clock, Local
from library.exchange.served import Said, served
from staydown.exchange.peers.threatexchange import (
    CONFIRMED,
    DISPUTED,
    UNSURE,
    ThreatExchange,
    Token,
)
from staydown.exchange.peers.update import NotUnderstood
from staydown.exchange.web import KeyRefused, RateLimited, Refused


def pdq(number: int) -> str:
    return hashlib.sha256(f"pdq {number}".encode()).hexdigest()


@pytest.fixture
def fake() -> FakeThreatExchange:
    return FakeThreatExchange()


@pytest.fixture
def address(fake: FakeThreatExchange) -> Iterator[str]:
    with served(fake) as address:
        fake.address = address
        yield f"{address}/v26.0"


@pytest.fixture
def client(address: str, clock: Clock) -> ThreatExchange:
    return made(address, clock, TOKEN)


def made(address: str, clock: Clock, *tokens: str) -> ThreatExchange:
    return ThreatExchange(
        [Token(each) for each in tokens],
        group=GROUP,
        harm="intimate-unknown",
        now=clock,
        address=address,
        pause=lambda seconds: None,
    )


def test_everything_is_fetched_over_all_pages(
    fake: FakeThreatExchange, client: ThreatExchange, local: Local
) -> None:
    for number in range(7):
        fake.put("HASH_PDQ", pdq(number), "MALICIOUS")
    fake.put("HASH_VIDEO_MD5", "ab" * 16, "MALICIOUS")

    assert local.take(client.fetch()) == 3
    assert len(local.entries) == 8
    assert fake.asked[0].query["limit"] == "500"
    assert [asked.address.count("access_token=") for asked in fake.asked] == [1, 1, 1]
    assert {each.prints.kind for each in local.entries.values()} == {"picture", "video"}


@pytest.mark.parametrize("gone", [{"should_delete": True}, {"descriptors": {"data": []}}])
def test_a_deletion_removes_the_entry(
    fake: FakeThreatExchange, client: ThreatExchange, local: Local, gone: dict[str, Any]
) -> None:
    """Some deleted records say so only by having no descriptors any more (their issue 834)."""
    record = fake.put("HASH_PDQ", pdq(1), "MALICIOUS")
    local.take(client.fetch())

    fake.touch(record, **gone)
    local.take(client.fetch(local.checkpoint))

    assert not local.entries


def test_killed_between_pages_it_goes_on_there(
    fake: FakeThreatExchange, client: ThreatExchange, local: Local
) -> None:
    for number in range(7):
        fake.put("HASH_PDQ", pdq(number), "MALICIOUS")
    local.take(client.fetch(), most=2)
    fake.asked.clear()

    local.take(client.fetch(local.checkpoint))

    assert len(local.entries) == 7
    assert len(fake.asked) == 1


@pytest.mark.parametrize(("days", "begins_anew"), [(84, False), (86, True)])
def test_after_85_days_away_it_begins_anew(
    fake: FakeThreatExchange,
    client: ThreatExchange,
    local: Local,
    clock: Clock,
    days: int,
    begins_anew: bool,
) -> None:
    """Deletions are told for 90 days."""
    gone = fake.put("HASH_PDQ", pdq(1), "MALICIOUS")
    fake.put("HASH_PDQ", pdq(2), "MALICIOUS")
    local.take(client.fetch())
    del fake.records[gone["id"]]
    clock.pass_by(days=days)

    local.take(client.fetch(local.checkpoint))

    assert (gone["id"] not in local.entries) == begins_anew
    assert len(local.entries) == (1 if begins_anew else 2)


@pytest.mark.parametrize(
    ("statuses", "confidence"),
    [
        (["MALICIOUS"], CONFIRMED),
        (["UNKNOWN"], UNSURE),
        (["MALICIOUS", "NON_MALICIOUS"], DISPUTED),
        (["NON_MALICIOUS"], None),
    ],
)
def test_opinions_count(
    fake: FakeThreatExchange,
    client: ThreatExchange,
    local: Local,
    statuses: list[str],
    confidence: int | None,
) -> None:
    record = fake.put("HASH_PDQ", pdq(1), *statuses)

    local.take(client.fetch())

    entry = local.entries.get(record["id"])
    assert (entry.confidence if entry else None) == confidence


def test_a_reaction_disputes_an_entry(
    fake: FakeThreatExchange, client: ThreatExchange, local: Local
) -> None:
    record = fake.put("HASH_PDQ", pdq(1), "MALICIOUS")

    client.react(record["descriptors"]["data"][0]["id"], "DISAGREE_WITH_TAGS")
    local.take(client.fetch())

    assert local.entries[record["id"]].confidence == DISPUTED


def test_a_submission_arrives_and_can_be_taken_back(
    fake: FakeThreatExchange, client: ThreatExchange, local: Local
) -> None:
    descriptor = client.submit("HASH_PDQ", pdq(1), tags=["ncii"])
    local.take(client.fetch())
    (record,) = fake.records.values()
    assert (record["type"], record["tags"]) == ("HASH_PDQ", "ncii")
    assert len(local.entries) == 1

    client.take_back(descriptor)
    local.take(client.fetch(local.checkpoint))

    assert not local.entries


def test_what_is_posted_is_not_in_the_address(
    fake: FakeThreatExchange, client: ThreatExchange
) -> None:
    """The public client puts it there, and addresses stand in the logs of everything between."""
    client.submit("HASH_PDQ", pdq(1))

    assert set(fake.asked[-1].query) == {"access_token"}


def test_the_token_is_in_no_message(
    fake: FakeThreatExchange, client: ThreatExchange, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in ours and not in urllib3's, which writes down every address."""
    for number in range(7):
        fake.put("HASH_PDQ", pdq(number), "MALICIOUS")
    batches = client.fetch()
    next(batches)
    fake.tokens.clear()

    with pytest.raises(KeyRefused) as refused:
        next(batches)
    assert TOKEN not in str(refused.getrepr(chain=True))
    assert "threat_updates" in caplog.text
    assert "access_token" not in caplog.text


def test_the_token_goes_to_no_other_place(
    fake: FakeThreatExchange, client: ThreatExchange, local: Local
) -> None:
    for number in range(7):
        fake.put("HASH_PDQ", pdq(number), "MALICIOUS")
    with served(lambda asked: pytest.fail("our token came here")) as elsewhere:
        fake.next_override = f"{elsewhere}/v26.0/{GROUP}/threat_updates/?after=3"
        fake.next_override += "&start_time=0&limit=3&types=HASH_PDQ"
        batches = client.fetch()
        next(batches)
        fake.next_override = None
        local.take(batches)

    assert len(fake.asked) == 3


def test_a_next_page_of_something_else_is_not_asked_for(
    fake: FakeThreatExchange, client: ThreatExchange, local: Local
) -> None:
    for number in range(7):
        fake.put("HASH_PDQ", pdq(number), "MALICIOUS")
    fake.next_override = f"{fake.address}/v26.0/me/accounts"

    with pytest.raises(NotUnderstood, match="not of these updates"):
        local.take(client.fetch())


def test_tokens_rotate(fake: FakeThreatExchange, address: str, clock: Clock, local: Local) -> None:
    fake.put("HASH_PDQ", pdq(1), "MALICIOUS")
    client = made(address, clock, f"{TOKEN}-new", TOKEN)
    local.take(client.fetch())

    fake.tokens = {f"{TOKEN}-new"}
    local.take(client.fetch(local.checkpoint))

    assert len(local.entries) == 1


@pytest.mark.parametrize("code", [4, 17, 613])
def test_the_graph_apis_own_rate_limits(
    fake: FakeThreatExchange, client: ThreatExchange, code: int
) -> None:
    """They come with status 400."""
    fake.error = {"code": code, "message": "too many calls"}

    with pytest.raises(RateLimited):
        list(client.fetch())


def test_any_other_error_is_said_without_its_text(
    fake: FakeThreatExchange, client: ThreatExchange
) -> None:
    fake.error = {"code": 100, "message": f"you sent {TOKEN}"}

    with pytest.raises(Refused, match="status 400") as refused:
        list(client.fetch())
    assert TOKEN not in str(refused.value)


def test_damaged_records_are_counted(
    fake: FakeThreatExchange, client: ThreatExchange, local: Local
) -> None:
    fake.put("HASH_PDQ", "none", "MALICIOUS")
    fake.put("HASH_PDQ", pdq(1), "MALICIOUS", id=7)
    fake.put("HASH_MD5", pdq(2), "MALICIOUS")

    local.take(client.fetch())

    assert local.passed_over == {"damaged record": 3}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": 3}', b"<html>"])
def test_an_answer_of_another_shape_is_not_understood(body: bytes, clock: Clock) -> None:
    with served(lambda asked: Said(200, body)) as address, pytest.raises(NotUnderstood):
        list(made(address, clock, TOKEN).fetch())


def test_an_id_is_a_number(client: ThreatExchange) -> None:
    with pytest.raises(ValueError, match="is a number"):
        client.take_back("../me")
