"""Whatever breaks while notices come in, what was acknowledged is there, and is done.

`make faults` does all of it on both databases, many times.
"""

from pathlib import Path

import pytest
from faults import OF_POSTGRESQL, OURS, THEIRS, Traffic, a_world, outcome, suffer


@pytest.mark.parametrize(
    ("database", "faults"),
    [("sqlite", OURS + THEIRS[:2]), ("postgresql", OURS + OF_POSTGRESQL + THEIRS[2:])],
)
def test_nothing_acknowledged_is_lost_whatever_breaks(
    database: str, faults: tuple[str, ...], tmp_path: Path
) -> None:
    """One fault after another, in one installation."""
    with a_world(database, tmp_path) as world:
        traffic = Traffic(world.server, world.orders.host)
        for fault in faults:
            suffer(world, traffic, fault)
        numbers = outcome(world, traffic)

    assert int(numbers.pop("acknowledged")) > 30
    # The faults were felt.
    assert int(numbers.pop("refused")) > 0
    # What was answered late, or to a dead worker, was said again.
    again = len({"answer_late", "deliver_twice"}.intersection(faults))
    assert numbers.pop("deliveries") == 2 + again
    mails = int("take_mail_server_down" in faults)
    assert numbers == {
        "lost": 0,
        "clocks not true": 0,
        "notices without a case": 0,
        "cases too many": 0,
        "orders": 2,
        "orders not verified": 0,
        "orders twice": 0,
        "mails": mails,
        "mails missing": 0,
        "mails too many": 0,
        "audit log is whole": True,
    }
