"""``staydown doctor``: what of a deployment is not as it should be, and what to do about it."""

import ctypes
import io
import json
import shutil
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import get_connection
from django.db import connection
from django.db.models import Count
from django.utils import timezone
from PIL import Image

import staydown
from staydown.fingerprint.files import default_pool
from staydown_server import vault
from staydown_server.accounts.models import Host
from staydown_server.audit.models import Entry
from staydown_server.catalogue import fetch
from staydown_server.jobs.models import Job
from staydown_server.project import backup, supervisor
from staydown_server.removal.models import Removal

#: Less on the disk than this, or than the database takes, and notices will soon not be stored.
LEAST_FREE = 1_000_000_000
BACKUP_AGE = timedelta(days=7)
#: Signatures of our events are good for five minutes at most hosts.
CLOCK_DRIFT = timedelta(seconds=60)
#: A job that is due is begun within seconds.
JOB_PATIENCE = timedelta(minutes=2)
MANY_ATTEMPTS = 5
LAG_SECONDS = 5.0
_TIME_ERROR = 5
_DAMAGED_PAGES = "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class State(StrEnum):
    """How it is with one thing."""

    WELL = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do, where something is to be done."""

    subject: str
    state: State
    what: str
    remedy: str = ""


Found = tuple[State, str, str]


def _well(what: str) -> Found:
    return State.WELL, what, ""


def _note(what: str, remedy: str) -> Found:
    return State.NOTE, what, remedy


def _wrong(what: str, remedy: str) -> Found:
    return State.WRONG, what, remedy


def examine(*, skip: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Look at everything but what is in *skip*, names of `CHECKS`."""
    for subject, check in CHECKS.items():
        if subject not in skip:
            yield from (Finding(subject, *found) for found in check())


def _key() -> Iterator[Found]:
    path = Path(settings.KEY_FILE)
    try:
        vault.mark(path)
        for host in Host.objects.all()[:1]:
            str(host.webhook_secret)
    except vault.Unreadable:
        yield _wrong(
            f"{path} does not open what is stored", "put the key back that belongs to this database"
        )
        return
    except vault.KeyMissing as error:
        yield _wrong(str(error), "restore the key; a new one would open nothing")
        return
    if path.stat().st_mode & 0o077:
        yield _wrong(f"others on this machine can read {path}", f"chmod 600 {path}")
    yield _well(f"{path} opens what is stored (keep a copy of it apart from the backups)")


def _database() -> Iterator[Found]:
    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute(_DAMAGED_PAGES if is_postgresql else "PRAGMA quick_check")
        (verdict,) = cursor.fetchone()
    if verdict in ("ok", 0):
        yield _well("the database is whole (the record in it: staydown audit verify)")
    elif verdict is None:
        yield _note(
            "PostgreSQL keeps no checksums, and would not notice a damaged page",
            "pg_checksums --enable, while it is stopped",
        )
    else:
        yield _wrong("the database is damaged", "stop the server and restore a backup")


def _clock() -> Iterator[Found]:
    now = timezone.now()
    last = Entry.objects.order_by("-pk").values_list("at", flat=True).first()
    if last is not None and datetime.fromisoformat(last) > now + CLOCK_DRIFT:
        yield _wrong(
            "the clock went back: the audit log holds lines from later than now",
            "set the clock right; deadlines are counted by it",
        )
        return
    if not is_kept_right():
        yield _note(
            "the system does not say that its clock is kept right",
            "turn on time synchronisation, such as: timedatectl set-ntp true",
        )
        return
    yield _well("the clock is kept right")


def is_kept_right() -> bool:
    """Whether the kernel knows its clock to be synchronised (``ntp_adjtime``, read only)."""
    libc = ctypes.CDLL(None)
    # A struct timex, with room; its first field, modes, is 0: nothing is set.
    return bool(libc.ntp_adjtime(ctypes.create_string_buffer(512)) not in (-1, _TIME_ERROR))


def _disk() -> Iterator[Found]:
    free = shutil.disk_usage(settings.DATA).free
    taken = sum(path.stat().st_size for path in Path(settings.DATA).glob("staydown.sqlite3*"))
    text = f"{free / 1e9:.1f} GB are free; the database takes {taken / 1e9:.1f} GB"
    if free < max(LEAST_FREE, taken):
        yield _wrong(text, "make room: on a full disk no notice can be taken in")
    else:
        yield _well(text)


def _address() -> Iterator[Found]:
    url = urlsplit(settings.PUBLIC_URL)
    if settings.TRY_OUT:
        yield _note("STAYDOWN_TRY_OUT lets in whoever has a link", "leave it out for real use")
    elif url.scheme != "https" and url.hostname not in _LOOPBACK:
        yield _wrong(
            f"people reach this server at {settings.PUBLIC_URL}, unencrypted",
            "put a proxy with https before it and set STAYDOWN_PUBLIC_URL",
        )
    else:
        yield _well(f"people reach this server at {settings.PUBLIC_URL}")


def _mail() -> Iterator[Found]:
    if not settings.EMAIL_HOST:
        yield _note("no mail is offered", "set STAYDOWN_MAIL_HOST if people should hear by mail")
        return
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with get_connection():
            yield _well(f"{where} takes our mail")
    except (OSError, smtplib.SMTPException) as error:
        yield _wrong(
            f"{where} does not take our mail ({type(error).__name__})",
            "check the settings of mail (docs/settings.md) and that server",
        )


def _hosts() -> Iterator[Found]:
    for host in Host.objects.order_by("pk"):
        if host.webhook_url:
            yield _webhook(host)
        refused = Removal.objects.filter(item__host=host).exclude(trouble="").count()
        if refused:
            yield _wrong(
                f"{host.name} refuses {refused} of our orders", "the desk says which, and why"
            )
    if not Host.objects.exists():
        yield _note("no platform is plugged in", "staydown host add, see docs/host.md")


def _webhook(host: Host) -> Found:
    try:
        answer = fetch.fetch(host.webhook_url, host=host)
    except fetch.FetchError as error:
        return _wrong(
            f"{host.name} does not hear our events: {error}",
            "check its webhook's address, and that its software runs",
        )
    told = {name.lower(): value for name, value in answer.headers.items()}.get("date", "")
    try:
        drift = abs(parsedate_to_datetime(told) - timezone.now())
    except (ValueError, TypeError):
        drift = timedelta(0)
    if drift > CLOCK_DRIFT:
        return _wrong(
            f"the clock of {host.name} differs from ours by {drift.total_seconds():.0f} seconds",
            "set both right: it would take our signatures for old ones",
        )
    return _well(f"{host.name} answers at its webhook")


def _decoders() -> Iterator[Found]:
    unread = [name for name in ("JPEG", "PNG", "WEBP", "GIF", "AVIF") if not _is_read(name)]
    if unread:
        yield _wrong(
            f"cannot be read: {', '.join(unread)}",
            "install Staydown's packages anew: pip install --force-reinstall 'staydown[server]'",
        )
    if find_spec("av") is None:
        yield _note("films cannot be read", "pip install 'staydown[video]'")
    if not default_pool().locked():
        yield _wrong(
            "files are decoded without a filter of system calls",
            "install libseccomp (Debian: apt install libseccomp2), and allow it in containers",
        )
    elif not unread:
        yield _well("files are read, in limited processes")


def _is_read(format_name: str) -> bool:
    picture = io.BytesIO()
    try:
        Image.radial_gradient("L").convert("RGB").save(picture, format_name)
        staydown.fingerprint_bytes(picture.getvalue())
    except (staydown.MediaError, OSError, KeyError):
        return False
    return True


def _server() -> Iterator[Found]:
    place = supervisor.served_at(Path(settings.DATA))
    if place is None:
        yield _note("the server does not run", "staydown serve")
        return
    answer = supervisor.readiness(*place)
    if answer is None:
        yield _wrong("the server runs and does not answer", "look into its log; start it again")
        return
    indexes = json.loads(answer[1]).get("indexes", {})
    behind = max((each["seconds_behind"] for each in indexes.values()), default=0.0)
    if answer[0] != HTTPStatus.OK:
        yield _wrong("the server is not ready", "wait a minute; else look into its log")
    elif behind > LAG_SECONDS:
        yield _wrong(
            f"its indexes are {behind:.0f} seconds behind the database",
            "the machine has too much to do, or the disk is slow",
        )
    else:
        yield _well("the server is ready, its indexes follow the database")


def _jobs() -> Iterator[Found]:
    open_jobs = Job.objects.filter(finished_at=None)
    since = timezone.now() - JOB_PATIENCE
    if late := open_jobs.filter(run_at__lt=since, attempts=0).count():
        yield _wrong(f"{late} jobs were not begun in time", "is the server running? See its log")
    failing = open_jobs.filter(attempts__gte=MANY_ATTEMPTS).values("name", "last_error")
    for each in failing.annotate(count=Count("*")).order_by("name"):
        yield _wrong(
            f"{each['count']} times {each['name']} fails again and again ({each['last_error']})",
            "RetryLater: a host does not answer; else see the server's log",
        )
    if not late and not failing:
        yield _well("no job waits longer than it should")


def _backups() -> Iterator[Found]:
    if connection.vendor == "postgresql":
        yield _note(
            "PostgreSQL is backed up with its own tools, which nobody sees from here",
            "a base backup or pg_dump, every day, and the key apart from it (docs/upgrade.md)",
        )
        return
    last = backup.last_of(Path(settings.DATA))
    if last is None:
        yield _wrong(
            "no backup was ever made", "staydown backup FOLDER, every day (docs/backup.md)"
        )
    elif timezone.now() - last > BACKUP_AGE:
        yield _wrong(f"the last backup is of {last:%Y-%m-%d}", "staydown backup FOLDER, every day")
    else:
        yield _well(f"the last backup is of {last:%Y-%m-%d %H:%M} UTC")


CHECKS: dict[str, Callable[[], Iterator[Found]]] = {
    "key": _key,
    "database": _database,
    "clock": _clock,
    "disk": _disk,
    "address": _address,
    "mail": _mail,
    "hosts": _hosts,
    "decoders": _decoders,
    "server": _server,
    "jobs": _jobs,
    "backups": _backups,
}
