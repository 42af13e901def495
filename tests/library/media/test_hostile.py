"""A hostile file costs one clear error, quickly and within memory."""

import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import staydown
from library.pictures import damaged, deflated_zeros, drawing, encoded, png_bomb, png_chunk
from staydown import DecoderPool, Fingerprint, Limits, MediaError
from staydown.fingerprint.files import new_pool

JPEG = encoded(drawing(), "JPEG")
PNG = encoded(drawing())

FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty_file"),
    "text": (lambda: b"Dear moderators,\n" * 50, "not_media"),
    "one byte": (lambda: b"\xff", "not_media"),
    "zeros": (lambda: bytes(5000), "not_media"),
    "a page": (lambda: b"<!doctype html><img src=x>", "not_media"),
    "a drawing with links": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_media"),
    "a program": (lambda: b"\x7fELF" + bytes(100), "not_media"),
    "PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not_media"),
    "a PDF": (lambda: b"%PDF-1.7\n", "unsupported_media"),
    "a film": (lambda: b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "damaged_media"),
    "a song": (lambda: b"RIFF\x24\x00\x00\x00WAVEfmt ", "unsupported_media"),
    "half a JPEG": (lambda: JPEG[: len(JPEG) // 2], "truncated_media"),
    "half a PNG": (lambda: PNG[: len(PNG) // 2], "truncated_media"),
    "the start of a JPEG": (lambda: JPEG[:20], "damaged_media"),
    "the start of a PNG": (lambda: PNG[:20], "truncated_media"),
    "a JPEG's first bytes and noise": (lambda: JPEG[:3] + bytes(range(256)) * 9, "damaged_media"),
    "half a GIF": (lambda: encoded(drawing(), "GIF")[:500], "damaged_media"),
    "half a WebP": (lambda: encoded(drawing(), "WEBP")[:500], "damaged_media"),
    "half an AVIF": (lambda: encoded(drawing(), "AVIF")[:900], "damaged_media"),
    "half a TIFF": (lambda: encoded(drawing(), "TIFF")[:5000], "truncated_media"),
    "half a BMP": (lambda: encoded(drawing(), "BMP")[:5000], "truncated_media"),
    "a bomb of 1,600 million pixels": (png_bomb, "too_large"),
    "a GIF that says it is huge": (
        lambda: b"GIF89a" + struct.pack("<HH", 65535, 65535) + encoded(drawing(), "GIF")[10:],
        "too_large",
    ),
    "a BMP that says it is huge": (
        lambda: (
            encoded(drawing(), "BMP")[:18]
            + struct.pack("<ii", 1 << 30, 1 << 30)
            + encoded(drawing(), "BMP")[26:]
        ),
        "too_large",
    ),
    "a JPEG that says it is huge": (
        lambda: JPEG.replace(struct.pack(">HH", 300, 400), struct.pack(">HH", 65500, 65500), 1),
        "too_large",
    ),
    "a text of 200 MB in a PNG": (lambda: png_with_text(200_000_000), "damaged_media"),
}


def png_with_text(size: int) -> bytes:
    """A small picture with a compressed comment that unpacks to *size* bytes."""
    comment = png_chunk(b"zTXt", b"c\x00\x00" + deflated_zeros(1_000_000, size // 1_000_000))
    return PNG[:33] + comment + PNG[33:]


@pytest.mark.parametrize("name", FILES)
def test_hostile_file_is_a_named_error_at_once(name: str, pool: DecoderPool) -> None:
    """With a sentence that says what to do, and no quotation from the file."""
    make, code = FILES[name]
    content = make()
    start = time.monotonic()

    with pytest.raises(MediaError) as caught:
        staydown.fingerprint_bytes(content, pool=pool)

    assert caught.value.code == code
    assert caught.value.message.endswith(".")
    assert "?" not in caught.value.message
    assert time.monotonic() - start < 3


def test_bomb_is_stopped_in_little_memory() -> None:
    """The limit is checked before memory is asked for: half a gigabyte is plenty."""
    pool = new_pool(size=1, limits=Limits(memory_megabytes=600))
    bomb = png_bomb()

    for _ in range(2):
        with pytest.raises(MediaError, match="40000 x 40000 pixels; at most 130 million"):
            staydown.fingerprint_bytes(bomb, pool=pool)

    assert len(pool.process_ids()) == 1
    pool.close()


def test_large_picture_within_the_limits_is_read(pool: DecoderPool) -> None:
    """A bomb's smaller brother: 64 million pixels are a big scan, not an attack."""
    assert staydown.fingerprint_bytes(png_bomb(8000), pool=pool).quality == 0


def test_file_of_too_many_bytes_is_refused_unread() -> None:
    """Before a decoder even starts."""
    pool = new_pool(size=1, limits=Limits(megabytes=1))

    with pytest.raises(MediaError, match="2 megabytes; at most 1 are read"):
        staydown.fingerprint_bytes(bytes(2_500_000), pool=pool)

    assert pool.process_ids() == []


def test_picture_that_needs_too_much_memory_is_an_error() -> None:
    """And the pool goes on."""
    pool = new_pool(size=1, limits=Limits(memory_megabytes=600))

    with pytest.raises(MediaError) as caught:
        staydown.fingerprint_bytes(png_bomb(11_000, channels=3), pool=pool)

    assert caught.value.code == "too_large"
    assert staydown.fingerprint_bytes(JPEG, pool=pool).quality
    pool.close()


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {}),
        ("AVIF", {"speed": 10}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
    ],
)
def test_damaged_copies_are_a_hash_or_a_named_error(
    form: str, options: dict[str, object], pool: DecoderPool
) -> None:
    """`make fuzz` goes on where this stops."""
    original = encoded(drawing(90, 70), form, **options)
    died = 0
    for content in damaged(original, seed=len(original), count=60):
        try:
            assert isinstance(staydown.fingerprint_bytes(content, pool=pool), Fingerprint)
        except MediaError as error:
            died += error.code in ("decoder_died", "decode_timeout", "decoder_unavailable")

    assert not died


def test_hostile_files_do_not_disturb_their_neighbours(pool: DecoderPool) -> None:
    """The same answer for a good file before, between and after."""
    expected = staydown.fingerprint_bytes(JPEG, pool=pool)

    for make, _code in FILES.values():
        with pytest.raises(MediaError):
            staydown.fingerprint_bytes(make(), pool=pool)
        assert staydown.fingerprint_bytes(JPEG, pool=pool) == expected


def test_file_that_crashes_its_reader_costs_one_error(pool: DecoderPool) -> None:
    """Found by `make fuzz`: a damaged HEIC that libheif 1.23 reads past its memory for."""
    file = Path(__file__).parent / "files" / "stops-libheif"

    with pytest.raises(MediaError) as caught:
        staydown.fingerprint_file(file, pool=pool)

    # A later libheif may well say that it is damaged.
    assert caught.value.code in ("decoder_died", "damaged_media")
    assert staydown.fingerprint_bytes(JPEG, pool=pool).quality
