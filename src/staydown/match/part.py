"""A reported picture found in a suspect one by its local layer, as a match."""

from __future__ import annotations

from typing import Any

import numpy as np

from staydown.fingerprint import Fingerprint
from staydown.fingerprint.local import LocalFingerprint, LocalFormError, LocalKey, Sight
from staydown.match.geometry import project
from staydown.match.judge import Judgement, judge
from staydown.match.match import Match
from staydown.match.region import RegionVerdict, look_for_region


def sight_of(suspect: Fingerprint, key: LocalKey) -> Sight | None:
    """What *suspect* can be asked with; less when only its kept layer is known."""
    if suspect.glimpse is not None:
        return suspect.glimpse.sight if suspect.glimpse.key == key else None
    if suspect.local is not None:
        try:
            return Sight.of(LocalFingerprint.from_bytes(suspect.local, key))
        except LocalFormError:
            # Made with another installation's key: there is nothing to compare.
            return None
    return None


def kept_of(reported: Fingerprint, key: LocalKey) -> LocalFingerprint | None:
    """What is kept of *reported*; None where it has no local layer of this *key*."""
    packed = reported.local_layer()
    try:
        return None if packed is None else LocalFingerprint.from_bytes(packed, key)
    except LocalFormError:
        return None


def find_part(
    reported: Fingerprint,
    sight: Sight,
    key: LocalKey,
    *,
    whole: Match | None = None,
    id: str | None = None,
) -> Match | None:
    """The match of *reported* in *sight*; *whole* is what PDQ says of the two.

    A picture that PDQ calls the same is ``region-replaced`` when a region of it was:
    then the uploader may be another victim, and a person must look.
    """
    kept = kept_of(reported, key)
    if kept is None:
        return whole
    found = judge(kept, sight, key)
    if found is None:
        return whole
    verdict = look_for_region(kept, sight, found, key)
    is_replaced = verdict is not None and verdict.kind == "replaced"
    if whole is not None and not is_replaced:
        return whole
    return Match(
        kind="region-replaced" if is_replaced else "part",
        score=found.score,
        distance=whole.distance if whole else None,
        orientation="mirrored" if found.fit.variant == "mirrored" else "original",
        region=evidence_of(kept, sight, found, verdict),
        id=id,
    )


def evidence_of(
    kept: LocalFingerprint, sight: Sight, found: Judgement, verdict: RegionVerdict | None
) -> dict[str, Any]:
    """What a moderator is shown, in JSON's own types; places run from 0 to 1.

    *transform* takes places in the reported picture to places in the suspect one, by
    homogeneous coordinates; *corners* are the reported picture's there, clockwise from
    its top left; *shown* is the share of it that the suspect shows.
    """
    shrink = np.diag([1 / sight.width, 1 / sight.height, 1.0])
    matrix = shrink @ found.fit.matrix @ np.diag([kept.width, kept.height, 1.0])
    corners = project(matrix, np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]))
    across, down = np.meshgrid(np.linspace(0.02, 0.98, 25), np.linspace(0.02, 0.98, 25))
    landed = project(matrix, np.stack([across.ravel(), down.ravel()], axis=1))
    shown = ((landed >= 0) & (landed <= 1)).all(axis=1).mean()
    return {
        "transform": [[round(float(each), 6) for each in row] for row in matrix],
        "corners": [[round(float(each), 4) for each in corner] for corner in corners],
        "shown": round(float(shown), 3),
        "keypoints": found.fit.pairs,
        "inverted": found.fit.variant == "inverted",
        "differs": None if verdict is None else _differing(verdict),
    }


def _differing(verdict: RegionVerdict) -> dict[str, Any]:
    return {
        "kind": verdict.kind,
        "outline": [list(corner) for corner in verdict.outline],
        "share": verdict.share,
        "cover": list(verdict.cover),
    }
