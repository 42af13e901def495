"""The few tags of EXIF, and of TIFF files, that say what made a picture.

A directory is read where the file says it lies, within bounds: what points outside
the file, or is longer than a tag of this kind can be, is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from staydown.media.origin.pieces import BLOCK_BYTES, Bytes, Piece

Order = Literal["little", "big"]

_TAGS = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x02BC: "XMP",
    0x9286: "UserComment",
    0xCD41: "C2PA",
}
_EXIF_DIRECTORY = 0x8769
_ENTRIES = 512
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}


def pieces(data: Bytes) -> Iterator[Piece]:
    """The tags named above in the first directory of *data*, EXIF or a whole TIFF file."""
    if data[:4] not in (b"II*\0", b"MM\0*"):
        return
    order: Order = "little" if data[:2] == b"II" else "big"
    found: dict[str, bytes] = {}
    exif = _directory(data, int.from_bytes(data[4:8], order), order, found)
    if exif:
        _directory(data, exif, order, found)
    for name, content in found.items():
        if name == "XMP":
            yield Piece("xmp", content)
        elif name == "C2PA":
            yield Piece("c2pa")
        else:
            yield Piece("text", content, f"exif:{name}")


def _directory(data: Bytes, at: int, order: Order, found: dict[str, bytes]) -> int:
    """Collect the directory at *at* into *found*; where EXIF's own is, or 0."""
    exif = 0
    count = min(int.from_bytes(data[at : at + 2], order), _ENTRIES)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag = int.from_bytes(data[entry : entry + 2], order)
        if tag == _EXIF_DIRECTORY:
            exif = int.from_bytes(data[entry + 8 : entry + 12], order)
        if tag not in _TAGS:
            continue
        size = _SIZES.get(int.from_bytes(data[entry + 2 : entry + 4], order), 1)
        length = size * int.from_bytes(data[entry + 4 : entry + 8], order)
        start = entry + 8 if length <= 4 else int.from_bytes(data[entry + 8 : entry + 12], order)
        # A manifest may be longer than other tags: that it is there is all we ask.
        found.setdefault(_TAGS[tag], data[start : start + min(length, BLOCK_BYTES)])
    return exif
