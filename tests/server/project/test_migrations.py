"""Changes of the tables, under which the version before goes on serving."""

import pytest
from django.db import models
from django.db.migrations import operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED

#: What an older version does not notice.
HARMLESS = (operations.CreateModel, operations.AddIndex, operations.RunPython)
#: What nothing of the last release uses any more, each with the release that stopped using it:
#: "app.0002_name".
OUT_OF_USE: dict[str, str] = {}


def breaks(operation: Operation) -> bool:
    """Whether a version that does not know of *operation* could no longer read or write."""
    if isinstance(operation, operations.AddField):
        # It names no such column when it adds a row: the database has to know what to put there.
        return not operation.field.null and operation.field.db_default is NOT_PROVIDED
    return not isinstance(operation, HARMLESS)


def test_migrations_keep_the_version_before_serving() -> None:
    """Columns come with a value for rows of others; what goes is out of use by then."""
    ours = {
        f"{app}.{name}": migration
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if migration.__module__.startswith("staydown_server") and not name.startswith("0001")
    }
    found = {name: [one for one in m.operations if breaks(one)] for name, m in ours.items()}

    assert {name for name, broken in found.items() if broken} <= OUT_OF_USE.keys()


@pytest.mark.parametrize(
    ("operation", "does"),
    [
        (operations.AddField("case", "a", models.TextField()), True),
        (operations.AddField("case", "a", models.TextField(default="")), True),
        (operations.AddField("case", "a", models.TextField(null=True)), False),
        (operations.AddField("case", "a", models.TextField(db_default="")), False),
        (operations.RemoveField("case", "a"), True),
        (operations.RenameField("case", "a", "b"), True),
        (operations.CreateModel("new", []), False),
    ],
)
def test_what_breaks_the_version_before(operation: Operation, does: bool) -> None:
    assert breaks(operation) == does
