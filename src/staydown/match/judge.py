"""Whether a geometric fit shows the same picture, or only a like one.

Two things speak for a match, and their sum decides: keypoints that agree on one map,
each counting for how near its descriptors are, and tiles that the suspect's pixels,
laid over the reported picture, repeat nearly bit by bit. Different clothes on the same
sheet share keypoints, and some tiles; but then most tiles speak against them, and that
is a veto.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from staydown.fingerprint.local import LocalFingerprint, LocalKey, Sight
from staydown.match.aligned import Aligned, lay_over, pyramid
from staydown.match.geometry import Fit, fit, project


@dataclass(frozen=True, slots=True)
class JudgeProfile:
    """Where the line lies.

    *evidence* is what keypoints and tiles must reach together; a tile is repeated when
    at most *repeated* of its 32 bits differ. *agreement* (0 chance, 1 perfect) is what
    the compared tiles must show on average, unless keypoints are near (*nearness* a
    pair, *few* in all) or many (*many*, which is also the line where no pixels are at
    hand). Below *sure*, agreement and nearness a pair must reach *trust* between them: the
    same stars over another place, and other clothes on the same tiles, do not. A map that
    squashes by more than *squash*, or shows the reported picture at less than *smallest*
    of the suspect's longest side, is not believed.
    """

    evidence: float
    repeated: int
    agreement: float
    nearness: float
    few: float
    many: float
    sure: float
    trust: float
    squash: float
    smallest: float


LOCAL_CONFIDENT = JudgeProfile(
    evidence=8.0,
    repeated=4,
    agreement=0.33,
    nearness=0.45,
    few=5.0,
    many=12.0,
    sure=16.0,
    trust=1.0,
    squash=3.2,
    smallest=0.1,
)
"""Tuned on 231 photos, one half of a set, and reported on the other: ``docs/local.md``."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """A fit that was believed, with the tiles as *aligned* (None without pixels)."""

    fit: Fit
    aligned: Aligned | None
    evidence: float

    @property
    def score(self) -> float:
        """0 to 1, half where a match begins to be believed."""
        return round(self.evidence / (self.evidence + LOCAL_CONFIDENT.evidence), 4)


def judge(
    reported: LocalFingerprint,
    sight: Sight,
    key: LocalKey,
    profile: JudgeProfile = LOCAL_CONFIDENT,
) -> Judgement | None:
    """The best believed fit of *reported* in *sight*; None when there is none."""
    fits = fit(reported, sight)
    if not fits:
        return None
    levels = pyramid(sight.grey) if sight.has_pixels else None
    believed = []
    for each in fits[:2]:
        if not is_sane(each, reported, sight, profile):
            continue
        aligned = None
        if levels is not None:
            inverted = each.variant == "inverted"
            aligned = lay_over(reported, each.matrix, levels, key, inverted=inverted)
        evidence = weigh(each, aligned, profile)
        if evidence is not None:
            believed.append(Judgement(fit=each, aligned=aligned, evidence=evidence))
    return max(believed, key=lambda one: one.evidence, default=None)


def weigh(found: Fit, aligned: Aligned | None, profile: JudgeProfile) -> float | None:
    """The evidence, or None where it is not enough."""
    if aligned is None:
        return found.nearness if found.nearness >= profile.many else None
    compared = aligned.off[aligned.textured()]
    count = max(1, len(compared))
    repeated = int((compared <= profile.repeated).sum())
    agreement = float((16 - compared).mean() / 16) if len(compared) else 0.0
    evidence = found.nearness + 0.25 * repeated * repeated / count
    is_near = found.nearness >= max(profile.few, profile.nearness * found.pairs)
    if evidence < profile.evidence:
        return None
    if evidence < profile.sure and agreement + found.nearness / found.pairs < profile.trust:
        return None
    if agreement >= profile.agreement or is_near or found.nearness >= profile.many:
        return round(evidence, 3)
    return None


def is_sane(found: Fit, reported: LocalFingerprint, sight: Sight, profile: JudgeProfile) -> bool:
    """Whether the map is one that an edit makes: no fold, no needle, not a speck."""
    corners = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]) * [reported.width, reported.height]
    below = corners @ found.matrix[2, :2] + found.matrix[2, 2]
    if below.min() < 0.3 or below.max() > 3:
        return False
    landed = project(found.matrix, corners)
    sides = np.roll(landed, -1, axis=0) - landed
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if not (turns > 0).all() and not (turns < 0).all():
        return False
    long, short = np.linalg.svd(found.matrix[:2, :2])[1]
    shown = np.sqrt(long * short) * max(reported.width, reported.height)
    is_squashed = long > profile.squash * short
    return not is_squashed and shown >= profile.smallest * max(sight.width, sight.height)
