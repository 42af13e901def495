"""Wakes those who wait for work or for changes, in every process: PostgreSQL's LISTEN and NOTIFY.

A bell may ring for nothing, and a ring may be lost with a connection: whoever waits looks for
themselves, now and then. On SQLite nothing rings, and everybody looks more often.
"""

import threading
from contextlib import suppress
from typing import Any

from django.db import Error, connection

_POSTGRESQL = "postgresql"
#: Seconds between two looks where nothing rings: as often as SQLite is asked with ease.
_LOOK = 0.2
#: And where a bell was set up: for what comes due without anybody's doing.
_LOOK_NOW_AND_THEN = 1.0


def ring(name: str) -> None:
    """Wake all who wait for *name*, once the caller's transaction is committed; at once outside."""
    if connection.vendor == _POSTGRESQL:
        with connection.cursor() as cursor:
            # Rung twice in a transaction, it rings once.
            cursor.execute("SELECT pg_notify(%s, '')", [f"staydown_{name}"])


class Bell:
    """Waits for *name*, on the connection of the thread that waits."""

    def __init__(self, name: str) -> None:
        self._channel = f"staydown_{name}"
        self._listening: Any = None

    def wait(self, stopping: threading.Event) -> None:
        """Until it rings, it is time for a look, or *stopping* is set (which may be seen late)."""
        if connection.vendor != _POSTGRESQL:
            stopping.wait(_LOOK)
            return
        try:
            if not stopping.is_set():
                self._listen()
        except Error:
            # The database is away: whoever looks will see, and say so.
            with suppress(Error):
                connection.close()
            stopping.wait(_LOOK_NOW_AND_THEN)

    def _listen(self) -> None:
        connection.ensure_connection()
        raw: Any = connection.connection
        with connection.wrap_database_errors:
            if raw is not self._listening:
                raw.execute(f"LISTEN {self._channel}")
                self._listening = raw
                # What rang before nobody heard: have a look first.
                return
            for _ in raw.notifies(timeout=_LOOK_NOW_AND_THEN, stop_after=1):
                pass
