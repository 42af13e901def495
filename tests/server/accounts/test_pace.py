"""Tries fill up again, callers do not disturb each other, and a turn always comes."""

import time
from typing import Any

import pytest

from staydown_server.accounts import pace
from staydown_server.accounts.pace import Pace, Wait


class Clock:
    """Both of the clocks that a pace looks at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000.0
        for name in ("time", "monotonic"):
            monkeypatch.setattr(pace.time, name, lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def use_up(one: Pace, caller: str) -> Wait:
    while (wait := one.wait(caller)) is None:
        one.take(caller)
    return wait


def test_tries_are_used_up_and_come_back(clock: Clock) -> None:
    """Three at once, then one every ten seconds."""
    three = Pace("test", at_once=3, seconds=10)
    for _ in range(3):
        assert three.wait("a") is None
        three.take("a")

    wait = three.wait("a")

    assert wait is not None
    assert wait.seconds == 10
    clock.now += 9
    assert three.wait("a") is not None
    clock.now += 1.1
    assert three.wait("a") is None
    three.take("a")
    assert three.wait("a") is not None
    clock.now += 3600
    assert sum(three.wait("a") is None and not three.take("a") for _ in range(9)) == 3


def test_asking_uses_nothing_up(clock: Clock) -> None:
    """Only what was taken counts."""
    one = Pace("test", at_once=1, seconds=10)

    assert [one.wait("a") for _ in range(5)] == [None] * 5


def test_callers_do_not_disturb_each_other(clock: Clock) -> None:
    """Nor do two paces."""
    one, other = Pace("one", at_once=1, seconds=10), Pace("other", at_once=1, seconds=10)
    use_up(one, "a")

    assert one.wait("b") is None
    assert other.wait("a") is None


def test_whoever_waited_is_let_in_however_many_come(clock: Clock) -> None:
    """Behind one address may be thousands, and one of them may want to keep the others out."""
    crowded = Pace("test", at_once=1, seconds=10)
    alices = use_up(crowded, "exit node")
    assert crowded.wait("exit node", turn=alices.turn) is not None, "not before its time"

    for _ in range(20):
        clock.now += 1
        use_up(crowded, "exit node")

    assert crowded.wait("exit node") is not None
    assert crowded.wait("exit node", turn=alices.turn) is None


def test_a_turn_is_used_once(clock: Clock) -> None:
    """And not kept for a day."""
    one = Pace("test", at_once=1, seconds=10)
    first, second = use_up(one, "a"), use_up(one, "a")
    clock.now += 10
    one.take("a")

    assert one.wait("a", turn=first.turn) is None
    assert one.wait("a", turn=first.turn) is not None
    use_up(one, "a")
    clock.now += pace.TURN_SECONDS + 1
    one.take("a")
    assert one.wait("a", turn=second.turn) is not None


@pytest.mark.parametrize("turn", ["", "x", "AAAA", "é", "%", "\x00", "AQ==", "x" * 500])
def test_a_turn_cannot_be_made_up(clock: Clock, turn: str) -> None:
    """Nor brought from another pace."""
    one, other = Pace("one", at_once=1, seconds=10), Pace("other", at_once=1, seconds=5)
    use_up(one, "a")
    foreign = use_up(other, "a").turn
    clock.now += 6

    assert one.wait("a", turn=turn) is not None
    assert one.wait("a", turn=foreign) is not None


def test_no_address_is_kept(clock: Clock) -> None:
    """Only its HMAC with a key that ends with the process; and no more than fit."""
    one = Pace("test", at_once=1, seconds=10)
    use_up(one, "203.0.113.7")

    assert "203.0.113.7" not in str(one.__dict__)
    assert b"203.0.113.7" not in b"".join(one._buckets)


def test_memory_ends_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are forgotten first."""
    monkeypatch.setattr(pace, "MOST_KEPT", 10)
    one = Pace("test", at_once=1, seconds=1000)
    for caller in range(30):
        use_up(one, str(caller))

    assert len(one._buckets) == 10
    assert one.wait("29") is not None
    assert one.wait("0") is None


def test_threads_take_no_try_twice() -> None:
    """A pace is shared by all of a process's threads."""
    from concurrent.futures import ThreadPoolExecutor

    one = Pace("test", at_once=200, seconds=1e9)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: one.take("a"), range(199)))

    assert one.wait("a") is None
    one.take("a")
    assert one.wait("a") is not None


def test_time_is_real() -> None:
    """Without a made-up clock: a try comes back."""
    one = Pace("test", at_once=1, seconds=0.05)
    one.take("a")
    assert one.wait("a") is not None
    time.sleep(0.06)
    found: Any = one.wait("a")
    assert found is None
