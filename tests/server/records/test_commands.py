"""``staydown audit`` and ``staydown records``, as whoever runs the installation calls them."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from staydown.cli.main import main
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.audit.models import Entry
from staydown_server.audit.signature import public_key
from staydown_server.cases.models import Case, Decision
from staydown_server.project import commands
from staydown_server.records.evidence import Audience
from staydown_server.records.package import export

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command in this process, on the tests' database."""
    monkeypatch.setattr(commands, "_start", lambda _data, **_how: None)

    def command(*arguments: object) -> tuple[int, str, str]:
        try:
            status = main([*map(str, arguments), "--data", str(tmp_path)])
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def test_a_whole_log_is_said_to_be_whole(removed_case: Case, run: Run) -> None:
    status, out, _ = run("audit", "verify")

    assert status == 0
    assert f"whole: {Entry.objects.count()} lines" in out


def test_what_was_altered_behind_the_log_is_said(removed_case: Case, run: Run) -> None:
    """The lines are whole; a table is not."""
    Decision.objects.update(reason="Mallory was here.")

    status, out, _ = run("audit", "verify")
    assert status == 1
    assert f"decision:{Decision.objects.get().pk} was altered after line" in out
    assert "Mallory" not in out

    status, out, _ = run("audit", "verify", "--json")
    assert (status, len(json.loads(out)["faults"])) == (1, 1)


def test_an_anchor_is_kept_and_held_against_the_log(
    removed_case: Case, bob: User, run: Run, tmp_path: Path
) -> None:
    """Two of them at once; later one of them no longer fits."""
    assert run("audit", "anchor", "--out", tmp_path / "a")[0] == 0
    with transaction.atomic():
        audit.record("test.happened", bob, by="system")
    (tmp_path / "b").write_text(run("audit", "anchor")[1])

    assert run("audit", "verify", "--anchor", tmp_path / "a", tmp_path / "b")[0] == 0
    last = Entry.objects.order_by("-sequence")[0]
    Entry.objects.filter(sequence=last.sequence).delete()
    status, out, _ = run("audit", "verify", "--anchor", tmp_path / "a", tmp_path / "b")
    assert (status, f"line {last.sequence}, which an anchor holds, is missing" in out) == (1, True)


@pytest.mark.parametrize("content", [None, "{}"])
def test_an_anchor_that_is_none_is_wrong_use(
    removed_case: Case, run: Run, tmp_path: Path, content: str | None
) -> None:
    if content:
        (tmp_path / "anchor").write_text(content)

    status, _, said = run("audit", "verify", "--anchor", tmp_path / "anchor")

    assert (status, str(tmp_path / "anchor") in said) == (2, True)


def test_an_anchor_of_nothing_cannot_be_made(db: Any, run: Run) -> None:
    assert run("audit", "anchor")[0] == 1


def test_statements_are_ready_to_be_sent(removed_case: Case, run: Run) -> None:
    """Each line is the body of a request; without --json it is a rehearsal."""
    status, out, _ = run("records", "statements", "--since", "2020-01-01", "--json")

    assert status == 0
    (statement,) = json.loads(out)["statements"]
    assert statement["puid"] == f"staydown-decision-{Decision.objects.get().pk}"
    assert run("records", "statements", "--since", "2020-01-01")[1].startswith("1 statements")
    assert run("records", "statements", "--since", "2999-01-01", "--json")[1] == ""
    until = ("--until", "2020-01-02")
    assert run("records", "statements", "--since", "2020-01-01", *until)[1].startswith("0 state")


def test_a_day_that_is_none_is_wrong_use(db: Any, run: Run) -> None:
    status, _, said = run("records", "statements", "--since", "soon")

    assert (status, "YYYY-MM-DD" in said) == (2, True)


def test_the_numbers_come_as_csv_or_json(removed_case: Case, run: Run) -> None:
    year = removed_case.received_at.year

    table = list(csv.reader(io.StringIO(run("records", "report", "--year", year)[1])))
    numbers = json.loads(run("records", "report", "--year", year, "--json")[1])

    assert ["us", "removals_verified", "1"] in table
    assert numbers["year"] == year
    assert numbers["jurisdictions"]["us"]["removals_verified"] == 1
    assert run("records", "report", "--year", 12)[0] == 2


def test_a_package_is_written_on_record_and_checked(
    removed_case: Case, run: Run, tmp_path: Path
) -> None:
    """By its number as people say it."""
    out = tmp_path / "case.zip"

    status, said, _ = run("records", "package", removed_case.number, "--out", out)

    assert (status, removed_case.number in said) == (0, True)
    assert Entry.objects.filter(action="case.packaged", actor="operator").count() == 1
    assert run("records", "package", "SD-999999", "--out", out)[0] == 2
    assert run("records", "package", "x", "--out", out)[0] == 2
    assert run("records", "package", removed_case.number, "--out", tmp_path / "a" / "b")[0] == 1


def test_a_package_is_checked_without_an_installation(
    removed_case: Case, bob: User, tmp_path: Path
) -> None:
    """By whoever got it: no database, no key, no settings."""
    out = tmp_path / "case.zip"
    export(removed_case, out, audience=Audience.PERSON, language="fr", by="operator")

    def check(*more: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "staydown", "records", "verify-package", str(out), *more],
            env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    status, said = check()
    assert (status, public_key() in said) == (0, True)
    assert check("--key", public_key())[0] == 0
    status, said = check("--key", "ab" * 32)
    assert (status, "another key" in said) == (1, True)
    content = bytearray(out.read_bytes())
    content[len(content) // 2] ^= 1
    out.write_bytes(content)
    status, said = check()
    assert (status, "NOT whole" in said) == (1, True)
    out.unlink()
    assert check()[0] == 1
    assert list(tmp_path.iterdir()) == []
