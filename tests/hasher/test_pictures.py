"""The browser's fingerprint of a picture is the server's: at most 2 bits apart."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from playwright.sync_api import Page

from hasher.conftest import Hash, choose, fingerprint_in, with_worker_of
from library.pictures import (
    VECTORS,
    bits_between,
    damaged,
    drawing,
    encoded,
    opened,
    photo_folder,
    sample,
)
from staydown import Fingerprint, compare, fingerprint_bytes

pytestmark = pytest.mark.browser

FURTHEST = 2
"""Bits by which a hash of the browser may differ from the server's."""

HEIC = Path(__file__).parents[1] / "library/media/files/phone.heic"


def assert_same(theirs: Fingerprint, ours: Fingerprint) -> None:
    assert (theirs.sha256, theirs.md5) == (ours.sha256, ours.md5)
    assert (theirs.kind, theirs.width, theirs.height) == (ours.kind, ours.width, ours.height)
    assert len(theirs.hashes) == len(ours.hashes)
    for one, other in zip(theirs.hashes, ours.hashes, strict=True):
        assert abs(one.quality - other.quality) <= 1
        assert len(one.dihedral) == 8
        for turned, also_turned in zip(one.dihedral, other.dihedral, strict=True):
            assert bits_between(turned, also_turned) <= FURTHEST


def assert_all_same(hashed: Hash, files: list[bytes]) -> None:
    for content, outcome in zip(files, hashed(*files), strict=True):
        assert_same(fingerprint_in(outcome), fingerprint_bytes(content))


def photo(large: bool = True) -> Image.Image:
    picture = opened(sample(9)[4])
    return picture if large else picture.resize((400, 300))


def test_vectors_are_the_references(hashed: Hash) -> None:
    """Every drawing, each of its eight ways to lie, bit for bit but for rounding."""
    vectors = json.loads((VECTORS / "pdq.json").read_text())["vectors"]

    outcomes = hashed(*(VECTORS / vector["picture"] for vector in vectors))

    for vector, outcome in zip(vectors, outcomes, strict=True):
        found = fingerprint_in(outcome)
        assert (found.width, found.height) == (vector["width"], vector["height"])
        assert found.quality == vector["quality"]
        for turned, expected in zip(found.dihedral, vector["turned"] or (), strict=False):
            assert bits_between(turned, bytes.fromhex(expected)) <= 1


def test_digests_are_of_the_whole_file(hashed: Hash) -> None:
    """Of several pieces, too."""
    noise = np.random.default_rng(1).integers(0, 256, (600, 800, 3), np.uint8)
    content = encoded(noise)
    assert len(content) > 1 << 20

    assert_all_same(hashed, [content])


def test_photos_are_the_servers(hashed: Hash) -> None:
    """Read where they lie."""
    folder = photo_folder()
    photos = list(sample(24))
    if folder is None:
        assert_all_same(hashed, photos)
        return
    paths = sorted(folder.glob("*.jpg"))
    paths = [paths[at * len(paths) // 24] for at in range(24)]

    for content, outcome in zip(photos, hashed(*paths), strict=True):
        assert_same(fingerprint_in(outcome), fingerprint_bytes(content))


def test_small_jpegs_are_the_servers(hashed: Hash) -> None:
    """By their colours, as on the server: the Y plane would be a few bits off."""
    small = [opened(each).resize((240, 180)) for each in sample(40)]

    assert_all_same(hashed, [encoded(each, "JPEG", quality=70) for each in small])


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "AVIF", "BMP"])
def test_every_format_that_browsers_show(hashed: Hash, form: str) -> None:
    assert_all_same(hashed, [encoded(opened(each), form) for each in sample(4)])


def test_every_kind_of_jpeg(hashed: Hash) -> None:
    """The Y plane of large ones, the colours of small ones, and inks."""
    large, small = photo(), photo(large=False)
    files = [encoded(each, "JPEG", subsampling=way) for each in (large, small) for way in range(3)]
    files += [encoded(each, "JPEG", progressive=True, quality=30) for each in (large, small)]
    files += [encoded(large.convert(mode), "JPEG") for mode in ("L", "CMYK")]

    assert_all_same(hashed, files)


def test_every_kind_of_png(hashed: Hash) -> None:
    small = photo(large=False)
    grey = np.asarray(small.convert("L")).astype(np.uint16) * 257
    kinds = [small.quantize(64), small.convert("1"), Image.fromarray(grey), small.convert("L")]

    assert_all_same(hashed, [encoded(kind) for kind in kinds])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "AVIF"])
@pytest.mark.parametrize("large", [True, False])
def test_pictures_are_seen_upright(hashed: Hash, form: str, large: bool) -> None:
    """As all eight orientations of a camera ask."""
    files = []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = orientation
        files.append(encoded(photo(large), form, exif=exif))

    assert_all_same(hashed, files)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_colour_profiles_are_left_alone(hashed: Hash, form: str) -> None:
    """A profile that swaps red and blue changes nothing, as on the server."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    pictures = (photo(), photo(large=False))

    assert_all_same(hashed, [encoded(each, form, icc_profile=bytes(profile)) for each in pictures])


@pytest.mark.parametrize(
    ("form", "options"), [("PNG", {}), ("WEBP", {"lossless": True}), ("WEBP", {}), ("GIF", {})]
)
def test_transparency_is_laid_on_white(hashed: Hash, form: str, options: dict[str, Any]) -> None:
    picture = photo(large=False).convert("RGBA")
    fading = picture.copy()
    # Not a plain gradient: PDQ does not look at what changes along one side only.
    fading.putalpha(Image.fromarray(drawing(*picture.size, 18)).convert("L"))
    cut = picture.copy()
    cut.putalpha(Image.radial_gradient("L").resize(picture.size).point(lambda a: 255 * (a < 128)))
    shown = [cut] if form == "GIF" else [cut, fading]

    assert_all_same(hashed, [encoded(each, form, **options) for each in shown])


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_animations_have_their_frames(hashed: Hash, form: str) -> None:
    """All eight, and one where all are the same."""
    frames = [Image.fromarray(drawing(300, 200, seed)) for seed in range(8)]

    assert_all_same(hashed, [moving(frames, form), moving([frames[0], frames[0].copy()], form)])


def test_eight_frames_of_a_long_animation_meet_the_servers_film(hashed: Hash) -> None:
    """To which an animation of more than eight is a film."""
    content = moving([Image.fromarray(drawing(300, 200, seed)) for seed in range(12)], "WEBP")
    (outcome,) = hashed(content)
    theirs = replace(fingerprint_in(outcome), sha256=None, md5=None)
    ours = fingerprint_bytes(content)

    assert (len(theirs.hashes), ours.kind) == (8, "video")
    for match in (compare(theirs, ours), compare(ours, theirs)):
        assert match is not None
        assert match.distance is not None
        assert match.distance <= FURTHEST


def moving(frames: list[Image.Image], form: str) -> bytes:
    return encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=100)


def test_without_webcodecs_a_canvas_does(page: Page, tmp_path: Path) -> None:
    """Older browsers: through colours, which are a few bits from the JPEG's own luma."""
    with_worker_of(page, "delete self.ImageDecoder;")
    exif = Image.Exif()
    exif[0x112] = 6
    fading = photo()
    fading.putalpha(Image.fromarray(drawing(*fading.size, 18)).convert("L"))
    files = [encoded(photo(), "JPEG", exif=exif), encoded(fading, "PNG"), *sample(6)]
    choose(page, tmp_path, *files)

    for content, outcome in zip(files, page.evaluate("hashAll()"), strict=True):
        theirs, ours = fingerprint_in(outcome), fingerprint_bytes(content)
        assert (theirs.width, theirs.height) == (ours.width, ours.height)
        assert bits_between(theirs.pdq, ours.pdq) <= 4


def test_a_canvas_that_answers_with_noise_is_not_believed(page: Page, tmp_path: Path) -> None:
    """Browsers that protect their users so: the exact layer is left."""
    with_worker_of(
        page,
        """delete self.ImageDecoder;
        const honest = OffscreenCanvasRenderingContext2D.prototype.getImageData;
        OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...where) {
            const image = honest.apply(this, where);
            crypto.getRandomValues(image.data.subarray(0, 65536));
            return image;
        };""",
    )
    choose(page, tmp_path, encoded(photo()))

    (outcome,) = page.evaluate("hashAll()")

    assert outcome["reason"] == {"code": "pixels_withheld"}
    assert "pdq" not in outcome["fingerprint"]


Reading = tuple[str, Callable[[], bytes], dict[str, str]]
UNREADABLE: list[Reading] = [
    ("empty", lambda: b"", {"code": "empty_file"}),
    ("text", lambda: b"Dear moderators, " * 9, {"code": "not_media"}),
    ("pdf", lambda: b"%PDF-1.7\n" * 9, {"code": "unsupported_media"}),
    ("heic", HEIC.read_bytes, {"code": "unsupported_media", "what": "HEIF"}),
    (
        "tiff",
        lambda: encoded(photo(large=False), "TIFF"),
        {"code": "unsupported_media", "what": "TIFF"},
    ),
    ("cut", lambda: encoded(photo(), "JPEG")[:20_000], {"code": "damaged_media"}),
    ("zeros", lambda: encoded(photo())[:200] + bytes(5000), {"code": "damaged_media"}),
]


@pytest.mark.parametrize(
    ("content", "reason"), [pytest.param(*each[1:], id=each[0]) for each in UNREADABLE]
)
def test_what_cannot_be_decoded_has_a_reason(
    hashed: Hash, content: Callable[[], bytes], reason: dict[str, str]
) -> None:
    """With the exact layer all the same, where it is media: it finds identical copies."""
    outcome, after = hashed(content(), encoded(photo()))

    assert outcome["reason"] == reason
    if "what" in reason or reason["code"] == "damaged_media":
        found = Fingerprint.from_dict(outcome["fingerprint"])
        assert len(found.sha256 or "") == 64
        assert found.pdq is None
    else:
        assert outcome["fingerprint"] is None
    assert after["reason"] is None


def test_damaged_files_are_an_outcome_each(hashed: Hash) -> None:
    """A hash or a reason, never silence."""
    small = photo(large=False)
    files = [
        broken
        for form in ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
        for broken in damaged(encoded(small, form), seed=7, count=6)
    ]

    for outcome in hashed(*files):
        found = outcome["fingerprint"]
        assert outcome["reason"] is not None or "pdq" in found
        assert outcome["reason"] is None or outcome["reason"]["code"] != "hasher_died"
