"""Keeps a process's indexes up to date between questions, so that none has to wait for it."""

import logging
import threading
from collections.abc import Sequence

from django.db import Error, close_old_connections, connection

from staydown_server.catalogue.live import LiveIndex
from staydown_server.catalogue.models import CHANGES
from staydown_server.jobs.bell import Bell

log = logging.getLogger(__name__)


class Follower:
    """A thread that follows the change sequence; in one process of a machine it also writes
    the snapshots that the others share."""

    def __init__(self, indexes: Sequence[LiveIndex], *, writes_snapshots: bool) -> None:
        self._indexes = indexes
        self._writes_snapshots = writes_snapshots
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="indexes", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        bell = Bell(CHANGES)
        try:
            while not self._stopping.is_set():
                close_old_connections()
                for index in self._indexes:
                    self._keep(index)
                bell.wait(self._stopping)
        finally:
            connection.close()

    def _keep(self, index: LiveIndex) -> None:
        try:
            index.follow()
            if self._writes_snapshots and index.is_worth_saving():
                index.save()
        except (Error, OSError) as error:
            # Questions follow by themselves; /readyz says how far behind this process is.
            log.warning("the %s index could not be kept: %s", index.shelf, type(error).__name__)
            self._stopping.wait(1)
