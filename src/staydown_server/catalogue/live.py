"""A shelf's fingerprints in this process's memory, following the database's change sequence.

An index is brought up to date before every search, so that what was committed before the
search began, by whichever process, is found by it, and what was withdrawn is not. It starts
from a snapshot, a file that the processes of a machine share, and from the database alone
where there is none that fits.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from staydown import Fingerprint, Match
from staydown.match import FingerprintIndex, Snapshot, SnapshotError, identical, new_snapshot
from staydown_server import vault
from staydown_server.catalogue.models import Change, Fingerprinted, Shelf

log = logging.getLogger(__name__)

_PORTION = 500
#: To read so many entries from the database takes a second or two.
_WORTH_SAVING = 20_000
#: Of a process's time, one part in so many may go into snapshots.
_REST = 20
_ANY = Fingerprint.from_dict({"version": 1, "kind": "picture", "pdq": "5a" * 32, "quality": 100})


@dataclass(frozen=True, slots=True)
class Lag:
    """How far an index is behind the database: changes, and the age of the oldest one."""

    entries: int
    seconds: float


@dataclass(slots=True)
class _Loaded:
    index: FingerprintIndex
    #: The last change of the shelf that it knows.
    sequence: int
    #: So many entries were read from the database, and stand in no snapshot.
    unsaved: int


class LiveIndex:
    """The fingerprints of one *shelf*; *rows* gives those that count now, *frames_apart* and
    *closely* how films are thinned and looked at (see `FingerprintIndex`).

    Safe to use from many threads. Not inside a transaction that may be undone: what it adds
    there would be searched all the same.
    """

    def __init__(
        self,
        shelf: Shelf,
        rows: Callable[[], QuerySet[Any]],
        *,
        frames_apart: float = 0.0,
        closely: bool = True,
    ) -> None:
        self.shelf = shelf
        self._rows = rows
        self._frames_apart = frames_apart
        self._closely = closely
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        # The snapshot that was opened, or refused, last.
        self._tried: tuple[int, int] | None = None
        self._next_save = 0.0

    def search(
        self, fingerprint: Fingerprint, *, known: frozenset[int] = frozenset()
    ) -> tuple[list[Match], int]:
        """The matches, best first, and up to which change was searched; without what is *known*,
        which takes no time."""
        with self._lock:
            loaded = self._follow()
            index, sequence = loaded.index, loaded.sequence
        same_files = self._same_files(fingerprint) - known
        settled = same_files | known
        found = index.search(fingerprint, self._load, settled=settled, closely=self._closely)
        matches = [*(identical(str(pk)) for pk in same_files), *found]
        return sorted(matches, key=lambda match: match.rank), sequence

    def may_match(self, fingerprints: Sequence[Fingerprint]) -> list[bool]:
        """Which of the *fingerprints* a search could find something for: of a long list, few."""
        with self._lock:
            index = self._follow().index
        sha256 = {each.sha256 for each in fingerprints} - {None}
        md5 = {each.md5 for each in fingerprints} - {None}
        same = self._rows().filter(Q(sha256__in=sha256) | Q(md5__in=md5))
        digests = {each for row in same.values_list("sha256", "md5") for each in row if each}
        return [
            bool(near) or bool({each.sha256, each.md5} & digests)
            for near, each in zip(index.may_match(fingerprints), fingerprints, strict=True)
        ]

    def count(self) -> int:
        """The number of entries that a search would go through now."""
        return self._rows().count()

    def follow(self) -> None:
        """Bring the index up to date, from a newer snapshot if there is one."""
        with self._lock:
            if self._loaded is not None and self._tried != _identity(self._path):
                self._loaded = self._from_snapshot() or self._loaded
            self._follow()

    def lag(self) -> Lag | None:
        """How far behind the index is at this moment; None while it is not loaded."""
        loaded = self._loaded
        if loaded is None:
            return None
        ahead = Change.objects.filter(shelf=self.shelf, sequence__gt=loaded.sequence)
        missing = ahead.aggregate(entries=Count("*"), oldest=Min("at"))
        oldest: datetime | None = missing["oldest"]
        seconds = 0.0 if oldest is None else (timezone.now() - oldest).total_seconds()
        return Lag(missing["entries"], max(0.0, seconds))

    def passed(self, before: datetime) -> QuerySet[Change]:
        """The changes from before that time that nobody needs: not those which the snapshot, or
        whoever follows later, goes on from.

        A process that slept for longer notices, and reads the database anew.
        """
        own = Change.objects.filter(shelf=self.shelf)
        last = own.order_by("-sequence").values_list("sequence", flat=True).first() or 0
        with suppress(SnapshotError, OSError):
            last = min(last, int(Snapshot.open(self._path).note.get("sequence", 0)))
        return own.filter(sequence__lt=last, at__lt=before)

    def is_worth_saving(self) -> bool:
        """Whether a process that starts without a new snapshot would have much to read."""
        loaded = self._loaded
        has_rested = time.monotonic() >= self._next_save
        return loaded is not None and loaded.unsaved >= _WORTH_SAVING and has_rested

    def save(self) -> None:
        """Write a snapshot, while searches go on; raises OSError, and leaves the last one, where
        that fails."""
        begun = time.monotonic()
        with self._lock:
            loaded = self._follow()
            # The index may run ahead of the number while it is written: meeting a change once
            # more does no harm.
            index, sequence, loaded.unsaved = loaded.index, loaded.sequence, 0
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        with new_snapshot(self._path, self._note(sequence)) as snapshot:
            index.write(snapshot)
        self._next_save = time.monotonic() + _REST * (time.monotonic() - begun)

    @cached_property
    def _table(self) -> str:
        return str(self._rows().model._meta.db_table)

    @property
    def _path(self) -> Path:
        return Path(settings.DATA) / "index" / f"{self.shelf}.snapshot"

    def _follow(self) -> _Loaded:
        if self._loaded is None:
            loaded = self._from_snapshot() or self._from_database()
            # What is compiled for the first question is compiled before anybody asks it.
            loaded.index.may_match([_ANY])
            self._loaded = loaded
        loaded = self._loaded
        while changes := self._changes_after(loaded.sequence):
            if changes[0][0] != loaded.sequence:
                # The shelf was empty, or changes were purged that this process slept through.
                self._loaded = loaded = self._from_database()
                continue
            del changes[0]
            if not changes:
                break
            changed = {entry_id for _, entry_id in changes}
            there = dict(_read(self._rows().filter(pk__in=changed)))
            loaded.index.add(there.items())
            loaded.index.remove(changed - there.keys())
            loaded.sequence = changes[-1][0]
            loaded.unsaved += len(changes)
        return loaded

    def _changes_after(self, sequence: int) -> list[tuple[int, int]]:
        """The numbers and entries of what follows *sequence*, and of that change itself while it
        is there: see `passed`."""
        # Asked before every search: to write the statement anew takes longer than its answer.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sequence, entry_id FROM catalogue_change"
                " WHERE shelf = %s AND sequence >= %s ORDER BY sequence LIMIT %s",
                [self.shelf.value, sequence, _PORTION + 1],
            )
            return [(number, entry_id) for number, entry_id in cursor.fetchall()]

    def _from_database(self) -> _Loaded:
        # The sequence is read before the entries: an entry may then be newer than the number
        # says, and meeting its change once more later does no harm.
        last = Change.objects.filter(shelf=self.shelf).order_by("-sequence").first()
        index = FingerprintIndex(key=vault.local_key(), frames_apart=self._frames_apart)
        count = 0
        for portion in _portions(_read(self._rows())):
            index.add(portion)
            count += len(portion)
        return _Loaded(index, last.sequence if last else 0, count)

    def _from_snapshot(self) -> _Loaded | None:
        self._tried = _identity(self._path)
        try:
            snapshot = Snapshot.open(self._path)
            sequence = int(snapshot.note.get("sequence", 0))
            if snapshot.note != self._note(sequence):
                raise SnapshotError("It belongs to another database, key or version.")
            index = FingerprintIndex.read(
                snapshot, key=vault.local_key(), frames_apart=self._frames_apart
            )
        except FileNotFoundError:
            return None
        except (SnapshotError, OSError) as error:
            log.warning(
                "the snapshot of the %s index is not used (%s); it is built from the database",
                self.shelf,
                error if isinstance(error, SnapshotError) else type(error).__name__,
            )
            return None
        return _Loaded(index, sequence, 0)

    def _note(self, sequence: int) -> dict[str, Any]:
        """What ties a snapshot to this database, as it was at *sequence*, and to our key."""
        change = Change.objects.filter(sequence=sequence).first()
        return {
            "sequence": sequence,
            "change": [change.shelf, change.entry_id, change.at.isoformat()] if change else None,
            "key": vault.local_key().mark.hex(),
            "frames_apart": self._frames_apart,
        }

    def _same_files(self, fingerprint: Fingerprint) -> frozenset[int]:
        """Entries of the same bytes, by SHA-256, or by MD5 where one of the two lacks that."""
        sha256, md5 = fingerprint.sha256, fingerprint.md5
        if not self._has_digest(sha256, md5):
            return frozenset()
        asked = Q()
        if sha256 is not None:
            asked |= Q(sha256=sha256)
        if md5 is not None:
            asked |= Q(md5=md5, sha256="") if sha256 is not None else Q(md5=md5)
        return frozenset(self._rows().filter(asked).values_list("pk", flat=True))

    def _has_digest(self, sha256: str | None, md5: str | None) -> bool:
        """Whether any entry, one that counts or not, has one of the two: seldom."""
        digests = {name: value for name, value in (("sha256", sha256), ("md5", md5)) if value}
        if not digests:
            return False
        either = " OR ".join(f"{name} = %s" for name in digests)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT 1 FROM {self._table} WHERE {either} LIMIT 1",  # noqa: S608  names of ours
                list(digests.values()),
            )
            return cursor.fetchone() is not None

    def _load(self, numbers: Sequence[int]) -> dict[int, Fingerprint]:
        loaded: dict[int, Fingerprint] = {}
        for start in range(0, len(numbers), _PORTION):
            loaded.update(_read(self._rows().filter(pk__in=numbers[start : start + _PORTION])))
        return {number: loaded[number] for number in numbers if number in loaded}


def _read(rows: QuerySet[Any]) -> Iterator[tuple[int, Fingerprint]]:
    row: Fingerprinted
    # Of some, only the digests of the file are known: `_same_files` finds them.
    rows = rows.exclude(fingerprint="")
    for row in rows.only("pk", "fingerprint").order_by("pk").iterator(chunk_size=_PORTION):
        yield row.pk, row.load_fingerprint()


def _portions(
    entries: Iterable[tuple[int, Fingerprint]],
) -> Iterator[list[tuple[int, Fingerprint]]]:
    portion: list[tuple[int, Fingerprint]] = []
    for entry in entries:
        portion.append(entry)
        if len(portion) == _PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


def _identity(path: Path) -> tuple[int, int] | None:
    """Tells one snapshot from the next."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
