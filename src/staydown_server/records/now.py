"""Where the desk stands now, and how the last days went: a few numbers for who is in charge."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from staydown_server.accounts.models import User
from staydown_server.cases.models import Case, Decision
from staydown_server.gate.models import HeldUpload
from staydown_server.records.measures import COUNTS, DURATIONS, Period
from staydown_server.records.report import TOTAL, quantiles_of
from staydown_server.review import claim
from staydown_server.review.queue import waiting_appeals

#: Hours: the open cases with less time left than each, but more than the one before.
LEFT = (0, 6, 12, 24, 48)
#: Hours: removals that took less than each, but more than the one before.
TOOK = (1, 6, 24, 48)


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
    hours = dict(quantiles_of(DURATIONS["hours_to_removal"], period)).get(TOTAL, {"count": 0})
    decided = _count("decisions_to_remove", period) + _count("decisions_to_keep", period)
    return Course(
        removed=hours["count"],
        median_hours=hours.get("median"),
        p90_hours=hours.get("p90"),
        in_time=_share(_count("removals_of_reported_in_time", period), hours["count"]),
        reversed_share=_share(_count("reversals", period), decided),
        took=_took(period),
        days=_days(period),
        people=_people(period),
    )


def _count(name: str, period: Period) -> int:
    return COUNTS[name].rows(period).order_by().count()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _took(period: Period) -> tuple[int, ...]:
    duration = DURATIONS["hours_to_removal"]
    took = ExpressionWrapper(duration.ends - duration.begins, output_field=DurationField())
    rows = duration.rows(period).order_by().annotate(took=took)
    counted = rows.aggregate(
        all=Count("pk"),
        **{
            f"n{at}": Count("pk", filter=Q(took__lt=timedelta(hours=h)))
            for at, h in enumerate(TOOK)
        },
    )
    below = [counted[f"n{at}"] for at in range(len(TOOK))] + [counted["all"]]
    return tuple(b - a for a, b in zip([0, *below], below, strict=False))


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
