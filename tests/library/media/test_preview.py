"""What a moderator sees: drawn anew, small, and veiled until they choose otherwise."""

import io

import numpy as np
import pytest
from PIL import Image

from library.films import HEIGHT, WIDTH, filmed, scene
from library.pictures import drawing, encoded, opened, png_bomb, sample
from staydown import MediaError
from staydown.media.preview import preview

PICTURE = encoded(drawing(800, 600), "JPEG")


def test_veiled_preview_is_small_and_grey() -> None:
    """Nobody is shown a picture in colour who did not ask."""
    drawn = preview(PICTURE, longest_side=320)

    with Image.open(io.BytesIO(drawn)) as image:
        assert image.format == "JPEG"
        assert image.mode == "L"
        assert image.size == (320, 240)


def test_veiled_is_the_default() -> None:
    """Forgetting to say so must not unveil."""
    veiled = preview(PICTURE, longest_side=320, is_veiled=True)

    assert preview(PICTURE, longest_side=320) == veiled


def test_veiled_preview_holds_no_detail() -> None:
    """What is not there cannot be sharpened: text of 20 pixels is gone."""
    lines = np.zeros((600, 800, 3), np.uint8)
    lines[:, ::8] = 255

    veiled = np.asarray(opened(preview(encoded(lines), longest_side=320)).convert("L"), int)
    shown = np.asarray(
        opened(preview(encoded(lines), longest_side=320, is_veiled=False)).convert("L"), int
    )

    assert np.abs(np.diff(veiled, axis=1)).max() <= 4
    assert np.abs(np.diff(shown, axis=1)).max() > 20


def test_veil_leaves_no_shape_smaller_than_a_sixteenth() -> None:
    """Blur can be undone; what was averaged away cannot."""
    bars = np.zeros((600, 800, 3), np.uint8)
    bars[:, np.arange(800) % 50 < 25] = 255

    veiled = np.asarray(opened(preview(encoded(bars), longest_side=320)).convert("L"), int)

    assert np.ptp(veiled) <= 12


@pytest.mark.parametrize("content", sample(3))
def test_veiled_photo_has_only_the_coarsest_frequencies(content: bytes) -> None:
    """Beyond some sixteen waves a side there is nothing but noise."""
    veiled = np.asarray(opened(preview(content, longest_side=320)).convert("L"), float)
    spectrum = np.abs(np.fft.rfft(veiled - veiled.mean(), axis=1)) ** 2

    assert spectrum[:, 17:].sum() < 0.02 * spectrum.sum()


def test_unveiled_preview_shows_the_picture() -> None:
    """In its colours, no larger than asked."""
    shown = opened(preview(PICTURE, longest_side=200, is_veiled=False))
    expected = opened(PICTURE).resize((200, 150))

    assert shown.size == (200, 150)
    assert np.abs(np.asarray(shown, int) - np.asarray(expected, int)).mean() < 6


def test_small_picture_is_not_enlarged() -> None:
    """There is nothing more to see."""
    shown = opened(preview(encoded(drawing(90, 70)), longest_side=320, is_veiled=False))

    assert shown.size == (90, 70)


def test_preview_lies_as_the_file_asks() -> None:
    """A phone's photo is seen upright."""
    exif = Image.Exif()
    exif[0x0112] = 6

    turned = encoded(drawing(800, 600), "JPEG", exif=exif)

    assert opened(preview(turned, longest_side=200, is_veiled=False)).size == (150, 200)


@pytest.mark.parametrize("is_veiled", [True, False])
def test_nothing_of_the_original_bytes_reaches_a_browser(is_veiled: bool) -> None:
    """Neither metadata nor what was hidden behind the picture."""
    exif = Image.Exif()
    exif[0x010E] = "GPS: the person's home"
    content = encoded(drawing(100, 80), "JPEG", exif=exif, comment=b"<script>") + b"PK-hidden"

    drawn = preview(content, longest_side=100, is_veiled=is_veiled)

    for secret in (b"home", b"script", b"PK-hidden", b"Exif"):
        assert secret not in drawn


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF", "TIFF", "BMP"])
def test_every_kind_of_picture_has_a_preview(form: str) -> None:
    """Always a JPEG."""
    assert preview(encoded(drawing(100, 80), form), longest_side=64).startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"text", "not_media"),
        (PICTURE[:9000], "truncated_media"),
        (png_bomb(), "too_large"),
    ],
    ids=["empty", "text", "half", "bomb"],
)
def test_file_that_cannot_be_shown_is_a_named_error(content: bytes, code: str) -> None:
    """The desk then says so in its place."""
    with pytest.raises(MediaError) as caught:
        preview(content, longest_side=100)

    assert caught.value.code == code


@pytest.mark.parametrize("codec", ["libx264", "libvpx-vp9"])
def test_film_has_a_grey_still_that_lies_as_the_film_does(codec: str) -> None:
    """Not its first frame, which is often black."""
    black = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 4
    film = filmed([*black, *scene(1, 5.0)], codec=codec, key_every=10, rotation=90)

    still = Image.open(io.BytesIO(preview(film, longest_side=240, is_veiled=False)))
    veiled = Image.open(io.BytesIO(preview(film, longest_side=240)))

    assert still.size == veiled.size == (180, 240)
    assert np.asarray(still.convert("L")).std() > 20
    assert np.ptp(np.asarray(still.convert("RGB")).astype(int), axis=2).max() < 12
    assert np.asarray(veiled.convert("L")).std() < np.asarray(still.convert("L")).std()
