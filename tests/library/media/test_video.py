"""Films of every kind to frames: what is read, and what each damage is called."""

import io
import os
import time
from collections.abc import Callable
from typing import Any

import av
import numpy as np
import pytest

import staydown
from library.films import FPS, drawn_film, filmed, scene
from library.pictures import bits_between, damaged
from staydown import DecoderPool, Limits, MediaError
from staydown.fingerprint import gather
from staydown.fingerprint import video as hashing
from staydown.fingerprint.files import new_pool
from staydown.fingerprint.film import Film
from staydown.fingerprint.local import OPEN_KEY
from staydown.fingerprint.pdq import pdq
from staydown.media import video
from staydown.media.limits import DEFAULT_LIMITS

KINDS = {
    "H.264 in MP4": {"codec": "libx264"},
    "H.264 in MOV": {"codec": "libx264", "form": "mov"},
    "H.264 in MKV": {"codec": "libx264", "form": "matroska"},
    "H.264 of 10 bits": {"codec": "libx264", "pixel_format": "yuv420p10le"},
    "H.264 of RGB": {"codec": "libx264rgb", "pixel_format": "rgb24"},
    "HEVC": {"codec": "libx265", "x265-params": "log-level=none"},
    "VP8 in WebM": {"codec": "libvpx", "form": "webm"},
    "VP9 in WebM": {"codec": "libvpx-vp9", "form": "webm"},
    "AV1": {"codec": "libsvtav1", "crf": "15", "preset": "12"},
    "MPEG-4 in AVI": {"codec": "mpeg4", "form": "avi", "b": "2000000"},
    "Motion JPEG in AVI": {"codec": "mjpeg", "form": "avi", "pixel_format": "yuvj420p"},
}


def film_of(content: bytes, pool: DecoderPool) -> Film:
    fingerprint = staydown.fingerprint_bytes(content, pool=pool)
    assert fingerprint.kind == "video"
    assert fingerprint.film is not None
    return fingerprint.film


@pytest.mark.parametrize("kind", KINDS)
def test_a_film_of_every_kind_is_read(kind: str, pool: DecoderPool) -> None:
    """Its frames have the hashes of what was filmed, at the times when it was."""
    frames = scene(5, seconds=1.0)

    film = film_of(filmed(frames, **KINDS[kind]), pool)

    assert film.duration == pytest.approx(1.0, abs=0.06)
    assert len(film) >= 9
    for seconds, found, quality in zip(film.times, film.pdq, film.quality, strict=True):
        shown = pdq(frames[round(seconds * FPS)])
        assert bits_between(found.tobytes(), shown.original) <= 16
        assert abs(int(quality) - shown.quality) <= 6


@pytest.mark.parametrize(("degrees", "turns"), [(-90, -1), (90, 1), (180, 2)])
def test_a_turned_film_is_hashed_upright(degrees: int, turns: int, pool: DecoderPool) -> None:
    """A phone notes how it was held; players turn the picture, and so do we."""
    frames = scene(6, seconds=0.5)

    fingerprint = staydown.fingerprint_bytes(filmed(frames, rotation=degrees), pool=pool)

    assert fingerprint.film is not None
    upright = pdq(np.ascontiguousarray(np.rot90(frames[0], turns))).original
    assert bits_between(fingerprint.film.pdq[0].tobytes(), upright) <= 16
    assert (fingerprint.width, fingerprint.height) == ((320, 240) if turns == 2 else (240, 320))


def test_times_are_those_of_the_frames_however_uneven(pool: DecoderPool) -> None:
    """Phones and screen recorders film at no steady rate."""
    times = [0.0, 0.1, 0.15, 0.6, 0.7, 1.4, 1.5, 2.2]

    film = film_of(filmed(scene(7, 0.4), times=times, bf="0"), pool)

    assert set(np.round(film.times, 2)) <= set(times)
    assert film.times[-1] == pytest.approx(2.2, abs=0.01)


def test_a_film_whose_end_is_missing_is_read_as_far_as_it_goes(pool: DecoderPool) -> None:
    """An upload that broke off plays, and must not pass for that."""
    whole = filmed(scene(8), form="matroska", key_every=10)

    film = film_of(whole[: len(whole) * 6 // 10], pool)

    assert 1.0 < film.duration < 3.5
    assert len(film) > 20


def test_a_film_with_a_hole_is_read_on_both_sides_of_it(pool: DecoderPool) -> None:
    whole = filmed(scene(8), key_every=10, movflags="faststart")
    hole = len(whole) // 2

    film = film_of(whole[:hole] + bytes(2000) + whole[hole + 2000 :], pool)

    assert film.times[0] == 0
    assert film.times[-1] > 3.5


def sound_only() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream: Any = container.add_stream("aac", rate=44100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        silence.sample_rate = 44100
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))
    return out.getvalue()


FAULTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "no index at its end": (lambda: drawn_film(1)[:-3000], "truncated_media"),
    "sound only": (sound_only, "no_video"),
    "another codec": (
        lambda: filmed(scene(1, 0.2), codec="flv", form="avi"),
        "unsupported_media",
    ),
    "nothing in it": (lambda: b"\x1a\x45\xdf\xa3" + bytes(500), "damaged_media"),
    "a list of other files": (
        lambda: b"\x00\x00\x00\x08free#EXTM3U\nfile:///etc/passwd\n",
        "truncated_media",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_name(fault: str, pool: DecoderPool) -> None:
    make, code = FAULTS[fault]

    with pytest.raises(MediaError) as caught:
        staydown.fingerprint_bytes(make(), pool=pool)

    assert caught.value.code == code


def test_limits_hold_for_films() -> None:
    """Pixels are checked before a frame is decoded, and bytes have a limit of their own."""
    pool = new_pool(limits=Limits(megapixels=1, megabytes=1, film_megabytes=2), size=1)
    large = filmed([np.zeros((1000, 1200, 3), np.uint8)] * 2)
    try:
        with pytest.raises(MediaError, match="1200 x 1000 pixels"):
            staydown.fingerprint_bytes(large, pool=pool)
        with pytest.raises(MediaError, match="at most 2 are read"):
            staydown.fingerprint_bytes(drawn_film(1) + bytes(3_000_000), pool=pool)
        assert staydown.fingerprint_bytes(drawn_film(1) + bytes(1_500_000), pool=pool).film
    finally:
        pool.close()


@pytest.mark.parametrize("form", ["mp4", "matroska"])
def test_opening_a_film_decodes_none_of_it(form: str) -> None:
    """Left to itself, FFmpeg decodes seven frames to learn in which order they are shown."""
    large = [np.kron(each, np.ones((4, 4, 1), np.uint8)) for each in scene(2, 0.5)]
    fd = os.memfd_create("film")
    try:
        os.write(fd, filmed(large, form=form, bf="0", crf="5"))
        start = time.process_time()
        with video.open_video(fd, DEFAULT_LIMITS) as film:
            opened = time.process_time()
            next(film.decode(next(film.groups()), 1))
            decoded = time.process_time()
    finally:
        os.close(fd)

    assert opened - start < (decoded - opened) / 2


@pytest.mark.parametrize("form", ["mp4", "matroska", "avi"])
def test_damage_is_a_film_or_a_named_error_and_never_an_accident(
    form: str, pool: DecoderPool
) -> None:
    """Bytes changed, cut out and doubled, thirty times."""
    codec = "mpeg4" if form == "avi" else "libx264"
    content = filmed(scene(9, 1.0), form=form, codec=codec, key_every=5)
    outcomes = [outcome(copy, pool) for copy in damaged(content, seed=len(form), count=30)]

    assert "video" in outcomes
    assert "decoder_died" not in outcomes
    assert outcome(content, pool) == "video"


def outcome(content: bytes, pool: DecoderPool) -> str:
    """What a file turns out to be: a kind, or the code of an error."""
    try:
        return staydown.fingerprint_bytes(content, pool=pool).kind
    except MediaError as error:
        return error.code


def test_without_the_reader_a_film_is_told_apart_and_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(video, "_HAS_AV", False)
    fd = os.memfd_create("film")
    os.write(fd, drawn_film(1))
    with pytest.raises(staydown.media.UnsupportedMedia), video.open_video(fd, DEFAULT_LIMITS):
        pass
    os.close(fd)


class HereAndNow:
    """A pool whose decoder is this very process, so that it can be watched."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def run(self, entry: str, fd: int, options: dict[str, Any], *, meanwhile: Any = None) -> bytes:
        self.asked.append(options)
        return hashing.hash_video(fd, DEFAULT_LIMITS, **options)


def gathered(content: bytes, pool: HereAndNow, progress: Any = None) -> Film:
    fd = os.memfd_create("film")
    try:
        os.write(fd, content)
        found = gather.gather_film(
            fd,
            pool,  # type: ignore[arg-type]
            OPEN_KEY,
            profile="reported",
            progress=progress,
            meanwhile=lambda: None,
        )
        return found.film
    finally:
        os.close(fd)


def test_a_long_film_is_hashed_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many short requests give what one long one gives, and say how far they have come."""
    content = filmed(scene(11, 6.0), key_every=15, form="matroska")
    at_once = gathered(content, HereAndNow())
    monkeypatch.setattr(hashing, "STRETCH", 1.0)
    pool, heard = HereAndNow(), []

    in_stretches = gathered(content, pool, heard.append)

    assert len(pool.asked) == 8
    assert heard == sorted(heard)
    assert heard[-1] > 5
    assert in_stretches.duration == at_once.duration
    assert set(at_once.times) <= set(in_stretches.times)


def test_the_longest_film_has_no_more_hashes_than_are_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They lie further apart instead, over all of its length."""
    monkeypatch.setattr(gather, "MOST_FRAMES", 40)

    film = gathered(filmed(scene(12, 6.0)), HereAndNow())

    assert 10 <= len(film) <= 40
    assert film.times[-1] > 5
    assert np.diff(film.times).max() < 1


def test_making_films_leaves_the_tests_an_ordinary_process() -> None:
    """An encoder of AV1 makes root's processes real-time ones: nothing else would get a turn."""
    filmed(scene(1, 0.3), **KINDS["AV1"])

    assert os.sched_getscheduler(0) == os.SCHED_OTHER
