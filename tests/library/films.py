"""Films to test with: drawn ones, of any codec and container that PyAV's build can write,
and a few of the benign clips where they are."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from library.pictures import Pixels, drawing, photo_folder

# An encoder that talks.
os.environ.setdefault("SVT_LOG", "0")

WIDTH, HEIGHT = 320, 240
FPS = 20


@cache
def _ground(seed: int) -> Pixels:
    """Four drawings side by side, RGB, 640 x 480: much to see everywhere."""
    parts = [drawing(WIDTH, HEIGHT, 50 * seed + at) for at in range(4)]
    return np.vstack([np.hstack(parts[:2]), np.hstack(parts[2:])])


def scene(seed: int, seconds: float = 4.0, fps: int = FPS) -> list[Pixels]:
    """The frames, RGB, of a camera that moves over a large drawing, never straight on."""
    page = _ground(seed)
    count = round(seconds * fps)
    frames = []
    for number in range(count):
        turn = 2 * np.pi * number / (fps * 7)
        left = round((640 - WIDTH) * (0.5 + 0.48 * np.sin(turn + seed)))
        top = round((480 - HEIGHT) * (0.5 + 0.48 * np.cos(1.7 * turn + seed)))
        frames.append(np.ascontiguousarray(page[top : top + HEIGHT, left : left + WIDTH]))
    return frames


def filmed(
    frames: Iterable[Pixels],
    *,
    fps: int = FPS,
    codec: str = "libx264",
    form: str = "mp4",
    key_every: int = 250,
    times: list[float] | None = None,
    pixel_format: str = "yuv420p",
    rotation: int = 0,
    **options: str,
) -> bytes:
    """The file of a film. *times* in seconds make its frame rate uneven; *rotation* in
    degrees is noted in its header."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.pix_fmt = pixel_format
        stream.gop_size = key_every
        quick = {"preset": "ultrafast"} if "x26" in codec else {}
        stream.options = {"crf": "23", **quick, **options}
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        for number, pixels in enumerate(frames):
            if number == 0:
                stream.width, stream.height = pixels.shape[1], pixels.shape[0]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            if times is None:
                frame.pts, frame.time_base = number, Fraction(1, fps)
            else:
                frame.pts, frame.time_base = round(times[number] * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    _be_ordinary_again()
    return out.getvalue()


def _be_ordinary_again() -> None:
    """SVT-AV1, where root runs it, makes its caller a real-time process, and so all that the
    caller starts later: two of those that wait for each other starve the machine."""
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@cache
def drawn_film(seed: int, seconds: float = 4.0) -> bytes:
    return filmed(scene(seed, seconds))


def clip(name: str) -> bytes:
    """One of the benign clips, by the start of its name; a drawn film without them."""
    folder = photo_folder()
    if folder is None:
        return drawn_film(sum(name.encode()))
    (path,) = (Path(folder).parent / "videos").glob(f"{name}*")
    return path.read_bytes()


def frames_of(content: bytes) -> list[Pixels]:
    """The frames of a film, RGB, by PyAV."""
    with av.open(io.BytesIO(content)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def looped(content: bytes, times: int) -> bytes:
    """The film so many times in a row, without encoding it again."""
    out = io.BytesIO()
    with av.open(io.BytesIO(content)) as source, av.open(out, "w", format="mp4") as target:
        stream = source.streams.video[0]
        copy: Any = target.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.size]
        stamps = [(packet.pts, packet.dts) for packet in packets]
        length = stream.duration
        for turn in range(times):
            for packet, (shown, decoded) in zip(packets, stamps, strict=True):
                assert shown is not None
                assert decoded is not None
                assert length is not None
                packet.pts, packet.dts = shown + turn * length, decoded + turn * length
                packet.stream = copy
                target.mux(packet)
    return out.getvalue()
