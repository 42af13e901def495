"""Changes are committed in the order of their numbers: whoever follows them misses none."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from server.mallory import postgresql_only
from server.pictures import fingerprint, jpeg, scene
from staydown import Fingerprint
from staydown_server.accounts.models import Host
from staydown_server.catalogue import sweep
from staydown_server.catalogue.models import Change, Item, Shelf
from staydown_server.catalogue.register import register

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shown(host: Host, plaza: Any) -> Callable[[str], Item]:
    """Register the same picture under another id, by its hash alone: files with one digest are
    found without the index."""
    print_ = Fingerprint(pdq=fingerprint(jpeg(scene(1))).pdq, quality=100)

    def registered(name: str) -> Item:
        return register(host, host_item_id=name, url=plaza.page(name), fingerprint=print_)[0]

    return registered


def in_thread(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def found_by(print_: Fingerprint) -> set[str]:
    ids = [match.id for match in sweep.live_index.search(print_)[0]]
    return set(Item.objects.filter(pk__in=ids).values_list("host_item_id", flat=True))


def test_a_follower_skips_no_change_that_is_committed_late(shown: Callable[[str], Item]) -> None:
    """One writer has its number and is slow to commit; the next one must not pass it, or the
    indexes would go on from the higher number."""
    first = shown("first").load_fingerprint()
    assert found_by(first) == {"first"}
    has_number = threading.Event()

    def slow() -> None:
        with transaction.atomic():
            # As `register` does, but that it stops before its line in the log.
            item = Item.objects.get()
            item.pk, item.host_item_id = None, "slow"
            item.save(force_insert=True)
            Change.objects.create(shelf=Shelf.CATALOGUE, entry_id=item.pk)
            has_number.set()
            # Long enough for the other one to be followed.
            time.sleep(0.5)

    def quick() -> None:
        has_number.wait(10)
        shown("quick")

    threads = [in_thread(slow), in_thread(quick)]
    seen = []
    while any(thread.is_alive() for thread in threads):
        seen.append(found_by(first))
        time.sleep(0.01)
    for thread in threads:
        thread.join()

    assert found_by(first) == {"first", "slow", "quick"}
    # Each step of it was the beginning of the sequence.
    steps = ({"first"}, {"first", "slow"}, {"first", "slow", "quick"})
    assert all(step in steps for step in seen)
    assert Change.objects.count() == 3


def test_many_writers_and_a_follower(shown: Callable[[str], Item]) -> None:
    """As many at once as there are, each change is followed."""
    first = shown("first").load_fingerprint()
    assert found_by(first) == {"first"}

    threads = [
        in_thread(lambda writer=writer: [shown(f"{writer}-{turn}") for turn in range(8)])
        for writer in range(6)
    ]
    while any(thread.is_alive() for thread in threads):
        found_by(first)

    assert found_by(first) == {"first"} | {f"{w}-{t}" for w in range(6) for t in range(8)}


def test_nothing_changes_outside_a_transaction(host: Host) -> None:
    """It could be passed: only a transaction waits for its turn."""
    with pytest.raises(RuntimeError, match="transaction"):
        Change.objects.create(shelf="catalogue", entry_id=1)

    assert not Change.objects.exists()


@postgresql_only
def test_a_writer_that_waits_too_long_is_told_so_and_can_go_on(host: Host) -> None:
    """A turn that does not come is an error of one request, and of nothing after it."""
    begun, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            begun.set()
            ended.wait(10)

    holder = in_thread(hold)
    assert begun.wait(10)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    with pytest.raises(OperationalError), transaction.atomic():
        pass
    ended.set()
    holder.join()

    with transaction.atomic():
        assert Host.objects.get() == host
