"""A picture's pixels to its hashes; runs inside the limited process."""

from __future__ import annotations

import base64
from typing import Any

from staydown.fingerprint.local import LocalKey
from staydown.fingerprint.local.extract import see
from staydown.fingerprint.pdq import PdqHash, pdq
from staydown.media.decode import Frame, frames
from staydown.media.limits import Limits

_SAME_FRAME = 8
"""Frames of an animation that differ in no more bits say the same thing twice."""


def hash_picture(fd: int, limits: Limits, *, local_key: str | None = None) -> dict[str, Any]:
    """The part of a fingerprint that needs pixels, in the form of `Fingerprint.to_dict`.

    With *local_key*, in hex, the local layer of the first frame comes too, and its sight.
    """
    size = (0, 0)
    local: dict[str, str] = {}
    hashes: list[PdqHash] = []
    for frame in frames(fd, limits):
        hashed = pdq(frame.pixels, orientation=frame.orientation)
        if not hashes:
            size = frame.size
            if local_key is not None:
                local = _local(frame, LocalKey(bytes.fromhex(local_key)))
        if all(_distance(hashed, other) > _SAME_FRAME for other in hashes):
            hashes.append(hashed)
    first, *others = (_form(each) for each in hashes)
    seen = {"width": size[0], "height": size[1], **first, **local}
    return {**seen, "frames": others} if others else seen


def _local(frame: Frame, key: LocalKey) -> dict[str, str]:
    local, sight = see(frame.upright(), key=key)
    return {
        "local": base64.b64encode(local.to_bytes(key)).decode(),
        "sight": base64.b64encode(sight.to_bytes()).decode(),
    }


def _form(hashed: PdqHash) -> dict[str, Any]:
    return {
        "pdq": hashed.original.hex(),
        "quality": hashed.quality,
        "dihedral": [each.hex() for each in hashed.dihedral],
    }


def _distance(one: PdqHash, other: PdqHash) -> int:
    return (int.from_bytes(one.original) ^ int.from_bytes(other.original)).bit_count()
