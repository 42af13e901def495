"""The same picture saved in every format and mode is the same picture.

The HEIC files in ``files/`` hold `drawing(200, 150, 21)`, made once by libheif with a
throw-away encoder: what we ship and install only reads the format.
"""

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from PIL import Image, ImageCms, TiffImagePlugin

import staydown
from library.pictures import Pixels, bits_between, drawing, encoded, opened, png_chunk, sample
from staydown import DecoderPool, Fingerprint
from staydown.fingerprint.pdq import pdq
from staydown.media.decode import frames
from staydown.media.limits import Limits

FILES = Path(__file__).parent / "files"
EXACT, LOSSY = 4, 10

RGB = drawing(400, 300, 5)
GREY = np.asarray(Image.fromarray(RGB).convert("L"))
OPAQUE = np.full((300, 400, 1), 255, np.uint8)


def image(pixels: Pixels = RGB) -> Image.Image:
    return Image.fromarray(pixels)


def jpeg_of(space: str, sampling: str, pixels: Pixels = RGB) -> bytes:
    content: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels), 92, colorspace=space, colorsubsampling=sampling
    )
    return content


def inks(black: int) -> Pixels:
    """The picture in inverted CMYK, as JPEG stores it, with *black* taken out of the colours."""
    key = RGB.max(axis=2, keepdims=True) if black else np.full_like(RGB[:, :, :1], 255)
    colours = (RGB.astype(np.uint16) * 255 // np.maximum(key, 1)).clip(0, 255).astype(np.uint8)
    return np.concatenate([colours, key], axis=2)


def png(depth: int, colour: int, rows: list[bytes], interlaced: bool = False) -> bytes:
    """A PNG of 400 x 300 by hand, for what Pillow does not write."""
    header = struct.pack(">IIBBBBB", 400, 300, depth, colour, 0, 0, interlaced)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*each) for each in chunks)


def adam7(pixels: Pixels) -> list[bytes]:
    """The rows of the seven passes of an interlaced picture."""
    starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4))
    later = ((2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    return [
        row.tobytes()
        for top, left, down, across in starts + later
        for row in pixels[top::down, left::across]
    ]


def sixteen(pixels: Pixels, order: str = ">") -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    return (pixels.astype(np.uint32) * 257 + 3).clip(0, 65535).astype(f"{order}u2")


def with_tag(pixels: Pixels, tag: int, value: int) -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[tag] = value
    return encoded(image(pixels), "TIFF", tiffinfo=tags)


def float_tiff() -> bytes:
    return encoded(Image.fromarray(GREY.astype(np.float32) / 255), "TIFF")


def lab_tiff() -> bytes:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(image(), to_lab)
    assert lab is not None
    return encoded(lab, "TIFF")


SAVED: dict[str, tuple[Callable[[], bytes], int]] = {
    # JPEG
    **{
        f"JPEG {sampling}": (lambda s=sampling: jpeg_of("RGB", s), LOSSY)
        for sampling in ("444", "422", "420", "440", "411")
    },
    "JPEG progressive": (lambda: encoded(RGB, "JPEG", progressive=True), LOSSY),
    "JPEG with restarts": (lambda: encoded(RGB, "JPEG", restart_marker_rows=2), LOSSY),
    "JPEG grey": (lambda: encoded(GREY, "JPEG"), LOSSY),
    "JPEG in RGB": (lambda: encoded(RGB, "JPEG", keep_rgb=True), LOSSY),
    "JPEG in CMYK": (lambda: encoded(image().convert("CMYK"), "JPEG"), LOSSY),
    "JPEG in YCCK": (lambda: jpeg_of("CMYK", "444", inks(0)), LOSSY),
    "JPEG in YCCK, sampled down": (lambda: jpeg_of("CMYK", "420", inks(0)), LOSSY),
    "JPEG in YCCK with black": (lambda: jpeg_of("CMYK", "444", inks(1)), LOSSY),
    # PNG
    "PNG": (lambda: encoded(RGB), 0),
    "PNG grey": (lambda: encoded(GREY), EXACT),
    "PNG with opaque alpha": (lambda: encoded(image().convert("RGBA")), 0),
    "PNG grey with opaque alpha": (lambda: encoded(image(GREY).convert("LA")), EXACT),
    "PNG 16-bit grey": (lambda: png(16, 0, [r.tobytes() for r in sixteen(GREY)]), EXACT),
    "PNG 16-bit RGB": (lambda: png(16, 2, [r.tobytes() for r in sixteen(RGB)]), EXACT),
    "PNG 16-bit RGBA": (
        lambda: png(16, 6, [r.tobytes() for r in sixteen(np.dstack([RGB, OPAQUE]))]),
        EXACT,
    ),
    "PNG interlaced": (lambda: png(8, 2, adam7(RGB), interlaced=True), 0),
    "PNG with a profile": (
        lambda: encoded(
            RGB,
            icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        ),
        0,
    ),
    # the others
    "WebP": (lambda: encoded(RGB, "WEBP", quality=85), LOSSY),
    "WebP lossless": (lambda: encoded(RGB, "WEBP", lossless=True), 0),
    "WebP with opaque alpha": (lambda: encoded(image().convert("RGBA"), "WEBP"), LOSSY),
    "AVIF": (lambda: encoded(RGB, "AVIF", quality=80, speed=10), LOSSY),
    "AVIF 4:4:4": (lambda: encoded(RGB, "AVIF", subsampling="4:4:4", speed=10), LOSSY),
    "AVIF grey": (lambda: encoded(RGB, "AVIF", subsampling="4:0:0", speed=10), LOSSY),
    "BMP": (lambda: encoded(RGB, "BMP"), 0),
    "BMP grey": (lambda: encoded(GREY, "BMP"), EXACT),
    "TIFF": (lambda: encoded(RGB, "TIFF"), 0),
    "TIFF LZW": (lambda: encoded(RGB, "TIFF", compression="tiff_lzw"), 0),
    "TIFF deflated": (lambda: encoded(RGB, "TIFF", compression="tiff_adobe_deflate"), 0),
    "TIFF JPEG": (lambda: encoded(RGB, "TIFF", compression="jpeg", quality=90), LOSSY),
    "TIFF CMYK": (lambda: encoded(image().convert("CMYK"), "TIFF"), EXACT),
    "TIFF LAB": (lab_tiff, EXACT),
    "TIFF alpha": (lambda: encoded(image().convert("RGBA"), "TIFF"), 0),
    "TIFF 16-bit grey": (lambda: encoded(Image.fromarray(sixteen(GREY, "<")), "TIFF"), EXACT),
    "TIFF 16-bit grey, big-endian": (
        lambda: encoded(Image.fromarray(sixteen(GREY, ">")), "TIFF", big_tiff=False),
        EXACT,
    ),
    "TIFF numbers from 0 to 1": (float_tiff, EXACT),
    "TIFF 32-bit": (
        lambda: encoded(Image.fromarray(sixteen(GREY, "<").astype(np.int32)), "TIFF"),
        EXACT,
    ),
}


@pytest.mark.parametrize("name", SAVED)
def test_picture_saved_in_any_form_is_the_same(name: str, pool: DecoderPool) -> None:
    """At most 4 bits from the RGB original; 10 where the format loses something."""
    make, most = SAVED[name]

    saved = staydown.fingerprint_bytes(make(), pool=pool)

    assert (saved.width, saved.height) == (400, 300)
    assert bits_between(saved.pdq, pdq(RGB).original) <= most
    assert saved.frames == ()


PALETTES: dict[str, Callable[[Image.Image], bytes]] = {
    "PNG": encoded,
    "PNG with an unused hole": lambda few: encoded(few, "PNG", transparency=255),
    "GIF": lambda few: encoded(few, "GIF", interlace=0),
    "GIF interlaced": lambda few: encoded(few, "GIF", interlace=1),
    "BMP": lambda few: encoded(few, "BMP"),
    "TIFF": lambda few: encoded(few, "TIFF"),
    "WebP": lambda few: encoded(few, "WEBP", lossless=True),
}


@pytest.mark.parametrize("name", PALETTES)
def test_picture_with_a_palette_is_that_of_its_colours(name: str, pool: DecoderPool) -> None:
    """The numbers in the file are looked up; they are no brightness."""
    few = image().quantize(255)

    saved = staydown.fingerprint_bytes(PALETTES[name](few), pool=pool)

    assert saved.pdq == pdq(np.asarray(few.convert("RGB"))).original


@pytest.mark.parametrize("name", ["PNG", "GIF interlaced", "TIFF"])
@pytest.mark.parametrize("content", sample(8))
def test_photo_with_a_palette_is_near_the_photo(
    content: bytes, name: str, pool: DecoderPool
) -> None:
    """256 colours lose a little."""
    photo = opened(content)

    saved = staydown.fingerprint_bytes(PALETTES[name](photo.quantize(255)), pool=pool)

    assert bits_between(saved.pdq, pdq(np.asarray(photo)).original) <= LOSSY


@pytest.mark.parametrize("form", ["PNG", "TIFF", "GIF"])
def test_black_and_white_picture_is_seen(form: str, pool: DecoderPool) -> None:
    """One bit a pixel; the reference's client gives it an empty hash in silence."""
    dithered = image().convert("1")
    expected = pdq(np.asarray(dithered.convert("L")))

    saved = staydown.fingerprint_bytes(encoded(dithered, form), pool=pool)

    assert bits_between(saved.pdq, expected.original) <= EXACT
    assert saved.quality == expected.quality


def test_fax_is_seen(pool: DecoderPool) -> None:
    """TIFF group 4: one bit a pixel, and white is zero."""
    dithered = image().convert("1")
    fax = encoded(dithered, "TIFF", compression="group4")

    saved = staydown.fingerprint_bytes(fax, pool=pool)

    assert bits_between(saved.pdq, pdq(np.asarray(dithered.convert("L"))).original) <= EXACT


def test_sixteen_bit_palette_depths_agree(pool: DecoderPool) -> None:
    """Two and four bits a pixel are whole pictures too."""
    for bits in (2, 4):
        few = image().quantize(1 << bits)
        saved = staydown.fingerprint_bytes(encoded(few, "PNG", bits=bits), pool=pool)

        assert saved.pdq == pdq(np.asarray(few.convert("RGB"))).original


CLEAR_LEFT = np.dstack([RGB, np.broadcast_to(np.where(np.arange(400) < 150, 0, 255), (300, 400))])


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("WEBP", {"lossless": True, "exact": True}),
        ("TIFF", {}),
        ("AVIF", {"speed": 10, "quality": 95}),
    ],
)
def test_transparency_lies_on_white(
    form: str, options: dict[str, object], pool: DecoderPool
) -> None:
    """What a page shows, not the colours that the file hides under full transparency."""
    seen = RGB.copy()
    seen[:, :150] = 255
    content = encoded(Image.fromarray(CLEAR_LEFT.astype(np.uint8)), form, **options)

    saved = staydown.fingerprint_bytes(content, pool=pool)

    assert bits_between(saved.pdq, pdq(seen).original) <= (0 if form != "AVIF" else LOSSY)


def test_half_transparency_is_mixed_with_white(pool: DecoderPool) -> None:
    """A veil of alpha lightens the picture, evenly."""
    veiled = np.dstack([RGB, np.full((300, 400), 128, np.uint8)])
    mixed = np.rint(RGB * (128 / 255) + 255 * (127 / 255)).astype(np.uint8)

    saved = staydown.fingerprint_bytes(encoded(Image.fromarray(veiled)), pool=pool)

    assert bits_between(saved.pdq, pdq(mixed).original) <= EXACT


def test_colour_named_transparent_lies_on_white(pool: DecoderPool) -> None:
    """PNG can name one grey or one colour as the hole, in pictures without alpha."""
    grey = GREY.copy()
    grey[100:200, 100:250] = 7
    grey[grey == 7] = 7
    seen = np.where(grey == 7, 255, grey).astype(np.uint8)

    saved = staydown.fingerprint_bytes(encoded(image(grey), transparency=7), pool=pool)

    assert bits_between(saved.pdq, pdq(seen).original) <= EXACT


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "WEBP", "AVIF", "TIFF"])
def test_orientation_is_obeyed_once_in_every_format(
    form: str, orientation: int, pool: DecoderPool
) -> None:
    """Some readers turn the pixels themselves: not twice, then."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = np.ascontiguousarray(
        {
            1: lambda a: a,
            2: lambda a: a[:, ::-1],
            3: lambda a: a[::-1, ::-1],
            4: lambda a: a[::-1],
            5: lambda a: a.swapaxes(0, 1),
            6: lambda a: np.rot90(a, 3),
            7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
            8: lambda a: np.rot90(a),
        }[orientation](RGB)
    )
    content = (
        with_tag(RGB, 0x0112, orientation)
        if form == "TIFF"
        else encoded(RGB, form, exif=exif, **({"speed": 10} if form == "AVIF" else {}))
    )

    saved = staydown.fingerprint_bytes(content, pool=pool)

    assert (saved.width, saved.height) == (turned.shape[1], turned.shape[0])
    assert bits_between(saved.pdq, pdq(turned).original) <= LOSSY


@pytest.mark.parametrize("name", ["phone", "turned", "ten-bit", "grey"])
def test_heic_is_read(name: str, pool: DecoderPool) -> None:
    """What phones take: lying on its side with a note, in ten bits, in grey."""
    saved = staydown.fingerprint_file(FILES / f"{name}.heic", pool=pool)

    assert (saved.width, saved.height) == (200, 150)
    assert bits_between(saved.pdq, pdq(drawing(200, 150, 21)).original) <= LOSSY


def test_heic_with_transparency_lies_on_white(pool: DecoderPool) -> None:
    """As in every other format."""
    seen = drawing(200, 150, 21).copy()
    seen[:, 100:] = 255

    saved = staydown.fingerprint_file(FILES / "half-transparent.heic", pool=pool)

    assert bits_between(saved.pdq, pdq(seen).original) <= LOSSY


def shown(frames_of: list[Pixels], form: str, **options: object) -> bytes:
    """An animation of the pictures, in order."""
    first, *others = [Image.fromarray(each) for each in frames_of]
    return encoded(first, form, save_all=True, append_images=others, duration=80, loop=0, **options)


ANIMATED: dict[str, Callable[[list[Pixels]], bytes]] = {
    "GIF": lambda pictures: shown(pictures, "GIF"),
    "PNG": lambda pictures: shown(pictures, "PNG"),
    "WEBP": lambda pictures: shown(pictures, "WEBP", quality=90),
    "AVIF": lambda pictures: shown(pictures, "AVIF", speed=10, quality=90),
    "TIFF": lambda pictures: shown(pictures, "TIFF"),
}


@pytest.mark.parametrize("form", ANIMATED)
def test_every_scene_of_an_animation_is_seen(form: str, pool: DecoderPool) -> None:
    """A reported picture behind a harmless first frame is found."""
    scenes = [drawing(160, 120, seed) for seed in (31, 32, 33)]
    content = ANIMATED[form]([scene for scene in scenes for _ in range(2)])

    animation = staydown.fingerprint_bytes(content, pool=pool)

    assert len(animation.hashes) == 3
    for scene, frame in zip(scenes, animation.hashes, strict=True):
        # A drawing's smooth clouds suffer more from 256 colours than a photo does.
        most = 2 * LOSSY if form == "GIF" else LOSSY
        assert bits_between(frame.pdq, pdq(scene).original) <= most
    bank = staydown.Bank()
    bank.add("reported", staydown.fingerprint_bytes(encoded(scenes[2]), pool=pool))
    assert [match.id for match in bank.search(animation)] == ["reported"]


def test_heic_with_two_pictures_shows_both(pool: DecoderPool) -> None:
    """A burst, or a collection."""
    both = staydown.fingerprint_file(FILES / "two-pictures.heic", pool=pool)

    assert len(both.hashes) == 2
    assert bits_between(both.hashes[1].pdq, pdq(drawing(200, 150, 22)).original) <= LOSSY


def test_frames_that_look_alike_are_kept_once(pool: DecoderPool) -> None:
    """A fingerprint does not grow with the length of a film of one view."""
    view = drawing(160, 120, 34)
    flicker = [view + np.uint8(step) for step in (0, 1, 0, 1)]

    assert staydown.fingerprint_bytes(ANIMATED["PNG"](flicker), pool=pool).frames == ()


def test_a_long_document_is_looked_at_to_its_end(pool: DecoderPool) -> None:
    """The pages looked at are spread over the whole length."""
    blank = np.full((60, 80, 3), 255, np.uint8)
    late = drawing(80, 60, 35)
    content = ANIMATED["TIFF"]([blank + np.uint8(n % 2) for n in range(40)] + [late])

    document = staydown.fingerprint_bytes(content, pool=pool)

    assert document.kind == "picture"
    assert bits_between(document.hashes[-1].pdq, pdq(late).original) <= LOSSY


def test_frames_survive_json(pool: DecoderPool) -> None:
    """A server that stores the fingerprint as text loses nothing."""
    scenes = [drawing(160, 120, seed) for seed in (31, 32)]
    animation = staydown.fingerprint_bytes(ANIMATED["GIF"](scenes), pool=pool)

    stored = Fingerprint.from_json(animation.to_json())

    assert stored.hashes == animation.hashes
    assert stored.to_json() == animation.to_json()


def decoded(content: bytes, *, colour: bool = False) -> Pixels:
    fd = os.memfd_create("test")
    try:
        os.write(fd, content)
        return next(iter(frames(fd, Limits(), colour=colour))).pixels
    finally:
        os.close(fd)


def test_jpeg_comes_as_luma_unless_colours_are_wanted() -> None:
    """Half the work; a preview wants the other half."""
    photo = encoded(drawing(640, 480), "JPEG")

    assert decoded(photo).ndim == 2
    assert decoded(photo, colour=True).shape == (480, 640, 3)


@pytest.mark.parametrize("side", [64, 100, 128, 333, 400])
def test_small_jpeg_hashes_as_its_colours_do_bit_for_bit(side: int) -> None:
    """Thumbnails have few pixels for rounding to hide among."""
    for content in sample(12):
        photo = opened(content)
        photo.thumbnail((side, side))
        thumbnail = encoded(photo, "JPEG")

        assert pdq(decoded(thumbnail)) == pdq(np.asarray(opened(thumbnail)))


@pytest.mark.parametrize("content", sample(24))
def test_luma_of_photos_hashes_as_their_rgb_does(content: bytes) -> None:
    """The shortcut costs rounding, at most 4 bits."""
    through_rgb = pdq(np.asarray(opened(content)))
    through_luma = pdq(decoded(content))

    assert bits_between(through_luma.original, through_rgb.original) <= 4
    assert through_luma.quality == through_rgb.quality


def test_jpeg_with_rubbish_between_its_markers_is_read_all_the_same(pool: DecoderPool) -> None:
    """Every viewer shows it, so it must not slip past the gate as damaged."""
    plain = encoded(RGB, "JPEG")
    start = plain.index(b"\xff\xdb")
    odd = plain[:start] + b"\x00\x12\x34" + plain[start:]
    with Image.open(io.BytesIO(odd)) as viewer:
        viewer.load()

    saved = staydown.fingerprint_bytes(odd, pool=pool)

    assert bits_between(saved.pdq, pdq(RGB).original) <= LOSSY


def test_second_picture_in_a_jpeg_is_not_a_frame(pool: DecoderPool) -> None:
    """Phones append a map of brightness or depth; no viewer shows it."""
    content = encoded(image(), "MPO", save_all=True, append_images=[image(drawing(400, 300, 6))])

    saved = staydown.fingerprint_bytes(content, pool=pool)

    assert saved.frames == ()
    assert bits_between(saved.pdq, pdq(RGB).original) <= LOSSY
