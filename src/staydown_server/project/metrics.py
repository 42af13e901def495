"""Numbers for Prometheus: how much waits, and for how long. None is about a person.

Those of the database are the same from every process; those of the indexes are the answering
one's. Requests are counted by the proxy before us.
"""

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from staydown_server.audit.models import Head
from staydown_server.cases.models import Case
from staydown_server.gate.models import HeldUpload, KeepDown
from staydown_server.jobs.models import Job
from staydown_server.notices.models import Notice
from staydown_server.project import errors
from staydown_server.project.health import indexes
from staydown_server.removal.models import Removal

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Name, kind, what it says, and its values by their labels.
Metric = tuple[str, str, str, dict[str, float]]


def metrics(request: HttpRequest) -> HttpResponse:
    """All numbers, for whoever brings the token of the settings; else there is nothing here."""
    told = request.headers.get("Authorization", "")
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    if not settings.METRICS_TOKEN or not hmac.compare_digest(told.encode(), wanted.encode()):
        return errors.not_found(request, LookupError())
    lines = [line for metric in (*_of_database(), *_of_process()) for line in _written(metric)]
    return HttpResponse("\n".join([*lines, ""]), content_type=_CONTENT_TYPE)


def _of_database() -> Iterator[Metric]:
    now = timezone.now()
    waiting = Job.objects.filter(finished_at=None, run_at__lte=now)
    by_name = waiting.values("name").annotate(many=Count("pk")).order_by("name")
    oldest = waiting.aggregate(run_at=Min("run_at"))["run_at"]
    cases = Case.objects.filter(closed_at=None).aggregate(
        open=Count("pk"), overdue=Count("pk", filter=Q(deadline__lt=now)), next=Min("deadline")
    )
    removals = Removal.objects.filter(
        state__in=(Removal.State.ORDERED, Removal.State.CARRIED_OUT, Removal.State.RESTORE_ORDERED)
    )
    yield _gauge(
        "jobs_waiting",
        "Jobs that are due and not done, by what they do.",
        {f'job="{row["name"]}"': row["many"] for row in by_name},
    )
    late = (now - oldest).total_seconds() if oldest else 0
    yield _one("job_oldest_seconds", "How long the job that is due for longest has waited.", late)
    yield _one("cases_open", "Cases that are not closed.", cases["open"])
    yield _one("cases_overdue", "Open cases whose legal time is over.", cases["overdue"])
    left = (cases["next"] - now).total_seconds() if cases["next"] else 0
    yield _one("cases_next_deadline_seconds", "Time left to the next deadline; 0 if none.", left)
    yield _one("removals_unverified", "Orders that are not seen to be done.", removals.count())
    held = HeldUpload.objects.filter(outcome="")
    yield _one("uploads_held", "Uploads that wait for a person.", held.count())
    kept = KeepDown.objects.filter(lifted_at=None)
    yield _one("keep_downs", "Fingerprints that the gate keeps down.", kept.count())
    yield _total("notices_total", "Notices received.", Notice.objects.count())
    head = Head.objects.filter(pk=1).first()
    yield _total("audit_lines_total", "Lines of the audit log.", head.sequence if head else 0)


def _of_process() -> Iterator[Metric]:
    lags = {f'shelf="{index.shelf.value}"': index.lag() for index in indexes()}
    known = {label: lag for label, lag in lags.items() if lag is not None}
    yield _gauge(
        "index_entries_behind",
        "Changes that this process's index has not followed yet.",
        {label: lag.entries for label, lag in known.items()},
    )
    yield _gauge(
        "index_seconds_behind",
        "How old the oldest of them is.",
        {label: lag.seconds for label, lag in known.items()},
    )


def _gauge(name: str, says: str, values: dict[str, float]) -> Metric:
    return f"staydown_{name}", "gauge", says, values


def _one(name: str, says: str, value: float) -> Metric:
    return _gauge(name, says, {"": value})


def _total(name: str, says: str, value: float) -> Metric:
    return f"staydown_{name}", "counter", says, {"": value}


def _written(metric: Metric) -> Iterator[str]:
    name, kind, says, values = metric
    yield f"# HELP {name} {says}"
    yield f"# TYPE {name} {kind}"
    for label, value in values.items():
        yield f"{name}{{{label}}} {value!r}" if label else f"{name} {value!r}"
