"""Where the rows are: a file in the installation's folder, or a PostgreSQL database."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_EXAMPLE = "postgresql://user:password@host:5432/name"
#: Seconds. How long a writer waits for the one before it; then the request or job fails.
_WAIT = 20
#: Seconds. A transaction that says nothing for so long belongs to a process that hangs, or to
#: a machine that is gone: it is ended, so that others can write.
_LONGEST_SILENCE = 60


#: Among the advisory locks of a PostgreSQL database: held while its tables are made.
_TABLES = 0x57A7D1


class CannotConnect(Exception):
    """The database cannot be reached; the sentence says why, without the address."""


def database(url: str, data: Path) -> dict[str, Any]:
    """Django's settings for the database at *url*; for the file in *data* if it is empty.

    Raises ImproperlyConfigured, which never quotes *url*: it holds a password.
    """
    return _postgresql(url) if url else _sqlite(data / "staydown.sqlite3")


def is_begun(url: str, data: Path) -> bool:
    """Whether there are tables already; raises :class:`CannotConnect`. Needs no Django."""
    if not url:
        file = data / "staydown.sqlite3"
        if not file.exists() and file.with_name(f"{file.name}.moved").exists():
            raise CannotConnect(
                f"the installation in {data} was moved to PostgreSQL: STAYDOWN_DATABASE_URL must "
                "say where it is"
            )
        return file.exists()
    if find_spec("psycopg") is None:
        raise CannotConnect("PostgreSQL's driver is missing: pip install 'staydown[postgresql]'")
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            (table,) = connection.execute("SELECT to_regclass('django_migrations')").fetchone() or (
                None,
            )
            return table is not None
    except psycopg.Error as error:
        # Its text can hold the address, and so the password.
        raise CannotConnect(
            "the database of STAYDOWN_DATABASE_URL cannot be reached "
            f"({type(error).__name__}): see that it runs, and that the address is right"
        ) from None


@contextmanager
def tables_are_ours() -> Iterator[None]:
    """Of several machines that start at once, one brings the tables up to date."""
    from django.db import connection

    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_TABLES])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_TABLES])


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        # A thread keeps its connection: to open one takes as long as to answer a question.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # A writer takes its lock when it begins: no transaction fails half-way as "busy".
            "transaction_mode": "IMMEDIATE",
            "timeout": _WAIT,
            # FULL: what we acknowledge is on the disk, not only in its cache.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            # What was erased is gone from the file, not merely from sight.
            "PRAGMA secure_delete=ON;",
        },
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts, port, options = _split(url)
    # To libpq's own options, those that a role or a proxy may set as well.
    session = [f"lock_timeout={_WAIT}s", f"idle_in_transaction_session_timeout={_LONGEST_SILENCE}s"]
    options["options"] = " ".join([options.get("options", ""), *(f"-c {one}" for one in session)])
    return {
        "ENGINE": "staydown_server.project.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        # A host in the query is the folder of a Unix socket.
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": options.pop("port", str(port or "")),
        # A connection serves a thread for a minute, and is tried before each request.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # A machine that vanished is noticed within half a minute.
            **{"connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5},
            **{"keepalives_count": 3, "tcp_user_timeout": 30_000},
            "application_name": "staydown",
            **options,
        },
    }


def _split(url: str) -> tuple[SplitResult, int | None, dict[str, Any]]:
    try:
        parts = urlsplit(url)
        port = parts.port
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            f"STAYDOWN_DATABASE_URL is not the address of a database: write {_EXAMPLE}, with "
            "what is special in it percent-encoded, or leave it out to use a file"
        ) from None
    return parts, port, options
