"""An honest list, followed: from empty, after a month away, killed, rotated, begun anew."""

from datetime import timedelta

import pytest

from library.exchange.hash_list.publisher import NOW, Follower, Publisher, entry
from staydown.exchange.hash_list import (
    Change,
    Provenance,
    SigningKey,
    State,
    Unreachable,
    from_folder,
    read_line,
)


def test_what_is_published_stands_at_the_follower(publisher: Publisher, follower: Follower) -> None:
    names = publisher.add(1, 2, 3, 4, 5, 6, 7)

    follower.follow()

    assert follower.names == set(names)
    assert dict(follower.standing.entries(NOW))[names[4]] == entry(5)
    assert [len(step.lines) for step in follower.steps] == [3, 3, 1]
    assert [step.caught_up for step in follower.steps] == [False, False, True]


def test_a_change_replaces_and_a_retraction_removes(
    publisher: Publisher, follower: Follower
) -> None:
    one, two = publisher.add(1, 2)
    follower.follow()
    by_two = entry(1, provenance=Provenance("reviewed-by-two", "forum.example"))

    publisher.publish(Change.change(one, by_two), Change.retract(two, "withdrawn"))
    follower.follow()

    assert dict(follower.standing.entries(NOW)) == {one: by_two}
    assert follower.steps[-1].lines[-1].reason == "withdrawn"


def test_a_follower_that_was_away_for_a_month_catches_up(
    publisher: Publisher, follower: Follower
) -> None:
    names = publisher.add(1, 2)
    follower.follow()
    publisher.publish(Change.retract(names[0], "overturned"))
    later = set(publisher.add(*range(10, 30)))
    publisher.rotate(signer=SigningKey.new())
    publisher.now += timedelta(days=31)
    publisher.sign()

    follower.follow(publisher.now)

    assert follower.names == {names[1], *later}


def test_a_follower_that_comes_late_does_not_learn_what_was_taken_back(
    publisher: Publisher,
) -> None:
    """The retracted fingerprints are nowhere in what is served, and all signatures hold."""
    names = publisher.add(1, 2, 3, 4)
    publisher.publish(
        Change.retract(names[0], "withdrawn"), Change.change(names[1], entry(20)),
        Change.retract(names[3], "mistaken"),
    )  # fmt: skip
    served = b"".join(page.read_bytes() for page in publisher.folder.glob("pages/*"))
    late = Follower.of(publisher)

    late.follow()

    assert late.names == {names[1], names[2]}
    assert dict(late.standing.entries(NOW))[names[1]] == entry(20)
    for number in (1, 2, 4):
        assert (entry(number).prints.sha256 or "").encode() not in served
    assert (entry(3).prints.sha256 or "").encode() in served


def test_a_line_that_is_blacked_out_has_the_same_digest(publisher: Publisher) -> None:
    publisher.add(1)
    line = publisher.lines[0]

    hidden = line.black_out()

    assert read_line(hidden.to_text().encode()) == (hidden, line.digest())
    assert read_line(line.to_text().encode())[1] == hidden.digest() == line.digest()


def test_nothing_new_is_one_step_that_says_so(publisher: Publisher, follower: Follower) -> None:
    publisher.add(1)
    follower.follow()
    publisher.now += timedelta(days=1)
    publisher.sign()

    follower.follow(publisher.now)

    assert follower.steps[-1].lines == ()
    assert follower.steps[-1].caught_up
    assert follower.state.signed_at == publisher.now


@pytest.mark.parametrize("stored", [0, 1, 2, 3])
def test_killed_after_any_step_it_goes_on_where_the_last_stored_one_ended(
    publisher: Publisher, follower: Follower, stored: int
) -> None:
    """All that the next process has is the stored state and what was stored with it."""
    names = set(publisher.add(*range(9)))
    if stored:
        follower.follow(until=lambda step: len(follower.steps) == stored)
    assert follower.state.sequence == 3 * stored

    follower.follow()

    assert follower.names == names
    assert sum(len(step.lines) for step in follower.steps) == 9


def test_a_publisher_that_cannot_be_reached_leaves_everything_as_it_was(
    publisher: Publisher, follower: Follower
) -> None:
    names = set(publisher.add(1, 2, 3, 4))
    follower.follow()
    before = follower.state
    (publisher.folder / "head.json").unlink()

    with pytest.raises(Unreachable, match="not there"):
        follower.follow()

    assert (follower.state, follower.names) == (before, names)


def test_a_page_that_grew_since_its_head_was_signed_is_read_up_to_the_head(
    publisher: Publisher, follower: Follower
) -> None:
    publisher.add(1)
    head = (publisher.folder / "head.json").read_bytes()
    publisher.add(2)
    (publisher.folder / "head.json").write_bytes(head)

    follower.follow()

    assert len(follower.names) == 1


def test_what_is_taken_back_while_it_is_read_raises_no_alarm(publisher: Publisher) -> None:
    """Its line is blacked out before the head that the follower has knows of it."""
    names = publisher.add(*range(9))
    honest = from_folder(publisher.folder)
    asked: list[str] = []

    def fetch(path: str, most: int) -> bytes:
        asked.append(path)
        if len(asked) == 4:
            publisher.publish(Change.retract(names[5], "withdrawn"))
        return honest(path, most)

    follower = Follower(publisher.start, fetch)
    follower.follow()

    assert asked[3].startswith("pages/2")
    assert follower.names == {*names} - {names[5]}


def test_keys_rotate_and_so_does_the_root(publisher: Publisher, follower: Follower) -> None:
    publisher.add(1)
    follower.follow()
    publisher.rotate(signer=SigningKey.new())
    publisher.rotate(root=SigningKey.new(), signer=SigningKey.new())
    publisher.add(2)

    follower.follow()

    assert len(follower.names) == 2
    assert follower.state.root == publisher.root.public
    assert follower.state.keys == 3


def test_a_list_that_begins_anew_drops_what_does_not_come_again(
    publisher: Publisher, follower: Follower
) -> None:
    publisher.add(1, 2, 3, 4)
    follower.follow()
    publisher.rotate(signer=SigningKey.new(), begin_anew=True)
    again = publisher.add(2, 4, 6, 8)

    follower.follow(until=lambda step: step.begins_anew)
    assert len(follower.names) == 4 + 3  # nothing is let go before the new history is known
    follower.follow()

    assert follower.names == set(again)


def test_a_stored_state_is_read_back_as_it_was(publisher: Publisher, follower: Follower) -> None:
    publisher.add(1, 2)
    follower.follow()
    assert State.from_dict(follower.state.to_dict()) == follower.state


def test_an_entry_ends_at_its_time(publisher: Publisher, follower: Follower) -> None:
    publisher.publish(Change.add(entry(1, expires_at=NOW + timedelta(days=2))))
    follower.follow()

    assert list(follower.standing.entries(NOW + timedelta(days=1)))
    assert not list(follower.standing.entries(NOW + timedelta(days=2)))
