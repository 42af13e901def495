"""The address of the database: understood, and never quoted."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from staydown_server.project.database import CannotConnect, database, is_begun


def test_without_an_address_it_is_a_file_in_the_folder(tmp_path: Path) -> None:
    made = database("", tmp_path)

    assert made["NAME"] == tmp_path / "staydown.sqlite3"
    assert made["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_an_address_is_taken_apart(tmp_path: Path) -> None:
    """What is percent-encoded is meant as it was before."""
    made = database("postgresql://al:p%40ss%2F@db.example:5433/stay?sslmode=verify-full", tmp_path)

    named = {name: made[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")}
    assert named == {
        "USER": "al",
        "PASSWORD": "p@ss/",
        "HOST": "db.example",
        "PORT": "5433",
        "NAME": "stay",
    }
    assert made["OPTIONS"]["sslmode"] == "verify-full"
    assert "lock_timeout=20s" in made["OPTIONS"]["options"]


def test_a_socket_has_a_folder(tmp_path: Path) -> None:
    made = database("postgresql://staydown@/name?host=/run/postgresql", tmp_path)

    assert (made["HOST"], made["PORT"], made["USER"]) == ("/run/postgresql", "", "staydown")


@pytest.mark.parametrize(
    "url",
    [
        *("mysql://u:secret@h/n", "secret", "postgresql://u:secret@h", "postgresql://u:secret@h/"),
        *("postgresql://u:secret@h:port/n", "postgresql://u:secret@[h/n"),
        "postgresql://u:secret@h/n?nonsense",
    ],
)
def test_a_wrong_address_is_refused_and_not_quoted(tmp_path: Path, url: str) -> None:
    """It may hold a password."""
    with pytest.raises(ImproperlyConfigured) as caught:
        database(url, tmp_path)

    assert "STAYDOWN_DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_database_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CannotConnect) as caught:
        is_begun(f"postgresql://u:secret@/n?host={tmp_path}", tmp_path)

    assert "cannot be reached" in str(caught.value)
    assert "secret" not in str(caught.value)
