"""Animated pictures (GIF, WebP, AVIF, PNG) as films: each frame as it is shown, and when.

Runs inside the limited process only (`staydown.media.worker`). Such a file has no key
frames: what a frame shows may build upon all those before it. So every frame is decoded,
and hashing can be taken up again at any of them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from staydown.media.admit import admit
from staydown.media.decode import check_pixels, last_within, orientation_of
from staydown.media.errors import DamagedMedia, MediaError, UnsupportedMedia
from staydown.media.formats import PREFIX_BYTES, Format, recognise
from staydown.media.limits import Limits
from staydown.media.video import Group, VideoFrame
from staydown.media.visible import visible

FORMATS: frozenset[Format] = frozenset(("GIF", "WEBP", "AVIF", "PNG"))
"""Those whose frames have times. The pages of a TIFF, and the pictures of a HEIC, have none."""

_MOST_FRAMES = 20_000
_BRIEFEST, _USUAL, _LONGEST = 0.011, 0.1, 3600.0
"""Seconds. What is to be shown more briefly, browsers show for a tenth; nobody waits longer."""


class Animation:
    """An open animation, to be read as `staydown.media.video.Video` is."""

    fps = 0.0

    def __init__(self, image: Image.Image, count: int, limits: Limits) -> None:
        self._image, self.count, self._limits = image, count, limits
        self.width, self.height = image.size

    def groups(self, start: float = 0.0) -> Iterator[Group]:
        """Its frames, each a group of its own, from the one at *start* seconds on; each is to
        be decoded, if at all, before the next is asked for."""
        time = 0.0
        for number in range(self.count):
            try:
                self._image.seek(number)
                self._image.load()
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001
                # Readers raise whatever comes up on damaged files. Where the end is missing,
                # what there is of it counts.
                return
            seconds = _shown_for(self._image)
            if time >= start - 1e-4:
                yield Group(time, seconds, has_key=True)
            time += seconds

    def decode(self, group: Group, most: int | None = None) -> Iterator[VideoFrame]:
        """The frame of the *group* that was given last."""
        check_pixels(*self._image.size, self._limits)
        luma = np.asarray(Image.fromarray(visible(self._image)).convert("L"))
        yield VideoFrame(group.time, luma, 255, orientation_of(self._image), is_key=False)

    def rest(self) -> Iterator[VideoFrame]:
        """Nothing: no frame is held back."""
        yield from ()


@contextmanager
def open_animation(fd: int, limits: Limits) -> Iterator[Animation]:
    """The animation in the open file *fd*. Raises a `MediaError` that says what is wrong."""
    admit(fd, limits)
    with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as data:
        form = recognise(data[:PREFIX_BYTES])
        if form not in FORMATS:
            raise UnsupportedMedia
        try:
            image = Image.open(data, formats=[form])  # type: ignore[arg-type]
            count = min(_MOST_FRAMES, last_within(image, limits) + 1)
        except MemoryError:
            raise
        except Exception as error:
            # Readers raise whatever comes up on damaged files.
            raise DamagedMedia from error
        with image:
            check_pixels(*image.size, limits)
            yield Animation(image, count, limits)


def is_animation(fd: int, limits: Limits) -> bool:
    """Whether the file has more frames with times than are looked at of a picture.

    Of what cannot be read, the reader of pictures is to say what is wrong.
    """
    try:
        with open_animation(fd, limits) as animation:
            return animation.count > limits.frames
    except MediaError:
        return False


def _shown_for(image: Image.Image) -> float:
    """Seconds, as browsers have it."""
    seconds = float(image.info.get("duration") or 0) / 1000
    return seconds if _BRIEFEST <= seconds <= _LONGEST else _USUAL
