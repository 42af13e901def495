"""The commands of whoever runs the installation, as real processes."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def staydown(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("STAYDOWN_") and name != "DJANGO_SETTINGS_MODULE"
    }
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        [sys.executable, "-m", "staydown", *arguments, "--data", str(data)],
        env={**clean, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a host and a moderator in it."""
    data = tmp_path_factory.mktemp("installation") / "data"
    added = staydown(
        data,
        *("host", "add", "plaza", "--origin", "http://127.0.0.1:8001"),
        *("--webhook", "http://127.0.0.1:8001/staydown", "--private", "--json"),
    )
    assert added.returncode == 0, added.stderr
    assert set(json.loads(added.stdout)) == {"host", "api_key", "webhook_secret"}
    return data


def test_an_installation_is_its_owners_alone(installation: Path) -> None:
    """The folder, and the key in it."""
    assert installation.stat().st_mode & 0o777 == 0o700
    assert (installation / "keys" / "installation.key").stat().st_mode & 0o777 == 0o600


def test_a_link_is_printed(installation: Path) -> None:
    """With the address that people use."""
    made = staydown(
        installation, "moderator", "link", "bob@desk.example", "--url", "https://take.example/"
    )

    assert made.returncode == 0
    assert made.stdout.startswith("https://take.example/sign-in/")
    assert made.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("moderator", "link", "nobody"), 2, "not an e-mail"),
        (
            ("host", "add", "a b", "--origin", "http://x", "--webhook", "http://x"),
            2,
            "letters",
        ),
        (("host", "add", "x", "--origin", "nonsense", "--webhook", "http://x"), 1, "nonsense"),
        (("host", "add", "x", "--origin", "http://[::1", "--webhook", "http://x"), 1, "address"),
        (("host", "add", "plaza", "--origin", "http://x", "--webhook", "http://x"), 1, "--rotate"),
    ],
)
def test_wrong_use_is_a_sentence(
    installation: Path, arguments: tuple[str, ...], status: int, sentence: str
) -> None:
    """Never a traceback."""
    done = staydown(installation, *arguments)

    assert done.returncode == status
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_audit_log_is_verified(installation: Path, tmp_path: Path) -> None:
    """Whole is 0; not whole, or not there, is 1."""
    whole = staydown(installation, "audit", "verify", "--json")
    assert (whole.returncode, json.loads(whole.stdout)["faults"]) == (0, [])
    absent = staydown(tmp_path / "absent", "audit", "verify")
    assert (absent.returncode, "no installation" in absent.stderr) == (1, True)
    assert not (tmp_path / "absent").exists()

    with sqlite3.connect(installation / "staydown.sqlite3") as database:
        database.execute("INSERT INTO audit_entry VALUES (99, 'x', 'x', 'x', 'x', '{}', 'x', 'x')")
    database.close()
    broken = staydown(installation, "audit", "verify")
    with sqlite3.connect(installation / "staydown.sqlite3") as database:
        database.execute("DELETE FROM audit_entry WHERE sequence = 99")
    database.close()

    assert broken.returncode == 1
    assert "NOT whole" in broken.stdout


def test_a_lost_key_is_not_replaced(installation: Path, tmp_path: Path) -> None:
    """With a new one, everything stored would be unreadable: a sentence says so."""
    key = installation / "keys" / "installation.key"
    key.rename(tmp_path / "kept")
    try:
        refused = staydown(installation, "moderator", "link", "bob@desk.example")
    finally:
        (tmp_path / "kept").rename(key)

    assert refused.returncode == 1
    assert "backup" in refused.stderr


def test_another_key_is_not_taken_for_ours(installation: Path, tmp_path: Path) -> None:
    """A second machine that made a key of its own would write what the first cannot read."""
    (tmp_path / "other.key").write_bytes(os.urandom(32))
    other = {"STAYDOWN_KEY_FILE": str(tmp_path / "other.key")}

    refused = staydown(installation, "moderator", "link", "bob@desk.example", **other)

    assert refused.returncode == 1
    assert "begun with another key" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_jurisdiction_that_is_none_is_refused_at_the_start(installation: Path) -> None:
    """Not found out when the first notice has no case."""
    refused = staydown(installation, "serve", "--port", "0", STAYDOWN_JURISDICTION="atlantis")

    assert refused.returncode == 1
    assert "atlantis" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("STAYDOWN_WEB_THREADS", "four", "'four': write a whole number above 0, such as 4"),
        ("STAYDOWN_JOB_THREADS", "0", "'0': write a whole number"),
        ("STAYDOWN_UPLOAD_LIMIT_MB", "1.5", "'1.5': write a whole number"),
        ("STAYDOWN_JOB_LEASE_SECONDS", "nan", "'nan': write a number above 0"),
        ("STAYDOWN_MAIL_SECURITY", "ssl", "'ssl': write starttls, tls or none"),
        ("STAYDOWN_LOOKUP_RESOLVERS", "9.9.9.9, nine", "'9.9.9.9, nine': write one or several"),
        ("STAYDOWN_LOOKUP_NETWORKS", "10/8", "'10/8': write one or several"),
        ("STAYDOWN_MAIL_HOST", "mail.example", "set, so STAYDOWN_MAIL_FROM must name the sender"),
    ],
)
def test_a_setting_that_cannot_be_used_is_a_sentence(
    installation: Path, name: str, text: str, sentence: str
) -> None:
    """Which one it is, and what to write."""
    refused = staydown(installation, "serve", "--port", "0", **{name: text})

    assert refused.returncode == 1
    assert f"{name} is {sentence}" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_policy_that_blocks_replaced_regions_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Not found out when it has blocked somebody's own picture."""
    from staydown_server.gate import policy
    from staydown_server.project import commands

    kinds = set(policy.policy().answers) - {policy.DEPOSIT}
    text = "\n".join([*(f'{kind} = "block"' for kind in kinds), 'deposit = "hold"'])
    monkeypatch.setattr(policy, "policy", lambda: policy.read(text))

    with pytest.raises(commands._CannotStart, match="a person must look"):
        commands._check_data()


def test_letters_with_an_empty_place_are_refused_at_the_start(
    installation: Path, tmp_path: Path
) -> None:
    """Not found out when somebody needs one."""
    (tmp_path / "en").mkdir()
    letter = 'subject = ["x"]\n[[paragraph]]\ntext = "{age}"'
    (tmp_path / "en" / "host.toml").write_text(letter)
    refused = staydown(
        installation, "serve", "--port", "0", STAYDOWN_ESCALATION_LETTERS=str(tmp_path)
    )

    assert refused.returncode == 1
    assert "en/host.toml: 'age' is no fact that a letter can state" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_purging_says_how_much(installation: Path) -> None:
    """And with --dry-run only says so."""
    planned = staydown(installation, "purge", "--dry-run", "--json")
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["notices"] == 0

    done = staydown(installation, "purge")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Purged:")
    assert staydown(installation, "audit", "verify").returncode == 0


def test_nothing_is_purged_where_nothing_is_installed(tmp_path: Path) -> None:
    """No installation is made by it."""
    done = staydown(tmp_path / "none", "purge")

    assert done.returncode == 1
    assert "there is no installation" in done.stderr
