"""Settings: documented, and safe as they come."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

import staydown
import staydown_server
from server.mallory import sqlite_only
from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item

DOCS = Path(__file__).resolve().parents[3] / "docs"


def names_in_the_source() -> set[str]:
    folders = [Path(package.__file__ or "").parent for package in (staydown, staydown_server)]
    sources = [path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py")]
    return {name for text in sources for name in re.findall(r"\bSTAYDOWN_[A-Z_]+\b", text)}


def test_every_setting_is_documented() -> None:
    """An undocumented setting fails here."""
    documented = (DOCS / "settings.md").read_text("utf-8")

    assert {"STAYDOWN_DATA", "STAYDOWN_JURISDICTION"} <= names_in_the_source()
    missing = {name for name in names_in_the_source() if f"`{name}`" not in documented}
    assert not missing


def test_every_documented_setting_exists() -> None:
    """The page promises nothing that is gone."""
    documented = set(re.findall(r"\bSTAYDOWN_[A-Z_]+\b", (DOCS / "settings.md").read_text("utf-8")))

    assert documented <= names_in_the_source()


def test_as_it_comes_it_is_safe() -> None:
    """No debug pages, no guessable key, cookies that scripts do not see."""
    assert settings.DEBUG is False
    assert len(settings.SECRET_KEY) > 50
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.CSRF_COOKIE_HTTPONLY
    assert "*" not in settings.ALLOWED_HOSTS
    assert settings.X_FRAME_OPTIONS == "DENY"


@pytest.mark.django_db
def test_the_migrations_are_those_of_the_models() -> None:
    """Or an update would miss a column."""
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@sqlite_only
def test_the_database_keeps_what_was_acknowledged(db: None) -> None:
    """Write-ahead log, synchronous FULL, foreign keys enforced."""
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for pragma in ("journal_mode", "synchronous", "foreign_keys"):
            cursor.execute(f"PRAGMA {pragma}")
            found[pragma] = cursor.fetchone()[0]

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@sqlite_only
@pytest.mark.django_db(transaction=True)
def test_what_was_erased_is_gone_from_the_file() -> None:
    """Purging a notice leaves nothing for whoever finds the disk."""
    from django.db import connection

    def file() -> bytes:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(str(connection.settings_dict["NAME"])).read_bytes()

    host = Host.objects.create(name="a-host", credentials={}, webhook_secret="s")
    for number in range(50):
        Item.objects.create(
            host=host, host_item_id=f"erased-{number}", url=f"https://h.example/{number}"
        )
    assert file().count(b"erased-") >= 50

    Item.objects.all().delete()

    assert b"erased-" not in file()
