"""The numbers for who is in charge, against rows whose times are set by hand."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from server.pictures import jpeg, scene
from server.story import alice_reports, bob_decides, case_of, run_jobs
from server.web.pages import text
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case
from staydown_server.jobs.models import Job
from staydown_server.records import counted, now
from staydown_server.records.report import report
from staydown_server.removal.models import Removal
from staydown_server.review import claim
from staydown_server.review.decide import restore

pytestmark = pytest.mark.django_db


def a_case(show: Any, seed: int) -> Case:
    receipt = alice_reports(
        show(f"item-{seed}", jpeg(scene(seed))).url, contact=f"{seed}@x.example"
    )
    run_jobs()
    return case_of(receipt)


def removed_after(case: Case, bob: User, hours: float) -> None:
    """So many hours after the notice we saw that it was gone."""
    bob_decides(case, bob)
    run_jobs()
    begun = timezone.now() - timedelta(hours=hours + 1)
    Case.objects.filter(pk=case.pk).update(received_at=begun)
    Removal.objects.filter(decision__case_item__case=case).update(
        verified_at=begun + timedelta(hours=hours)
    )


def test_what_waits_is_counted_by_the_time_left(show: Any, bob: User) -> None:
    """Late ones first."""
    cases = [a_case(show, seed) for seed in range(4)]
    for case, hours in zip(cases, (-1, 5, 11, 47), strict=True):
        deadline = timezone.now() + timedelta(hours=hours)
        Case.objects.filter(pk=case.pk).update(
            deadline=deadline, received_at=deadline - timedelta(hours=48)
        )

    standing = now.standing()

    assert standing.left == (1, 1, 1, 0, 1, 0)
    assert (standing.open_cases, standing.oldest) == (4, cases[0])


def test_how_the_last_days_went(show: Any, bob: User, dora: User) -> None:
    """Three removed in time, one late, one of them put back."""
    cases = [a_case(show, seed) for seed in range(4)]
    for case, hours in zip(cases, (0.5, 5, 20, 60), strict=True):
        removed_after(case, bob, hours)
    restore(cases[0].caseitem_set.get(), reason="It was a mistake.", by=dora)
    waits = a_case(show, 9)
    claim.take(waits, by=dora)

    course = now.course(30)

    assert course.removed == 4
    assert course.took == (1, 1, 1, 0, 1)
    assert (course.median_hours, course.p90_hours) == (5, 60)
    assert course.in_time == 0.75
    assert course.reversed_share == 0.25
    assert {(each.email, each.has, each.decided) for each in course.people} == {
        ("bob@desk.example", 0, 4),
        ("dora@desk.example", 1, 1),
    }
    assert sum(closed for _day, _came, closed in course.days) == 4
    assert sum(came for _day, came, _closed in course.days) == 5


def test_nothing_is_counted_of_an_empty_desk(db: None) -> None:
    """No share of nothing."""
    course = now.course(7)

    assert (course.removed, course.median_hours, course.in_time) == (0, None, None)
    assert len(course.days) == 8


def test_it_is_what_the_yearly_report_says(show: Any, bob: User) -> None:
    """The same definitions, in another way."""
    for seed, hours in enumerate((0.5, 5, 20, 60, 70)):
        removed_after(a_case(show, seed), bob, hours)

    course, year = now.course(30), report(timezone.now().year)["total"]

    told = year["hours_to_removal"]
    assert (course.removed, course.median_hours, course.p90_hours) == (
        told["count"],
        told["median"],
        told["p90"],
    )
    assert course.in_time == year["removals_of_reported_in_time"] / told["count"]


def test_what_takes_long_is_counted_while_nobody_waits(
    show: Any, bob: User, dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is the same; what is counted at once is counted when somebody looks."""
    removed_after(a_case(show, 1), bob, 5)
    as_it_was = now.course(30)
    monkeypatch.setattr(counted, "_FAST_SECONDS", 0)
    counted.count()
    removed_after(a_case(show, 2), bob, 5)

    kept, at = counted.last(30)
    assert kept == as_it_was
    assert at <= timezone.now()

    monkeypatch.setattr(counted, "_FAST_SECONDS", 60)
    counted.count()
    assert counted.last(30)[0].removed == 2
    # Each time it waits for the next, once.
    assert Job.objects.filter(name="records.count", finished_at=None).count() == 1


def test_the_page_says_it(show: Any, bob: User, bobs_browser: Client) -> None:
    """For the days that were asked for; of anything else, thirty."""
    removed_after(a_case(show, 1), bob, 5)

    page = text(bobs_browser.get("/desk/numbers/", {"days": "7"}))

    assert "The last 7 days" in page
    assert "5.0 h" in page
    assert "100 %" in page
    for odd in ("8", "x", "-1", "9" * 40):
        assert "The last 30 days" in text(bobs_browser.get("/desk/numbers/", {"days": odd}))
