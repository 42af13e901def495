"""The yearly numbers: what happened, counted where it is stored."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from server.pictures import recompressed
from server.story import alice_reports, bob_decides, case_of, run_jobs
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.notices.models import Notice
from staydown_server.notices.receive import Receipt
from staydown_server.records.report import QUANTILES, report, to_csv
from staydown_server.removal.models import Removal
from staydown_server.review.appeal import answer, appeal
from staydown_server.review.contest import contest
from staydown_server.review.models import Appeal
from staydown_server.review.withdraw import withdraw

YEAR = timezone.now().year


@pytest.mark.django_db
def test_of_nothing_there_is_nothing_to_tell() -> None:
    """All counts are 0, and a share of nothing is none."""
    assert set(report(YEAR)) == {"total"}
    total = report(YEAR)["total"]

    assert total["notices_received"] == 0
    assert total["in_time_share"] is None
    assert total["hours_to_removal"] == {"count": 0}


def test_a_removal_and_its_copy_are_counted(
    show: Any, picture: bytes, bob: User, alices_item: Any
) -> None:
    """Each once, under the jurisdiction of its case and in the total."""
    show("copy", recompressed(picture))
    receipt = alice_reports(alices_item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    run_jobs()

    numbers = report(YEAR)

    assert numbers["us"] == numbers["total"]
    expected = {
        "notices_received": 1,
        "notices_unfounded": 0,
        "cases_closed": 1,
        "items_reported": 1,
        "copies_found": 1,
        "decisions_to_remove": 2,
        "reversals": 0,
        "removals_verified": 2,
        "removals_of_reported": 1,
        "removals_of_copies": 1,
        "removals_of_reported_in_time": 1,
        "keep_downs_started": 2,
        "automated_detection_share": 0.5,
        "automated_decision_share": 0.0,
        "in_time_share": 1.0,
    }
    assert {name: numbers["us"][name] for name in expected} == expected
    assert numbers["us"]["hours_to_removal"]["count"] == 1
    assert report(YEAR - 1)["total"]["notices_received"] == 0


def test_a_late_removal_is_not_in_time(removed_case: Case) -> None:
    """It was verified after the jurisdiction's hours."""
    early = removed_case.received_at - timedelta(hours=49)
    Case.objects.update(received_at=early)

    us = report(YEAR)["us"]

    assert (us["removals_of_reported"], us["removals_of_reported_in_time"]) == (1, 0)
    assert us["hours_to_removal"]["median"] == pytest.approx(49, abs=0.1)


def test_a_notice_that_keeps_everything_online_is_unfounded(case: Case, bob: User) -> None:
    """Bob saw it and left it there; one that Alice took back is not counted."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    assert report(YEAR)["us"]["notices_unfounded"] == 1

    withdraw(case.notice)
    numbers = report(YEAR)["us"]
    assert (numbers["notices_unfounded"], numbers["notices_withdrawn"]) == (0, 1)


def test_a_granted_appeal_is_a_reversal(removed_case: Case, bob: User, dora: User) -> None:
    """So it is where the person's objection is granted; a refused one is none."""
    taken = appeal(Removal.objects.get(), text="It is mine.")
    answer(taken, outcome=Appeal.Outcome.GRANTED, reason="So it is.", by=dora)
    run_jobs()

    us = report(YEAR)["us"]

    assert (us["appeals_of_uploaders"], us["appeals_granted"], us["appeals_refused"]) == (1, 1, 0)
    assert (us["reversals"], us["decisions_to_restore"], us["removals_undone"]) == (1, 1, 1)
    assert us["hours_to_answer_appeals"]["count"] == 1


def test_a_contest_is_the_notifiers_appeal(case: Case, bob: User, dora: User) -> None:
    bob_decides(case, bob, Decision.Outcome.KEEP)
    refusal = Decision.objects.get()
    contest(case.notice, [refusal.pk], text="Please look again.")
    answer(Appeal.objects.get(), outcome=Appeal.Outcome.GRANTED, reason="Yes.", by=dora)

    us = report(YEAR)["us"]

    assert (us["appeals_of_notifiers"], us["appeals_of_uploaders"], us["reversals"]) == (1, 0, 1)
    assert us["notices_unfounded"] == 0


def many_decisions(hours: list[float], *, jurisdiction: str) -> None:
    """Cases whose first decision came after so many hours."""
    received = datetime(2025, 6, 1, tzinfo=UTC)
    for number, after in enumerate(hours):
        name = f"{jurisdiction}{number}".encode()
        notice = Notice.objects.create(
            received_at=received,
            language="en",
            content={},
            receipt_digest=name,
            submission_digest=name,
            content_digest=name,
        )
        case = Case.objects.create(
            notice=notice, jurisdiction=jurisdiction, received_at=received, deadline=received
        )
        row = CaseItem.objects.create(case=case, origin="reported_url", state="ready")
        decision = Decision.objects.create(case_item=row, outcome="keep", reason="x")
        Decision.objects.filter(pk=decision.pk).update(decided_at=received + timedelta(hours=after))


def nearest_rank(values: list[float], percent: int) -> float:
    """The definition, by hand."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


@pytest.mark.django_db
@pytest.mark.parametrize("many", [1, 2, 3, 10, 37])
def test_quantiles_are_those_of_the_definition(many: int) -> None:
    """In each jurisdiction, and in all together."""
    of_us = [float(3 * number % 101) for number in range(1, many + 1)]
    of_eu = [0.5, 200.25]
    many_decisions(of_us, jurisdiction="us")
    many_decisions(of_eu, jurisdiction="eu")

    numbers = report(2025)

    for jurisdiction, values in {"us": of_us, "eu": of_eu, "total": of_us + of_eu}.items():
        found = numbers[jurisdiction]["hours_to_first_decision"]
        expected = {name: nearest_rank(values, percent) for name, percent in QUANTILES.items()}
        assert found == {"count": len(values), **expected}


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_cases() -> None:
    """Nothing is counted in Python."""

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            report(2025)
        return len(captured)

    many_decisions([1.0], jurisdiction="us")
    of_one = queries()
    many_decisions([1.0] * 30, jurisdiction="eu")

    assert queries() == of_one


def test_the_table_holds_every_number(receipt: Receipt) -> None:
    """One a line; a share of nothing is an empty field."""
    numbers = report(YEAR)

    rows = list(csv.reader(io.StringIO(to_csv(numbers))))

    assert rows[0] == ["jurisdiction", "measure", "value"]
    assert ["us", "notices_received", "1"] in rows
    assert ["total", "in_time_share", ""] in rows
    assert ["us", "hours_to_removal.count", "0"] in rows
