"""The seam between the steps of the story and whatever runs them later."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, overload

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from staydown_server.jobs import bell

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from staydown_server.jobs.models import Job

#: What rings when there is a job to do.
JOBS = "jobs"
#: Seconds until the next try after the n-th failure: 1, 2, 4, ... up to ten minutes, for ever.
LONGEST_PAUSE = 600


class RetryLater(Exception):
    """The job cannot be finished now, as can be expected (a host is down): try again later.

    Without *seconds* the pause grows with each attempt.
    """

    def __init__(self, reason: str, *, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class JobFunction:
    """A function that can be called now, or deferred."""

    name: str
    call: Callable[..., None]
    is_slow: bool = False

    def __call__(self, **ids: int) -> None:
        self.call(**ids)

    def defer(self, *, after: timedelta = timedelta(0), **ids: int) -> None:
        defer(self.name, after=after, **ids)


_known: dict[str, JobFunction] = {}


def job(name: str, *, is_slow: bool = False) -> Callable[[Callable[..., None]], JobFunction]:
    """Register the decorated function as job *name*, ``folder.verb``.

    One that *is_slow* reads files, searches the catalogue or asks strangers: a removal, or
    whatever else takes a moment, never waits for it.
    """

    def register(call: Callable[..., None]) -> JobFunction:
        if name in _known:
            raise ValueError(f"two jobs are called {name!r}")
        _known[name] = JobFunction(name, call, is_slow)
        return _known[name]

    return register


def known() -> frozenset[str]:
    """The names of all registered jobs."""
    return frozenset(_known)


def slow() -> frozenset[str]:
    """The names of those that are slow."""
    return frozenset(name for name, function in _known.items() if function.is_slow)


@overload
def defer(name: str, **ids: int) -> None: ...


@overload
def defer(name: str, *, after: timedelta, **ids: int) -> None: ...


def defer(name: str, *, after: Any = timedelta(0), **ids: int) -> None:
    """Queue job *name* in the caller's transaction, to run when *after* has passed.

    By name, a lower folder can set off a step of a higher one without importing it.
    """
    from staydown_server.jobs.models import Job

    now = timezone.now()
    Job.objects.create(name=name, arguments=ids, created_at=now, run_at=now + after)
    if not after:
        bell.ring(JOBS)


def keep_waiting(again: "JobFunction", *, after: timedelta = timedelta(0)) -> None:
    """Queue *again*, which queues itself each time it has run, unless it waits for its turn.

    Without *after* also one that runs now, or was cut off, counts as waiting.
    """
    from staydown_server.jobs.models import Job

    with transaction.atomic():
        waiting = Job.objects.select_for_update().filter(name=again.name, finished_at=None)
        # One that runs now, or was cut off, has a time that is past.
        is_next = waiting.filter(run_at__gt=timezone.now()).exists()
        if not is_next and (after or not waiting.exists()):
            again.defer(after=after)


def claim(*, may_be_slow: bool = True) -> "Job | None":
    """Take the lease of the oldest job that is due, of the slow ones last; or nothing."""

    now, lease = timezone.now(), uuid.uuid4()
    due, names = _due(now), slow()
    kinds = [due.exclude(name__in=names)] + ([due.filter(name__in=names)] if may_be_slow else [])
    for kind in kinds:
        while candidate := kind.order_by("run_at", "id").first():
            # Another worker may have been quicker between the two statements: the update decides.
            taken = kind.filter(pk=candidate.pk)
            if taken.update(lease=lease, leased_until=now + _lease(), attempts=F("attempts") + 1):
                candidate.refresh_from_db()
                # Whoever took it over since holds another lease: this one then renews nothing.
                candidate.lease = lease
                return candidate
    return None


def _due(now: datetime) -> "QuerySet[Job]":
    """What nobody works on, and should be.

    The clock may have been set back, or another machine's be ahead: what was to be done at once,
    or was tried already, does not wait for its time to come again, and a lease that lasts too
    long is none.
    """
    from staydown_server.jobs.models import Job

    free = Q(leased_until=None) | Q(leased_until__lte=now) | Q(leased_until__gt=now + 2 * _lease())
    is_immediate = Q(run_at=F("created_at")) | Q(attempts__gt=0)
    is_time = Q(run_at__lte=now) | (Q(created_at__gt=now) & is_immediate)
    return Job.objects.filter(free, is_time, finished_at=None)


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def renew(job: "Job") -> bool:
    """Keep the lease; False when somebody else has it by now."""
    from staydown_server.jobs.models import Job

    held = Job.objects.filter(pk=job.pk, lease=job.lease, finished_at=None)
    return bool(held.update(leased_until=timezone.now() + _lease()))


def run(job: "Job") -> Exception | None:
    """Call the job's function; finish it, or give it back for a later try.

    Returns the error that made it fail, if one did.
    """
    from staydown_server.jobs.models import Job

    held = Job.objects.filter(pk=job.pk, lease=job.lease)
    try:
        _known[job.name](**job.arguments)
    except Exception as error:  # noqa: BLE001  a worker outlives every job
        pause = min(2.0 ** min(job.attempts - 1, 20), LONGEST_PAUSE)
        if isinstance(error, RetryLater) and error.seconds is not None:
            pause = error.seconds
        held.update(
            lease=None,
            leased_until=None,
            run_at=timezone.now() + timedelta(seconds=pause),
            # The class, not the text: a text may quote what must not be in a log.
            last_error=type(error).__name__,
        )
        return error
    held.update(finished_at=timezone.now(), lease=None, leased_until=None, last_error="")
    return None
