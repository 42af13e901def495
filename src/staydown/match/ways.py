"""The ways to lay a picture down, asked on the suspect's side."""

from __future__ import annotations

from staydown.fingerprint import ORIENTATIONS, Fingerprint, FrameHash
from staydown.fingerprint.pdq import dihedral_from_bits
from staydown.match.threshold import Threshold

# A suspect whose picture must be turned by 90 degrees to meet the reported one lies
# turned by 270 compared with it. The other six undo themselves.
_LIES = {"rotated-90": "rotated-270", "rotated-270": "rotated-90"}
LIES = tuple(_LIES.get(name, name) for name in ORIENTATIONS)
"""How the suspect lies when its n-th dihedral hash is the one that was met."""


def usable(fingerprint: Fingerprint, threshold: Threshold) -> list[FrameHash]:
    """The hashes, one a frame, that are good enough to judge by."""
    return [each for each in fingerprint.hashes if each.quality >= threshold.min_quality]


def variants(frame: FrameHash) -> tuple[bytes, ...]:
    """The hashes of the eight ways to lay the frame down."""
    return frame.dihedral or dihedral_from_bits(frame.pdq)
