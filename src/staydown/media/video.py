"""Films to luma, and no more of it than is asked for.

Runs inside the limited process only (`staydown.media.worker`). A film is read a group
of packets at a time, each group beginning with a key frame; the caller says how many of
its frames to decode. Frames to which no other refers are never decoded, which halves
the work and changes no pixel of the rest.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from staydown.media.admit import admit
from staydown.media.decode import check_pixels
from staydown.media.errors import (
    DamagedMedia,
    NotMedia,
    NoVideo,
    TruncatedMedia,
    UnsupportedMedia,
)
from staydown.media.formats import PREFIX_BYTES, VIDEO_DEMUXERS, recognise
from staydown.media.limits import Limits
from staydown.media.visible import Pixels

try:
    # The packages that `av` would load only when a file asks for them: here, that is
    # too late.
    import av
    import av.audio.stream
    import av.logging
    import av.sidedata.encparams
    import av.sidedata.motionvectors
    import av.subtitles.codeccontext
    import av.subtitles.stream
    import av.video.reformatter
except ImportError:
    # The extra [video] is not installed: films are told apart, and not read.
    _HAS_AV = False
else:
    _HAS_AV = True
    # A decoder's complaints may quote the file.
    av.logging.set_level(av.logging.PANIC)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

CODECS = frozenset(
    ("h264", "hevc", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "mpeg4", "mjpeg")
)
"""The decoders that a stranger's file may reach, of the hundreds that FFmpeg has."""

_MOST_PACKETS = 1000
_MOST_BYTES = 64 << 20
"""A group that passes either is cut: memory stays flat, whatever the file."""

_SLOWEST, _FASTEST = 0.01, 1000.0
"""Frames a second. Beyond either, what a file says of them is not believed."""

_LONGEST = 4_000_000.0
"""Seconds, 46 days: what a hash's time can say."""

_ORIENTATIONS = {0: 1, 90: 8, 180: 3, 270: 6}
"""EXIF's number for a frame that must be turned left by so many degrees."""

_PLANAR = ("yuv", "nv", "gray", "p0")
_FULL_RANGE = 2


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """A frame *time* seconds into the film: its luma as stored, uint8 (height, width).

    Luma is the film's own Y, from 16 to 235 in most films (*span*: 219) and from 0 to 255
    in others; *orientation* is EXIF's.
    """

    time: float
    luma: Pixels
    span: int
    orientation: int
    is_key: bool


@dataclass(slots=True)
class Group:
    """The packets from one key frame to the next; *time* and *seconds* say where it lies."""

    time: float
    seconds: float = 0.0
    packets: list[Packet[VideoStream]] = field(default_factory=list)
    size: int = 0
    has_key: bool = False
    """Whether it begins with a key frame, and not where a long group was cut."""


class Video:
    """An open film. *width* and *height* are those of the picture as stored; *duration*,
    in seconds, is what the file says of itself, or 0: anybody can write anything there."""

    def __init__(self, container: InputContainer, stream: VideoStream, limits: Limits) -> None:
        self._container, self._stream, self._limits = container, stream, limits
        self._decoder = stream.codec_context
        self._decoder.thread_count = 1
        self._decoder.skip_frame = "NONREF"
        self._first = stream.start_time or 0
        self._unit = float(stream.time_base or 1)
        self.width, self.height = stream.width, stream.height
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        self.fps = fps if _SLOWEST <= fps <= _FASTEST else 0.0
        if stream.duration:
            self.duration = max(0.0, stream.duration * self._unit)
        else:
            self.duration = max(0.0, (container.duration or 0) / 1_000_000)

    def skip_loop_filter(self) -> None:
        """Leave the edges of blocks as they are: a fifth of the work, and at 1080p 2 bits
        of a hash. To be called before the first frame is decoded."""
        self._decoder.options = {**self._decoder.options, "skip_loop_filter": "all"}

    def groups(self, start: float = 0.0) -> Iterator[Group]:
        """The groups that begin at *start* seconds or later, as they lie in the file.

        A film whose end is missing ends where it breaks off.
        """
        group: Group | None = None
        latest = 0.0
        for packet in self._packets(start):
            stamp = packet.pts if packet.pts is not None else packet.dts
            time = latest if stamp is None else self._seconds(stamp)
            is_full = group is not None and (
                len(group.packets) >= _MOST_PACKETS or group.size >= _MOST_BYTES
            )
            if packet.is_keyframe or group is None or is_full:
                if group is not None:
                    group.seconds = max(0.0, time - group.time)
                    yield group
                group = Group(time, has_key=packet.is_keyframe)
            group.packets.append(packet)
            group.size += packet.size
            latest = max(latest, time + 1 / (self.fps or 25))
        if group is not None:
            group.seconds = max(0.0, latest - group.time)
            yield group

    def decode(self, group: Group, most: int | None = None) -> Iterator[VideoFrame]:
        """The frames of its first *most* packets, or of all, in the order they are shown;
        and of those after them, the ones that build upon no other.

        The last few frames of a whole group come with the next whole one, or with `rest`,
        which is to be called before anything but the next group is decoded.
        """
        for packet in group.packets[:most]:
            yield from self._decoded(packet)
        if most is not None:
            # Where a scene begins soon after a key frame, encoders put a whole frame that
            # is not called a key. Passing over the others costs next to nothing.
            self._decoder.skip_frame = "NONINTRA"
            for packet in group.packets[most:]:
                yield from self._decoded(packet)
            yield from self.rest()
            self._decoder.skip_frame = "NONREF"

    def rest(self) -> Iterator[VideoFrame]:
        """What the decoder still holds after a whole group."""
        yield from self._decoded(None)
        self._decoder.flush_buffers()

    def _packets(self, start: float) -> Iterator[Packet[VideoStream]]:
        container, stream = self._container, self._stream
        if start > 0:
            # To the key frame at or before *start*; what lies before it is passed over.
            goal = int(start / self._unit) + self._first
            try:
                container.seek(goal, stream=stream, backward=True, any_frame=False)
            except av.FFmpegError:
                container.seek(0)
        is_there = start <= 0
        try:
            for packet in container.demux(stream):
                stamp = packet.pts if packet.pts is not None else packet.dts
                if packet.size == 0:
                    continue
                if not is_there:
                    is_there = packet.is_keyframe and (
                        stamp is not None and self._seconds(stamp) >= start - 1e-4
                    )
                if is_there:
                    yield packet
        except (av.FFmpegError, ValueError):
            # Where the end of a film is missing, what there is of it counts.
            return

    def _decoded(self, packet: Packet[VideoStream] | None) -> Iterator[VideoFrame]:
        try:
            frames = self._decoder.decode(packet)
        except av.FFmpegError:
            # One damaged frame: players show the next one, and so do we.
            return
        for frame in frames:
            if frame.pts is not None:
                check_pixels(frame.width, frame.height, self._limits)
                yield self._visible(frame)

    def _visible(self, frame: av.VideoFrame) -> VideoFrame:
        name = frame.format.name
        is_full = name.startswith("yuvj") or int(frame.color_range) == _FULL_RANGE
        if name.startswith(_PLANAR) and not name.endswith("be"):
            luma = _luma(frame)
        else:
            luma, is_full = _luma(frame.reformat(format="gray")), True
        return VideoFrame(
            time=self._seconds(frame.pts or 0),
            luma=luma,
            span=255 if is_full else 219,
            orientation=_ORIENTATIONS.get(round(frame.rotation / 90) * 90 % 360, 1),
            is_key=bool(frame.key_frame),
        )

    def _seconds(self, stamp: int) -> float:
        return min(max(0.0, (stamp - self._first) * self._unit), _LONGEST)


@contextmanager
def open_video(fd: int, limits: Limits) -> Iterator[Video]:
    """The film in the open file *fd*. Raises a `MediaError` that says what is wrong with it."""
    size = admit(fd, limits)
    file = io.FileIO(fd, closefd=False)
    file.seek(0)
    form = recognise(file.read(PREFIX_BYTES))
    if form is None:
        raise NotMedia
    if form not in VIDEO_DEMUXERS or not _HAS_AV:
        raise UnsupportedMedia
    file.seek(0)
    try:
        # The demuxer is named, so that no file is taken for a playlist of others, and
        # no protocol is allowed by which it could ask for them.
        # Edits are not carried out but for where the film begins: fifty thousand of them,
        # a few bytes each, take longer than a film may; and what they hide is in the file too.
        # Nothing is decoded to learn what the header says: of a phone's film that would be
        # seven frames, a quarter of an upload's whole cost.
        container = av.open(
            file,
            "r",
            format=VIDEO_DEMUXERS[form],
            buffer_size=1 << 17,
            options={
                "protocol_whitelist": "",
                "max_streams": "64",
                "skip_frame": "all",
                **({"advanced_editlist": "0"} if form == "MP4" else {}),
            },
        )
    except av.error.EOFError as error:
        raise TruncatedMedia from error
    except av.FFmpegError as error:
        is_cut_off = form == "MP4" and _ends_within_a_box(fd, size)
        raise (TruncatedMedia if is_cut_off else DamagedMedia) from error
    with container:
        yield Video(container, _stream(container, limits), limits)


def _stream(container: InputContainer, limits: Limits) -> VideoStream:
    """The stream that a player shows: not a cover picture."""
    films = [each for each in container.streams.video if not _is_cover(each)]
    if not films:
        raise NoVideo
    stream = max(films, key=lambda each: (each.width or 0) * (each.height or 0))
    try:
        name = stream.codec_context.name
    except (AttributeError, ValueError) as error:
        raise UnsupportedMedia from error
    if name not in CODECS:
        raise UnsupportedMedia
    check_pixels(stream.width, stream.height, limits)
    stream.codec_context.options = {"max_pixels": str(limits.megapixels * 1_000_000)}
    return stream


def _is_cover(stream: VideoStream) -> bool:
    return bool(int(stream.disposition) & int(av.stream.Disposition.attached_pic))


def _ends_within_a_box(fd: int, size: int) -> bool:
    """Whether an MP4 file of *size* bytes breaks off: its last box promises more."""
    at = 0
    while at + 8 <= size:
        head = os.pread(fd, 16, at)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        if length < 8:
            return False
        at += length
    return at != size


def _luma(frame: av.VideoFrame) -> Pixels:
    """The Y plane, (height, width): a view of it, or eight bits of the ten or more."""
    plane, part = frame.planes[0], frame.format.components[0]
    if part.bits <= 8:
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        luma: Pixels = lines[: frame.height, : frame.width]
        return luma
    words = np.frombuffer(memoryview(plane), np.uint16).reshape(-1, plane.line_size // 2)
    # Of p010 and its like, the upper bits are those that count.
    spare = 8 if frame.format.name.startswith("p0") else part.bits - 8
    eight: Pixels = (words[: frame.height, : frame.width] >> spare).astype(np.uint8)
    return eight
