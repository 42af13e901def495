"""The browser's hashes of a film are the server's: at most 6 bits apart, a second apart."""

import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Page

from hasher.conftest import Hash, choose, fingerprint_in, with_worker_of
from library.films import clip, filmed, scene
from library.fingerprint.test_film_vectors import hashes_of
from library.pictures import VECTORS, bits_between
from staydown import Fingerprint, compare, fingerprint_bytes
from staydown.fingerprint.film import KEY, PLAIN, Film
from staydown.fingerprint.pdq import pdq

pytestmark = pytest.mark.browser

FURTHEST = 6
"""Bits by which the hash of a frame may differ from the server's."""

VP9 = {"codec": "libvpx-vp9", "form": "webm", "deadline": "realtime", "cpu-used": "8"}
AV1 = {"codec": "libsvtav1", "preset": "12"}


def film_in(outcome: dict[str, Any]) -> Film:
    film = fingerprint_in(outcome).film
    assert film is not None
    return film


def lumas_of(content: bytes) -> dict[int, Any]:
    """Every frame's Y plane as stored, by its milliseconds; by PyAV alone."""
    lumas = {}
    with av.open(io.BytesIO(content)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            lumas[round(frame.time * 1000)] = lines[: frame.height, : frame.width].copy()
    return lumas


def assert_frames_are(film: Film, lumas: dict[int, Any], turns: int = 0) -> None:
    """Each hash is that of the frame at its very time; *turns* of 90 degrees to the left."""
    assert len(film) > 1
    for record in film.frames:
        luma = np.rot90(lumas[int(record["milliseconds"])], turns)
        expected = pdq(np.ascontiguousarray(luma), span=219)
        assert bits_between(bytes(record["pdq"]), expected.original) <= FURTHEST
        assert bits_between(bytes(record["mirrored"]), expected.dihedral[5]) <= FURTHEST
        assert abs(int(record["quality"]) - expected.quality) <= 1


@pytest.mark.parametrize(
    "vector",
    [
        pytest.param(each, id=each["film"][6:])
        for each in json.loads((VECTORS / "film.json").read_text())["vectors"]
    ],
)
def test_vectors_are_the_references(hashed: Hash, vector: dict[str, Any]) -> None:
    """What binds the browser to the server; `test_film_vectors` is the server's half."""
    (outcome,) = hashed(VECTORS / vector["film"])

    found, film = fingerprint_in(outcome), film_in(outcome)
    assert (found.kind, found.sha256) == ("video", vector["sha256"])
    assert (found.width, found.height) == (vector["width"], vector["height"])
    assert film.duration == pytest.approx(vector["duration"], abs=0.1)
    assert film.fps == pytest.approx(20, abs=0.5)
    assert film.times.tolist() == [frame["milliseconds"] / 1000 for frame in vector["frames"]]
    for record, frame in zip(film.frames, vector["frames"], strict=True):
        assert bits_between(bytes(record["pdq"]), bytes.fromhex(frame["pdq"])) <= FURTHEST
        assert bits_between(bytes(record["mirrored"]), bytes.fromhex(frame["mirrored"])) <= FURTHEST
        assert abs(int(record["quality"]) - frame["quality"]) <= 1
    # The server's own flags of the same frames.
    keys = [bool(flags & KEY) for flags in film.frames["flags"]]
    assert keys == [True, False, True, False, True]
    assert all(time in hashes_of(vector) for time in film.frames["milliseconds"].tolist())


@pytest.mark.parametrize(
    "made",
    [
        pytest.param({"form": "mov"}, id="h264 in QuickTime"),
        pytest.param({"form": "matroska"}, id="h264 in Matroska"),
        pytest.param({"movflags": "frag_keyframe+empty_moov"}, id="h264 in fragments"),
        pytest.param(VP9, id="vp9"),
        pytest.param(AV1, id="av1"),
        pytest.param({"pixel_format": "yuv444p"}, id="h264, whole colours"),
    ],
)
def test_every_codec_and_container(hashed: Hash, made: dict[str, Any]) -> None:
    content = filmed(scene(3, 3.2), **made)

    (outcome,) = hashed(content)

    film = film_in(outcome)
    assert film.times.tolist() == [0, 1, 2, 3]
    assert film.duration == pytest.approx(3.2, abs=0.05)
    assert_frames_are(film, lumas_of(content))


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_films_are_seen_upright(hashed: Hash, rotation: int) -> None:
    content = filmed(scene(4, 2.2), rotation=rotation)

    (outcome,) = hashed(content)

    found = fingerprint_in(outcome)
    expected = fingerprint_bytes(content)
    assert (found.width, found.height) == (expected.width, expected.height)
    assert_frames_are(film_in(outcome), lumas_of(content), turns=rotation // 90)


def test_ten_bits_and_the_full_range(hashed: Hash) -> None:
    """Of ten bits, the upper eight; quality counts the range that the film uses."""
    frames = scene(5, 2.2)
    deep = filmed(frames, pixel_format="yuv420p10le", **AV1)
    full = filmed(frames, pixel_format="yuvj420p")

    for content, outcome in zip((deep, full), hashed(deep, full), strict=True):
        film = film_in(outcome)
        server = fingerprint_bytes(content, look="reported").film
        assert server is not None
        first, expected = film.frames[0], server.frames[0]
        assert bits_between(bytes(first["pdq"]), bytes(expected["pdq"])) <= FURTHEST
        assert abs(int(first["quality"]) - int(expected["quality"])) <= 1


def test_frames_that_stay_on_the_graphics_card(page: Page, tmp_path: Path) -> None:
    """Only their colours are handed out: Y is had back from them, by the film's own matrix."""
    with_worker_of(
        page, "Object.defineProperty(VideoFrame.prototype, 'format', { get: () => null });"
    )
    small = scene(5, 2.2)
    large = [np.kron(each, np.ones((4, 4, 1), np.uint8))[:720] for each in small[::4]]
    files = [filmed(small, colorspace="smpte170m"), filmed(large, fps=5, colorspace="bt709")]
    choose(page, tmp_path, *files)

    for content, outcome in zip(files, page.evaluate("hashAll()"), strict=True):
        assert_frames_are(film_in(outcome), lumas_of(content))


def test_times_are_those_of_the_frames_shown(hashed: Hash) -> None:
    """However uneven; and what is shown for seconds is hashed once."""
    frames = scene(6, 3)
    times = [0.0, 0.7, 1.1, 1.15, 6.2, 6.25, 7.05]
    content = filmed(frames[: len(times)], times=times)

    (outcome,) = hashed(content)

    film = film_in(outcome)
    assert film.times.tolist() == [0, 0.7, 1.15, 6.25]
    assert_frames_are(film, lumas_of(content))


def test_a_film_that_begins_late_begins_at_nought(hashed: Hash) -> None:
    """Phones cut films by moving their start."""
    frames, late = scene(7, 2.2), Fraction(3)
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        stream: Any = container.add_stream("libx264", rate=20)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round((late + Fraction(number, 20)) * 20), Fraction(1, 20)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    (outcome,) = hashed(out.getvalue())

    assert film_in(outcome).times.tolist() == [0, 1, 2]


def test_title_cards_are_plain(hashed: Hash) -> None:
    """As on the server: such frames carry no match."""
    card = np.full((240, 320, 3), 90, np.uint8)
    content = filmed([card] * 25 + scene(8, 1))

    (outcome,) = hashed(content)

    flags = film_in(outcome).frames["flags"].tolist()
    assert [bool(each & PLAIN) for each in flags] == [True, True, False]


def test_clips_meet_their_copies(hashed: Hash) -> None:
    """What the device says finds what the server holds: the file, and a smaller copy of it."""
    content = clip("v012")
    (outcome,) = hashed(content)
    reported = fingerprint_in(outcome)
    assert_frames_are(film_in(outcome), lumas_of(content))

    with av.open(io.BytesIO(content)) as container:
        fps = round(float(container.streams.video[0].average_rate or 25))
        small = [
            frame.reformat(width=frame.width // 4 * 2, height=frame.height // 4 * 2).to_ndarray(
                format="rgb24"
            )
            for frame in container.decode(video=0)
        ]
    copy = fingerprint_bytes(filmed(small, fps=fps, crf="30"))

    identical = compare(reported, fingerprint_bytes(content))
    match = compare(reported, copy)
    assert identical is not None
    assert identical.kind == "identical"
    assert match is not None
    assert match.kind == "same"


def sound() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream: Any = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def test_what_cannot_be_decoded_has_a_reason(hashed: Hash) -> None:
    """With the exact layer all the same: identical copies are found."""
    frames = scene(9, 1)
    files = {
        "hevc": filmed(frames, codec="libx265", **{"x265-params": "log-level=none"}),
        "mp4v": filmed(frames, codec="mpeg4"),
        "AVI": filmed(frames, codec="mpeg4", form="avi"),
    }
    for (what, content), outcome in zip(files.items(), hashed(*files.values()), strict=True):
        assert outcome["reason"] == {"code": "unsupported_media", "what": what}
        found = Fingerprint.from_dict(outcome["fingerprint"])
        assert compare(found, fingerprint_bytes(content)) is not None

    no_index = filmed(frames)[:20_000]
    silent, cut = hashed(sound(), no_index)
    assert silent["reason"] == {"code": "no_video"}
    assert cut["reason"] == {"code": "damaged_media"}
    assert "film" not in cut["fingerprint"]


def test_a_damaged_film_is_read_as_far_as_it_goes(hashed: Hash) -> None:
    """What there is of it counts, and the person is told that there was more."""
    whole = filmed(scene(10, 8), key_every=40, **AV1)
    middle = len(whole) // 2
    hurt = whole[:middle] + bytes(range(250)) * 16 + whole[middle + 4000 :]

    (outcome,) = hashed(hurt)

    assert outcome["reason"] == {"code": "damaged_media"}
    film = Fingerprint.from_dict(outcome["fingerprint"]).film
    assert film is not None
    assert 0 < len(film) < 8
    lumas = lumas_of(whole)
    first = pdq(lumas[0], span=219)
    assert bits_between(bytes(film.frames[0]["pdq"]), first.original) <= FURTHEST
