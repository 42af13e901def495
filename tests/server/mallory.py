"""Mallory, who can write to the database and is bound by no promise of its tables."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

is_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
#: For what is said of SQLite's file, or can be stored in no other database.
sqlite_only = pytest.mark.skipif(not is_sqlite, reason="about SQLite")
postgresql_only = pytest.mark.skipif(is_sqlite, reason="about PostgreSQL")


def sql(statement: str, *values: object) -> None:
    """What Mallory does to the tables, inside the test's transaction."""
    with connection.cursor() as cursor, _no_promises(cursor, statement):
        cursor.execute(statement, values)


@contextmanager
def _no_promises(cursor: CursorWrapper, statement: str) -> Iterator[None]:
    if is_sqlite:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        yield
        cursor.execute("PRAGMA ignore_check_constraints = OFF")
        return
    # What was done so far must be whole before a table can be altered.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET LOCAL session_replication_role = replica")
    table = re.search(r"(?:UPDATE|INTO|FROM) (\w+)", statement)
    if table:
        _drop_checks(cursor, table.group(1))
    yield
    cursor.execute("SET LOCAL session_replication_role = origin")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _drop_checks(cursor: CursorWrapper, table: str) -> None:
    cursor.execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass",
        [table],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
