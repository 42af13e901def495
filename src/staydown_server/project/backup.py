"""A copy of the installation while it serves, and an installation made from one.

What is stored is one SQLite database. The key that opens what is sealed in it is not in a backup:
whoever finds one of the two can read nothing that is personal.
"""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

import staydown
from staydown_server import vault

DATABASE, MANIFEST = "staydown.sqlite3", "backup.json"
KEY = Path("keys", "installation.key")
_FORMAT = 1

HOLDS = (
    "the database: notices, cases, decisions, the audit log, the catalogue, what is kept down",
    "in it, sealed: small copies of uploads that wait for a person",
)
LACKS = (
    "the key: what people told you stays sealed without it; keep a copy apart from the backups",
    "pictures and films: what was taken down lies with its host, what waits for a check in later/",
    "the settings (environment variables), and files that they name",
    "the snapshots of the indexes, which are made anew",
)


class BackupError(Exception):
    """It cannot be done; the sentence says why, and nothing was left behind."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself, in ``backup.json``."""

    made_at: str
    staydown: str
    bytes: int
    sha256: str
    #: Of the key that the database needs: it tells keys apart, and tells nothing of them.
    key_mark: str
    format: int = _FORMAT


def back_up(data: Path, out: Path, *, key_file: Path) -> Manifest:
    """Copy the installation in *data* to the new folder *out*, as it is at one moment.

    Whatever serves or scans meanwhile goes on. Raises :class:`BackupError`.
    """
    draft = _draft_of(out)
    try:
        draft.mkdir(mode=0o700, parents=True)
        copy = draft / DATABASE
        _copy(data / DATABASE, copy)
        manifest = Manifest(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            staydown=staydown.__version__,
            bytes=copy.stat().st_size,
            sha256=_digest(copy),
            key_mark=vault.mark(key_file),
        )
        _write(draft / MANIFEST, manifest)
        draft.rename(out)
        _write(data / MANIFEST, manifest)
    except (OSError, sqlite3.Error, vault.VaultError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise BackupError(f"the backup was not made ({error})") from error
    return manifest


def restore(backup: Path, data: Path, *, key_file: Path, takes_key: bool = True) -> Manifest:
    """Make an installation in *data*, which must not be there or be empty, from a backup and
    the key that belongs to it, which is copied if *takes_key*. Raises :class:`BackupError`."""
    manifest, draft = _manifest(backup), _draft_of(data)
    try:
        if vault.mark(key_file) != manifest.key_mark:
            raise BackupError(f"{key_file} is not the key that this backup needs: find the other")
        if _digest(backup / DATABASE) != manifest.sha256:
            raise BackupError(f"the database in {backup} is damaged: take another backup")
    except (OSError, vault.VaultError) as error:
        raise BackupError(str(error)) from error
    try:
        draft.mkdir(mode=0o700, parents=True)
        _copy(backup / DATABASE, draft / DATABASE)
        if takes_key:
            vault.copy_key(key_file, draft / KEY)
        if data.exists():
            data.rmdir()
        draft.rename(data)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise BackupError(str(error)) from error
    return manifest


def last_of(data: Path) -> datetime | None:
    """When the installation in *data* was backed up last, as far as it knows."""
    try:
        return datetime.fromisoformat(_manifest(data).made_at)
    except (BackupError, ValueError):
        return None


def _draft_of(folder: Path) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder} is there already: nothing is overwritten; name a new folder")
    return folder.with_name(f".{folder.name}.{os.getpid()}")


def _copy(source: Path, target: Path) -> None:
    """SQLite's own copy: of one moment, whoever writes meanwhile."""
    target.touch(mode=0o600)
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
        (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"{source} is damaged ({verdict})")
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _manifest(folder: Path) -> Manifest:
    try:
        told: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        manifest = Manifest(**told)
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{folder} holds no backup made by staydown backup") from error
    if manifest.format != _FORMAT:
        raise BackupError(f"{folder} was made by another version of Staydown: use that one")
    return manifest


def _write(path: Path, manifest: Manifest) -> None:
    path.write_text(json.dumps(asdict(manifest), indent=1) + "\n", "utf-8")
