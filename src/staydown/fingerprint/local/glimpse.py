"""A small grey copy of a picture, and the local layer that is made of it when wanted.

The limited process that decodes a stranger's file sends the copy; keypoints are found
in it by the caller. So the key never enters a process that a hostile file may take
over, and who never asks for parts of pictures never pays for finding keypoints.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from staydown.fingerprint.local.form import LocalFingerprint, LocalFormError, Sight
from staydown.fingerprint.local.key import LocalKey
from staydown.fingerprint.local.profile import BALANCED

Bytes = npt.NDArray[np.uint8]

_NOTHING = np.empty((0, 0), np.uint8)

LARGEST_SIDE = 2 * BALANCED.side - 1


class Glimpse:
    """The grey copy, uint8 (height, width), of an upright picture, and its *key*.

    What is made of it is kept: `local` and `sight` cost the keypoints once. Safe to
    share between threads.
    """

    __slots__ = ("_grey", "_lock", "_seen", "key")

    def __init__(self, grey: Bytes, key: LocalKey) -> None:
        if grey.ndim != 2 or grey.dtype != np.uint8 or not grey.size:
            raise LocalFormError("A glimpse is a grey picture of bytes.")
        if max(grey.shape) > LARGEST_SIDE:
            raise LocalFormError(f"A glimpse has at most {LARGEST_SIDE} pixels a side.")
        self.key = key
        self._grey = grey
        self._lock = threading.Lock()
        self._seen: tuple[LocalFingerprint, Sight] | None = None

    @property
    def local(self) -> LocalFingerprint:
        """What is kept of the picture."""
        return self._see()[0]

    @property
    def sight(self) -> Sight:
        """What a bank is asked with."""
        return self._see()[1]

    def _see(self) -> tuple[LocalFingerprint, Sight]:
        # OpenCV is loaded when it is first wanted; most processes never want it.
        from staydown.fingerprint.local.extract import see

        with self._lock:
            if self._seen is None:
                self._seen = see(self._grey, key=self.key)
                self._grey = _NOTHING
            return self._seen

    def __getstate__(self) -> tuple[Any, ...]:
        with self._lock:
            return self.key, self._grey, self._seen

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.key, self._grey, self._seen = state
        self._lock = threading.Lock()


def glimpsed(pixels: Bytes) -> Bytes:
    """The grey copy of a picture: halved, thirded ... until a `Glimpse` holds it.

    *pixels* are luma (height, width), or RGB (height, width, 3). Means over whole
    pixels are several times as fast as what brings a picture to one size exactly.
    """
    height, width = pixels.shape[:2]
    step = max(height, width) // LARGEST_SIDE + 1
    if step == 1 and pixels.ndim == 2:
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if step > 1:
        image = image.reduce(step)
    return np.asarray(image.convert("L"))
