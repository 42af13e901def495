"""The process that runs jobs: one thread claims, a few work, and one renews their leases."""

import logging
import threading
from queue import SimpleQueue

from django.conf import settings
from django.db import Error, close_old_connections, connection

from staydown_server.jobs import queue
from staydown_server.jobs.bell import Bell
from staydown_server.jobs.models import Job

log = logging.getLogger(__name__)

#: How soon a worker whose threads are all busy sees that it should stop.
_BUSY_SECONDS = 0.2


class Worker:
    """Runs jobs until told to stop; a stop lets the running jobs end.

    Of several *threads* one is kept free of slow jobs.
    """

    def __init__(self, threads: int) -> None:
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._running: dict[int, Job] = {}
        self._lock = threading.Lock()
        self._free = threading.Semaphore(threads)
        self._free_for_slow = threading.Semaphore(max(1, threads - 1))
        self._claimed: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work_on, name=f"job-{number}")
            for number in range(threads)
        ]

    def run(self) -> None:
        """Work until :meth:`stop`."""
        leases = threading.Thread(target=self._keep_leases, name="leases")
        for thread in (leases, *self._threads):
            thread.start()
        bell = Bell(queue.JOBS)
        try:
            while not self._stopping.is_set():
                # A job is claimed only when somebody is free to begin with it.
                if not self._free.acquire(timeout=_BUSY_SECONDS):
                    continue
                may_be_slow = self._free_for_slow.acquire(blocking=False)
                job = self._claim(may_be_slow=may_be_slow)
                if may_be_slow and (job is None or job.name not in queue.slow()):
                    self._free_for_slow.release()
                if job is None:
                    self._free.release()
                    self._wait(bell, may_be_slow=may_be_slow)
                    continue
                with self._lock:
                    self._running[job.pk] = job
                self._claimed.put(job)
        finally:
            for _ in self._threads:
                self._claimed.put(None)
            for thread in self._threads:
                thread.join()
            self._ended.set()
            leases.join()
            connection.close()

    def stop(self) -> None:
        self._stopping.set()

    def _wait(self, bell: Bell, *, may_be_slow: bool) -> None:
        if may_be_slow:
            bell.wait(self._stopping)
        elif self._free_for_slow.acquire(timeout=_BUSY_SECONDS):
            # A slow one has ended, and the next may begin.
            self._free_for_slow.release()

    def _claim(self, *, may_be_slow: bool) -> Job | None:
        close_old_connections()
        try:
            return queue.claim(may_be_slow=may_be_slow)
        except Error:
            log.warning("the database did not let a job be claimed; trying again")
            return None

    def _work_on(self) -> None:
        try:
            while (job := self._claimed.get()) is not None:
                self._work(job)
        finally:
            connection.close()

    def _work(self, job: Job) -> None:
        try:
            error = queue.run(job)
            if error is not None:
                log.warning("job %s %s: %s, again later", job.pk, job.name, type(error).__name__)
        except Error:
            # The lease runs out by itself, and the job is tried again.
            log.warning("job %s %s: its end could not be written", job.pk, job.name)
        finally:
            close_old_connections()
            with self._lock:
                del self._running[job.pk]
            if job.name in queue.slow():
                self._free_for_slow.release()
            self._free.release()

    def _keep_leases(self) -> None:
        try:
            while not self._ended.wait(settings.JOB_LEASE_SECONDS / 3):
                close_old_connections()
                with self._lock:
                    running = list(self._running.values())
                for job in running:
                    try:
                        queue.renew(job)
                    except Error:
                        log.warning("job %s %s: its lease was not renewed", job.pk, job.name)
        finally:
            connection.close()
