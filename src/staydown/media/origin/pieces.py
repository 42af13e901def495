"""A piece of metadata as it lies in a file, and how much of it is looked at.

Real files stay far below these bounds.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

BLOCK_BYTES = 4 << 20
"""Longer XMP and EXIF are passed over."""

TEXT_BYTES = 256 << 10
"""So much of one text is searched for a generator's marks."""

STEPS = 100_000
"""So many segments, chunks or boxes are walked through."""

PIECES = 256
"""So many pieces of a file are read, the first ones."""

PACKETS = 8
"""So many of them are parsed as XMP."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece: XMP, or a text under the name that its container gives it.

    Of a C2PA manifest only that it is there: `staydown.media.origin.credentials` reads
    it from the file itself.
    """

    kind: Literal["xmp", "text", "c2pa"]
    content: bytes = b""
    name: str = ""


class FileBytes:
    """An open file, to be sliced like bytes: a film may be longer than the memory allowed."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._length = os.fstat(fd).st_size

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, span: slice) -> bytes:
        start, stop, _ = span.indices(self._length)
        return os.pread(self._fd, max(0, stop - start), start)


Bytes = bytes | FileBytes
