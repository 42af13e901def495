"""Jobs: done at least once, by one worker at a time, and never lost."""

import ast
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

import staydown_server
from server.story import power_fails_at_the_end
from staydown_server import jobs
from staydown_server.jobs import RetryLater, queue
from staydown_server.jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A job called test.work: ``ran`` counts, ``error`` is what it fails with."""
    known = dict(queue._known)
    state: dict[str, Any] = {"ran": [], "error": None}

    @jobs.job("test.work")
    def do(number: int) -> None:
        state["ran"].append(number)
        if state["error"] is not None:
            raise state["error"]

    yield state
    queue._known.clear()
    queue._known.update(known)


def expire(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(leased_until=timezone.now() - timedelta(seconds=1))


def pause_of(job: Job) -> float:
    job.refresh_from_db()
    return (job.run_at - timezone.now()).total_seconds()


def test_a_deferred_job_runs_once(work: dict[str, Any]) -> None:
    """And is then finished."""
    jobs.defer("test.work", number=7)

    claimed = queue.claim()
    assert claimed
    assert queue.run(claimed) is None

    assert work["ran"] == [7]
    assert queue.claim() is None
    assert Job.objects.get().finished_at is not None


def test_a_job_can_wait_until_its_time(work: dict[str, Any]) -> None:
    """Nobody claims it before."""
    jobs.defer("test.work", after=timedelta(days=1), number=7)
    assert queue.claim() is None
    assert pause_of(Job.objects.get()) == pytest.approx(86_400, abs=5)

    Job.objects.update(run_at=timezone.now())
    claimed = queue.claim()
    assert claimed
    queue.run(claimed)

    assert work["ran"] == [7]


def test_slow_jobs_come_last(work: dict[str, Any]) -> None:
    """Whatever came first; and not at all where there is no room for them."""
    jobs.job("test.slow", is_slow=True)(lambda number: work["ran"].append(-number))
    for number in (1, 2):
        jobs.defer("test.slow", number=number)
    jobs.defer("test.work", number=3)

    quick = queue.claim(may_be_slow=False)
    assert quick
    queue.run(quick)
    assert queue.claim(may_be_slow=False) is None
    while claimed := queue.claim():
        queue.run(claimed)

    assert work["ran"] == [3, -1, -2]


def test_jobs_run_in_the_order_they_came(work: dict[str, Any]) -> None:
    """The oldest that is due comes first."""
    for number in range(3):
        jobs.defer("test.work", number=number)
    while claimed := queue.claim():
        queue.run(claimed)

    assert work["ran"] == [0, 1, 2]


@pytest.mark.django_db(transaction=True)
def test_a_job_of_a_rolled_back_transaction_does_not_exist(work: dict[str, Any]) -> None:
    """What did not happen has no consequences."""
    with power_fails_at_the_end():
        jobs.defer("test.work", number=1)

    assert queue.claim() is None


@pytest.mark.django_db(transaction=True)
def test_threads_never_share_a_job(work: dict[str, Any]) -> None:
    """Twelve jobs, six threads: each job is claimed by one of them."""
    for number in range(12):
        jobs.defer("test.work", number=number)
    claimed: list[int] = []
    together = threading.Barrier(6)

    def claim() -> None:
        together.wait()
        try:
            # Being too slow for one job is not the end of the work.
            for _ in range(30):
                if job := queue.claim():
                    claimed.append(job.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(claimed) == sorted(Job.objects.values_list("pk", flat=True))


def test_a_leased_job_is_not_taken(work: dict[str, Any]) -> None:
    """While its worker shows signs of life."""
    jobs.defer("test.work", number=1)
    first = queue.claim()

    assert first
    assert queue.claim() is None
    assert queue.renew(first)
    assert queue.claim() is None


def test_an_expired_lease_is_taken_over(work: dict[str, Any]) -> None:
    """Its worker was killed: somebody else does it, and the dead one has no say any more."""
    jobs.defer("test.work", number=1)
    first = queue.claim()
    assert first
    expire(first)

    second = queue.claim()

    assert second
    assert second.pk == first.pk
    assert second.attempts == 2
    assert not queue.renew(first)
    assert queue.renew(second)


def test_a_clock_that_is_set_back_makes_nobody_wait(work: dict[str, Any]) -> None:
    """What was to be done at once is done, and a lease from the future ends; only what was to
    wait does."""
    hour = timedelta(hours=1)
    jobs.defer("test.work", number=1)
    first = queue.claim()
    assert first
    work["error"] = RetryLater("the host sleeps")
    jobs.defer("test.work", number=2)
    second = queue.claim()
    assert second
    queue.run(second)
    work["error"] = None
    jobs.defer("test.work", number=3)
    jobs.defer("test.work", number=4, after=timedelta(minutes=5))
    # As much as if the clock said an hour less.
    Job.objects.update(run_at=F("run_at") + hour, created_at=F("created_at") + hour)
    Job.objects.exclude(lease=None).update(leased_until=F("leased_until") + hour)

    while claimed := queue.claim():
        queue.run(claimed)

    assert sorted(work["ran"]) == [1, 2, 2, 3]
    assert Job.objects.get(finished_at=None).arguments == {"number": 4}


def test_a_renewed_lease_is_not_taken_over(work: dict[str, Any], settings: Any) -> None:
    """However long the job lasts."""
    jobs.defer("test.work", number=1)
    first = queue.claim()
    assert first
    expire(first)

    assert queue.renew(first)

    assert queue.claim() is None


def test_a_worker_that_lost_its_lease_finishes_nothing(work: dict[str, Any]) -> None:
    """It may do the work twice, but not write over who took it."""
    jobs.defer("test.work", number=1)
    first = queue.claim()
    assert first
    expire(first)
    second = queue.claim()
    assert second

    queue.run(first)

    second.refresh_from_db()
    assert second.finished_at is None
    assert second.lease is not None


def test_a_failing_job_is_tried_again_with_growing_pauses(work: dict[str, Any]) -> None:
    """One second, two, four, ... ten minutes at most, and never given up."""
    work["error"] = RuntimeError("boom")
    jobs.defer("test.work", number=1)
    pauses = []
    for _ in range(40):
        Job.objects.update(run_at=timezone.now())
        claimed = queue.claim()
        assert claimed
        assert isinstance(queue.run(claimed), RuntimeError)
        pauses.append(pause_of(claimed))

    assert pauses[:4] == pytest.approx([1, 2, 4, 8], abs=0.5)
    assert pauses[-1] == pytest.approx(queue.LONGEST_PAUSE, abs=0.5)
    assert pauses == sorted(pauses[:10]) + pauses[10:]
    assert Job.objects.get().finished_at is None


def test_a_job_can_name_its_own_pause(work: dict[str, Any]) -> None:
    """RetryLater with seconds says when."""
    work["error"] = RetryLater("the host sleeps", seconds=90)
    jobs.defer("test.work", number=1)
    claimed = queue.claim()
    assert claimed

    queue.run(claimed)

    assert pause_of(claimed) == pytest.approx(90, abs=0.5)


def test_a_job_that_works_again_ends(work: dict[str, Any]) -> None:
    """And its old error is forgotten."""
    work["error"] = RuntimeError("boom")
    jobs.defer("test.work", number=1)
    claimed = queue.claim()
    assert claimed
    queue.run(claimed)
    work["error"] = None
    Job.objects.update(run_at=timezone.now())

    claimed = queue.claim()
    assert claimed
    queue.run(claimed)

    job = Job.objects.get()
    assert job.finished_at is not None
    assert job.last_error == ""


def test_an_error_keeps_its_words_to_itself(
    work: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The table holds the class of the error: its text may quote a name."""
    work["error"] = ValueError("Alice lives at 1 Example Street")
    jobs.defer("test.work", number=1)
    claimed = queue.claim()
    assert claimed
    queue.run(claimed)

    assert Job.objects.get().last_error == "ValueError"
    assert "Alice" not in caplog.text


def test_a_job_of_an_unknown_name_waits(work: dict[str, Any]) -> None:
    """A newer version may know it: it is not lost."""
    jobs.defer("test.unheard_of", number=1)
    claimed = queue.claim()
    assert claimed
    assert isinstance(queue.run(claimed), KeyError)

    assert Job.objects.get().finished_at is None


def test_two_jobs_cannot_share_a_name(work: dict[str, Any]) -> None:
    """One of them would never run."""
    with pytest.raises(ValueError, match="two jobs"):
        jobs.job("test.work")(lambda: None)


def names_deferred() -> set[str]:
    """Every name in the source that is deferred as text: ``defer("folder.verb", ...)``."""
    names = set()
    for path in Path(staydown_server.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute | ast.Name)
                and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id)
                == "defer"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                names.add(node.args[0].value)
    return names


def test_every_deferred_name_is_a_job() -> None:
    """A lower folder sets off a higher one by name: a wrong name would never run."""
    assert {"cases.open", "cases.sweep", "sharing.publish", "sharing.retract"} <= names_deferred()
    assert names_deferred() <= queue.known()
