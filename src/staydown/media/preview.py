"""A small copy of a picture for a person's eyes, drawn anew in the limited process.

What a stranger uploaded never reaches a browser: only a fresh JPEG of its pixels does,
blurred and grey unless it was asked for otherwise.
"""

from __future__ import annotations

import io
import os
import threading

from PIL import Image, ImageFilter

from staydown.media.decode import frames
from staydown.media.errors import DecoderDied
from staydown.media.isolate import DecoderPool
from staydown.media.limits import Limits

_ENTRY = "staydown.media.preview:draw"
_VEILED_SIDE = 16
"""A veiled picture is shrunk to this many pixels: what is not there cannot be sharpened."""

_pool: DecoderPool | None = None
_first_use = threading.Lock()


def preview(content: bytes, *, longest_side: int, is_veiled: bool = True) -> bytes:
    """A JPEG of the picture whose file is *content*, at most *longest_side* pixels long.

    A veiled one is grey and blurred beyond recognition of any detail. Raises a `MediaError`.
    """
    fd = os.memfd_create("preview", os.MFD_CLOEXEC)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        options = {"longest_side": longest_side, "is_veiled": is_veiled}
        drawn = _default_pool().run(_ENTRY, fd, options)
    finally:
        os.close(fd)
    if not isinstance(drawn, bytes) or not drawn.startswith(b"\xff\xd8\xff"):
        raise DecoderDied
    return drawn


def draw(fd: int, limits: Limits, *, longest_side: int, is_veiled: bool) -> bytes:
    """What `preview` returns; runs inside the limited process."""
    image = Image.fromarray(next(iter(frames(fd, limits, colour=not is_veiled))).upright())
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


def _within(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    scale = min(1.0, longest_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _default_pool() -> DecoderPool:
    global _pool
    with _first_use:
        if _pool is None:
            _pool = DecoderPool((_ENTRY.partition(":")[0],), size=1)
        return _pool
