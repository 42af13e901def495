"""``staydown doctor``: each thing that can be wrong is found, with what to do about it."""

import json
import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from server.host_double import HostDouble
from server.project.test_commands import staydown
from server.story import run_jobs
from staydown_server.accounts.models import Host
from staydown_server.cases.models import Case
from staydown_server.jobs import defer
from staydown_server.jobs.models import Job
from staydown_server.project import doctor
from staydown_server.project.doctor import Finding, State
from staydown_server.removal.models import Removal

pytestmark = pytest.mark.django_db


def look(subject: str) -> list[Finding]:
    return list(doctor.examine(skip=frozenset(doctor.CHECKS) - {subject}))


def wrong(subject: str) -> Finding:
    """The one thing that is wrong with it."""
    (found,) = [finding for finding in look(subject) if finding.state == State.WRONG]
    assert found.remedy
    return found


def is_well(subject: str) -> bool:
    return [finding.state for finding in look(subject)] == [State.WELL]


def test_a_key_that_others_can_read(host: Host, settings: Any) -> None:
    """It opens everything."""
    assert is_well("key") or "chmod" in wrong("key").remedy
    key = Path(settings.KEY_FILE)
    key.chmod(0o600)
    assert is_well("key")

    key.chmod(0o640)
    assert wrong("key").remedy == f"chmod 600 {key}"
    key.chmod(0o600)


def test_a_key_of_another_installation(host: Host, settings: Any, tmp_path: Path) -> None:
    """It would open nothing."""
    settings.KEY_FILE = tmp_path / "other.key"
    settings.KEY_FILE.write_bytes(os.urandom(32))
    assert "does not open" in wrong("key").what

    settings.KEY_FILE = tmp_path / "short.key"
    settings.KEY_FILE.write_bytes(b"short")
    assert "32 bytes" in wrong("key").what


def test_the_database(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL knows of damaged pages if it keeps checksums."""
    (found,) = look("database")
    if connection.vendor == "postgresql":
        assert "pg_checksums" in found.remedy
        monkeypatch.setattr(doctor, "_DAMAGED_PAGES", "SELECT 0")
    assert is_well("database")

    monkeypatch.setattr(doctor, "_DAMAGED_PAGES", "SELECT 2")
    assert connection.vendor != "postgresql" or "restore" in wrong("database").remedy


@pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL")
def test_backups_of_postgresql_are_somebody_elses(host: Host) -> None:
    (found,) = look("backups")
    assert found.state == State.NOTE
    assert "pg_dump" in found.remedy


def test_a_clock_that_nobody_keeps_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note: a container may not be able to tell."""
    monkeypatch.setattr(doctor, "is_kept_right", lambda: False)
    (found,) = look("clock")
    assert (found.state, "timedatectl" in found.remedy) == (State.NOTE, True)

    monkeypatch.setattr(doctor, "is_kept_right", lambda: True)
    assert is_well("clock")
    monkeypatch.undo()
    assert doctor.is_kept_right() in (True, False)


def test_a_clock_that_went_back(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on record was written later than now."""
    before = timezone.now() - timedelta(minutes=10)
    monkeypatch.setattr(timezone, "now", lambda: before)

    assert "went back" in wrong("clock").what


def test_a_disk_that_is_nearly_full(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first notice is refused."""
    assert is_well("disk")

    monkeypatch.setattr(doctor, "LEAST_FREE", 10**18)
    assert "make room" in wrong("disk").remedy


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://take.example", State.WELL),
        ("http://127.0.0.1:8000", State.WELL),
        ("http://take.example", State.WRONG),
    ],
)
def test_an_address_without_encryption(settings: Any, url: str, state: State) -> None:
    settings.PUBLIC_URL, settings.TRY_OUT = url, False
    assert [found.state for found in look("address")] == [state]


def test_mail(settings: Any) -> None:
    """Not offered is a note; a server that does not take it is wrong."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = ""
    assert [found.state for found in look("mail")] == [State.NOTE]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", listener.getsockname()[1]
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False

        def greet() -> None:
            caller, _ = listener.accept()
            with caller, caller.makefile("rwb") as line:
                for answer in (b"220 mail.example\r\n", b"250 hello\r\n", b"221 bye\r\n"):
                    line.write(answer)
                    line.flush()
                    line.readline()

        thread = threading.Thread(target=greet)
        thread.start()
        assert is_well("mail")
        thread.join()

    assert "does not take our mail" in wrong("mail").what


def test_a_host_that_does_not_hear(host: Host, plaza: HostDouble) -> None:
    """Its webhook answers something, whatever it is."""
    assert is_well("hosts")

    plaza.is_down = True
    assert "does not hear" in wrong("hosts").what


def test_a_host_with_another_time(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take our signatures for old ones."""
    late = format_datetime(datetime.now(UTC) - timedelta(minutes=7))
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda _handler: late)

    assert "differs from ours by 42" in wrong("hosts").what


def test_orders_that_are_refused(removed_case: Case) -> None:
    """Somebody has to act."""
    Removal.objects.update(trouble=Removal.Trouble.TOKEN)

    assert wrong("hosts").what == "plaza refuses 1 of our orders"


def test_the_decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of picture is really read, in a process with a filter."""
    assert not [found for found in look("decoders") if found.state == State.WRONG]

    real = doctor._is_read
    monkeypatch.setattr(doctor, "_is_read", lambda name: name != "AVIF" and real(name))
    assert wrong("decoders").what == "cannot be read: AVIF"


def test_jobs_that_nobody_begins(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """And those that fail again and again."""
    defer("review.purge")
    assert is_well("jobs")
    Job.objects.update(run_at=timezone.now() - timedelta(minutes=5))
    assert wrong("jobs").what.startswith("1 jobs were not begun")
    run_jobs()
    assert is_well("jobs")

    Job.objects.filter(finished_at=None).update(attempts=7, last_error="RetryLater")
    assert "review.purge fails again and again (RetryLater)" in wrong("jobs").what


@pytest.mark.skipif(connection.vendor == "postgresql", reason="about SQLite")
def test_backups(settings: Any, tmp_path: Path) -> None:
    """Never, and long ago."""
    settings.DATA = tmp_path
    assert "ever made" in wrong("backups").what
    manifest = {"staydown": "0", "bytes": 1, "sha256": "", "key_mark": "", "format": 1}
    for days, state in ((8, State.WRONG), (1, State.WELL)):
        made_at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        (tmp_path / "backup.json").write_text(json.dumps({**manifest, "made_at": made_at}))
        assert [found.state for found in look("backups")] == [state]


def test_the_command(tmp_path: Path) -> None:
    """Status 1 where something is wrong, 0 where not, 2 for a check that is none."""
    data = tmp_path / "data"
    added = staydown(
        data, *("host", "add", "x", "--origin", "http://127.0.0.1:9"), "--webhook", "http://x"
    )
    assert added.returncode == 0, added.stderr

    told = staydown(data, "doctor", "--json")
    assert told.returncode == 1
    findings = {line["subject"]: line for line in map(json.loads, told.stdout.splitlines())}
    assert set(findings) == set(doctor.CHECKS)
    assert (findings["backups"]["state"], findings["server"]["state"]) == ("wrong", "note")

    well = staydown(data, "doctor", "--skip", "hosts", "--skip", "backups")
    assert well.returncode == 0, well.stdout
    assert "ok    key: " in well.stdout
    assert staydown(data, "doctor", "--skip", "weather").returncode == 2
    (data / "keys" / "installation.key").unlink()
    lost = staydown(data, "doctor")
    assert (lost.returncode, "restore it from its backup" in lost.stderr) == (1, True)
