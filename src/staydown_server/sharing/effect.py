"""What a partner's list does here, counted: for the desk."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.db.models.functions import TruncDate

from staydown_server.gate.models import Check, Listed
from staydown_server.sharing.models import Feedback, Opinion, Partner, Verdict

DAYS = 30


@dataclass(frozen=True, slots=True)
class Day:
    """How many entries came on it, and how many uploads they stopped."""

    on: date
    came: int
    stopped: int


@dataclass(frozen=True, slots=True)
class Matched:
    """An entry that something here matched: uploads stopped, and its case if it has one."""

    entry: Listed
    stopped: int
    case_id: int | None
    verdict: str


def days(partner: Partner, now: datetime) -> list[Day]:
    """The last `DAYS` days, today last, in UTC."""
    first = now.date() - timedelta(days=DAYS - 1)
    came = _by_day(partner.entries.filter(came_at__date__gte=first), "came_at")
    checks = Check.objects.filter(listed__source=str(partner), at__date__gte=first)
    stopped = _by_day(checks, "at")
    every = (first + timedelta(days=number) for number in range(DAYS))
    return [Day(on, came.get(on, 0), stopped.get(on, 0)) for on in every]


def matched(partner: Partner, *, most: int) -> Iterator[Matched]:
    """What matched something here, the latest first."""
    rows = (
        partner.entries.exclude(case_item=None, check=None)
        .select_related("case_item", "opinion")
        .annotate(stopped=Count("check"), last=Max("check__at"))
    )
    for entry in rows.order_by("-last", "-pk")[:most]:
        opinion: Opinion | None = getattr(entry, "opinion", None)
        yield Matched(
            entry,
            entry.stopped,
            entry.case_item.case_id if entry.case_item else None,
            opinion.verdict if opinion else "",
        )


def disputed_with(partner: Partner) -> tuple[int, int]:
    """How many of its entries we dispute, and how many of ours it disputes."""
    against = (Verdict.DISPUTED, Verdict.WRONG)
    ours = Opinion.objects.filter(listed__source=str(partner), verdict__in=against).count()
    theirs = Feedback.objects.filter(partner=partner, verdict__in=against).count()
    return ours, theirs


def _by_day(rows: QuerySet[Any], field: str) -> dict[date, int]:
    counted = rows.annotate(day=TruncDate(field)).values("day").annotate(count=Count("pk"))
    return {row["day"]: row["count"] for row in counted.order_by("day")}
