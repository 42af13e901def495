"""The worker process, in threads of this one."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from staydown_server import jobs
from staydown_server.jobs import queue
from staydown_server.jobs.models import Job
from staydown_server.jobs.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def known() -> Iterator[None]:
    """Jobs made in a test are forgotten after it."""
    before = dict(queue._known)
    yield
    queue._known.clear()
    queue._known.update(before)


def work_until(done: Any, *, threads: int = 2) -> None:
    worker = Worker(threads)
    runner = threading.Thread(target=worker.run)
    runner.start()
    deadline = time.monotonic() + 10
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.stop()
    runner.join(10)
    assert not runner.is_alive()
    assert done()


def test_a_worker_does_all_there_is(known: None) -> None:
    """Each job once, by one of its threads."""
    ran: list[int] = []
    jobs.job("test.count")(lambda number: ran.append(number))
    for number in range(10):
        jobs.defer("test.count", number=number)

    work_until(lambda: not Job.objects.filter(finished_at=None).exists())

    assert sorted(ran) == list(range(10))


def test_a_lease_lives_as_long_as_its_job(known: None, settings: Any) -> None:
    """A job three leases long is not taken by the next thread."""
    settings.JOB_LEASE_SECONDS = 0.4
    ran = []

    @jobs.job("test.slow")
    def slow() -> None:
        ran.append(1)
        time.sleep(1.2)

    jobs.defer("test.slow")

    work_until(lambda: not Job.objects.filter(finished_at=None).exists())

    assert ran == [1]
    assert Job.objects.get().attempts == 1


def test_a_removal_waits_for_no_film(known: None) -> None:
    """However many there are, one thread does no slow job; the others do all of them."""
    ran: list[int] = []
    may_end = threading.Event()

    @jobs.job("test.film", is_slow=True)
    def film(number: int) -> None:
        assert may_end.wait(10)
        ran.append(number)

    @jobs.job("test.remove")
    def remove() -> None:
        ran.append(0)
        may_end.set()

    for number in range(1, 6):
        jobs.defer("test.film", number=number)

    def remove_later() -> None:
        jobs.defer("test.remove")
        connection.close()

    waits = threading.Timer(0.5, remove_later)
    waits.start()

    work_until(lambda: len(ran) == 6, threads=3)

    assert ran[0] == 0
    assert sorted(ran) == list(range(6))
    waits.join()


def test_a_failing_job_stops_nobody(known: None, caplog: pytest.LogCaptureFixture) -> None:
    """The next one is done, and the log names the class of the error alone."""
    ran = []

    @jobs.job("test.fail")
    def fail() -> None:
        raise ValueError("Alice lives at 1 Example Street")

    jobs.job("test.work")(lambda: ran.append(1))
    jobs.defer("test.fail")
    jobs.defer("test.work")

    work_until(lambda: bool(ran), threads=1)

    assert "test.fail: ValueError" in caplog.text
    assert "Alice" not in caplog.text
    assert Job.objects.get(name="test.fail").finished_at is None


def test_a_stopped_worker_lets_its_job_end(known: None) -> None:
    """Ctrl-C in the middle of a job: it is finished, not left to its lease."""
    started = threading.Event()

    @jobs.job("test.slow")
    def slow() -> None:
        started.set()
        time.sleep(0.3)

    jobs.defer("test.slow")
    worker = Worker(1)
    runner = threading.Thread(target=worker.run)
    runner.start()
    assert started.wait(10)
    worker.stop()
    runner.join(10)

    assert Job.objects.get().finished_at is not None
    connection.close()
