"""StopNCII: what people deposit, and above all what they withdraw."""

import hashlib
from collections.abc import Iterator

import pytest

from library.exchange.peers.fake_stopncii import KEY, FakeStopNCII
from library.exchange.peers.local import Clock, Local
from library.exchange.served import Asked, Said, served
from staydown.exchange.hash_list import Provenance
from staydown.exchange.peers.stopncii import (
    BLOCKED_BY_OTHERS,
    DISPUTED,
    NOT_BLOCKED,
    UNREVIEWED,
    Keys,
    StopNCII,
)
from staydown.exchange.peers.update import NotUnderstood
from staydown.exchange.web import KeyRefused, NoAnswer, RateLimited, Refused, Web, WebError

KEYS = Keys(f"{KEY}-subscription", f"{KEY}-fetch", f"{KEY}-submit", f"{KEY}-feedback")


def pdq(number: int) -> str:
    return hashlib.sha256(f"pdq {number}".encode()).hexdigest()


@pytest.fixture
def fake() -> FakeStopNCII:
    return FakeStopNCII()


@pytest.fixture
def address(fake: FakeStopNCII) -> Iterator[str]:
    with served(fake) as address:
        yield f"{address}/v1"


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(address: str, clock: Clock, waits: list[float]) -> StopNCII:
    return StopNCII([KEYS], address=address, now=clock, pause=waits.append)


def test_everything_is_fetched_over_all_pages(
    fake: FakeStopNCII, client: StopNCII, local: Local
) -> None:
    for number in range(8):
        fake.put("ImagePDQ", pdq(number))
    fake.put("VideoMD5", "ab" * 16)

    batches = local.take(client.fetch())

    assert batches == 3
    assert len(local.entries) == 9
    entry = local.entries[f"ImagePDQ/{pdq(0)}"]
    assert entry.prints.pdq == bytes.fromhex(pdq(0))
    assert entry.provenance == Provenance("deposited", "stopncii.org")
    assert local.entries[f"VideoMD5/{'ab' * 16}"].prints.kind == "video"


@pytest.mark.parametrize("status", ["Withdrawn", "Deleted"])
def test_a_persons_withdrawal_reaches_us(
    fake: FakeStopNCII, client: StopNCII, local: Local, status: str
) -> None:
    """The public client looks for the status in the hash's value, and keeps what is withdrawn."""
    fake.put("ImagePDQ", pdq(1))
    fake.put("ImagePDQ", pdq(2))
    local.take(client.fetch())

    fake.put("ImagePDQ", pdq(1), status)
    local.take(client.fetch(local.checkpoint))

    assert list(local.entries) == [f"ImagePDQ/{pdq(2)}"]


def test_a_withdrawal_counts_however_damaged_its_record_is(
    fake: FakeStopNCII, client: StopNCII, local: Local
) -> None:
    """The public client passes over what it cannot read, withdrawals too."""
    fake.put("ImagePDQ", pdq(1))
    local.take(client.fetch())

    fake.put("ImagePDQ", pdq(1), "Withdrawn", caseNumbers=[7], CSPFeedbacks="none")
    local.take(client.fetch(local.checkpoint))

    assert not local.entries


def test_a_submission_names_the_signal_type_as_the_service_does(
    fake: FakeStopNCII, client: StopNCII
) -> None:
    """The public client sends the name that Python has for it, with the class before it."""
    client.submit([("ImagePDQ", pdq(3))], tags=["forum"])

    assert fake.records["ImagePDQ", pdq(3)]["CSPFeedbacks"] == [
        {"feedbackValue": "Blocked", "tags": ["forum"], "source": "alice"}
    ]


def test_the_place_moves_on_with_the_last_page_only(
    fake: FakeStopNCII, client: StopNCII, local: Local
) -> None:
    """The public client stores each page's timestamp; killed between two, it lost the rest."""
    for number in range(8):
        fake.put("ImagePDQ", pdq(number))
    local.take(client.fetch(), most=1)
    fake.tokens.clear()  # short-lived

    local.take(client.fetch(local.checkpoint))

    assert len(local.entries) == 8


def test_a_page_token_that_ended_is_an_error_and_the_next_run_has_it_all(
    fake: FakeStopNCII, client: StopNCII, local: Local
) -> None:
    for number in range(8):
        fake.put("ImagePDQ", pdq(number))
    batches = client.fetch()
    next(batches)
    fake.tokens.clear()

    with pytest.raises(Refused, match="status 400"):
        next(batches)
    local.take(client.fetch(local.checkpoint))
    assert len(local.entries) == 8


def test_only_what_changed_is_fetched_again(
    fake: FakeStopNCII, client: StopNCII, local: Local
) -> None:
    for number in range(8):
        fake.put("ImagePDQ", pdq(number))
    local.take(client.fetch())
    fake.put("ImagePDQ", pdq(20))

    assert local.take(client.fetch(local.checkpoint)) == 1
    assert len(local.entries) == 9


def test_after_a_month_away_it_begins_anew(
    fake: FakeStopNCII, client: StopNCII, local: Local, clock: Clock
) -> None:
    """What was deleted meanwhile is not told any more; it goes because it does not come again."""
    for number in range(5):
        fake.put("ImagePDQ", pdq(number))
    local.take(client.fetch())
    fake.forget("ImagePDQ", pdq(1))
    clock.pass_by(days=31)

    local.take(client.fetch(local.checkpoint), most=1)
    assert len(local.entries) == 5  # killed on the way: nothing is let go too early
    local.take(client.fetch(local.checkpoint))

    assert set(local.entries) == {f"ImagePDQ/{pdq(number)}" for number in (0, 2, 3, 4)}


def test_after_29_days_it_goes_on(
    fake: FakeStopNCII, client: StopNCII, local: Local, clock: Clock
) -> None:
    fake.put("ImagePDQ", pdq(0))
    local.take(client.fetch())
    clock.pass_by(days=29)

    assert not any(batch.begins_anew for batch in client.fetch(local.checkpoint))


@pytest.mark.parametrize(
    ("opinions", "confidence"),
    [
        ([], UNREVIEWED),
        (["PendingReview"], UNREVIEWED),
        (["Blocked", "PendingReview"], BLOCKED_BY_OTHERS),
        (["Blocked", "NotBlocked"], DISPUTED),
        (["NotBlocked"], NOT_BLOCKED),
    ],
)
def test_what_other_platforms_say_counts(
    fake: FakeStopNCII, client: StopNCII, local: Local, opinions: list[str], confidence: int
) -> None:
    said = [{"feedbackValue": each, "tags": [], "source": "bob"} for each in opinions]
    fake.put("ImagePDQ", pdq(1), CSPFeedbacks=said)

    local.take(client.fetch())

    assert local.entries[f"ImagePDQ/{pdq(1)}"].confidence == confidence


def test_feedback_reaches_the_hash(fake: FakeStopNCII, client: StopNCII, local: Local) -> None:
    fake.put("ImagePDQ", pdq(1))

    client.give_feedback([(pdq(1), "NotBlocked")])
    local.take(client.fetch())

    assert local.entries[f"ImagePDQ/{pdq(1)}"].confidence == NOT_BLOCKED


def test_what_is_not_ours_is_counted_and_not_kept(
    fake: FakeStopNCII, client: StopNCII, local: Local
) -> None:
    fake.put("VideoTMK", "ab" * 20)
    fake.put("ImagePDQ", "no hash at all")
    fake.put("ImagePDQ", pdq(1), "Reconsidered")
    fake.put("ImagePDQ", pdq(2), caseNumbers=[])
    fake.put("Smell", "roses")

    local.take(client.fetch())

    assert list(local.entries) == [f"ImagePDQ/{pdq(2)}"]
    assert local.passed_over == {
        "signal type VideoTMK": 1,
        "damaged record": 1,
        "unknown status": 1,
        "signal type unknown": 1,
    }


def test_while_keys_are_rotated_the_one_that_works_is_used(
    fake: FakeStopNCII, address: str, clock: Clock, local: Local
) -> None:
    fake.put("ImagePDQ", pdq(1))
    new = Keys(f"{KEY}-new-subscription", f"{KEY}-new-fetch")
    client = StopNCII([new, KEYS], address=address, now=clock)
    local.take(client.fetch())
    fake.keys["FetchHashes"], fake.subscriptions = {new.fetch}, {new.subscription}
    fake.put("ImagePDQ", pdq(2))

    local.take(client.fetch(local.checkpoint))

    assert len(local.entries) == 2


def test_a_refused_key_is_said_without_the_key(
    fake: FakeStopNCII, client: StopNCII, address: str
) -> None:
    fake.subscriptions.clear()

    with pytest.raises(KeyRefused, match="refuses our key") as refused:
        list(client.fetch())
    assert KEY not in str(refused.getrepr(chain=True, showlocals=False))
    assert KEY not in f"{KEYS!r}"


def test_without_a_key_for_it_nothing_is_submitted(
    fake: FakeStopNCII, address: str, clock: Clock
) -> None:
    client = StopNCII([Keys(KEYS.subscription, KEYS.fetch)], address=address, now=clock)

    with pytest.raises(KeyRefused, match="no key"):
        client.submit([("ImagePDQ", pdq(1))])
    assert not fake.asked


def test_it_waits_for_as_long_as_it_is_told(
    fake: FakeStopNCII, client: StopNCII, local: Local, waits: list[float]
) -> None:
    fake.put("ImagePDQ", pdq(1))
    fake.busy = 2

    local.take(client.fetch())

    assert waits == [3.0, 3.0]
    assert len(local.entries) == 1


def test_it_does_not_wait_for_ever(
    fake: FakeStopNCII, client: StopNCII, waits: list[float]
) -> None:
    fake.busy = 100

    with pytest.raises(RateLimited) as refused:
        list(client.fetch())
    assert refused.value.after == 3.0
    assert len(waits) == 3


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"<html>", b'{"hashRecords": 3}', b'{"hashRecords": [], "count": 0}',
     b'{"hashRecords": [], "hasMoreRecords": true, "nextSetTimestamp": 5}', b"[" * 100_000],
)  # fmt: skip
def test_an_answer_of_another_shape_is_not_understood(
    body: bytes, clock: Clock, local: Local
) -> None:
    with served(lambda asked: Said(200, body)) as address:
        client = StopNCII([KEYS], address=address, now=clock)
        with pytest.raises(NotUnderstood):
            local.take(client.fetch())
    assert local.checkpoint is None


def test_a_server_that_is_down_gives_no_answer(clock: Clock) -> None:
    with served(lambda asked: Said(200)) as address:
        pass
    client = StopNCII([KEYS], address=address, now=clock, pause=lambda seconds: None)

    with pytest.raises(NoAnswer) as refused:
        list(client.fetch())
    assert "127.0.0.1" in str(refused.value)


def test_a_redirect_is_not_followed(clock: Clock) -> None:
    """It would carry the key to whoever it names."""
    reached: list[Asked] = []

    def listening(asked: Asked) -> Said:
        reached.append(asked)
        return Said(200, b"{}")

    with (
        served(listening) as elsewhere,
        served(lambda asked: Said(302, b"", {"Location": elsewhere})) as address,
    ):
        client = StopNCII([KEYS], address=address, now=clock)
        with pytest.raises(WebError, match="do not go"):
            list(client.fetch())
    assert not reached


def test_an_endless_answer_is_cut_off() -> None:
    with (
        served(lambda asked: Said(200, b"x" * 100_000)) as address,
        pytest.raises(WebError, match="more than 5000 bytes"),
    ):
        Web(address).ask("GET", "/", most=5000)
