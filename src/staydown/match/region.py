"""Whether a compact region of the picture differs, and by what: the mark of a face swap.

The suspect's pixels lie over the reported picture already. Tiles that differ by more
than this copy's own noise are gathered into connected clusters; the heaviest one, if
it is compact and stands out from the rest, is a region that differs. What it holds
(`staydown.match.overlay`) tells a replacement from an overlay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local import LocalFingerprint, LocalKey, Sight
from staydown.fingerprint.local.tiles import TILE_SIDE, TILES
from staydown.match.aligned import Aligned
from staydown.match.judge import Judgement
from staydown.match.overlay import drawnness

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RegionProfile:
    """Where the lines lie.

    A tile differs when its bits are off by more than *still* + *noisy* times the upper
    quartile of tiles of like contrast. A cluster counts from *heaviest* excess bits
    on, more in a noisy copy (*per_noise* a bit of noise), when it covers at most
    *largest* of the tiles and other differing tiles are no more than *elsewhere* of
    its own. Above *drawn*, the region holds an overlay.
    """

    still: float
    noisy: float
    heaviest: float
    per_noise: float
    largest: float
    elsewhere: float
    drawn: float


REGION_CONFIDENT = RegionProfile(
    still=4.0,
    noisy=1.5,
    heaviest=12.0,
    per_noise=6.0,
    largest=0.35,
    elsewhere=1.0,
    drawn=-0.7,
)
"""Tuned on one half of the photos, reported on the other: ``docs/local.md``."""

RegionKind = Literal["replaced", "covered"]


@dataclass(frozen=True, slots=True, eq=False)
class RegionVerdict:
    """A region that differs: what it holds, and where it lies.

    *outline* is a polygon in the reported picture, 0 to 1 each way; *cover* a string
    a row of tiles: ``=`` the same, ``x`` in the region, ``~`` differs elsewhere, ``.``
    not shown or too plain to tell. *drawn* says how much it looks like an overlay.
    """

    kind: RegionKind
    outline: tuple[tuple[float, float], ...]
    share: float
    drawn: float
    cover: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Cluster:
    tiles: Mask
    excess: float


def look_for_region(
    reported: LocalFingerprint,
    sight: Sight,
    judgement: Judgement,
    key: LocalKey,
    profile: RegionProfile = REGION_CONFIDENT,
) -> RegionVerdict | None:
    """The region of *reported* that *sight* shows otherwise; None when there is none."""
    aligned = judgement.aligned
    if aligned is None or not sight.has_pixels:
        return None
    found = differing(aligned, profile)
    if found is None:
        return None
    tiles, cover = found
    drawn = drawnness(reported, sight, judgement, tiles, key)
    return RegionVerdict(
        kind="covered" if drawn > profile.drawn else "replaced",
        outline=_outline(tiles),
        share=round(float(tiles.mean()), 4),
        drawn=round(drawn, 3),
        cover=cover,
    )


def differing(
    aligned: Aligned, profile: RegionProfile = REGION_CONFIDENT
) -> tuple[Mask, tuple[str, ...]] | None:
    """The tiles of the region that differs, (16, 16), and the map of all tiles."""
    lines = aligned.frame.reshape(TILES, TILE_SIDE, TILES, TILE_SIDE).swapaxes(1, 2)
    pixels = lines.reshape(TILES, TILES, -1)
    # What is burnt out or drowned in black lost its texture to light, not to a hand.
    is_clipped = ((pixels >= 247) | (pixels <= 8)).mean(axis=2) >= 0.1
    compared = aligned.inside & (aligned.level >= 3) & ~is_clipped
    off = aligned.off.astype(np.float64)
    # A blurred copy is flat where the original was faint: only much lost counts.
    lost = aligned.level - aligned.shown
    usual = float(np.median(lost[compared])) if compared.any() else 0.0
    is_flat = aligned.shown <= 1
    is_gone = compared & is_flat & (aligned.level >= 5 + max(0.0, 2 * usual))
    off[is_gone] = 14
    compared &= ~(is_flat & ~is_gone)
    if compared.sum() < 12:
        return None
    limit, noise = _limits(aligned, off, compared, profile)
    excess = np.where(compared, off - limit, -1.0)
    differs = excess >= 0
    rim = _rim(aligned.inside)
    clusters = [
        _Cluster(tiles=each, excess=float((excess[each] + 2).sum()))
        for each in _connected(differs)
        if each.sum() >= 2 and (each & ~rim).any()
    ]
    best = max(clusters, key=lambda one: one.excess, default=None)
    if best is None or best.excess < profile.heaviest + profile.per_noise * noise:
        return None
    size = int(best.tiles.sum())
    others = int(differs.sum()) - size
    if size > profile.largest * compared.sum() or others > profile.elsewhere * size:
        return None
    letters = np.full((TILES, TILES), ".")
    letters[compared] = "="
    letters[differs] = "~"
    letters[best.tiles] = "x"
    return best.tiles, tuple("".join(row) for row in letters)


def _limits(
    aligned: Aligned, off: Floats, compared: Mask, profile: RegionProfile
) -> tuple[Floats, float]:
    noise = float(np.quantile(off[compared], 0.75))
    limit = np.zeros((TILES, TILES))
    faint = aligned.level <= 6
    for group in (faint, ~faint):
        there = off[compared & group]
        own = float(np.quantile(there, 0.75)) if len(there) >= 12 else noise
        limit[group] = profile.still + profile.noisy * max(0.6 * noise, own)
    # Along the rim of what is shown, a pixel of misalignment brings in the frame.
    limit[_rim(aligned.inside)] += 3
    return limit, noise


def _rim(inside: Mask) -> Mask:
    wide = np.pad(inside, 1)
    deep = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    rim: Mask = inside & ~deep
    return rim


def _connected(marked: Mask) -> Iterator[Mask]:
    """The parts of *marked* that hang together, by sides or corners."""
    left = marked.copy()
    while left.any():
        part = np.zeros_like(left)
        part.ravel()[int(np.argmax(left))] = True
        while True:
            wide = np.pad(part, 1)
            grown = part.copy()
            for down in range(3):
                for across in range(3):
                    grown |= wide[down : down + TILES, across : across + TILES]
            grown &= left
            if (grown == part).all():
                break
            part = grown
        left &= ~part
        yield part


def _outline(tiles: Mask) -> tuple[tuple[float, float], ...]:
    """The hull of the tiles, clockwise, in parts of the picture's width and height."""
    rows, columns = np.nonzero(tiles)
    corners = sorted(
        {
            (int(c) + a, int(r) + b)
            for r, c in zip(rows, columns, strict=True)
            for a in (0, 1)
            for b in (0, 1)
        }
    )
    hull: list[tuple[int, int]] = []
    for points in (corners, corners[::-1]):
        start = len(hull)
        for point in points:
            while len(hull) - start >= 2 and _turn(hull[-2], hull[-1], point) <= 0:
                hull.pop()
            hull.append(point)
        hull.pop()
    return tuple((x / TILES, y / TILES) for x, y in hull)


def _turn(one: tuple[int, int], two: tuple[int, int], three: tuple[int, int]) -> int:
    return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])
