"""Whatever breaks while notices come in, what was acknowledged is there, and is done.

`make faults` does it many times. A host that is down or answers late, a webhook that comes twice
and a mail server that is down have their tests in tests/server.
"""

from pathlib import Path

import pytest
from faults import FAULTS, Traffic, a_world, outcome, suffer


@pytest.mark.parametrize("database", FAULTS)
def test_nothing_acknowledged_is_lost_whatever_breaks(database: str, tmp_path: Path) -> None:
    """One fault after another, in one installation."""
    with a_world(database, tmp_path) as world:
        key = world.server.add_host("plaza", "http://127.0.0.1:1")["api_key"]
        traffic = Traffic(world.server, key)
        for fault in FAULTS[database]:
            suffer(world, traffic, fault)
        numbers = outcome(world, traffic)

    assert int(numbers.pop("acknowledged")) > 30
    # The faults were felt.
    assert int(numbers.pop("refused")) > 0
    assert numbers == {
        "lost": 0,
        "notices without a case": 0,
        "cases too many": 0,
        "audit log is whole": True,
    }
