"""The audit log: in step with what happened, and honest about itself."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from server.story import power_fails_at_the_end
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.audit.chain import Report
from staydown_server.audit.models import Entry, Head


@pytest.fixture
def lines(db: Any) -> None:
    """Five lines, as they come."""
    bob = User.objects.create(email="bob@desk.example")
    for number in range(5):
        with transaction.atomic():
            audit.record("test.happened", bob, by="system", number=number, of=None, is_last=False)


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def faults() -> str:
    report = audit.verify()
    assert not report.is_whole
    return " | ".join(report.faults)


def test_an_untouched_log_is_whole(lines: None) -> None:
    """And says how long it is and what its last hash is."""
    assert audit.verify() == Report(5, Head.objects.get().hash, ())


@pytest.mark.django_db
def test_an_empty_log_is_whole() -> None:
    """Before anything happened there is nothing to find fault with."""
    assert audit.verify() == Report(0, "0" * 64, ())


@pytest.mark.django_db(transaction=True)
def test_a_line_outside_a_transaction_is_refused() -> None:
    """It could stand there without the change it speaks of."""
    bob = User.objects.create(email="bob@desk.example")

    with pytest.raises(RuntimeError, match="transaction"):
        audit.record("test.happened", bob, by="system")

    assert Entry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_leaves_no_line() -> None:
    """Line and change are one, and the chain goes on after it."""
    bob = User.objects.create(email="bob@desk.example")

    with power_fails_at_the_end():
        audit.record("test.happened", bob, by="system")
    with transaction.atomic():
        audit.record("test.happened", bob, by="system")

    assert audit.verify().lines == 1
    assert audit.verify().is_whole


@pytest.mark.django_db(transaction=True)
def test_lines_of_many_threads_make_one_chain() -> None:
    """Whoever is second waits for the first one's line."""
    bob = User.objects.create(email="bob@desk.example")

    def work() -> None:
        try:
            for _ in range(10):
                with transaction.atomic():
                    audit.record("test.happened", bob, by="system")
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert audit.verify().lines == 40
    assert audit.verify().is_whole


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "user:999"),
        ("action", "nothing.happened"),
        ("subject", "user:999"),
        ("at", "2020-01-01T00:00:00+00:00"),
        ("facts", '{"number": 999}'),
        ("hash", "f" * 64),
        ("previous", "f" * 64),
    ],
)
def test_an_altered_line_is_found(lines: None, column: str, value: str) -> None:
    """Whichever column Mallory wrote to."""
    sql(f"UPDATE audit_entry SET {column} = %s WHERE sequence = 3", value)  # noqa: S608

    assert "line 3 was altered" in faults()


def test_a_line_altered_with_its_hash_is_found(lines: None) -> None:
    """A hash that fits its line no longer fits the line after it."""
    from staydown_server.audit.chain import _hash

    entry = Entry.objects.get(sequence=3)
    entry.actor = "user:999"
    sql("UPDATE audit_entry SET actor = 'user:999', hash = %s WHERE sequence = 3", _hash(entry))

    assert "line 4 does not follow" in faults()


@pytest.mark.parametrize("gone", [1, 3])
def test_a_missing_line_is_found(lines: None, gone: int) -> None:
    """It is named."""
    sql("DELETE FROM audit_entry WHERE sequence = %s", gone)

    assert f"line {gone} is missing" in faults()


def test_a_truncated_log_is_found(lines: None) -> None:
    """The head remembers where the log ended."""
    sql("DELETE FROM audit_entry WHERE sequence = 5")

    assert "ends at line 4" in faults()


def test_an_emptied_log_is_found(lines: None) -> None:
    """Nothing left is not nothing wrong."""
    sql("DELETE FROM audit_entry")

    assert "ends at line 0" in faults()


def test_a_lost_head_is_found(lines: None) -> None:
    """Lines without their head are a fault as well."""
    sql("DELETE FROM audit_head")

    assert "its head says otherwise" in faults()


def test_an_added_line_is_found(lines: None) -> None:
    """A copy of a line under the next number fits nowhere."""
    sql(
        "INSERT INTO audit_entry (sequence, at, action, subject, actor, facts, previous, hash) "
        "SELECT 6, at, action, subject, actor, facts, previous, hash FROM audit_entry "
        "WHERE sequence = 5"
    )

    found = faults()
    assert "line 6 was altered" in found
    assert "its head says otherwise" in found


def test_reordered_lines_are_found(lines: None) -> None:
    """Two lines that changed places."""
    sql("UPDATE audit_entry SET sequence = 999 WHERE sequence = 2")
    sql("UPDATE audit_entry SET sequence = 2 WHERE sequence = 3")
    sql("UPDATE audit_entry SET sequence = 3 WHERE sequence = 999")

    found = faults()
    assert "line 2 was altered" in found
    assert "line 3 was altered" in found


def test_a_log_can_grow_after_a_fault_and_the_fault_stays(lines: None) -> None:
    """New lines do not heal an old one."""
    sql("UPDATE audit_entry SET actor = 'nobody' WHERE sequence = 2")
    with transaction.atomic():
        audit.record("test.happened", User.objects.get(), by="system")

    assert "line 2 was altered" in faults()
