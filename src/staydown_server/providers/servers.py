"""Registries are asked politely: one request at a time, a pause after each, and longer where
they say so. The rule holds for all processes and machines that share the database."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from staydown_server.providers.models import Server

#: A turn that does not end is over after so long: its process was killed.
LONGEST_TURN = timedelta(seconds=30)
#: So long a caller waits for its turn.
PATIENCE = timedelta(seconds=40)
#: After a refusal that does not say for how long it is one, and at most.
USUAL_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(days=1)
_LOOK_AGAIN_SECONDS = 0.1


class Busy(Exception):
    """The server wants to be left alone, or others ask it; try again later."""


class Turn:
    """While it lasts, the server is asked by nobody else."""

    def __init__(self) -> None:
        self.rest = timedelta(seconds=settings.LOOKUP_PAUSE_SECONDS)

    def refused(self, headers: Mapping[str, str]) -> None:
        """The server answered that it is asked too often (``Retry-After``, RFC 9110 10.2.3)."""
        self.rest = max(self.rest, _rest(headers))


@contextmanager
def turn_at(name: str) -> Iterator[Turn]:
    """A turn at the server *name*; raises :class:`Busy`."""
    Server.objects.get_or_create(name=name, defaults={"free_at": timezone.now()})
    server = Server.objects.filter(name=name)
    mine = _take(server)
    turn = Turn()
    try:
        yield turn
    finally:
        # Whoever took over after a turn that was too long keeps theirs.
        server.filter(free_at=mine).update(free_at=timezone.now() + turn.rest)


def _take(server: QuerySet[Server]) -> datetime:
    """Wait until the server is free, and take it until the time that is returned."""
    give_up = time.monotonic() + PATIENCE.total_seconds()
    free_at, free_in = None, 0.0
    while True:
        now = timezone.now()
        said = server.values_list("free_at", flat=True).get()
        if said != free_at:
            # Counted by what passes, not by a clock that is set or stands still meanwhile.
            free_at, free_in = said, time.monotonic() + (said - now).total_seconds()
        left = min((said - now).total_seconds(), free_in - time.monotonic())
        if left <= 0 and server.filter(free_at=said).update(free_at=now + LONGEST_TURN):
            return now + LONGEST_TURN
        if left > PATIENCE.total_seconds() or time.monotonic() > give_up:
            raise Busy
        time.sleep(min(_LOOK_AGAIN_SECONDS, max(0.0, left)))


def _rest(headers: Mapping[str, str]) -> timedelta:
    said = headers.get("retry-after", "").strip()
    try:
        if said.isdecimal():
            wanted = timedelta(seconds=int(said))
        else:
            wanted = _aware(parsedate_to_datetime(said)) - timezone.now()
    except (ValueError, OverflowError):
        wanted = USUAL_REST
    return min(max(wanted, timedelta()), LONGEST_REST)


def _aware(time_said: datetime) -> datetime:
    return time_said if time_said.tzinfo else time_said.replace(tzinfo=UTC)
