"""Animated pictures to frames with times: a GIF is how many a film travels."""

import os

import numpy as np
import pytest
from PIL import Image

import staydown
from library.films import scene
from library.pictures import Pixels, bits_between, drawing, encoded
from staydown import DecoderPool, Limits
from staydown.fingerprint.film import Film
from staydown.fingerprint.pdq import pdq
from staydown.media.animation import is_animation, open_animation
from staydown.media.errors import DamagedMedia, UnsupportedMedia
from staydown.media.limits import DEFAULT_LIMITS

MILLISECONDS = [100, 40, 60, 500, 100, 100, 200, 100, 100, 300, 100, 100]
FORMS = {
    "GIF": {},
    "PNG": {},
    "WEBP": {"quality": 90},
    "AVIF": {"quality": 90, "speed": 10},
}


def animated(frames: list[Pixels], form: str, milliseconds: list[int], **options: object) -> bytes:
    first, *others = [Image.fromarray(each) for each in frames]
    moving = {"save_all": True, "append_images": others, "duration": milliseconds, "loop": 0}
    return encoded(first, form, **moving, **options)


def film_of(content: bytes, pool: DecoderPool) -> Film:
    fingerprint = staydown.fingerprint_bytes(content, pool=pool)
    assert fingerprint.kind == "video"
    assert fingerprint.film is not None
    return fingerprint.film


@pytest.mark.parametrize("form", FORMS)
def test_an_animation_has_frames_with_their_times(form: str, pool: DecoderPool) -> None:
    """However uneven, and stills that have a local layer."""
    shown = scene(3, 3.0)[:: 60 // len(MILLISECONDS)]
    starts = np.cumsum([0, *MILLISECONDS]) / 1000

    film = film_of(animated(shown, form, MILLISECONDS, **FORMS[form]), pool)

    assert film.duration == pytest.approx(starts[-1], abs=0.001)
    assert set(np.round(film.times, 2)) <= set(np.round(starts[:-1], 2))
    assert len(film) >= 10
    for seconds, found in zip(film.times, film.pdq, strict=True):
        frame = shown[int(np.argmin(np.abs(starts - seconds)))]
        assert bits_between(found.tobytes(), pdq(frame).original) <= 24
    assert len(film.stills) == 3


def test_frames_that_are_to_last_no_time_last_a_tenth(pool: DecoderPool) -> None:
    """So browsers show them."""
    assert film_of(animated(scene(3, 0.5), "GIF", [0] * 10), pool).duration == pytest.approx(1.0)


@pytest.mark.parametrize("count", [1, 8])
def test_a_few_frames_are_a_picture(count: int, pool: DecoderPool) -> None:
    content = animated(scene(3, 0.5)[:count], "GIF", [100] * count)

    assert staydown.fingerprint_bytes(content, pool=pool).kind == "picture"


def test_an_animation_is_looked_at_to_its_end(pool: DecoderPool) -> None:
    """A harmless beginning, however long, hides nothing."""
    blank = np.full((60, 80, 3), 255, np.uint8)
    late = drawing(80, 60, 35)
    frames = [blank + np.uint8(number % 2) for number in range(200)] + [late]

    film = film_of(animated(frames, "GIF", [40] * 201), pool)

    assert bits_between(film.pdq[-1].tobytes(), pdq(late).original) <= 24
    assert film.times[-1] == pytest.approx(8.0)


def test_an_animation_whose_end_is_missing_is_read_as_far_as_it_goes(pool: DecoderPool) -> None:
    whole = animated(scene(4, 1.5), "GIF", [100] * 30)

    film = film_of(whole[: len(whole) * 6 // 10], pool)

    assert 1.0 < film.duration < 2.0


def opened(content: bytes) -> int:
    fd = os.memfd_create("animation")
    os.write(fd, content)
    return fd


def test_reading_is_taken_up_again_at_any_frame() -> None:
    """A long one is hashed in stretches, as films are."""
    fd = opened(animated(scene(4, 1.0), "GIF", [100] * 20))
    try:
        with open_animation(fd, DEFAULT_LIMITS) as whole:
            frames = [next(whole.decode(each)) for each in whole.groups()]
        with open_animation(fd, DEFAULT_LIMITS) as again:
            later = [next(again.decode(each)) for each in again.groups(frames[12].time)]
    finally:
        os.close(fd)

    assert [each.time for each in later] == [each.time for each in frames[12:]]
    assert all((a.luma == b.luma).all() for a, b in zip(later, frames[12:], strict=True))


def test_an_animation_of_large_frames_is_looked_at_in_bounds() -> None:
    """Twice as many pixels as a picture may have, and no more."""
    pages = [np.full((600, 800, 3), 20 * number, np.uint8) for number in range(10)]
    fd = opened(animated(pages, "GIF", [100] * 10))
    try:
        with open_animation(fd, Limits(megapixels=1)) as animation:
            assert len(list(animation.groups())) == 4
        assert is_animation(fd, DEFAULT_LIMITS)
        assert not is_animation(fd, Limits(megapixels=1))
    finally:
        os.close(fd)


def test_what_is_no_animation_is_refused() -> None:
    for content, fault in (
        (encoded(scene(4)[0], "JPEG"), UnsupportedMedia),
        (b"GIF89a", DamagedMedia),
    ):
        fd = opened(content)
        with pytest.raises(fault), open_animation(fd, DEFAULT_LIMITS):
            pass
        assert not is_animation(fd, DEFAULT_LIMITS)
        os.close(fd)
