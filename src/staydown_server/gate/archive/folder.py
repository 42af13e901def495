"""An archive that is a folder, served under one address."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

from staydown_server.catalogue.read import fingerprint_file
from staydown_server.gate.archive.entry import Entry


def count(folder: Path) -> int:
    """How many files `entries` gives."""
    return sum(1 for _ in _paths(folder))


def entries(folder: Path, base_url: str) -> Iterator[Entry]:
    """Every file under *folder*, in a fixed order; links are not followed.

    Its id is its path inside the folder, its address *base_url* followed by that path.
    """
    for path in _paths(folder):
        inside = path.relative_to(folder).as_posix()
        yield of_file(path, id=inside, url=address(base_url, inside))


def of_file(path: Path, *, id: str, url: str, media_url: str = "", uploader: str = "") -> Entry:
    """The entry of a file on this machine."""
    return Entry(
        id=id,
        url=url,
        media_url=media_url or url,
        uploader=uploader,
        fingerprint=partial(fingerprint_file, path),
        marker=_marker(path),
    )


def address(base_url: str, inside: str) -> str:
    """Where the file at the path *inside* is served."""
    return f"{base_url.rstrip('/')}/{quote(inside, errors='replace')}"


def _marker(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"


def _paths(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if not path.is_symlink():
                yield path
