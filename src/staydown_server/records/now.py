"""Where the desk stands now, and how the last days went: a few numbers for who is in charge."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from staydown_server.accounts.models import User
from staydown_server.cases.jurisdictions import jurisdictions
from staydown_server.cases.models import Case, Decision
from staydown_server.gate.models import HeldUpload
from staydown_server.records.measures import COUNTS, DURATIONS, Period
from staydown_server.review import claim
from staydown_server.review.queue import waiting_appeals

#: Hours: the open cases with less time left than each, but more than the one before.
LEFT = (0, 6, 12, 24, 48)
#: Hours: removals that took less than each, but more than the one before.
TOOK = (1, 6, 24, 48)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """What waits now. *left* counts open cases by `LEFT`, and then those with more time."""

    left: tuple[int, ...]
    oldest: Case | None
    appeals: int
    uploads: int
    for_a_senior: int

    @property
    def open_cases(self) -> int:
        return sum(self.left)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's load: cases that they have now, and what they decided in the period."""

    email: str
    has: int
    decided: int


@dataclass(frozen=True, slots=True)
class Course:
    """How a period went. *took* counts removals of what was reported by `TOOK` hours from the
    notice until we saw that it was gone, and then those that took longer; shares are None of
    nothing."""

    removed: int
    median_hours: float | None
    p90_hours: float | None
    in_time: float | None
    reversed_share: float | None
    took: tuple[int, ...]
    #: Each day: cases that came, cases that closed.
    days: tuple[tuple[date, int, int], ...]
    people: tuple[Person, ...]


def standing() -> Standing:
    now = timezone.now()
    waiting = Case.objects.filter(closed_at=None)
    ends = [now + timedelta(hours=hours) for hours in LEFT]
    counted = waiting.aggregate(
        all=Count("pk"),
        senior=Count("pk", filter=~Q(escalated_at=None)),
        **{f"n{at}": Count("pk", filter=Q(deadline__lte=end)) for at, end in enumerate(ends)},
    )
    below = [counted[f"n{at}"] for at in range(len(ends))] + [counted["all"]]
    return Standing(
        left=tuple(b - a for a, b in zip([0, *below], below, strict=False)),
        oldest=waiting.order_by("received_at").first(),
        appeals=waiting_appeals().order_by().count(),
        uploads=HeldUpload.objects.filter(outcome="").count(),
        for_a_senior=counted["senior"],
    )


def course(days: int) -> Course:
    """Of the last *days*, until now."""
    now = timezone.now()
    period = Period(now - timedelta(days=days), now)
    hours = sorted(_hours(period))
    took = [each for each, _in_time in hours]
    decided = _count("decisions_to_remove", period) + _count("decisions_to_keep", period)
    return Course(
        removed=len(took),
        median_hours=_quantile(took, 50),
        p90_hours=_quantile(took, 90),
        in_time=_share(sum(in_time for _hours, in_time in hours), len(hours)),
        reversed_share=_share(_count("reversals", period), decided),
        took=_histogram(took),
        days=_days(period),
        people=_people(period),
    )


def _hours(period: Period) -> Iterator[tuple[float, bool]]:
    """Of each removal of what was reported, the hours from notice to gone, and whether that was
    in time. One look at the rows, and none of SQLite's calls into Python for each of them."""
    duration, clocks = DURATIONS["hours_to_removal"], jurisdictions()
    rows = duration.rows(period).order_by()
    of_each = rows.annotate(begins=duration.begins, of=duration.jurisdiction)
    for begins, verified, of in of_each.values_list("begins", "verified_at", "of").iterator():
        took = verified - begins
        yield took / _HOUR, of in clocks and took <= clocks[of].time_to_remove


def _quantile(hours: Sequence[float], percent: int) -> float | None:
    """The nearest rank, as in the yearly report."""
    return round(hours[-(-len(hours) * percent // 100) - 1], 2) if hours else None


def _histogram(hours: Sequence[float]) -> tuple[int, ...]:
    below = [*(bisect_left(hours, each) for each in TOOK), len(hours)]
    return tuple(b - a for a, b in zip([0, *below], below, strict=False))


def _count(name: str, period: Period) -> int:
    return COUNTS[name].rows(period).order_by().count()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _days(period: Period) -> tuple[tuple[date, int, int], ...]:
    came, closed = (
        _by_day(Case.objects.filter(period.holds(column)), column)
        for column in ("received_at", "closed_at")
    )
    first, last = period.start.date(), period.end.date()
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple((day, came[day], closed[day]) for day in every)


def _by_day(cases: QuerySet[Case], column: str) -> Counter[date]:
    rows: Any = (
        cases.order_by().annotate(day=TruncDate(column)).values("day").annotate(n=Count("pk"))
    )
    return Counter({row["day"]: row["n"] for row in rows})


def _people(period: Period) -> tuple[Person, ...]:
    decisions = Decision.objects.filter(period.holds("decided_at"), ~Q(decided_by=None)).order_by()
    decided = dict(decisions.values_list("decided_by").annotate(n=Count("pk")))
    claimed = Case.objects.filter(closed_at=None, claimed_at__gt=claim.lapsed()).order_by()
    has = dict(claimed.values_list("claimed_by").annotate(n=Count("pk")))
    users = User.objects.filter(Q(is_active=True) | Q(pk__in=decided)).order_by(F("email"))
    return tuple(
        Person(user.email, has.get(user.pk, 0), decided.get(user.pk, 0))
        for user in users
        if user.may_review or user.pk in decided
    )
