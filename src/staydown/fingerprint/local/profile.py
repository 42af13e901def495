"""How many keypoints, at what size: named profiles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalProfile:
    """The picture is seen with its longest side at *side* pixels.

    *kept* keypoints go into the fingerprint of a reported picture; *asked* are looked
    for in a suspect one, which may show the reported picture as a small part. Both
    are spread over the picture: *cells* squares along the longest side each get their
    share before the strongest of all fill up the rest.
    """

    side: int
    kept: int
    asked: int
    cells: int
    contrast: float
    layers: int


BALANCED = LocalProfile(side=400, kept=140, asked=560, cells=8, contrast=0.006, layers=2)
