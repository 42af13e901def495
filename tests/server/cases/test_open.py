"""A notice becomes a case, once, with the clock of its arrival."""

from datetime import timedelta
from typing import Any

import pytest

from server.pictures import fingerprint, jpeg, scene
from server.story import alice_reports, case_of, rows_of, run_jobs
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, CaseItem
from staydown_server.cases.open import open_case
from staydown_server.jobs.models import Job
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db

PLACE = "https://elsewhere.example/p/1"


@pytest.mark.parametrize(("place", "hours"), [("us", 48), ("in", 24)])
def test_the_clock_starts_when_the_notice_arrives(settings: Any, place: str, hours: int) -> None:
    """Not when a machine gets round to it."""
    settings.JURISDICTIONS = (place,)
    receipt = alice_reports(PLACE)

    open_case(notice_id=receipt.notice.pk)

    case = case_of(receipt)
    assert case.received_at == receipt.notice.received_at
    assert case.deadline == receipt.notice.received_at + timedelta(hours=hours)
    assert case.jurisdiction == place


def test_where_several_laws_apply_the_shortest_clock_runs(settings: Any) -> None:
    """One notice serves them all."""
    settings.JURISDICTIONS = ("us", "eu", "in")
    receipt = alice_reports(PLACE)

    open_case(notice_id=receipt.notice.pk)

    assert case_of(receipt).jurisdiction == "in"
    assert Entry.objects.get(action="case.opened").facts["laws"] == "us,eu,in"


def test_a_case_keeps_the_clock_it_began_with(settings: Any) -> None:
    """A changed setting does not move old deadlines."""
    receipt = alice_reports(PLACE)
    open_case(notice_id=receipt.notice.pk)
    settings.JURISDICTIONS = ("in",)

    open_case(notice_id=receipt.notice.pk)

    assert case_of(receipt).jurisdiction == "us"


def test_opening_twice_opens_once() -> None:
    """Killed just after it, the job comes again: one case, one row, one search."""
    receipt = alice_reports(PLACE)
    open_case(notice_id=receipt.notice.pk)
    before = Job.objects.count()

    open_case(notice_id=receipt.notice.pk)

    assert Case.objects.count() == CaseItem.objects.count() == 1
    assert Job.objects.count() == before


def test_each_thing_pointed_at_has_its_row() -> None:
    """Two addresses and a file are three."""
    file = fingerprint(jpeg(scene(1))).to_dict()
    receipt = alice_reports(f"{PLACE} and https://elsewhere.example/p/2", fingerprints=(file,))
    open_case(notice_id=receipt.notice.pk)

    rows = rows_of(case_of(receipt))
    assert [row.origin for row in rows] == ["reported_url", "reported_url", "reported_file"]
    assert [row.state for row in rows] == ["locating", "locating", "sweeping"]
    assert rows[2].load_fingerprint() == fingerprint(jpeg(scene(1)))


def test_a_notice_taken_back_at_once_opens_no_case() -> None:
    """It would stand in the queue for ever: nobody may decide about it."""
    receipt = alice_reports(PLACE)
    withdraw(receipt.notice)

    run_jobs()

    assert not Case.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_half_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power fails in the middle: no case at all, and the next try makes a whole one."""
    from staydown_server.cases import locate

    receipt = alice_reports(f"{PLACE} https://elsewhere.example/p/2")
    with monkeypatch.context() as patch:
        fuse = iter([None])
        patch.setattr(type(locate.locate), "defer", lambda *_args, **_ids: next(fuse))
        with pytest.raises(StopIteration):
            open_case(notice_id=receipt.notice.pk)
    assert not Case.objects.exists()
    assert not CaseItem.objects.exists()

    run_jobs()

    assert CaseItem.objects.count() == 2
