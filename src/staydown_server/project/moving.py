"""``staydown move``: every row of an SQLite installation to PostgreSQL, and proof that it is there.

Sealed values travel as they are stored: sealed anew, they would no longer be what the audit log
knows. All goes in one transaction. The file stays, under a name that no start takes for its own.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connections, models, transaction
from django.db.models.functions import Cast

from staydown_server import audit
from staydown_server.audit.agreement import disagreements
from staydown_server.project.database import database
from staydown_server.records import standing
from staydown_server.vault.fields import SealedField

#: Filled by Django itself when it makes the tables; no row of ours refers to them.
_DJANGOS_OWN = ("auth", "contenttypes")
_SOURCE = "moved from"


class CannotMove(Exception):
    """Nothing was moved; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What is in the new database: rows by table, and lines of the audit log."""

    rows: dict[str, int]
    lines: int


def move(data: Path, *, tell: Callable[[str], None]) -> Moved:
    """Copy the installation in *data* to the database of the settings, and compare.

    The folder must not be served meanwhile. Raises :class:`CannotMove`, having changed nothing.
    """
    file = data / "staydown.sqlite3"
    settings = connections.configure_settings({"default": {}, _SOURCE: database("", data)})
    connections.settings[_SOURCE] = settings[_SOURCE]
    call_command("migrate", database=_SOURCE, verbosity=0, interactive=False)
    tables = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label not in _DJANGOS_OWN
    ]
    # The first keeps everybody from writing to the file meanwhile.
    with transaction.atomic(using=_SOURCE), transaction.atomic():
        for model in tables:
            if model._base_manager.exists():
                raise CannotMove("the PostgreSQL database is not empty: give a new one")
        rows = {}
        for model in tables:
            tell(f"copying {model._meta.db_table}")
            rows[model._meta.db_table] = _copy(model)
        _count_on(tables)
        for model in tables:
            tell(f"comparing {model._meta.db_table}")
            if _digest(model, _SOURCE) != _digest(model, "default"):
                raise CannotMove(f"{model._meta.db_table} did not arrive as it was")
            _open_all(model)
        tell("verifying the audit log")
        report = audit.verify()
        for fault in (*report.faults, *disagreements(), *standing.faults()):
            raise CannotMove(
                f"the audit log does not agree, as staydown audit verify says: {fault}"
            )
    with connections[_SOURCE].cursor() as cursor:
        # The last user leaves no journal behind.
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections[_SOURCE].close()
    file.rename(file.with_name("staydown.sqlite3.moved"))
    return Moved(rows, report.lines)


def _rows(model: type[models.Model], where: str) -> Iterator[tuple[Any, ...]]:
    """Each row in the order of its key, with sealed values sealed."""
    columns = [
        Cast(field.attname, models.BinaryField())
        if isinstance(field, SealedField)
        else field.attname
        for field in model._meta.local_concrete_fields
    ]
    found = model._base_manager.using(where).order_by("pk").values_list(*columns)
    return found.iterator(chunk_size=2000)


def _copy(model: type[models.Model]) -> int:
    from psycopg.types.json import Jsonb

    fields = model._meta.local_concrete_fields
    quote = connections["default"].ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    is_json = [isinstance(field, models.JSONField) for field in fields]
    count = 0
    with connections["default"].cursor() as cursor:
        statement = f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN"
        with cursor.copy(statement) as copy:
            for row in _rows(model, _SOURCE):
                pairs = zip(row, is_json, strict=True)
                copy.write_row(
                    Jsonb(value) if json and value is not None else value for value, json in pairs
                )
                count += 1
    return count


def _count_on(tables: list[type[models.Model]]) -> None:
    """Numbers given out from now on follow those that came."""
    target = connections["default"]
    with target.cursor() as cursor:
        for statement in target.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)


def _digest(model: type[models.Model], where: str) -> bytes:
    digest = sha256()
    for row in _rows(model, where):
        plain = [bytes(each) if isinstance(each, memoryview) else each for each in row]
        digest.update(json.dumps(plain, sort_keys=True, default=repr).encode() + b"\n")
    return digest.digest()


def _open_all(model: type[models.Model]) -> None:
    """Read each sealed value with our key; raises VaultError."""
    sealed = [f.attname for f in model._meta.local_concrete_fields if isinstance(f, SealedField)]
    if sealed:
        for _ in model._base_manager.values_list(*sealed).iterator(chunk_size=2000):
            pass
