"""An index in memory that misses nothing that was committed before the question."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, mirrored, recompressed, scene
from staydown_server.accounts.models import Host
from staydown_server.catalogue import live
from staydown_server.catalogue.models import Change, Item
from staydown_server.catalogue.register import register, strike_out
from staydown_server.catalogue.sweep import sweep

pytestmark = pytest.mark.django_db


def found_by(content: bytes) -> set[str]:
    return {found.item.host_item_id for found in sweep(fingerprint(content)).found}


def test_a_sweep_finds_every_copy_with_its_evidence(show: Any, picture: bytes) -> None:
    """Exact, recompressed and mirrored; not what is unrelated."""
    show("exact", picture)
    show("smaller", recompressed(picture))
    show("mirror", mirrored(picture))
    show("other", jpeg(scene(2)))

    swept = sweep(fingerprint(picture))

    evidence = {f.item.host_item_id: (f.match.kind, f.match.orientation) for f in swept.found}
    assert evidence == {
        "exact": ("identical", "original"),
        "smaller": ("same", "original"),
        "mirror": ("same", "mirrored"),
    }
    assert swept.searched == 4


def test_a_sweep_says_up_to_which_change_it_searched(show: Any, picture: bytes) -> None:
    """For the record."""
    show("1", picture)

    last = Change.objects.order_by("-sequence").values_list("sequence", flat=True)[0]
    assert sweep(fingerprint(picture)).through_change == last


def test_what_comes_and_goes_is_followed(host: Host, show: Any, picture: bytes) -> None:
    """Additions, removals, returns and updates, between one question and the next."""
    assert found_by(picture) == set()
    show("1", picture)
    assert found_by(picture) == {"1"}
    show("2", recompressed(picture))
    strike_out(host, "1")
    assert found_by(picture) == {"2"}
    show("1", picture)
    assert found_by(picture) == {"1", "2"}
    show("2", jpeg(scene(2)))
    assert found_by(picture) == {"1"}
    assert found_by(jpeg(scene(2))) == {"2"}


def test_an_index_that_starts_late_knows_what_was_there(
    host: Host, show: Any, picture: bytes
) -> None:
    """Its first question finds what is there, and not what is gone."""
    show("1", picture)
    show("2", recompressed(picture))
    strike_out(host, "2")

    assert found_by(picture) == {"1"}


def test_many_changes_at_once_are_followed(
    show: Any, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a statement takes parameters: a host registered all it has since the last sweep."""
    assert found_by(picture) == set()
    for number in range(30):
        show(f"other{number}", jpeg(scene(100 + number % 3)))
    show("1", picture)
    monkeypatch.setattr(live, "_PORTION", 10)
    with parameters_limited(20):
        assert found_by(picture) == {"1"}


@contextmanager
def parameters_limited(number: int) -> Iterator[None]:
    """As on an SQLite that was built so; on PostgreSQL there is nothing to limit."""
    raw = connection.connection
    if not isinstance(raw, sqlite3.Connection):
        yield
        return
    limit = raw.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, number)
    try:
        yield
    finally:
        raw.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, limit)


@pytest.mark.django_db(transaction=True)
def test_another_process_is_followed(
    host: Host, alices_item: Item, plaza: HostDouble, picture: bytes
) -> None:
    """What a real other process adds and strikes out is found, and found gone."""
    import subprocess
    import sys

    assert found_by(picture) == {"alices"}
    script = (
        "import django, sys; django.setup()\n"
        "from staydown_server.accounts.models import Host\n"
        "from staydown_server.catalogue.models import Item\n"
        "from staydown_server.catalogue.register import register, strike_out\n"
        "host, item = Host.objects.get(), Item.objects.get()\n"
        "register(host, host_item_id='theirs', url=item.url, "
        "fingerprint=item.load_fingerprint())\n"
        "strike_out(host, 'alices')\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=60, env=environment_of_the_test()
    )

    assert found_by(picture) == {"theirs"}


def environment_of_the_test() -> dict[str, str]:
    """Another process on this test's database."""
    import os
    import sys

    from django.conf import settings

    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "server.settings_of_another_process",
        "STAYDOWN_DATA": str(settings.DATA),
        "STAYDOWN_TEST_DATABASE": str(connection.settings_dict["NAME"]),
        "STAYDOWN_DATABASE_URL": settings.DATABASE_URL,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


def test_an_update_leaves_no_ghost_of_what_was_there(
    host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """Another picture under the same id takes the place of the first."""
    for seed in (3, 4, 5):
        register(
            host,
            host_item_id="1",
            url=plaza.page("1"),
            fingerprint=fingerprint(jpeg(scene(seed))),
        )
        assert found_by(jpeg(scene(seed))) == {"1"}
    assert found_by(jpeg(scene(3))) == set()
