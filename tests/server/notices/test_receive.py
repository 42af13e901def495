"""Once a notice is acknowledged it is there: whole, once, and for nobody else to read."""

import pytest
from django.db import connection

from server.story import ALICE, ALICES_ADDRESS, alice_reports, alices_report, power_fails_at_the_end
from staydown_server.audit.models import Entry
from staydown_server.jobs.models import Job
from staydown_server.notices.models import Notice
from staydown_server.notices.receive import (
    AlreadyUsed,
    new_submission,
    notice_of,
    receive,
)
from staydown_server.notices.report import Incomplete, Report

pytestmark = pytest.mark.django_db

PLACE = "https://plaza.example/p/1"


def test_a_notice_is_stored_as_it_came() -> None:
    """Letter by letter, spaces and all."""
    report = alices_report(f"  {PLACE}\r\n\tthere!  ", explanation="Ça fait mal. 😢")

    receipt = receive(report, submission=new_submission())

    assert receipt.is_new
    assert Notice.objects.get().content == report.to_dict()


def test_notice_line_and_job_come_together() -> None:
    """The audit line and the job that opens the case are in the same transaction."""
    alice_reports(PLACE)

    assert [entry.action for entry in Entry.objects.all()] == ["notice.received"]
    assert [job.name for job in Job.objects.all()] == ["cases.open"]


@pytest.mark.django_db(transaction=True)
def test_nothing_remains_of_a_notice_that_failed_halfway() -> None:
    """Power fails before the end: no notice, no line, no job, and it can be sent again."""
    submission = new_submission()
    with power_fails_at_the_end():
        receive(alices_report(PLACE), submission=submission)
    assert not Notice.objects.exists()
    assert not Job.objects.exists()

    assert receive(alices_report(PLACE), submission=submission).is_new


def test_an_incomplete_notice_stores_nothing() -> None:
    """It is asked about instead."""
    with pytest.raises(Incomplete):
        receive(alices_report(""), submission=new_submission())

    assert not Notice.objects.exists()


def test_a_second_click_is_the_same_notice() -> None:
    """One notice, one case, and the same code."""
    submission = new_submission()

    first = receive(alices_report(PLACE), submission=submission)
    second = receive(alices_report(PLACE), submission=submission)

    assert (second.notice, second.code, second.is_new) == (first.notice, first.code, False)
    assert Notice.objects.count() == Job.objects.count() == 1


def test_a_form_sent_again_with_other_words_is_refused() -> None:
    """Its code would open a notice that says something else."""
    submission = new_submission()
    receive(alices_report(PLACE), submission=submission)

    with pytest.raises(AlreadyUsed):
        receive(alices_report(PLACE, explanation="More."), submission=submission)

    assert Notice.objects.get().content["explanation"] != "More."


def test_two_people_get_two_codes() -> None:
    """Even with the same words."""
    first, second = alice_reports(PLACE), alice_reports(PLACE)

    assert first.code != second.code
    assert notice_of(first.code) == first.notice
    assert notice_of(second.code) == second.notice


def test_the_code_can_be_read_out() -> None:
    """Four groups of four letters and digits, none of which look alike."""
    code = alice_reports(PLACE).code

    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    assert not set(code) & set("018")


def test_a_code_opens_its_notice_however_it_was_typed() -> None:
    """Lower case, without dashes, with spaces, with digits that look like its letters."""
    # Codes differ: this goes on until each letter that looks like a digit was met.
    met: set[str] = set()
    while met != set("OIB"):
        receipt = alice_reports(PLACE)
        met |= set(receipt.code) & set("OIB")
        digits = receipt.code.translate(str.maketrans("OIB", "018"))
        for typed in (
            receipt.code.lower(),
            receipt.code.replace("-", ""),
            receipt.code.replace("-", " "),
            f"  {receipt.code.lower()}\n",
            receipt.code.replace("-", "\u2011"),
            digits,
            digits.lower(),
        ):
            assert notice_of(typed) == receipt.notice


@pytest.mark.parametrize("typed", ["", "-", "AAAA-AAAA-AAAA-AAAA", "x" * 100_000, "\x00", "ß" * 16])
def test_another_code_opens_nothing(typed: str) -> None:
    """Nor does half of one, or one with a letter more."""
    receipt = alice_reports(PLACE)

    assert notice_of(typed) is None
    assert notice_of(receipt.code[:-1]) is None
    assert notice_of(receipt.code + "A") is None


def test_the_table_does_not_tell_who_wrote() -> None:
    """The raw columns hold neither the words nor the code."""
    receipt = alice_reports(PLACE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notices_notice")
        raw = repr([bytes(v) if isinstance(v, memoryview) else v for v in cursor.fetchone()])

    for secret in (ALICE, ALICES_ADDRESS, PLACE, receipt.code, receipt.code.replace("-", "")):
        assert secret not in raw


def test_what_was_told_cannot_be_changed_on_the_way() -> None:
    """A report is a value."""
    report = alices_report(PLACE)
    with pytest.raises(AttributeError):
        report.signature = "Mallory"  # type: ignore[misc]
    assert isinstance(report, Report)
