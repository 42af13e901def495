"""Whether the service lives, and whether it can work."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_it_lives(charlie: Client) -> None:
    """And says so to anybody, telling nothing else."""
    answer = charlie.get("/livez")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_is_ready(charlie: Client) -> None:
    """Database and key are there."""
    assert charlie.get("/readyz").json() == {"status": "ready"}


def test_without_its_key_it_is_not_ready(charlie: Client, settings: Any, tmp_path: Path) -> None:
    """And does not say why: the log of a load balancer is no place for it."""
    settings.KEY_FILE = tmp_path / "gone.key"

    answer = charlie.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})
    assert charlie.get("/livez").status_code == 200


def test_without_its_database_it_is_not_ready(
    charlie: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process lives all the same."""
    from django.db import OperationalError, connection

    def fail(*_arguments: object) -> None:
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", fail)

    assert charlie.get("/readyz").status_code == 503
