"""Small films of every kind, and lies in their headers: for the fuzzer and for tests."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from library.films import filmed, scene

KINDS: dict[str, dict[str, str]] = {
    "H.264 in MP4": {"codec": "libx264"},
    "H.264 in MP4, in pieces": {"codec": "libx264", "movflags": "frag_keyframe+empty_moov"},
    "H.264 in MOV": {"codec": "libx264", "form": "mov"},
    "H.264 in MKV": {"codec": "libx264", "form": "matroska"},
    "H.264 in AVI": {"codec": "libx264", "form": "avi", "bf": "0"},
    "HEVC": {"codec": "libx265", "x265-params": "log-level=none"},
    "VP8 in WebM": {"codec": "libvpx", "form": "webm"},
    "VP9 in WebM": {"codec": "libvpx-vp9", "form": "webm"},
    "AV1": {"codec": "libsvtav1", "crf": "40", "preset": "12"},
    "AV1 in WebM": {"codec": "libsvtav1", "form": "webm", "crf": "40", "preset": "12"},
    "MPEG-4 in AVI": {"codec": "mpeg4", "form": "avi"},
    "Motion JPEG in AVI": {"codec": "mjpeg", "form": "avi", "pixel_format": "yuvj420p"},
}

_MARKS = {
    b"ftyp": (
        *(b"mvhd", b"tkhd", b"mdhd", b"elst", b"stts", b"ctts", b"stsz", b"stco", b"stsc"),
        *(b"stss", b"hdlr", b"stsd", b"avc1", b"hvc1", b"av01", b"trex", b"tfhd", b"trun"),
    ),
    # Identifiers of Matroska's elements: duration, scale of time, frame's duration, width,
    # height, kind of track, codec's private bytes, timestamp of a cluster, a simple block.
    b"\x1aE": (
        *(b"\x44\x89", b"\x2a\xd7\xb1", b"\x23\xe3\x83", b"\xb0", b"\xba", b"\x83"),
        *(b"\x63\xa2", b"\xe7", b"\xa3"),
    ),
    b"RIFF": (b"avih", b"strh", b"strf", b"idx1", b"movi", b"00dc"),
}
_VALUES = (0, 1, 2, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_REACH = 64


@cache
def films() -> dict[str, bytes]:
    """A film of ten frames of each kind, by name."""
    frames = [np.ascontiguousarray(each[:64, :96]) for each in scene(9, seconds=0.5)]
    return {
        name: filmed(frames, key_every=5, **kind)  # type: ignore[arg-type]
        for name, kind in KINDS.items()
    }


def lying(content: bytes, seed: int) -> Iterator[bytes]:
    """The film with one to three fields of its headers made extreme, without end."""
    random = np.random.default_rng(seed)
    places = _headers(content)
    while True:
        out = bytearray(content)
        for _ in range(int(random.integers(1, 4))):
            at = int(random.choice(places)) + int(random.integers(0, _REACH))
            value, size = int(random.choice(_VALUES)), int(random.choice((1, 2, 4)))
            field = value.to_bytes(4, "big")[-size:]
            out[at : at + size] = field[: max(0, len(out) - at)]
        yield bytes(out)


def _headers(content: bytes) -> list[int]:
    """Where fields begin that say how long, how large and how many."""
    kind = next(each for each in _MARKS if each in content[:12])
    found = []
    for mark in _MARKS[kind]:
        at = content.find(mark)
        while at >= 0:
            found.append(at + len(mark))
            at = content.find(mark, at + 1)
    return found


def _patched(box: bytes, offset: int, field: bytes) -> Callable[[], bytes]:
    """The MP4 film with *field* so many bytes after the name of its first *box*."""

    def make() -> bytes:
        out = bytearray(films()["H.264 in MP4"])
        at = out.index(box) + 4 + offset
        out[at : at + len(field)] = field
        return bytes(out)

    return make


def grown(content: bytes, inside: tuple[bytes, ...], more: bytes) -> bytes:
    """The MP4 film with *more* at the end of the box at the path *inside*, whose lengths
    grow along."""
    out, at, ends = bytearray(content), 0, len(content)
    for name in inside:
        at = out.index(name, at) - 4
        (length,) = struct.unpack_from(">I", out, at)
        struct.pack_into(">I", out, at, length + len(more))
        ends = at + length
        at += 8
    return bytes(out[:ends] + more + out[ends:])


def with_edits(edits: list[tuple[int, int]]) -> bytes:
    """The MP4 film with an edit list of (duration, where in the film), at usual speed."""
    content = films()["H.264 in MP4"].replace(b"edts", b"free", 1)
    packed = b"".join(struct.pack(">IiI", long, start, 1 << 16) for long, start in edits)
    elst = struct.pack(">I4sII", 16 + len(packed), b"elst", 0, len(edits)) + packed
    edts = struct.pack(">I4s", 8 + len(elst), b"edts") + elst
    return grown(content, (b"moov", b"trak"), edts)


def with_streams(count: int) -> bytes:
    """The MP4 film with its stream told *count* times."""
    content = films()["H.264 in MP4"]
    at = content.index(b"trak") - 4
    (length,) = struct.unpack_from(">I", content, at)
    return grown(content, (b"moov",), content[at : at + length] * (count - 1))


LIES: dict[str, Callable[[], bytes]] = {
    "lasts forever": _patched(b"mvhd", 16, b"\xff\xff\xff\xff"),
    "its stream lasts forever": _patched(b"mdhd", 16, b"\xff\xff\xff\xff"),
    "lasts no time": _patched(b"mdhd", 16, bytes(4)),
    "no time passes": _patched(b"stts", 8, bytes(4)),
    "an age between frames": _patched(b"stts", 12 - 4 + 4, b"\x7f\xff\xff\xff"),
    "a clock that stands": _patched(b"mdhd", 12, bytes(4)),
    "a clock of a nanosecond": _patched(b"mdhd", 12, b"\xff\xff\xff\xff"),
    "a thousand million frames": _patched(b"stsz", 8, b"\x3f\xff\xff\xff"),
    "a frame of two gigabytes": _patched(b"stsz", 12, b"\x7f\xff\xff\xff"),
    "a thousand million runs": _patched(b"stts", 4, b"\x3f\xff\xff\xff"),
    "frames outside the file": _patched(b"stco", 8, b"\x7f\xff\xff\xff"),
    "65535 pixels each way": _patched(b"avc1", 24, b"\xff\xff\xff\xff"),
    "no pixels": _patched(b"avc1", 24, bytes(4)),
    "60 streams": lambda: with_streams(60),
    "3000 streams": lambda: with_streams(3000),
    "a loop of 50,000 edits": lambda: with_edits([(400, 0)] * 50_000),
    "edits that go back": lambda: with_edits([(400, 4000), (400, 2000), (400, 0)]),
    "an edit beyond the end": lambda: with_edits([(400, 0x7FFFFFFF)]),
    "an empty edit without end": lambda: with_edits([(0x7FFFFFFF, -1), (400, 0)]),
}
"""What a header may say that is not so, in MP4."""
