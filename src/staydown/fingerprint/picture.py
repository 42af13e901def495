"""A picture's pixels to its hashes; runs inside the limited process."""

from __future__ import annotations

from typing import Any

from staydown.fingerprint.pdq import pdq
from staydown.media.decode import frames
from staydown.media.limits import Limits

ENTRY = "staydown.fingerprint.picture:hash_picture"


def hash_picture(fd: int, limits: Limits) -> dict[str, Any]:
    """The part of a fingerprint that needs pixels, in the form of `Fingerprint.to_dict`."""
    frame = next(iter(frames(fd, limits)))
    width, height = frame.size
    hashed = pdq(frame.pixels, orientation=frame.orientation)
    return {
        "width": width,
        "height": height,
        "pdq": hashed.original.hex(),
        "quality": hashed.quality,
        "dihedral": [each.hex() for each in hashed.dihedral],
    }
