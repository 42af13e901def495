"""What people do to a film before they post it again, as functions from files to files.

Each edit reads a film with PyAV, changes its frames or their times, and encodes it anew
with x264: other key frames, other losses. A copy's `shows` says which stretch of the
original it shows where, to check the times of a match by.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from benchmarks import edits
from benchmarks.edits import Pixels, generator

TICKS = 90_000
"""A second, in the time base of every film written here."""

_MARK = np.array([255, 0, 255])

Timed = tuple[float, Pixels]
Change = Callable[[Pixels, np.random.Generator, Sequence[Pixels]], Pixels]


@dataclass(frozen=True, slots=True)
class Copy:
    """An edited film: the file, and where it shows the original.

    *shows* is (start, end) in the original and (start, end) in the copy, in seconds.
    """

    content: bytes = field(repr=False)
    shows: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Film:
    """A film as its frames: RGB, with the time at which each is shown."""

    frames: list[Pixels]
    times: list[float]
    fps: float

    @property
    def duration(self) -> float:
        return self.times[-1] + 1 / self.fps


def read(source: str | bytes) -> Film:
    file: Any = io.BytesIO(source) if isinstance(source, bytes) else source
    with av.open(file) as container:
        stream = container.streams.video[0]
        frames = [
            (frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(stream)
        ]
        first = frames[0][0] or 0.0
        return Film(
            frames=[pixels for _, pixels in frames],
            times=[float((time or 0.0) - first) for time, _ in frames],
            fps=float(stream.average_rate or 25),
        )


def written(
    frames: Iterator[Timed] | Sequence[Timed],
    fps: float,
    *,
    crf: int = 26,
    codec: str = "libx264",
    form: str = "mp4",
    options: dict[str, str] | None = None,
) -> bytes:
    """The film as a file; all frames take the size of the first, made even."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        rate = Fraction(fps).limit_denominator(1001)
        stream = container.add_stream(codec, rate=rate)
        stream.options = options or {"crf": str(crf), "preset": "veryfast"}
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        is_first = True
        for time, pixels in frames:
            height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
            if is_first:
                stream.width, stream.height = width, height
                is_first = False
            pixels = np.ascontiguousarray(pixels[: stream.height, : stream.width])
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = round(time * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def _each(change: Change, **encoding: Any) -> Edit:
    """An edit that does the same to every frame."""

    def edit(film: Film, key: str, others: Sequence[Film]) -> Copy:
        fillers = [other.frames[len(other.frames) // 2] for other in others]
        # The same choices for every frame: a sticker does not jump about.
        changed = (
            (time, change(pixels, generator(key), fillers))
            for time, pixels in zip(film.times, film.frames, strict=True)
        )
        whole = (0.0, film.duration, 0.0, film.duration)
        return Copy(written(changed, film.fps, **encoding), whole)

    return edit


Edit = Callable[[Film, str, Sequence[Film]], Copy]


def _as_it_is(pixels: Pixels, rng: np.random.Generator, fillers: Sequence[Pixels]) -> Pixels:
    return pixels


def _narrow(width: int) -> Change:
    def change(pixels: Pixels, rng: np.random.Generator, fillers: Sequence[Pixels]) -> Pixels:
        size = width, max(2, round(pixels.shape[0] * width / pixels.shape[1]))
        return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)

    return change


def _text(pixels: Pixels, rng: np.random.Generator, fillers: Sequence[Pixels]) -> Pixels:
    """A line of words above and one below, white with a dark rim."""
    out = pixels.copy()
    height, width = out.shape[:2]
    scale = width / 500
    for down in (0.14, 0.9):
        words = " ".join(rng.choice(edits.WORDS, 4)).upper()
        place = round(width * 0.06), round(height * down)
        for colour, thick in (((0, 0, 0), 7), ((255, 255, 255), 2)):
            line = max(1, round(thick * scale))
            cv2.putText(
                out, words, place, cv2.FONT_HERSHEY_DUPLEX, scale, colour, line, cv2.LINE_AA
            )
    return out


def frame_rate(film: Film, key: str, others: Sequence[Film]) -> Copy:
    """To 24 a second from 25 or more, to 10 from fewer: other frames are dropped and kept."""
    fps = 24.0 if film.fps > 24.5 else 10.0 if film.fps > 10 else 7.0
    return Copy(
        written(_resampled(film, 0.0, film.duration, 1.0, fps), fps),
        (0.0, film.duration, 0.0, film.duration),
    )


def speed(factor: float) -> Edit:
    """Plays *factor* times as fast, at the old frame rate."""

    def edit(film: Film, key: str, others: Sequence[Film]) -> Copy:
        frames = list(_resampled(film, 0.0, film.duration, factor, film.fps))
        return Copy(written(frames, film.fps), (0.0, film.duration, 0.0, film.duration / factor))

    return edit


def trim(film: Film, key: str, others: Sequence[Film]) -> Copy:
    """Five seconds of it, or half of it where it is shorter than ten, from anywhere."""
    length = min(5.0, film.duration / 2)
    start = float(generator("trim", key).uniform(0.05, film.duration - length))
    frames = [
        (time - start, pixels)
        for time, pixels in zip(film.times, film.frames, strict=True)
        if start <= time < start + length
    ]
    return Copy(written(frames, film.fps), (start, start + length, 0.0, length))


def concatenation(film: Film, key: str, others: Sequence[Film]) -> Copy:
    """Between two other films, after a black second, in a frame of one size."""
    before, after = others[0], others[1]
    fps = 30.0
    parts: list[tuple[Film, float]] = [
        (before, before.duration),
        (film, film.duration),
        (after, after.duration),
    ]
    frames: list[Timed] = []
    at = 0.0
    shown = (0.0, 0.0)
    for part, length in parts:
        if part is film:
            black = np.zeros((480, 854, 3), np.uint8)
            frames += [(at + each / fps, black) for each in range(30)]
            at += 1.0
            shown = at, at + length
        for time, pixels in _resampled(part, 0.0, length, 1.0, fps):
            frames.append((at + time, _fitted(pixels)))
        at = frames[-1][0] + 1 / fps
    return Copy(written(frames, fps), (0.0, film.duration, *shown))


def _fitted(pixels: Pixels, width: int = 854, height: int = 480) -> Pixels:
    """Stretched to one size: players of compilations do so with clips of like shape, and
    this is no test of bars."""
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


def picture_in_picture(film: Film, key: str, others: Sequence[Film]) -> Copy:
    """As an inset of 40% of the side of another film that goes on beneath it."""
    other = others[0]
    frames: list[Timed] = []
    for at, (time, pixels) in enumerate(zip(film.times, film.frames, strict=True)):
        ground = _fitted(other.frames[at % len(other.frames)]).copy()
        size = round(854 * 0.4), round(854 * 0.4 * pixels.shape[0] / pixels.shape[1])
        inset = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)[:440]
        ground[20 : 20 + inset.shape[0], 854 - 20 - inset.shape[1] : 834] = inset
        frames.append((time, ground))
    return Copy(written(frames, film.fps), (0.0, film.duration, 0.0, film.duration))


def screen_recording(film: Film, key: str, others: Sequence[Film]) -> Copy:
    """A phone's screen filmed by itself: a feed about the film, at its own frame rate."""
    rng = generator("screen", key)
    draw = edits.phone_screenshot(dark=bool(rng.integers(2)))
    # The page is drawn once, around a mark that no page shows of itself.
    mark = np.zeros_like(film.frames[0])
    mark[:] = _MARK
    page = draw(mark, generator(key), [each.frames[0] for each in others])
    rows, columns = np.nonzero((np.abs(page.astype(int) - _MARK) < 24).all(axis=2))
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    frames: list[Timed] = []
    for time, pixels in _resampled(film, 0.0, film.duration, 1.0, 25.0):
        screen = page.copy()
        size = int(right - left), int(bottom - top)
        screen[top:bottom, left:right] = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        frames.append((time, screen))
    return Copy(written(frames, 25.0, crf=28), (0.0, film.duration, 0.0, film.duration))


def _story(pixels: Pixels, rng: np.random.Generator, fillers: Sequence[Pixels]) -> Pixels:
    """A tall frame whose ground is the film itself, blurred: how stories show films."""
    width = pixels.shape[1]
    height = max(pixels.shape[0], width * 16 // 9)
    small = cv2.resize(pixels, (36, 64), interpolation=cv2.INTER_AREA)
    ground = cv2.resize(cv2.GaussianBlur(small, (0, 0), 2), (width, height)) // 2
    top = (height - pixels.shape[0]) // 2
    ground[top : top + pixels.shape[0]] = pixels
    return ground


def _resampled(
    film: Film, start: float, length: float, factor: float, fps: float
) -> Iterator[Timed]:
    """What a screen shows of the film at *fps*, played *factor* times as fast."""
    times = np.array(film.times)
    for number in range(max(1, int(length / factor * fps))):
        at = np.searchsorted(times, start + number / fps * factor + 1e-6, "right") - 1
        yield number / fps, film.frames[max(0, int(at))]


EDITS: dict[str, Edit] = {
    "crf 35": _each(_as_it_is, crf=35),
    "0.5x": _each(edits.resize(0.5)),
    "frame rate": frame_rate,
    "crop 20%": _each(edits.crop(0.2)),
    "bars": _each(edits.bars(0.2, 0)),
    "story frame": _each(_story),
    "mirror": _each(edits.mirror),
    "text": _each(_text),
    "sticker 8%": _each(edits.sticker(0.08)),
    "trim to 5 s": trim,
    "between others": concatenation,
    "speed 0.9": speed(0.9),
    "speed 1.1": speed(1.1),
    "picture in picture": picture_in_picture,
    "grey": _each(edits.grey),
    "messenger 640": _each(_narrow(640), crf=30),
    "screen recording": screen_recording,
}
