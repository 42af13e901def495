"""A list as files: what a mirror serves, and what the publisher's own folder holds.

``head.json``, ``keys/1.json`` and on, ``pages/1.jsonl`` and on. Files are replaced as a whole,
pages before the head that signs them, so that a reader never meets a head without its pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from staydown.exchange.hash_list.errors import NotThere, TooLarge, Unreachable
from staydown.exchange.hash_list.follower import Fetch
from staydown.exchange.hash_list.line import Line


def from_folder(folder: Path) -> Fetch:
    """Fetches a list from its files."""

    def fetch(path: str, most: int) -> bytes:
        file = folder / path.partition("?")[0]
        try:
            with file.open("rb") as opened:
                raw = opened.read(most + 1)
        except (FileNotFoundError, NotADirectoryError):
            raise NotThere(f"{file} is not there.") from None
        except OSError as error:
            raise Unreachable(f"{file} cannot be read: {error.strerror}.") from None
        if len(raw) > most:
            raise TooLarge(f"{file} is larger than {most} bytes.")
        return raw

    return fetch


def write_pages(folder: Path, lines: Iterable[Line], page_lines: int) -> None:
    """Write the pages that *lines* fill; the first of them begins a page."""
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    for page, rows in _paged(lines, page_lines):
        write(folder / f"pages/{page}.jsonl", "".join(rows).encode())


def write_head(folder: Path, head: bytes) -> None:
    write(folder / "head.json", head)


def write_keys(folder: Path, number: int, keys: bytes) -> None:
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    write(folder / f"keys/{number}.json", keys)


def write(file: Path, raw: bytes) -> None:
    """Put *raw* in the place of *file*, which is whole at every moment."""
    beside = file.with_name(f".{file.name}.new")
    with beside.open("wb") as opened:
        opened.write(raw)
        opened.flush()
        os.fsync(opened.fileno())
    beside.replace(file)


def _paged(lines: Iterable[Line], page_lines: int) -> Iterator[tuple[int, list[str]]]:
    rows: list[str] = []
    page = 0
    for line in lines:
        if rows and (line.sequence - 1) % page_lines == 0:
            yield page, rows
            rows = []
        page = (line.sequence - 1) // page_lines + 1
        rows.append(line.to_text() + "\n")
    if rows:
        yield page, rows
