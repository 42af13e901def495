"""Formats are told apart by what a file holds, never by its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.pictures import drawing, encoded
from staydown.media.formats import PREFIX_BYTES, recognise


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP"])
def test_each_format_is_recognised(form: str) -> None:
    """From its first bytes alone."""
    assert recognise(encoded(drawing(30, 20), form)[:PREFIX_BYTES]) == form


def brands(*names: bytes) -> bytes:
    body = names[0] + bytes(4) + b"".join(names[1:])
    return (8 + len(body)).to_bytes(4) + b"ftyp" + body


@pytest.mark.parametrize(
    ("prefix", "form"),
    [
        (brands(b"heic", b"mif1", b"heic"), "HEIF"),
        (brands(b"mif1", b"mif1", b"heic"), "HEIF"),
        (brands(b"msf1", b"hevc"), "HEIF"),
        (brands(b"avif", b"mif1", b"miaf"), "AVIF"),
        (brands(b"mif1", b"avif", b"miaf"), "AVIF"),
        (brands(b"avis", b"msf1"), "AVIF"),
        (brands(b"isom", b"mp42"), "MP4"),
        (brands(b"qt  "), "MP4"),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "MP4"),
        (b"\x1a\x45\xdf\xa3", "MATROSKA"),
        (b"RIFF1234AVI LIST", "AVI"),
        (b"RIFF1234WAVEfmt ", "other"),
        (brands(b"crx "), "other"),
        (b"II+\x00", "TIFF"),
        (b"", None),
        (b"\x00" * 64, None),
        (b"hello", None),
    ],
)
def test_containers_are_told_apart_by_their_brands(prefix: bytes, form: str | None) -> None:
    """AVIF, HEIC and films share one container."""
    assert recognise(prefix) == form


@given(st.binary(max_size=PREFIX_BYTES))
def test_any_bytes_at_all_have_an_answer(prefix: bytes) -> None:
    """The first look runs on everything."""
    recognise(prefix)
    recognise(b"\x00\x00\x00\x20ftyp" + prefix)
