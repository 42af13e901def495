"""A match: what two fingerprints have in common, with the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

MatchKind = Literal["identical", "same", "region-replaced", "part"]

UNRELATED = 128
"""Bits by which the hashes of unrelated pictures differ, on average: half of them."""

_RANK = {"identical": 0, "same": 1, "region-replaced": 2, "part": 3}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which a suspect shows a reported film: (start, end) in seconds
    on either side. A picture has the one moment 0.

    The suspect plays *speed* times as fast. *frames* were seen to agree; *distinct* of them
    differ from one another.
    """

    reported: tuple[float, float]
    suspect: tuple[float, float]
    speed: float = 1.0
    frames: int = 1
    distinct: int = 1

    def to_dict(self) -> dict[str, Any]:
        return {
            "reported": list(self.reported),
            "suspect": list(self.suspect),
            "speed": self.speed,
            "frames": self.frames,
            "distinct": self.distinct,
        }


@dataclass(frozen=True, slots=True)
class Match:
    """That a suspect shows a reported picture.

    *kind* is ``identical`` (the same file, byte for byte), ``same`` (the whole picture or
    film, by PDQ), ``part`` (one holds a region of the other, or all of it turned, framed or
    drawn upon) or ``region-replaced`` (the same, but for a compact region).
    *score* runs from 0 to 1: 1 for identical files, 1 - distance / 128 for the same
    picture (128 bits are what chance gives), and by the evidence for a part. *distance*
    is in bits, None where no perceptual hash was needed. *orientation* says how the
    suspect lies compared with the reported picture: ``original``, or for instance ``mirrored``.
    *region* is the evidence for a part (see `staydown.match.part`); *spans* are the stretches
    of time, the longest first, where one of the two is a film.
    *id* names the entry of the bank that was found.
    """

    kind: MatchKind
    score: float
    distance: int | None = None
    orientation: str = "original"
    region: dict[str, Any] | None = None
    spans: tuple[Span, ...] = ()
    id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "score": self.score,
            "distance": self.distance,
            "orientation": self.orientation,
            "region": self.region,
            "spans": [span.to_dict() for span in self.spans],
            "id": self.id,
        }

    @property
    def rank(self) -> tuple[int, float, str]:
        """Sorts the best match first."""
        return _RANK[self.kind], self.distance or (1 - self.score), self.id or ""


def identical(id: str | None = None) -> Match:
    return Match(kind="identical", score=1.0, id=id)


def same(distance: int, orientation: str, id: str | None = None) -> Match:
    score = round(max(0.0, 1 - distance / UNRELATED), 4)
    return Match(kind="same", score=score, distance=distance, orientation=orientation, id=id)
