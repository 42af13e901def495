"""Two fingerprints: do they show the same picture?"""

from __future__ import annotations

from staydown.fingerprint import ORIENTATIONS, Fingerprint
from staydown.fingerprint.pdq import dihedral_from_bits
from staydown.match.match import Match, identical, same
from staydown.match.threshold import PDQ_CONFIDENT, Threshold

# A suspect whose picture must be turned by 90 degrees to meet the reported one lies
# turned by 270 compared with it. The other six undo themselves.
_LIES = {"rotated-90": "rotated-270", "rotated-270": "rotated-90"}
LIES = tuple(_LIES.get(name, name) for name in ORIENTATIONS)
"""How the suspect lies when its n-th dihedral hash is the one that was met."""


def compare(
    reported: Fingerprint, suspect: Fingerprint, *, threshold: Threshold = PDQ_CONFIDENT
) -> Match | None:
    """The match between a *reported* picture and a *suspect* one; None if there is none."""
    if same_file(reported, suspect):
        return identical()
    if not (can_be_matched(reported, threshold) and can_be_matched(suspect, threshold)):
        return None
    target = int.from_bytes(reported.pdq or b"")
    distances = [(int.from_bytes(variant) ^ target).bit_count() for variant in variants(suspect)]
    nearest = min(range(len(distances)), key=distances.__getitem__)
    if distances[nearest] > threshold.max_distance:
        return None
    return same(distances[nearest], LIES[nearest])


def same_file(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether both are of the same bytes, by SHA-256, or by MD5 where one lacks that."""
    if one.sha256 is not None and other.sha256 is not None:
        return one.sha256 == other.sha256
    return one.md5 is not None and one.md5 == other.md5


def can_be_matched(fingerprint: Fingerprint, threshold: Threshold) -> bool:
    """Whether the perceptual hash is there and good enough to judge by."""
    return fingerprint.quality is not None and fingerprint.quality >= threshold.min_quality


def variants(fingerprint: Fingerprint) -> tuple[bytes, ...]:
    """The hashes of the eight ways to lay the picture down; needs its pdq."""
    return fingerprint.dihedral or dihedral_from_bits(fingerprint.pdq or b"")
