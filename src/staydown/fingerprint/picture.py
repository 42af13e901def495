"""A picture's pixels to its hashes; runs inside the limited process."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from staydown.fingerprint.local.glimpse import glimpsed
from staydown.fingerprint.pdq import PdqHash, pdq
from staydown.media.animation import is_animation
from staydown.media.decode import Frame, frames
from staydown.media.limits import Limits

_SAME_FRAME = 8
"""Frames of an animation that differ in no more bits say the same thing twice."""


def hash_picture(fd: int, limits: Limits) -> bytes | dict[str, Any]:
    """The part of a fingerprint that needs pixels, and a small grey copy of the first frame.

    A line of JSON, in the form of `Fingerprint.to_dict`, with the copy's (height, width)
    under ``grey``; then the copy's pixels, a byte each. Of an animation of many frames only
    that it is one: it is to be hashed as a film.
    """
    if is_animation(fd, limits):
        return {"is_animation": True}
    size = (0, 0)
    grey = np.empty((0, 0), np.uint8)
    hashes: list[PdqHash] = []
    for frame in frames(fd, limits):
        hashed = pdq(frame.pixels, orientation=frame.orientation)
        if not hashes:
            size = frame.size
            grey = Frame(glimpsed(frame.pixels), frame.orientation).upright()
        if all(_distance(hashed, other) > _SAME_FRAME for other in hashes):
            hashes.append(hashed)
    first, *others = (_form(each) for each in hashes)
    seen = {"width": size[0], "height": size[1], **first, "grey": grey.shape}
    if others:
        seen["frames"] = others
    return json.dumps(seen, separators=(",", ":")).encode() + b"\n" + grey.tobytes()


def _form(hashed: PdqHash) -> dict[str, Any]:
    return {
        "pdq": hashed.original.hex(),
        "quality": hashed.quality,
        "dihedral": [each.hex() for each in hashed.dihedral],
    }


def _distance(one: PdqHash, other: PdqHash) -> int:
    return (int.from_bytes(one.original) ^ int.from_bytes(other.original)).bit_count()
