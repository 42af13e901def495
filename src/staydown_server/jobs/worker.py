"""The process that runs jobs: a few threads that claim, and one that renews their leases."""

import logging
import threading

from django.conf import settings
from django.db import close_old_connections, connection
from django.db.utils import OperationalError

from staydown_server.jobs import queue
from staydown_server.jobs.models import Job

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.2


class Worker:
    """Runs jobs until told to stop; a stop lets the running jobs end."""

    def __init__(self, threads: int) -> None:
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._running: dict[int, Job] = {}
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"job-{number}") for number in range(threads)
        ]
        self._leases = threading.Thread(target=self._keep_leases, name="leases")

    def run(self) -> None:
        """Work until :meth:`stop`."""
        for thread in (self._leases, *self._threads):
            thread.start()
        for thread in self._threads:
            thread.join()
        self._ended.set()
        self._leases.join()

    def stop(self) -> None:
        self._stopping.set()

    def _work(self) -> None:
        try:
            while not self._stopping.is_set():
                if not self._work_once():
                    self._stopping.wait(IDLE_SECONDS)
        finally:
            connection.close()

    def _work_once(self) -> bool:
        close_old_connections()
        try:
            job = queue.claim()
        except OperationalError:
            log.warning("the database did not let a job be claimed; trying again")
            return False
        if job is None:
            return False
        with self._lock:
            self._running[job.pk] = job
        try:
            error = queue.run(job)
        except OperationalError:
            # The lease runs out by itself, and the job is tried again.
            log.warning("job %s %s: its end could not be written", job.pk, job.name)
        else:
            if error is not None:
                log.warning("job %s %s: %s, again later", job.pk, job.name, type(error).__name__)
        finally:
            with self._lock:
                del self._running[job.pk]
        return True

    def _keep_leases(self) -> None:
        try:
            while not self._ended.wait(settings.JOB_LEASE_SECONDS / 3):
                with self._lock:
                    running = list(self._running.values())
                for job in running:
                    try:
                        queue.renew(job)
                    except OperationalError:
                        log.warning("job %s %s: its lease was not renewed", job.pk, job.name)
        finally:
            connection.close()
