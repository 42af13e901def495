"""The tables behind the log: whatever Mallory writes there by hand is found."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from django.test import override_settings

from server.escalation.helping import CHOICES, letter_to
from server.host_double import HostDouble
from server.mallory import is_sqlite, sql, sqlite_only
from server.people.device import enrolled
from server.pictures import drawn, fingerprint, recompressed, with_region_replaced
from server.providers.conftest import internet, whole_internet
from server.providers.fakes import Internet
from server.story import alice_reports, bob_decides, case_of, rows_of, run_jobs, somebody
from staydown.exchange.hash_list import SigningKey
from staydown_server import audit
from staydown_server.accounts.models import Host, Role, User
from staydown_server.audit.agreement import disagreements
from staydown_server.audit.models import Entry
from staydown_server.audit.rows import COLUMNS, name_of
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.catalogue.models import Item
from staydown_server.escalation.models import Reply
from staydown_server.escalation.open import open_file
from staydown_server.escalation.reply import note
from staydown_server.escalation.send import sent_by_hand
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import Check, HeldUpload, KeepDown
from staydown_server.notices import letters
from staydown_server.notices.models import Notice
from staydown_server.notices.report import Kind
from staydown_server.records import standing
from staydown_server.removal.models import Removal
from staydown_server.review.appeal import answer, appeal
from staydown_server.review.models import Appeal, Proposal
from staydown_server.review.propose import decide_or_propose, refuse
from staydown_server.review.upload import decide_upload
from staydown_server.review.withdraw import withdraw
from staydown_server.sharing import audiences

__all__ = ["internet", "whole_internet"]

AUDITED = [model for model in apps.get_models() if name_of(model) in COLUMNS]


def found() -> list[str]:
    assert audit.verify().is_whole
    return [*disagreements(), *standing.faults()]


@pytest.fixture
def whole_story(
    show: Any,
    drawing: bytes,
    host: Host,
    bob: User,
    dora: User,
    plaza: HostDouble,
    internet: Internet,
) -> None:
    """A row in every table: somebody enrolled, a deposit, a copy, a letter, an appeal granted,
    uploads held and blocked."""
    enrolled("dora@desk.example")
    audiences.begin("forum.example", root=SigningKey.new())
    feared = fingerprint(drawn(12)).to_dict()
    alice_reports(kind=Kind.DEPOSIT, fingerprints=(feared,))
    item = show("alices", drawing)
    show("copy", recompressed(drawing))
    receipt = alice_reports(item.url)
    run_jobs()
    case = case_of(receipt)
    letters.write(case.notice, "Thank you.", submission="s")
    propose(case, bob)
    bob_decides(case, bob)
    run_jobs()
    check(fingerprint(drawing), host=host)
    for number in (1, 2):
        upload = Upload(reference=str(number), uploader="mallory")
        check(fingerprint(with_region_replaced(drawing, by=number)), host=host, upload=upload)
    first = HeldUpload.objects.order_by("pk")[0]
    decide_upload(first, outcome=HeldUpload.Outcome.REFUSED, reason="A fake.", by=bob)
    taken = appeal(Removal.objects.order_by("-pk")[0], text="It is mine.")
    answer(taken, outcome=Appeal.Outcome.GRANTED, reason="So it is.", by=dora)
    run_jobs()
    escalated(case, bob)


def escalated(case: Case, by: User) -> None:
    """A letter about addresses out there, and what was answered."""
    opened = open_file(case, "https://somewhere.example/p/1", CHOICES, by=by)
    run_jobs()
    letter = letter_to(opened.file, "host")
    sent_by_hand(letter, seen=letter.version, by=by)
    note(letter.addressee, kind=Reply.Kind.ASKS, text="Who are you?", by=by)


def propose(case: Case, by: User) -> None:
    """Something that takes two persons, and is taken back."""
    sue = somebody("sue@desk.example", Role.SENIOR)
    with override_settings(TWO_PERSONS_FROM=1):
        rows = [row.pk for row in rows_of(case)]
        waiting = decide_or_propose(
            case, rows, outcome=Decision.Outcome.REMOVE, reason="All of it.", by=by
        )
    assert isinstance(waiting, Proposal)
    refuse(waiting, by=sue)


@contextmanager
def undone() -> Iterator[None]:
    """What Mallory does in here is gone afterwards."""
    with transaction.atomic():
        if is_sqlite:
            sql("PRAGMA defer_foreign_keys = ON")
        yield
        transaction.set_rollback(True)


def _first(model: type[models.Model]) -> Any:
    rows = model._base_manager.order_by("pk")
    if model is Check:
        rows = rows.filter(verdict="hold")
    return rows.values_list("pk", flat=True)[0]


def _key_column(model: type[models.Model]) -> str:
    assert model._meta.pk is not None
    return model._meta.pk.column


def test_an_untouched_installation_agrees(whole_story: None) -> None:
    """Each audited table has its row, and no row is at odds with its lines."""
    assert found() == []
    assert not [model for model in AUDITED if not model._base_manager.exists()]


def test_it_agrees_after_a_withdrawal(whole_story: None) -> None:
    """Everything was turned round once more."""
    for notice in Notice.objects.all():
        withdraw(notice)
    run_jobs()

    assert found() == []


def _columns() -> Iterator[tuple[str, str]]:
    for model in AUDITED:
        columns = COLUMNS[name_of(model)]
        for path in (*columns.fixed, *columns.changing):
            if "__" not in path:
                yield name_of(model), path


def test_any_altered_column_is_found(whole_story: None) -> None:
    """Whichever: the row is named."""
    unseen = []
    for name, column in _columns():
        model = next(each for each in AUDITED if name_of(each) == name)
        field = next(f for f in model._meta.concrete_fields if column in (f.name, f.attname))
        key = _first(model)
        with undone():
            sql(
                f"UPDATE {model._meta.db_table} SET {field.column} = %s "  # noqa: S608
                f"WHERE {_key_column(model)} = %s",
                _something_else(model, field, key),
                getattr(key, "hex", key),
            )
            # Of a check that held an upload, the upload's lines speak.
            said = "heldupload:" if name == "check" else f"{name}:{key} "
            if not any(said in fault for fault in disagreements()):
                unseen.append(f"{name}.{column}")

    assert not unseen


def _something_else(model: type[models.Model], field: Any, key: Any) -> object:
    """A value that the row does not have, and that can be read."""
    if isinstance(field, models.DateTimeField):
        return "2020-01-01 00:00:00"
    if isinstance(field, models.BooleanField):
        now = model._base_manager.filter(pk=key).values_list(field.attname, flat=True)[0]
        return not now
    if isinstance(field, models.UUIDField):
        return "0" * 32
    if isinstance(field, models.JSONField):
        return '{"x": 1}'
    if isinstance(field, models.BinaryField):
        return b"something else"
    if isinstance(field, models.ForeignKey):
        target = field.target_field
        return "1" * 32 if isinstance(target, models.UUIDField) else 987_654
    if isinstance(field, models.IntegerField):
        return 9_876
    return "else"[: field.max_length]


def test_any_row_that_was_taken_away_is_found(whole_story: None) -> None:
    """Its lines are still there."""
    unseen = []
    for model in AUDITED:
        key = _first(model)
        with undone():
            sql(
                f"DELETE FROM {model._meta.db_table} WHERE {_key_column(model)} = %s",  # noqa: S608
                getattr(key, "hex", key),
            )
            said = "heldupload:" if model is Check else f"{name_of(model)}:{key} is gone"
            if said not in " | ".join(disagreements()):
                unseen.append(name_of(model))

    assert not unseen


def _copy_of(model: type[models.Model], **changes: object) -> Any:
    row = model._base_manager.order_by("-pk")[0]
    row.pk = None
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def test_any_row_that_was_added_is_found(whole_story: None) -> None:
    """No line speaks of it."""
    additions: list[Callable[[], models.Model]] = [
        lambda: _copy_of(Item, host_item_id="x"),
        lambda: _copy_of(CaseItem, item=None, origin="swept"),
        lambda: _copy_of(Decision, superseded_at="2099-01-01T00:00:00Z"),
        lambda: _copy_of(KeepDown, lifted_at="2099-01-01T00:00:00Z"),
        lambda: _copy_of(Removal, state="restored", reasons_digest=b"x"),
        lambda: _copy_of(Appeal),
        lambda: _copy_of(Notice, receipt_digest=b"x", submission_digest=b"x"),
        lambda: _copy_of(letters.Letter, submission_digest=b"x"),
    ]
    for add in additions:
        with undone():
            row = add()
            said = f"{name_of(type(row))}:{row.pk} has no line in the log"
            assert said in " | ".join(disagreements())


def test_an_altered_block_of_the_gate_is_found(whole_story: None) -> None:
    """A check that held nothing has a line of its own."""
    blocked = Check.objects.get(verdict="block")
    sql("UPDATE gate_check SET match_distance = 31 WHERE verdict = 'block'")

    assert f"check:{blocked.pk} was altered after line" in " | ".join(disagreements())


def test_a_change_that_an_honest_one_follows_is_still_found(case: Case, bob: User) -> None:
    """Mallory rewrites the notice; later Bob reads a letter, which adds a line about it."""
    sql("UPDATE notices_notice SET received_at = '2020-01-01 00:00:00'")
    letters.write(case.notice, "Hello?", submission="s")
    letters.mark_read(Notice.objects.get(), by=bob)

    assert any("notice:" in fault and "was altered before line" in fault for fault in found())


def test_rows_that_changed_places_are_found(whole_story: None) -> None:
    """Sealed texts of two rows open with the same key: the row that they stand in counts."""
    other = Entry.objects.filter(action="copy.found").values_list("subject", flat=True)[0]
    copy = CaseItem.objects.get(pk=other.partition(":")[2])
    sql(
        "UPDATE cases_caseitem SET match_distance = 0, match_kind = 'identical' WHERE id = %s",
        copy.pk,
    )

    faults = " | ".join(found())
    assert f"caseitem:{copy.pk} was altered" in faults
    # The decision rests on that evidence, and says so as well.
    assert "decision:" in faults


@pytest.mark.parametrize(
    "change",
    [
        "superseded_at = '2099-01-01 00:00:00' WHERE superseded_at IS NULL",
        "superseded_at = '2099-01-01 00:00:00' WHERE superseded_at IS NOT NULL",
        "superseded_at = NULL WHERE superseded_at IS NOT NULL",
    ],
)
def test_whether_a_decision_stands_is_checked(removed_case: Case, change: str) -> None:
    """No line is about the older of two decisions; it follows from the newer."""
    withdraw(removed_case.notice)
    assert found() == []
    sql("DROP INDEX one_standing_decision")
    sql(f"UPDATE cases_decision SET {change}")  # noqa: S608

    assert "whether it stands" in " | ".join(found())


def test_a_purge_that_is_on_record_is_no_fault(removed_case: Case) -> None:
    """Personal data leaves, the chain stays whole, and what comes later is checked as before."""
    notice = removed_case.notice
    with transaction.atomic():
        Notice.objects.filter(pk=notice.pk).update(content={})
        audit.record("notice.purged", notice, by="system")
    assert found() == []

    Notice.objects.filter(pk=notice.pk).update(content={"signature": "Mallory"})
    assert f"notice:{notice.pk} was altered" in " | ".join(found())


def test_a_purge_that_is_not_on_record_is_a_fault(removed_case: Case) -> None:
    Notice.objects.update(content={})

    assert "notice:" in " | ".join(found())


def test_a_line_that_names_no_row_at_all_is_no_crash(removed_case: Case) -> None:
    """Somebody with the key, or a slip of ours: subjects that can be no key."""
    for subject in ("case:x", "case:99999999999999999999999", "check:1", "case:-1", "nonsense"):
        last = Entry.objects.order_by("-sequence")[0]
        Entry.objects.create(
            sequence=last.sequence + 1, at="", action="x", subject=subject, actor="", facts={}
        )

    faults = " | ".join(disagreements())
    assert "case:x is gone" in faults
    assert "check:1 is gone" in faults


@sqlite_only
def test_facts_that_are_no_json_are_no_crash(removed_case: Case) -> None:
    sql("UPDATE audit_entry SET facts = 'x{' WHERE action = 'case.opened'")

    assert "does not say what case:" in " | ".join(disagreements())
    assert not audit.verify().is_whole
