"""The audit log: in step with what happened, and honest about itself."""

import json
import threading
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from server.mallory import is_sqlite, sql
from server.story import power_fails_at_the_end
from staydown_server import audit, vault
from staydown_server.accounts.models import User
from staydown_server.audit.chain import Report, hash_of
from staydown_server.audit.models import Entry, Head


@pytest.fixture
def lines(db: Any) -> None:
    """Five lines, as they come."""
    bob = User.objects.create(email="bob@desk.example")
    for number in range(5):
        with transaction.atomic():
            audit.record("test.happened", bob, by="system", number=number, of=None, is_last=False)


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
    """Even with the key: a hash that fits its line no longer fits the line after it."""
    entry = Entry.objects.get(sequence=3)
    line = {name: getattr(entry, name) for name in ("sequence", "at", "action", "subject", "facts")}
    forged = hash_of({**line, "actor": "user:999"}, entry.previous)
    sql("UPDATE audit_entry SET actor = 'user:999', hash = %s WHERE sequence = 3", forged)

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


def rebuilt(lines: list[dict[str, Any]], head: tuple[int, str] | None = None) -> None:
    """Write *lines* as the whole log, chained as somebody without the key can chain them."""
    previous = "0" * 64
    sql("DELETE FROM audit_entry")
    for number, line in enumerate(lines, start=1):
        text = json.dumps([number, line["action"], line["facts"], previous])
        entry = Entry(**{**line, "sequence": number, "previous": previous})
        entry.hash = sha256(text.encode()).hexdigest()
        entry.save(force_insert=True)
        previous = entry.hash
    sql("UPDATE audit_head SET sequence = %s, hash = %s", *(head or (len(lines), previous)))


def test_a_chain_made_anew_without_the_key_is_found(lines: None) -> None:
    """Mallory owns the database, but the key lies elsewhere."""
    stored = list(Entry.objects.order_by("sequence").values())
    rebuilt([line for line in stored if line["sequence"] != 3])

    found = faults()
    assert "line 1 was altered" in found
    assert "head of the log was not written by this installation" in found


def test_a_log_cut_short_with_its_head_is_found(lines: None) -> None:
    """The lines that are left are all genuine: the seal of the head is not."""
    third = Entry.objects.get(sequence=3)
    sql("DELETE FROM audit_entry WHERE sequence > 3")
    sql("UPDATE audit_head SET sequence = 3, hash = %s", third.hash)

    assert faults() == "the head of the log was not written by this installation"


def test_lines_of_another_key_are_found(lines: None, settings: Any, tmp_path: Path) -> None:
    """Whoever makes a key of their own makes a chain of their own."""
    vault.make_key(tmp_path / "other.key")
    settings.KEY_FILE = tmp_path / "other.key"

    assert "line 1 was altered" in faults()


@pytest.mark.parametrize("column", ["at", "action", "subject", "actor", "previous", "hash"])
@pytest.mark.parametrize("value", [b"\x00\xff", 7, ""])
def test_what_is_no_text_is_found(lines: None, column: str, value: object) -> None:
    """SQLite stores anything anywhere."""
    if isinstance(value, bytes) and not is_sqlite:
        pytest.skip("PostgreSQL stores it nowhere")
    sql(f"UPDATE audit_entry SET {column} = %s WHERE sequence = 3", value)  # noqa: S608

    assert "line 3 was altered" in faults()


@pytest.mark.parametrize("facts", ["", "{", "null", "[" * 100_000])
def test_facts_that_are_no_json_are_found(lines: None, facts: str) -> None:
    """And no traceback."""
    if facts != "null" and not is_sqlite:
        pytest.skip("PostgreSQL does not store it")
    sql("UPDATE audit_entry SET facts = %s WHERE sequence = 3", facts)

    assert "line 3 was altered" in faults()


def test_a_line_before_the_first_is_found(lines: None) -> None:
    sql(
        "INSERT INTO audit_entry (sequence, at, action, subject, actor, facts, previous, hash) "
        "SELECT -1, at, action, subject, actor, facts, previous, hash FROM audit_entry "
        "WHERE sequence = 5"
    )

    assert "line -1 was altered" in faults()


def test_a_log_that_is_all_wrong_is_not_listed_line_by_line(db: Any) -> None:
    """A hundred faults say as much as a million."""
    bob = User.objects.create(email="bob@desk.example")
    with transaction.atomic():
        for _ in range(120):
            audit.record("test.happened", bob, by="system")
    sql("UPDATE audit_entry SET actor = 'nobody'")

    found = audit.verify().faults
    assert len(found) == 101
    assert "may be more" in found[-1]


@pytest.mark.django_db(transaction=True)
def test_others_write_while_it_is_verified(lines: None) -> None:
    """No lock is held for long, and a line that comes meanwhile is no fault."""
    bob = User.objects.get()
    stop = threading.Event()
    written = []

    def work() -> None:
        try:
            while not stop.is_set():
                with transaction.atomic():
                    audit.record("test.happened", bob, by="system")
                written.append(1)
        finally:
            connection.close()

    writer = threading.Thread(target=work)
    writer.start()
    try:
        reports = [audit.verify()]
        while len(written) < 20 and writer.is_alive():
            reports.append(audit.verify())
    finally:
        stop.set()
        writer.join()

    assert {report.faults for report in reports} == {()}
    assert len(written) >= 20


class Tampering(NamedTuple):
    """What Mallory does to a log, and to which of its lines."""

    how: str
    line: int


tamperings = st.builds(
    Tampering,
    st.sampled_from(["alter", "drop", "swap", "copy", "cut", "forge hash", "rehead"]),
    st.integers(min_value=1, max_value=8),
)


@pytest.mark.django_db
@settings_of_hypothesis(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(tamperings, min_size=1, max_size=3))
def test_whatever_is_done_to_the_tables_is_found(tampering: list[Tampering]) -> None:
    """Unless it leaves them as they were."""
    with transaction.atomic():
        bob = User.objects.create(email="bob@desk.example")
        for number in range(8):
            audit.record("test.happened", bob, by="system", number=number)
        before = _everything()
        for how, line in tampering:
            _tamper(how, line)
        report = audit.verify()
        is_same = _everything() == before
        transaction.set_rollback(True)

    assert report.is_whole == is_same


def _everything() -> list[Any]:
    return [*Entry.objects.order_by("sequence").values_list(), *Head.objects.values_list()]


def _tamper(how: str, line: int) -> None:
    if how == "alter":
        sql("UPDATE audit_entry SET actor = 'user:9' WHERE sequence = %s", line)
    elif how == "drop":
        sql("DELETE FROM audit_entry WHERE sequence = %s", line)
    elif how == "swap":
        sql("UPDATE audit_entry SET sequence = 1000 WHERE sequence = %s", line)
        sql("UPDATE audit_entry SET sequence = %s WHERE sequence = %s", line, line % 8 + 1)
        sql("UPDATE audit_entry SET sequence = %s WHERE sequence = 1000", line % 8 + 1)
    elif how == "copy":
        sql(
            "INSERT INTO audit_entry (sequence, at, action, subject, actor, facts, previous, hash)"
            " SELECT (SELECT MAX(sequence) + 1 FROM audit_entry), at, action, subject, actor,"
            " facts, previous, hash FROM audit_entry WHERE sequence = %s",
            line,
        )
    elif how == "cut":
        sql("DELETE FROM audit_entry WHERE sequence > %s", line)
        sql(
            "UPDATE audit_head SET sequence = %s, "
            "hash = COALESCE((SELECT hash FROM audit_entry WHERE sequence = %s), hash)",
            line,
            line,
        )
    elif how == "forge hash":
        sql("UPDATE audit_entry SET hash = %s WHERE sequence = %s", "0" * 64, line)
    else:
        sql("UPDATE audit_head SET sequence = %s", line)
