"""A film's frames to their hashes; runs inside the limited process.

Which frames? Every frame that is hashed must first be decoded, and with it all those it
builds upon, back to a key frame. Key frames alone cost a thirtieth of the whole, but a
copy has its key frames elsewhere, and where things move, the hash of a frame says
nothing of the frame a tenth of a second later. So one side must be dense: then each
frame of the other meets its own. `REPORTED` looks at every frame to which others refer
(the few films that people report); `UPLOAD` spends what a tenth of a full decode at
1080p costs, whatever the size of the film: that is every such frame of a small film, and
of a large one the key frames and a burst after each. ``docs/video.md`` has the numbers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from staydown.fingerprint.film import FRAME, KEY, PLAIN
from staydown.fingerprint.local.glimpse import Bytes, glimpsed
from staydown.fingerprint.local.tiles import FRAME as FRAME_SIDE
from staydown.fingerprint.pdq import ORIENTATIONS, PdqHash, pdq
from staydown.media.animation import Animation, open_animation
from staydown.media.decode import Frame
from staydown.media.errors import DamagedMedia
from staydown.media.formats import PREFIX_BYTES, VIDEO_DEMUXERS, recognise
from staydown.media.limits import Limits
from staydown.media.video import Group, Video, VideoFrame, open_video


@dataclass(frozen=True, slots=True)
class VideoProfile:
    """How closely a film is looked at.

    Frames of at most *small* million pixels are all decoded; of larger ones the key frames,
    and after each as many as a *share* of the work of decoding all allows. A frame is hashed
    at least *apart* seconds after the last; what differs from it in fewer than *changed*
    bits is left out for up to *still* seconds. Of the hashed frames, those *sketched* seconds
    apart also come as sketches: 128 x 128 grey pixels, to find the moment by. A still (a
    frame with a local layer) is taken where the hash differs from the last still's in at
    least *turned* bits, and no sooner than *between* seconds after it.
    """

    small: float
    share: float
    apart: float
    changed: int
    still: float
    sketched: float
    turned: int
    between: float


UPLOAD = VideoProfile(
    small=0.52,
    share=0.06,
    apart=0.05,
    changed=8,
    still=0.5,
    sketched=0.24,
    turned=24,
    between=4.0,
)
REPORTED = VideoProfile(
    small=0.52,
    share=1.0,
    apart=0.0,
    changed=4,
    still=0.5,
    sketched=0.06,
    turned=40,
    between=0.4,
)
PROFILES = {"upload": UPLOAD, "reported": REPORTED}

STRETCH = 1000.0
"""Million pixels decoded before a decoder gives the word back: a few seconds, so that a
long film never holds up the queue."""

_HASHING = 0.25
"""What hashing a frame costs, in million pixels decoded: of a small film, most of it."""

_MOST_BYTES = 512 << 20
_PIXELS_A_BYTE = 48
"""H.264 takes as long to decode a byte as so many pixels: 75 ns (docs/video.md)."""

_KEYS_APART = 0.4
_CREDIT, _MOST_DEBT = 0.75, 3.0
"""Seconds' worth of a film's share of work: what may be owed before a key frame is decoded,
and what is owed at most afterwards."""

_EARLY_STILLS = 3
_EARLY_BETWEEN = 0.4
_PLAIN_SHARE = 0.6
_MIRRORED = ORIENTATIONS.index("mirrored")


def hash_video(
    fd: int, limits: Limits, *, profile: str, start: float = 0.0, apart: float = 0.0
) -> bytes:
    """The frames of one stretch of a film, from the key frame at *start* seconds on.

    *apart* is the least distance of two hashes in seconds, where the film turned out to
    be a long one. Returns a line of JSON: ``width``, ``height``, ``duration``, ``fps``,
    ``next`` (where the next stretch begins, or null), ``frames`` (how many), ``stills``
    (time, height and width of each) and ``sketches`` (milliseconds of each); then the
    frames in the form of `staydown.fingerprint.film.FRAME`, the pixels of the stills, and
    those of the sketches.
    """
    is_film = recognise(os.pread(fd, PREFIX_BYTES, 0)) in VIDEO_DEMUXERS
    with (open_video if is_film else open_animation)(fd, limits) as film:
        return _Stretch(film, PROFILES[profile], apart).hashed(start)


class _Stretch:
    def __init__(self, video: Video | Animation, profile: VideoProfile, apart: float) -> None:
        self._video, self._profile = video, profile
        self._megapixels = max(1, video.width * video.height) / 1e6
        self._is_whole = self._megapixels <= profile.small or profile.share >= 1
        if isinstance(video, Animation):
            # Every frame of it must be decoded anyway.
            self._is_whole = True
        elif not self._is_whole:
            video.skip_loop_filter()
        self._apart = max(profile.apart, apart)
        self._frames: list[np.void] = []
        self._last: tuple[float, PdqHash] | None = None
        self._last_still: tuple[float, PdqHash] | None = None
        self._stills: list[tuple[float, Bytes]] = []
        self._sketches: list[tuple[int, bytes]] = []
        self._size = (0, 0)
        self._end = 0.0
        self._seen = 0
        self._spare, self._work, self._lasted = 0.0, 0.0, 0.0
        self._last_key = -_KEYS_APART

    def hashed(self, start: float) -> bytes:
        after: float | None = None
        spent, read = 0.0, 0
        for group in self._video.groups(start):
            is_enough = spent > STRETCH or read > _MOST_BYTES
            if is_enough and group.has_key and group.time > start:
                after = group.time
                break
            read += group.size
            before = self._seen
            allowed = self._allowed(group)
            if allowed != 0:
                self._take_all(self._video.decode(group, allowed))
            self._end = max(self._end, group.time + group.seconds)
            spent += (self._megapixels + _HASHING) * (self._seen - before)
        self._take_all(self._video.rest())
        if not self._seen and start == 0:
            raise DamagedMedia
        return self._packed(after)

    def _allowed(self, group: Group) -> int | None:
        """How many packets of *group* to decode; None: all of them.

        Work is counted in bytes. A key frame may be paid for later.
        """
        if self._is_whole:
            return None
        pixels = 1e6 * self._megapixels / _PIXELS_A_BYTE
        work = [each.size + pixels for each in group.packets]
        self._work += sum(work)
        self._lasted += group.seconds
        self._spare += self._profile.share * sum(work)
        a_second = self._profile.share * self._work / max(self._lasted, 1.0)
        is_due = group.has_key and group.time >= self._last_key + _KEYS_APART
        if self._seen and not (is_due and self._spare > -_CREDIT * a_second):
            return 0
        self._last_key = group.time
        count = max(1, int(np.searchsorted(np.cumsum(work), self._spare)))
        # The dearest key frame begins the scene that is worth most: no debt lasts long.
        self._spare = max(self._spare - sum(work[:count]), -_MOST_DEBT * a_second)
        return count

    def _take_all(self, frames: Iterator[VideoFrame]) -> None:
        for frame in frames:
            self._take(frame)

    def _take(self, frame: VideoFrame) -> None:
        self._seen += 1
        if self._size == (0, 0):
            self._size = Frame(frame.luma, frame.orientation).size
        self._end = max(self._end, frame.time)
        if self._last is not None and frame.time < self._last[0] + self._apart - 1e-6:
            return
        hashed = pdq(frame.luma, orientation=frame.orientation, span=frame.span)
        if self._last is not None:
            time, last = self._last
            is_still = frame.time < time + self._profile.still
            if is_still and _distance(hashed, last) < self._profile.changed:
                return
        self._last = frame.time, hashed
        flags = (KEY if frame.is_key else 0) | (PLAIN if _is_plain(frame.luma) else 0)
        record = np.zeros(1, FRAME)[0]
        record["milliseconds"] = round(frame.time * 1000)
        record["quality"], record["flags"] = hashed.quality, flags
        record["pdq"] = np.frombuffer(hashed.original, np.uint8)
        record["mirrored"] = np.frombuffer(hashed.dihedral[_MIRRORED], np.uint8)
        self._frames.append(record)
        self._sketch(frame)
        self._look(frame, hashed)

    def _sketch(self, frame: VideoFrame) -> None:
        milliseconds = round(frame.time * 1000)
        if self._sketches and milliseconds < self._sketches[-1][0] + self._profile.sketched * 1000:
            return
        image = Image.fromarray(np.ascontiguousarray(frame.luma))
        small = np.asarray(image.resize((FRAME_SIDE, FRAME_SIDE), Image.Resampling.BOX))
        upright = Frame(small, frame.orientation).upright()
        self._sketches.append((milliseconds, np.ascontiguousarray(upright).tobytes()))

    def _look(self, frame: VideoFrame, hashed: PdqHash) -> None:
        if self._last_still is not None:
            time, last = self._last_still
            # More looks at the beginning: most films are short, and one still is no proof.
            is_early = len(self._stills) < _EARLY_STILLS
            between = _EARLY_BETWEEN if is_early else self._profile.between
            turned = self._profile.changed if is_early else self._profile.turned
            if frame.time < time + between or _distance(hashed, last) < turned:
                return
        self._last_still = frame.time, hashed
        grey = Frame(glimpsed(np.ascontiguousarray(frame.luma)), frame.orientation).upright()
        self._stills.append((round(frame.time, 3), np.ascontiguousarray(grey)))

    def _packed(self, after: float | None) -> bytes:
        width, height = self._size
        head = {
            "width": width,
            "height": height,
            "duration": round(self._end, 3),
            "fps": round(self._video.fps, 3),
            "next": after,
            "frames": len(self._frames),
            "stills": [(time, *grey.shape) for time, grey in self._stills],
            "sketches": [time for time, _ in self._sketches],
        }
        return b"".join(
            (
                json.dumps(head, separators=(",", ":")).encode() + b"\n",
                np.array(sorted(self._frames, key=_when), FRAME).tobytes(),
                *(grey.tobytes() for _, grey in self._stills),
                *(grey for _, grey in self._sketches),
            )
        )


def _when(record: np.void) -> int:
    return int(record["milliseconds"])


def _is_plain(luma: Bytes) -> bool:
    """Whether most of the picture is of one tone, within four steps: a title card, a slide,
    a fade. What a camera sees spreads wider, even a clear sky."""
    step = max(1, min(luma.shape) // 64)
    tones = np.bincount(luma[::step, ::step].ravel() >> 1, minlength=129)
    return bool((tones[:-1] + tones[1:]).max() >= _PLAIN_SHARE * tones.sum())


def _distance(one: PdqHash, other: PdqHash) -> int:
    return (int.from_bytes(one.original) ^ int.from_bytes(other.original)).bit_count()
