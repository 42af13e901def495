"""A small copy of a picture for a person's eyes, drawn anew in the limited process.

What a stranger uploaded never reaches a browser: only a fresh JPEG of its pixels does,
blurred and grey unless it was asked for otherwise. Of a film it is one frame, always grey.
"""

from __future__ import annotations

import io
import os

import numpy as np
from PIL import Image, ImageFilter

from staydown.media.decode import Frame, frames
from staydown.media.errors import DamagedMedia, DecoderDied
from staydown.media.formats import PREFIX_BYTES, VIDEO_DEMUXERS, recognise
from staydown.media.isolate import DecoderPool
from staydown.media.limits import Limits
from staydown.media.opened import SharedPool, opened_bytes

_MODULE = "staydown.media.preview"
_ENTRY = f"{_MODULE}:draw"
_VEILED_SIDE = 16
"""A veiled picture is shrunk to this many pixels: what is not there cannot be sharpened."""

# The reader of films is loaded in the decoders only.
_default_pool = SharedPool(lambda: DecoderPool((_MODULE, "staydown.media.video"), size=1))


def preview(content: bytes, *, longest_side: int, is_veiled: bool = True) -> bytes:
    """A JPEG of the picture or film whose file is *content*, at most *longest_side* pixels long.

    A veiled one is grey and blurred beyond recognition of any detail. Raises a `MediaError`.
    """
    options = {"longest_side": longest_side, "is_veiled": is_veiled}
    with opened_bytes(content) as fd:
        drawn = _default_pool().run(_ENTRY, fd, options)
    if not isinstance(drawn, bytes) or not drawn.startswith(b"\xff\xd8\xff"):
        raise DecoderDied
    return drawn


def draw(fd: int, limits: Limits, *, longest_side: int, is_veiled: bool) -> bytes:
    """What `preview` returns; runs inside the limited process."""
    if recognise(os.pread(fd, PREFIX_BYTES, 0)) in VIDEO_DEMUXERS:
        shown = _still(fd, limits)
    else:
        shown = next(iter(frames(fd, limits, colour=not is_veiled)))
    image = Image.fromarray(shown.upright())
    if is_veiled:
        size = _within(image.size, longest_side)
        image = image.convert("L").resize(_within(size, _VEILED_SIDE), Image.Resampling.BOX)
        image = image.resize(size, Image.Resampling.BICUBIC)
        image = image.filter(ImageFilter.GaussianBlur(longest_side / 60))
    else:
        image = image.convert("RGB")
        image.thumbnail((longest_side, longest_side))
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=80)
    return jpeg.getvalue()


def _still(fd: int, limits: Limits) -> Frame:
    """A frame of a film, a tenth of it from its start: the first are often black."""
    from staydown.media.video import open_video

    with open_video(fd, limits) as video:
        for start in (video.duration / 10, 0.0):
            for group in video.groups(start):
                for frame in video.decode(group, 1):
                    black = 0.0 if frame.span == 255 else 16.0
                    luma = (frame.luma - np.float32(black)) * (255 / frame.span)
                    return Frame(luma.clip(0, 255).astype(np.uint8), frame.orientation)
    raise DamagedMedia


def _within(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    scale = min(1.0, longest_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
