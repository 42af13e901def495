"""What Staydown has not been asked or told yet, on the disk: a folder that processes may share.

An entry is two files: what to say, as JSON, and the upload itself. The upload is written first
and the JSON is renamed into place last, so after ``kill -9`` an entry is there whole or not at
all. Nothing is ever dropped to make room: a full spool takes no more, and says so.
"""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from staydown.client.answers import StaydownError

Kind = Literal["check", "register", "forget"]

#: An upload whose entry did not come within this time never will: its writer was killed.
_ABANDONED_SECONDS = 3600.0


class SpoolFull(StaydownError):
    """The spool takes no more entries until `catch_up` has told Staydown of some."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that Staydown has not heard yet.

    *name* is the host's own for it: the reference of a check, the id of an item. *shown* says
    that the upload was let through. *fields* is what is sent, with *headers*; *at* is seconds
    since 1970.
    """

    kind: Kind
    name: str
    shown: bool
    fields: dict[str, Any]
    at: float
    headers: dict[str, str] = field(default_factory=dict)


class Spool:
    """At most *most_entries*, with uploads of *most_bytes* in all."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        most_entries: int = 10_000,
        most_bytes: int = 2_000_000_000,
    ) -> None:
        """Open the spool in *folder*, or begin one there that nobody else may read."""
        self.folder = Path(folder)
        self._most_entries, self._most_bytes = most_entries, most_bytes
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()

    def __len__(self) -> int:
        return len(self._names())

    def add(self, entry: Entry, upload: Path | BinaryIO | None = None) -> None:
        """Write *entry* down; it is on the disk when this returns. Raises `SpoolFull`.

        A file on the same disk is linked, not copied: a film costs as little as a picture.
        """
        name = f"{time.time_ns():020}-{secrets.token_hex(4)}"
        held, part = self.folder / f"{name}.upload", self.folder / f"{name}.part"
        with self._locked("adding"):
            if len(self) >= self._most_entries:
                raise SpoolFull(f"The spool holds {self._most_entries} entries: run catch_up.")
            try:
                if upload is not None:
                    _take(upload, held)
                    self._make_room_for(held)
                _write(part, json.dumps(asdict(entry)).encode())
            except BaseException:
                held.unlink(missing_ok=True)
                part.unlink(missing_ok=True)
                raise
            part.rename(self.folder / f"{name}.json")
            _sync_folder(self.folder)

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Each entry, oldest first, by the name under which it is `done`.

        What is done meanwhile is left out; what is added meanwhile waits for the next time.
        """
        for name in self._names():
            try:
                yield name, Entry(**json.loads((self.folder / name).read_bytes()))
            except FileNotFoundError:
                continue

    def open_upload(self, name: str) -> BinaryIO | None:
        """The upload of an entry, for the caller to close; None if it has none."""
        try:
            return (self.folder / name).with_suffix(".upload").open("rb")
        except FileNotFoundError:
            return None

    def has(self, name: str) -> bool:
        """Whether the entry is there still: nobody has dropped it."""
        return (self.folder / name).exists()

    def done(self, name: str) -> None:
        """Staydown has heard of the entry: forget it, and the upload with it."""
        (self.folder / name).unlink(missing_ok=True)
        (self.folder / name).with_suffix(".upload").unlink(missing_ok=True)

    def drop(self, kind: Kind, name: str) -> None:
        """Entries that something newer has overtaken: the item is gone, say."""
        for file, entry in self.entries():
            if (entry.kind, entry.name) == (kind, name):
                self.done(file)

    @contextmanager
    def one_at_a_time(self) -> Iterator[bool]:
        """Whether we are the only one to catch up now. The lock ends with its process."""
        with (self.folder / "catching-up.lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    @contextmanager
    def _locked(self, what: str) -> Iterator[None]:
        with (self.folder / f"{what}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _names(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*.json"))

    def _make_room_for(self, held: Path) -> None:
        total = 0
        for path in self.folder.glob("*.upload"):
            try:
                total += path.stat().st_size
            except FileNotFoundError:  # told meanwhile
                continue
        if total > self._most_bytes:
            raise SpoolFull(f"The spool holds {self._most_bytes} bytes of uploads: run catch_up.")

    def _sweep(self) -> None:
        """Delete what a killed process left half-written."""
        for path in self.folder.iterdir():
            is_half = path.suffix in (".upload", ".part") and not path.with_suffix(".json").exists()
            try:
                if is_half and time.time() - path.stat().st_ctime > _ABANDONED_SECONDS:
                    path.unlink()
            except FileNotFoundError:
                continue


def _take(upload: Path | BinaryIO, held: Path) -> None:
    if isinstance(upload, Path):
        try:
            os.link(upload, held)
        except OSError:  # another disk, or one without links
            with upload.open("rb") as source:
                _copy(source, held)
        else:
            with held.open("rb") as linked:
                os.fsync(linked.fileno())
        return
    upload.seek(0)
    _copy(upload, held)


def _copy(source: BinaryIO, target: Path) -> None:
    with target.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
