"""Whoever steals the database reads nothing of what people wrote."""

import pytest
from django.db import IntegrityError, connection, transaction

from server.host_double import HostDouble
from server.pictures import fingerprint
from server.story import ALICE, ALICES_ADDRESS, alice_reports, case_of, rows_of, run_jobs
from staydown_server import audit, vault
from staydown_server.accounts.models import Host, User
from staydown_server.audit.agreement import disagreements
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.notices.receive import new_submission
from staydown_server.review.appeal import answer
from staydown_server.review.ask import ask
from staydown_server.review.contest import contest
from staydown_server.review.decide import decide
from staydown_server.review.models import Appeal

#: What Alice, Bob and Dora write, none of which the host knows.
PLACE = "albums/holidays-with-alice"
WORDS = ("a friend of Alice's lent it", "which of the two is it", "her cousin said so")


@pytest.fixture
def contested(host: Host, plaza: HostDouble, picture: bytes, bob: User, dora: User) -> Case:
    """Alice names a file, and an address that shows nothing; Bob asks, and refuses; Dora agrees."""
    file = fingerprint(picture).to_dict()
    receipt = alice_reports(f"{plaza.url}/{PLACE}", fingerprints=(file,))
    run_jobs()
    case = case_of(receipt)
    ask(case, WORDS[1], submission=new_submission(), by=bob)
    [of_file] = [row.pk for row in rows_of(case) if row.fingerprint]
    refusal = decide(case, [of_file], outcome=Decision.Outcome.KEEP, reason=WORDS[0], by=bob)
    contest(receipt.notice, [each.pk for each in refusal], text="It is me, in the kitchen.")
    answer(Appeal.objects.get(), outcome=Appeal.Outcome.REFUSED, reason=WORDS[2], by=dora)
    run_jobs()
    return case


def test_a_stolen_database_tells_nothing_of_it(contested: Case) -> None:
    """Every row of every table, as it lies there."""
    stolen = _everything()

    assert b"case.opened" in stolen
    for secret in (ALICE, ALICES_ADDRESS, PLACE, "kitchen", *WORDS):
        assert secret.encode() not in stolen
        assert secret.encode().hex().encode() not in stolen.lower()


def test_with_the_key_it_is_read(contested: Case) -> None:
    [row] = [row for row in rows_of(contested) if row.reported_url]

    assert PLACE in row.reported_url
    assert Decision.objects.get().reason == WORDS[0]
    assert Appeal.objects.get().answer == WORDS[2]
    assert CaseItem.objects.filter(reported_url=row.reported_url).get() == row
    assert CaseItem.objects.exclude(reported_url="").count() == 1


def test_a_row_saved_again_is_what_the_log_knows(contested: Case) -> None:
    """The same words have the same sealed form: no new line is needed."""
    for row in (*rows_of(contested), Decision.objects.get()):
        row.save()

    assert audit.verify().is_whole
    assert list(disagreements()) == []


def test_a_sealed_text_that_mallory_exchanged_is_found(contested: Case) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cases_decision SET reason = %s", [vault.seal_alike(b"no", purpose="reason")]
        )

    decision = Decision.objects.get()
    assert [each.split(" was")[0] for each in disagreements()] == [f"decision:{decision.pk}"]


def test_a_decision_still_needs_words(contested: Case, bob: User) -> None:
    """Nothing is stored as nothing, so that the table can refuse it."""
    [row] = [row for row in rows_of(contested) if row.reported_url]
    with pytest.raises(IntegrityError, match="decisions_have_reasons"), transaction.atomic():
        Decision.objects.create(case_item=row, outcome="keep", reason="", decided_by=bob)


def _everything() -> bytes:
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            rows.extend(cursor.fetchall())
    values = (value for row in rows for value in row if value is not None)
    return b"\n".join(
        bytes(each) if isinstance(each, bytes | memoryview) else str(each).encode()
        for each in values
    )
