"""From a file to its fingerprint, and from copies of a photo to one answer."""

import hashlib
import io
import os
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image, ImageOps

import staydown
from library.pictures import bits_between, drawing, encoded, opened, sample
from staydown import DecoderPool, MediaError
from staydown.media import DecoderDied

Edit = Callable[[Image.Image], bytes]

COPIES: dict[str, tuple[Edit, str]] = {
    "recompressed": (lambda image: encoded(image, "JPEG", quality=30), "original"),
    "half the size": (lambda image: encoded(image.reduce(2), "JPEG"), "original"),
    "a quarter": (lambda image: encoded(image.reduce(4), "PNG"), "original"),
    "grey": (lambda image: encoded(image.convert("L"), "JPEG"), "original"),
    "as WebP": (lambda image: encoded(image, "WEBP", quality=60), "original"),
    "mirrored": (lambda image: encoded(ImageOps.mirror(image), "JPEG"), "mirrored"),
    "flipped": (lambda image: encoded(ImageOps.flip(image), "JPEG"), "flipped"),
    "turned left": (lambda image: encoded(image.rotate(90, expand=True), "JPEG"), "rotated-90"),
    "turned right": (lambda image: encoded(image.rotate(-90, expand=True), "JPEG"), "rotated-270"),
    "upside down": (lambda image: encoded(image.rotate(180), "JPEG"), "rotated-180"),
}


@pytest.mark.parametrize("edit", COPIES)
def test_copies_of_a_photo_are_the_same_picture(edit: str, pool: DecoderPool) -> None:
    """Each copy is found, and the match says how it lies compared with the original."""
    make, orientation = COPIES[edit]
    for content in sample(12):
        reported = staydown.fingerprint_bytes(content, pool=pool)
        suspect = staydown.fingerprint_bytes(make(opened(content)), pool=pool)

        match = staydown.compare(reported, suspect)

        assert match is not None
        assert match.kind == "same"
        assert match.orientation == orientation


def test_unrelated_photos_do_not_match(pool: DecoderPool) -> None:
    """Every pair of a sample over all collections."""
    prints = [staydown.fingerprint_bytes(content, pool=pool) for content in sample(60)]

    matched = [pair for pair in combinations(prints, 2) if staydown.compare(*pair)]

    assert not matched


def test_digests_are_those_of_the_files_bytes(tmp_path: Path, pool: DecoderPool) -> None:
    """They meet partners' lists, which hold digests of files."""
    content = encoded(drawing())
    path = tmp_path / "a.png"
    path.write_bytes(content)

    fingerprint = staydown.fingerprint_file(path, pool=pool)

    assert fingerprint.sha256 == hashlib.sha256(content).hexdigest()
    assert fingerprint.md5 == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert (fingerprint.width, fingerprint.height) == (400, 300)
    assert fingerprint == staydown.fingerprint_bytes(content, pool=pool)


def test_shared_pool_serves_callers_that_name_none(tmp_path: Path) -> None:
    """The one line that the README shows."""
    path = tmp_path / "a.png"
    path.write_bytes(encoded(drawing(120, 90)))

    assert staydown.fingerprint_file(str(path)).width == 120


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_obeyed(orientation: int, pool: DecoderPool) -> None:
    """The fingerprint is of the picture as a person sees it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(drawing(), "JPEG", exif=exif)
    with Image.open(io.BytesIO(content)) as stored:
        upright = encoded(ImageOps.exif_transpose(stored), "PNG")

    turned = staydown.fingerprint_bytes(content, pool=pool)
    expected = staydown.fingerprint_bytes(upright, pool=pool)

    assert (turned.width, turned.height) == (expected.width, expected.height)
    assert turned.quality is not None
    assert bits_between(turned.pdq, expected.pdq) <= 2


def test_plain_picture_has_a_fingerprint_that_matches_only_itself(pool: DecoderPool) -> None:
    """Two blank pages are not copies of one another; two copies of a file are."""
    white = staydown.fingerprint_bytes(encoded(Image.new("RGB", (300, 200), "white")), pool=pool)
    grey = staydown.fingerprint_bytes(encoded(Image.new("RGB", (300, 200), "#eee")), pool=pool)

    assert staydown.compare(white, grey) is None
    match = staydown.compare(white, white)
    assert match is not None
    assert match.kind == "identical"


def test_missing_file_is_a_named_error(tmp_path: Path, pool: DecoderPool) -> None:
    """And so is a folder, and a pipe that nobody writes to: at once."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing.jpg", ".", "pipe"):
        with pytest.raises(MediaError) as caught:
            staydown.fingerprint_file(tmp_path / name, pool=pool)

        assert caught.value.code == "unreadable_file"


def test_bytes_of_any_kind_are_taken(pool: DecoderPool) -> None:
    """bytes, bytearray and memoryview, without a copy on a disk."""
    content = encoded(drawing(100, 80))

    prints = {
        staydown.fingerprint_bytes(kind(content), pool=pool)
        for kind in (bytes, bytearray, memoryview)
    }

    assert len(prints) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"pdq": "zz"},
        b"",
        b"{}\n",
        b'{"pdq":"zz","quality":1000,"grey":[1,1]}\n0',
        b'{"grey":[2,2]}\n012',
        b'{"grey":[2]}\n01',
        b'{"grey":[9000,1]}\n' + bytes(9000),
        b'{"grey":[-1,-1]}\n0',
        b"[" * 100_000 + b"\n",
    ],
)
def test_decoder_that_answers_nonsense_is_not_believed(answer: object) -> None:
    """A decoder that was taken over cannot make a fingerprint of a form of its own."""

    class TakenOver(DecoderPool):
        def run(self, *_arguments: object, **_options: object) -> object:
            return answer

    with pytest.raises(DecoderDied):
        staydown.fingerprint_bytes(b"x", pool=TakenOver(()))


def test_decoder_cannot_name_the_digest() -> None:
    """The exact layer is computed outside, from the file itself."""

    class TakenOver(DecoderPool):
        def run(self, *_arguments: object, **options: object) -> bytes:
            options["meanwhile"]()  # type: ignore[operator]
            return b'{"sha256":"%s","grey":[1,1]}\n0' % (b"00" * 32)

    fingerprint = staydown.fingerprint_bytes(b"x", pool=TakenOver(()))

    assert fingerprint.sha256 == hashlib.sha256(b"x").hexdigest()
