"""A file to its marks of origin; runs inside the limited process."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from staydown.media.admit import admit
from staydown.media.limits import Limits
from staydown.media.origin import credentials, generators, xmp
from staydown.media.origin.containers import pieces
from staydown.media.origin.marks import Mark, listed, source_type
from staydown.media.origin.pieces import PACKETS, PIECES, TEXT_BYTES

_SOFTWARE = (
    *("exif:Software", "exif:Make", "png:Software", "xmp:CreatorTool"),
    *("mp4:©too", "mp4:©swr", "mp4:encoder", "mp4:com.apple.quicktime.software"),
)
"""The fields that name the program; their texts are at the place ``software`` too."""


def read_marks(fd: int, limits: Limits, *, anchors: str = "") -> dict[str, Any]:
    """The marks of the open file *fd*, in the form of `Mark.to_dict`, under ``marks``."""
    admit(fd, limits)
    return {"marks": [mark.to_dict() for mark in _marks(fd, anchors)]}


def _marks(fd: int, anchors: str) -> Iterator[Mark]:
    texts: dict[str, list[str]] = {}
    has_manifest, packets = False, 0
    for piece in islice(pieces(fd), PIECES):
        if piece.kind == "c2pa":
            has_manifest = True
        elif piece.kind == "text":
            texts.setdefault(piece.name, []).append(_plain(piece.content))
        elif packets < PACKETS:
            packets += 1
            for name, values in xmp.properties(piece.content).items():
                texts.setdefault(name, []).extend(values)
    texts["software"] = [text for place in _SOFTWARE for text in texts.get(place, ())]
    if has_manifest:
        yield credentials.read(fd, anchors)
    elif xmp.REMOTE_MANIFEST in texts:
        yield Mark("c2pa", "remote")
    source_types = listed(source_type(value) for value in texts.get(xmp.SOURCE_TYPE, ()))
    if source_types:
        yield Mark("iptc", source_types=source_types)
    yield from generators.marks(texts)


def _plain(content: bytes) -> str:
    # The signs are ASCII but for ©: without its zeros, UTF-16 of either order reads the
    # same, and so does a text after EXIF's eight bytes that name the encoding.
    return content[:TEXT_BYTES].replace(b"\0", b"").decode("utf-8", "replace")
