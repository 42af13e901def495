"""How close two hashes must be, as named profiles with their sources."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Threshold:
    """Two pictures match when their hashes differ in at most *max_distance* bits.

    A hash with a quality below *min_quality* takes no part: plain and blurred
    pictures have hashes that lie close to one another by chance.
    """

    max_distance: int
    min_quality: int

    def __post_init__(self) -> None:
        if not 0 <= self.max_distance <= 256:
            raise ValueError("max_distance must lie between 0 and 256 bits")
        if not 0 <= self.min_quality <= 100:
            raise ValueError("min_quality must lie between 0 and 100")


PDQ_CONFIDENT = Threshold(max_distance=31, min_quality=50)
"""The field's setting: a match that may be acted upon after a look.

31 bits is `PDQ_CONFIDENT_MATCH_THRESHOLD` of Meta's threatexchange and the default of
its exchanges; 50 is the quality below which the PDQ paper ("The TMK+PDQF Video-Hashing
Algorithm and the PDQ Image-Hashing Algorithm", 2019) says not to use a hash.
"""

PDQ_STRICT = Threshold(max_distance=16, min_quality=80)
"""For acting without a look: about what recompressing and resizing do to a photo."""
