"""Count for the desk what takes longer than a page may: again and again, while nobody waits."""

import time
from dataclasses import asdict
from datetime import date, datetime, timedelta

from django.utils import timezone

from staydown_server.jobs import job, keep_waiting
from staydown_server.records.models import Counted
from staydown_server.records.now import Course, Person, course

#: Days, of which the desk shows how they went.
PERIODS = (7, 30, 90, 365)
_EACH = timedelta(minutes=10)
#: What is counted faster is counted when somebody looks.
_FAST_SECONDS = 0.05


def last(days: int) -> tuple[Course, datetime]:
    """How the last *days* went, and when that was counted."""
    kept = Counted.objects.filter(days=days).first()
    if kept is None:
        return course(days), timezone.now()
    told = kept.course
    return Course(
        **{
            **told,
            "took": tuple(told["took"]),
            "days": tuple((date.fromisoformat(day), *counts) for day, *counts in told["days"]),
            "people": tuple(Person(**each) for each in told["people"]),
        }
    ), kept.at


@job("records.count", is_slow=True)
def count() -> None:
    """Count each period; and again soon."""
    for days in PERIODS:
        begun = time.perf_counter()
        told = asdict(course(days))
        if time.perf_counter() - begun < _FAST_SECONDS:
            Counted.objects.filter(days=days).delete()
            continue
        told["days"] = [(day.isoformat(), *counts) for day, *counts in told["days"]]
        Counted.objects.update_or_create(days=days, defaults={"at": timezone.now(), "course": told})
    schedule(after=_EACH)


def schedule(*, after: timedelta = timedelta(0)) -> None:
    """Have the next counting wait for its time, if none does."""
    keep_waiting(count, after=after)
