"""Telling formats apart by their first bytes, before any decoder sees the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

PREFIX_BYTES = 64
"""How much of a file `recognise` wants to see."""

Format = Literal[
    "JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "MP4", "MATROSKA", "AVI", "other"
]  # fmt: skip

VIDEO_DEMUXERS: Mapping[Format, str] = {"MP4": "mov", "MATROSKA": "matroska", "AVI": "avi"}
"""The formats that hold films (MP4 and QuickTime; Matroska and WebM; AVI), and FFmpeg's
reader of each."""

_STARTS: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"BM", "BMP"),
    (b"\x1a\x45\xdf\xa3", "MATROSKA"),
)

# Media that people do send and that is not read here: it deserves another sentence
# than a text file does.
_OTHER_MEDIA = (
    b"\xff\x0a",  # JPEG XL, bare
    b"\x00\x00\x00\x0cJXL ",
    b"\x00\x00\x00\x0cjP  ",  # JPEG 2000
    b"\xff\x4f\xff\x51",
    b"8BPS",  # Photoshop
    b"\x00\x00\x01\x00",  # Windows icon
    b"OggS",
    b"FLV\x01",
    b"ID3",
    b"%PDF",
    b"\x00\x00\x01\xba",  # MPEG
    b"\x00\x00\x01\xb3",
    b"FUJIFILM",
    b"\x76\x2f\x31\x01",  # OpenEXR
    b"qoif",
    b"DDS ",
)

_IN_RIFF: Mapping[bytes, Format] = {b"WEBP": "WEBP", b"AVI ": "AVI"}
_QUICKTIME_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip")
"""What old QuickTime files begin with, before a format was asked to name itself."""

_AVIF_BRANDS = (b"avif", b"avis")
_OTHER_BRANDS = (b"crx ", b"jxl ", b"jp2 ")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def recognise(prefix: bytes) -> Format | None:
    """The format that a file starting with *prefix* claims to be; None if unknown."""
    for start, name in _STARTS:
        if prefix.startswith(start):
            return name
    if prefix[:4] == b"RIFF":
        return _IN_RIFF.get(prefix[8:12], "other")
    if prefix[4:8] == b"ftyp":
        return _base_media(prefix)
    if prefix[4:8] in _QUICKTIME_BOXES:
        return "MP4"
    return "other" if prefix.startswith(_OTHER_MEDIA) else None


def _base_media(prefix: bytes) -> Format:
    """AVIF, HEIF and MP4 share one container; its brands tell which is inside."""
    length = min(int.from_bytes(prefix[:4], "big"), len(prefix))
    major = prefix[8:12]
    brands = {major, *(prefix[at : at + 4] for at in range(16, length - 3, 4))}
    if brands & set(_AVIF_BRANDS):
        return "AVIF"
    if brands & set(_HEIF_BRANDS):
        return "HEIF"
    return "other" if major in _OTHER_BRANDS else "MP4"
