"""Whether the service lives, and whether it can work."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from staydown_server.catalogue.models import Change, Item
from staydown_server.project.health import indexes

SHELVES = ("catalogue", "gate", "deposit", "listed")

pytestmark = pytest.mark.django_db


def test_it_lives(charlie: Client) -> None:
    """And says so to anybody, telling nothing else."""
    answer = charlie.get("/livez")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_is_ready_once_its_indexes_are_loaded(charlie: Client) -> None:
    """Database and key are there; until then a question would have to wait."""
    answer = charlie.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "loading", "indexes": {}})

    for index in indexes():
        index.follow()

    answer = charlie.get("/readyz")
    current = {"entries_behind": 0, "seconds_behind": 0.0}
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "indexes": dict.fromkeys(SHELVES, current)},
    )


def test_it_says_how_far_behind_it_is(charlie: Client, show: Any, picture: bytes) -> None:
    """In entries and in seconds, by the clock of the oldest change that it does not know."""
    for index in indexes():
        index.follow()
    show("1", picture)
    show("2", picture)
    Change.objects.filter(entry_id=Item.objects.get(host_item_id="1").pk).update(
        at=timezone.now() - timedelta(seconds=90)
    )

    behind = charlie.get("/readyz").json()["indexes"]

    assert behind["gate"]["entries_behind"] == 0
    assert behind["catalogue"]["entries_behind"] == 2
    assert 90 <= behind["catalogue"]["seconds_behind"] < 120
    indexes()[0].follow()
    assert charlie.get("/readyz").json()["indexes"]["catalogue"]["entries_behind"] == 0


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
