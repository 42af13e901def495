"""Which scan reads which files of an archive, where several share the work."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, connection
from django.db.models import Q
from django.utils import timezone

from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import ArchiveClaim


@contextmanager
def claimed(host: Host, name: str) -> Iterator[bool]:
    """Whether the part *name* of the host's archive is ours, as long as the context lasts.

    A lease that runs out while its holder lives, on a machine that hung, has two scans read the
    same files: the second finds done what the first has done.
    """
    lease = _take(host, name)
    if lease is None:
        yield False
        return
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(lease, ended), name="claim")
    renewing.start()
    try:
        yield True
    finally:
        ended.set()
        renewing.join()
        ArchiveClaim.objects.filter(lease=lease).delete()


def forget_the_dead(host: Host) -> None:
    """Let go of what was finished by scans that were killed before they could say so."""
    ArchiveClaim.objects.filter(host=host, leased_until__lte=timezone.now()).delete()


def _take(host: Host, name: str) -> uuid.UUID | None:
    now, lease = timezone.now(), uuid.uuid4()
    held = {"lease": lease, "leased_until": _until(now)}
    claim, is_new = ArchiveClaim.objects.get_or_create(host=host, name=name, defaults=held)
    # One that lasts too long was made by a clock that was ahead.
    is_over = Q(leased_until__lte=now) | Q(leased_until__gt=_until(_until(now)))
    # Of two who find it at once, the update decides.
    over = ArchiveClaim.objects.filter(is_over, pk=claim.pk)
    return lease if is_new or over.update(**held) else None


def _until(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def _renew(lease: uuid.UUID, ended: threading.Event) -> None:
    try:
        while not ended.wait(settings.JOB_LEASE_SECONDS / 3):
            try:
                held = ArchiveClaim.objects.filter(lease=lease)
                held.update(leased_until=_until(timezone.now()))
            except Error:
                # The next one may go through; if none does, another scan takes over.
                connection.close()
    finally:
        connection.close()
