"""The archive scan: what a host showed before it was plugged in is registered too.

A file is done once its item is in the catalogue: a scan that was killed, run again, goes on
where it was, and one of an archive that grew does what is new.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from hashlib import file_digest
from pathlib import Path
from urllib.parse import quote

import staydown
from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.read import fingerprint_file
from staydown_server.gate.admit import admit
from staydown_server.gate.policy import Answer

LONGEST_ID = 200
_BAD_NAME = f"Its path cannot be its id: rename it to at most {LONGEST_ID} characters of UTF-8."


class Outcome(StrEnum):
    """What became of one file."""

    REGISTERED = "registered"
    UNCHANGED = "unchanged"
    STOPPED = "stopped"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Scanned:
    """One file of the archive; *why* is a sentence where it could not be read."""

    path: Path
    outcome: Outcome
    why: str = ""


def files_in(folder: Path) -> list[Path]:
    """Every file under *folder*, in a fixed order; links are not followed."""
    found = [
        Path(place) / name
        for place, _, names in os.walk(folder, followlinks=False)
        for name in names
    ]
    return sorted(path for path in found if not path.is_symlink())


def scan(host: Host, folder: Path, *, base_url: str) -> Iterator[Scanned]:
    """Register each picture under *folder* as an item of *host*, one result a file.

    Its id is its path inside the folder, its address *base_url* followed by that path. A file
    whose digest stands in the catalogue already is left alone.
    """
    width = os.cpu_count() or 1
    # A window of files is being decoded while the first of them is registered: memory stays
    # flat however large the archive is.
    window: deque[tuple[Path, Future[staydown.Fingerprint | None]]] = deque()
    with ThreadPoolExecutor(width) as readers:
        for path in files_in(folder):
            known = _known_digest(host, path, folder)
            window.append((path, readers.submit(_fingerprint_if_new, path, known)))
            if len(window) > 2 * width:
                yield _register(host, *window.popleft(), folder, base_url)
        while window:
            yield _register(host, *window.popleft(), folder, base_url)


def _register(
    host: Host,
    path: Path,
    reading: Future[staydown.Fingerprint | None],
    folder: Path,
    base_url: str,
) -> Scanned:
    inside = path.relative_to(folder).as_posix()
    if not _can_be_an_id(inside):
        return Scanned(path, Outcome.UNREADABLE, _BAD_NAME)
    try:
        fingerprint = reading.result()
    except (staydown.MediaError, OSError) as error:
        why = str(error) if isinstance(error, staydown.MediaError) else "It cannot be opened."
        return Scanned(path, Outcome.UNREADABLE, why)
    if fingerprint is None:
        return Scanned(path, Outcome.UNCHANGED)
    address = f"{base_url.rstrip('/')}/{quote(inside)}"
    *_, verdict = admit(
        host, host_item_id=inside, url=address, media_url=address, fingerprint=fingerprint
    )
    is_stopped = verdict.answer != Answer.ALLOW
    return Scanned(path, Outcome.STOPPED if is_stopped else Outcome.REGISTERED)


def _known_digest(host: Host, path: Path, folder: Path) -> str | None:
    inside = path.relative_to(folder).as_posix()
    if not _can_be_an_id(inside):
        return None
    item = Item.objects.filter(host=host, host_item_id=inside, gone_at=None).first()
    return item.load_fingerprint().sha256 if item else None


def _can_be_an_id(inside: str) -> bool:
    # A file name is bytes; those that are no UTF-8 come as halves of characters.
    return len(inside) <= LONGEST_ID and inside.isprintable()


def _fingerprint_if_new(path: Path, known: str | None) -> staydown.Fingerprint | None:
    if known is not None:
        with path.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() == known:
                return None
    return fingerprint_file(path)
