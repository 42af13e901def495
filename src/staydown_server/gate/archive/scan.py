"""Register what an archive holds, and remember what was done with each file.

A file is done once its mark is stored, and its mark is stored once its item has met the gate: a
scan that was killed, run again, goes on where it was, and one of an archive that grew reads
what is new.
"""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from django.utils import timezone

import staydown
from staydown import Fingerprint
from staydown_server.accounts.models import Host
from staydown_server.catalogue import fetch
from staydown_server.catalogue.locate import on_host
from staydown_server.catalogue.models import ArchiveFile, Item
from staydown_server.gate.admit import Wanted, admit_many
from staydown_server.gate.archive.entry import Entry, Unusable
from staydown_server.gate.policy import Answer

Outcome = ArchiveFile.Outcome

#: How many are registered in one transaction: on most disks that costs more than a row.
BATCH = 32
_LOOKED_UP = 500


@dataclass(frozen=True, slots=True)
class Scanned:
    """What became of one file; *why* is a sentence where it could not be read."""

    id: str
    outcome: ArchiveFile.Outcome
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    entry: Entry
    fingerprint: Fingerprint | None
    why: str = ""


def scan(
    host: Host,
    entries: Iterable[Entry],
    *,
    again: bool = False,
    per_second: float | None = None,
    width: int | None = None,
) -> Iterator[Scanned]:
    """Register each of *entries* as an item of *host*; one result each.

    What an earlier scan has done is left alone unless its marker changed or *again* is true.
    At most *per_second* files are begun in a second, *width* are read at a time (by default
    one for each core). Memory does not grow with the archive.
    """
    width = width or os.cpu_count() or 1
    reading: deque[tuple[Entry, Future[_Read]]] = deque()
    done: list[_Read] = []
    pace = _Pace(per_second)
    with ThreadPoolExecutor(width) as readers:
        for entry, mark in _with_marks(host, entries, again=again):
            if mark is not None:
                is_bad = mark.outcome == Outcome.UNREADABLE
                yield Scanned(
                    entry.id, Outcome.UNREADABLE if is_bad else Outcome.UNCHANGED, mark.why
                )
                continue
            pace.wait()
            reading.append((entry, readers.submit(_read, entry, host)))
            if len(reading) > 2 * width:
                done.append(reading.popleft()[1].result())
            if len(done) >= BATCH:
                yield from _store(host, done)
                done = []
        done.extend(future.result() for _, future in reading)
        yield from _store(host, done)


def _with_marks(
    host: Host, entries: Iterable[Entry], *, again: bool
) -> Iterator[tuple[Entry, ArchiveFile | None]]:
    """Each entry with the mark that says that nothing is left to do about it."""
    remaining = iter(entries)
    while chunk := list(islice(remaining, _LOOKED_UP)):
        if again:
            yield from ((entry, None) for entry in chunk)
            continue
        ids = [entry.id for entry in chunk if entry.id.isprintable()]
        marks = {mark.key: mark for mark in ArchiveFile.objects.filter(host=host, key__in=ids)}
        gone = set(
            Item.objects.filter(host=host, host_item_id__in=ids)
            .exclude(gone_at=None)
            .values_list("host_item_id", flat=True)
        )
        for entry in chunk:
            mark = marks.get(entry.id)
            is_done = mark is not None and mark.marker == entry.marker and entry.id not in gone
            yield entry, mark if is_done else None


def _read(entry: Entry, host: Host) -> _Read:
    try:
        entry.check()
        for url in (entry.url, entry.media_url):
            if url and not on_host(url, host):
                raise Unusable(f"Its address is not on one of {host.name}.")
        return _Read(entry, entry.fingerprint())
    except (staydown.MediaError, Unusable) as error:
        return _Read(entry, None, str(error))
    except fetch.FetchError:
        return _Read(entry, None, "The host did not answer with a file that we can take.")
    except OSError:
        return _Read(entry, None, "It cannot be opened.")


def _store(host: Host, done: Sequence[_Read]) -> Iterator[Scanned]:
    wanted = [
        Wanted(
            host_item_id=one.entry.id,
            url=one.entry.url,
            media_url=one.entry.media_url,
            uploader=one.entry.uploader,
            fingerprint=one.fingerprint,
        )
        for one in done
        if one.fingerprint is not None
    ]
    verdicts = iter(admit_many(host, wanted))
    results = []
    for one in done:
        if one.fingerprint is None:
            results.append(Scanned(one.entry.id, Outcome.UNREADABLE, one.why))
        else:
            *_, verdict = next(verdicts)
            is_stopped = verdict.answer != Answer.ALLOW
            results.append(
                Scanned(one.entry.id, Outcome.STOPPED if is_stopped else Outcome.REGISTERED)
            )
    now = timezone.now()
    marks = {
        result.id: ArchiveFile(
            host=host,
            key=result.id,
            marker=one.entry.marker,
            outcome=result.outcome,
            why=result.why,
            at=now,
        )
        for one, result in zip(done, results, strict=True)
        if _can_be_marked(one.entry)
    }
    ArchiveFile.objects.bulk_create(
        marks.values(),
        update_conflicts=True,
        unique_fields=["host", "key"],
        update_fields=["marker", "outcome", "why", "at"],
    )
    yield from results


def _can_be_marked(entry: Entry) -> bool:
    try:
        entry.check()
    except Unusable:
        return False
    return True


class _Pace:
    """At most so many a second."""

    def __init__(self, per_second: float | None) -> None:
        self._apart = 1 / per_second if per_second else 0.0
        self._next = time.monotonic()

    def wait(self) -> None:
        if self._apart:
            time.sleep(max(0.0, self._next - time.monotonic()))
            self._next = max(self._next + self._apart, time.monotonic())
