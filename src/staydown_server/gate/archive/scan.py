"""Register what an archive holds, and remember what was done with each file.

A file is done once its mark is stored, and its mark is stored once its item has met the gate: a
scan that was killed, run again, goes on where it was, and one of an archive that grew reads
what is new.

Several scans of one archive, on one machine or several, share it: each takes parts that nobody
else reads, and comes back to those that somebody did, until all of them are done.
"""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.utils import timezone

import staydown
from staydown import Fingerprint
from staydown_server.accounts.models import Host
from staydown_server.catalogue import fetch
from staydown_server.catalogue.locate import on_host
from staydown_server.catalogue.models import ArchiveFile, Item
from staydown_server.gate.admit import Wanted, admit_many
from staydown_server.gate.archive.claim import claimed, forget_the_dead
from staydown_server.gate.archive.entry import Entry, Unusable
from staydown_server.gate.policy import Answer

Outcome = ArchiveFile.Outcome

#: How many are registered in one transaction: on most disks that costs more than a row.
BATCH = 32
#: How many files a part has: nearly as many as that on average, and no more than those.
_PART, _LONGEST_PART = 32, 64


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
    one for each core). Memory does not grow with the archive. While other scans of it run,
    *entries* are gone through several times.
    """
    width = width or os.cpu_count() or 1
    began, pace = timezone.now(), _Pace(per_second)
    left: set[str] | None = None
    forget_the_dead(host)
    with ThreadPoolExecutor(width) as readers:
        while left is None or left:
            theirs: set[str] = set()
            for name, part in _parts(entries):
                if left is not None and name not in left:
                    continue
                marks = _marks(host, part, since=began if again else None)
                if len(marks) == len({entry.id for entry in part}):
                    yield from (_as_marked(entry, marks[entry.id]) for entry in part)
                    continue
                with claimed(host, name) as is_ours:
                    if is_ours:
                        # Once more: somebody may have been at work there a moment ago.
                        marks = _marks(host, part, since=began if again else None)
                        yield from _scan_part(host, part, marks, pace, width, readers)
                    else:
                        theirs.add(name)
            left = theirs
            if left:
                # Whoever reads them finishes, or their leases run out.
                time.sleep(settings.JOB_LEASE_SECONDS / 5)


def _parts(entries: Iterable[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """*entries* in parts, and a name for each. Most end where a digest says so: what comes to
    an archive, or goes, changes few of them."""
    name, part = "", list[Entry]()
    for entry in entries:
        digest = sha256(entry.id.encode("utf-8", "surrogatepass")).digest()
        is_edge = int.from_bytes(digest[:8], "big") % _PART == 0 or len(part) == _LONGEST_PART
        if part and is_edge:
            yield name, part
            part = []
        if not part:
            name = digest.hex()
        part.append(entry)
    if part:
        yield name, part


def _marks(host: Host, part: Sequence[Entry], *, since: datetime | None) -> dict[str, ArchiveFile]:
    """The marks that say, by id, about which entries nothing is left to do."""
    ids = [entry.id for entry in part if entry.id.isprintable()]
    found = ArchiveFile.objects.filter(host=host, key__in=ids)
    marks = {mark.key: mark for mark in (found.filter(at__gte=since) if since else found)}
    gone = set(
        Item.objects.filter(host=host, host_item_id__in=ids)
        .exclude(gone_at=None)
        .values_list("host_item_id", flat=True)
    )
    return {
        entry.id: marks[entry.id]
        for entry in part
        if entry.id in marks and marks[entry.id].marker == entry.marker and entry.id not in gone
    }


def _as_marked(entry: Entry, mark: ArchiveFile) -> Scanned:
    is_bad = mark.outcome == Outcome.UNREADABLE
    return Scanned(entry.id, Outcome.UNREADABLE if is_bad else Outcome.UNCHANGED, mark.why)


def _scan_part(
    host: Host,
    part: Iterable[Entry],
    marks: Mapping[str, ArchiveFile],
    pace: "_Pace",
    width: int,
    readers: ThreadPoolExecutor,
) -> Iterator[Scanned]:
    reading: deque[Future[_Read]] = deque()
    done: list[_Read] = []
    for entry in part:
        if entry.id in marks:
            yield _as_marked(entry, marks[entry.id])
            continue
        pace.wait()
        reading.append(readers.submit(_read, entry, host))
        if len(reading) > 2 * width:
            done.append(reading.popleft().result())
        if len(done) >= BATCH:
            yield from _store(host, done)
            done = []
    done.extend(future.result() for future in reading)
    yield from _store(host, done)


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
