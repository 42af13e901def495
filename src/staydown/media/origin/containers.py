"""Where pictures and films keep what they say about themselves.

Each walk follows the file's own structure from the outside, steps over the pixels,
and yields the pieces of metadata as they lie there. A walk that meets something
impossible ends: what it found so far stands.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator

from PIL import Image

from staydown.media import decode as _readers  # noqa: F401  (HEIC's is registered there)
from staydown.media.errors import NotMedia, UnsupportedMedia
from staydown.media.formats import PREFIX_BYTES, Format, recognise
from staydown.media.origin import exif, mp4
from staydown.media.origin.pieces import BLOCK_BYTES, STEPS, TEXT_BYTES, Bytes, FileBytes, Piece

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_GUID_BYTES = 32
_XMP_KEYWORD = "XML:com.adobe.xmp"
_GIF_XMP_END = b"\x01\xff\xfe\xfd"
_GIF_EXTENSIONS = 64
_GIF_BLOCKS = 20_000


def pieces(fd: int) -> Iterator[Piece]:
    """What the picture or film in the open file *fd* carries.

    Raises `NotMedia` or `UnsupportedMedia` for what is neither. A format that keeps
    nothing, or where we know of nothing, has no pieces.
    """
    data = FileBytes(fd)
    form = recognise(data[:PREFIX_BYTES])
    if form is None:
        raise NotMedia
    if form == "other":
        raise UnsupportedMedia
    if form in _WALKS:
        yield from _WALKS[form](data)
    if form in ("AVIF", "HEIF"):
        yield from _items(fd, form)


def _of_jpeg(data: Bytes) -> Iterator[Piece]:
    more = _MoreXmp()
    at = 2
    for _ in range(STEPS):
        marker, length = data[at : at + 2], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == b"\xff\xff":
            at += 1
            continue
        if marker[:1] != b"\xff" or marker in (b"\xff\xda", b"\xff\xd9") or length < 2:
            break
        content = data[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == b"\xff\xe1" and content.startswith(_EXIF):
            yield from exif.pieces(content[len(_EXIF) :])
        elif marker == b"\xff\xe1" and content.startswith(_XMP):
            yield Piece("xmp", content[len(_XMP) :])
        elif marker == b"\xff\xe1" and content.startswith(_MORE_XMP):
            more.add(content[len(_MORE_XMP) :])
        elif marker == b"\xff\xeb" and content.startswith(b"JP") and b"c2pa" in content:
            yield Piece("c2pa")
        elif marker == b"\xff\xfe":
            yield Piece("text", content, "jpeg:comment")
    yield from more.packets()


class _MoreXmp:
    """XMP that is too long for one segment of a JPEG, put together again."""

    def __init__(self) -> None:
        self._parts: dict[bytes, dict[int, bytes]] = {}
        self._length = 0

    def add(self, content: bytes) -> None:
        # A digest that names the packet, its full length, this part's place in it.
        guid, place = content[:_GUID_BYTES], content[_GUID_BYTES + 4 : _GUID_BYTES + 8]
        part = content[_GUID_BYTES + 8 :]
        self._length += len(part)
        if self._length <= BLOCK_BYTES:
            self._parts.setdefault(guid, {})[int.from_bytes(place, "big")] = part

    def packets(self) -> Iterator[Piece]:
        for parts in self._parts.values():
            yield Piece("xmp", b"".join(parts[place] for place in sorted(parts)))


def _of_png(data: Bytes) -> Iterator[Piece]:
    at = 8
    for _ in range(STEPS):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if len(kind) < 4 or kind == b"IEND":
            return
        start, at = at + 8, at + 12 + length
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            yield from _png_text(kind, data[start : start + min(length, BLOCK_BYTES)])
        elif kind == b"eXIf":
            yield from exif.pieces(data[start : start + min(length, BLOCK_BYTES)])
        elif kind == b"caBX":
            yield Piece("c2pa")


def _png_text(kind: bytes, content: bytes) -> Iterator[Piece]:
    raw_keyword, _, rest = content.partition(b"\0")
    keyword = raw_keyword.decode("latin-1")
    limit = BLOCK_BYTES if keyword == _XMP_KEYWORD else TEXT_BYTES
    is_packed = kind == b"zTXt"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        is_packed = rest[:1] == b"\1"
        # After two flags: a language and the keyword in it, each ended by a zero.
        *_, rest = rest[2:].split(b"\0", 2)
    text = _unpacked(rest, limit) if is_packed else rest[:limit]
    if keyword == _XMP_KEYWORD:
        yield Piece("xmp", text)
    else:
        yield Piece("text", text, f"png:{keyword}")


def _unpacked(packed: bytes, limit: int) -> bytes:
    """The first *limit* bytes of what zlib *packed*, or as many as can be had."""
    try:
        return zlib.decompressobj().decompress(packed, limit)
    except zlib.error:
        return b""


def _of_webp(data: Bytes) -> Iterator[Piece]:
    at = 12
    for _ in range(STEPS):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if len(kind) < 4:
            return
        start, at = at + 8, at + 8 + length + length % 2
        if kind == b"C2PA":
            yield Piece("c2pa")
        elif kind in (b"EXIF", b"XMP ") and length <= BLOCK_BYTES:
            content = data[start : start + length]
            if kind == b"XMP ":
                yield Piece("xmp", content)
            else:
                yield from exif.pieces(content.removeprefix(_EXIF))


def _of_gif(data: Bytes) -> Iterator[Piece]:
    """What comes before the first image, which is where tools write it."""
    flags = int.from_bytes(data[10:11], "big")
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(_GIF_EXTENSIONS):
        if data[at : at + 1] != b"\x21":
            return
        label, start = data[at + 1 : at + 2], at + 2
        if label == b"\xff" and data[start + 1 : start + 12] == b"XMP DataXMP":
            # Not in blocks like the rest: raw, up to a ramp of bytes that any reader
            # of blocks falls down.
            window = data[start + 12 : start + 12 + BLOCK_BYTES]
            packet, found, _ = window.partition(_GIF_XMP_END)
            if not found:
                return
            yield Piece("xmp", packet)
            at = start + 12 + len(packet) + 258
            continue
        if label == b"\xff" and data[start + 1 : start + 9] == b"C2PA_GIF":
            yield Piece("c2pa")
        blocks, at = _gif_blocks(data, start)
        if label == b"\xfe":
            yield Piece("text", blocks[:TEXT_BYTES], "gif:comment")


def _gif_blocks(data: Bytes, at: int) -> tuple[bytes, int]:
    """The content of a row of blocks (the start of it, if it is long), and where it ends."""
    content = bytearray()
    for _ in range(_GIF_BLOCKS):
        length = int.from_bytes(data[at : at + 1], "big")
        if length == 0:
            break
        if len(content) < TEXT_BYTES:
            content += data[at + 1 : at + 1 + length]
        at += 1 + length
    return bytes(content), at + 1


def _items(fd: int, form: Format) -> Iterator[Piece]:
    """AVIF and HEIC keep XMP and EXIF as items, which their readers can find."""
    try:
        with os.fdopen(os.dup(fd), "rb") as file, Image.open(file, formats=[form]) as image:
            info = dict(image.info)
    except Exception:  # noqa: BLE001
        # Readers raise whatever comes up on damaged files.
        return
    if isinstance(info.get("exif"), bytes):
        yield from exif.pieces(info["exif"].removeprefix(_EXIF))
    if isinstance(info.get("xmp"), bytes):
        yield Piece("xmp", info["xmp"])


_WALKS: dict[Format, Callable[[Bytes], Iterator[Piece]]] = {
    "JPEG": _of_jpeg,
    "PNG": _of_png,
    "WEBP": _of_webp,
    "GIF": _of_gif,
    "TIFF": exif.pieces,
    "MP4": mp4.pieces,
    "AVIF": mp4.pieces,
    "HEIF": mp4.pieces,
}
