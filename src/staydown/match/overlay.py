"""What a region that differs holds: a replacement, or something laid over the picture.

A replacement has texture like a photo's, soft edges, and nothing of the old picture left.
An overlay has few flat colours and hard edges, and often the old picture between its
letters: once strokes are taken away, the tiles are the reported ones again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local import LocalFingerprint, LocalKey, Sight
from staydown.fingerprint.local.tiles import FRAME, TILES, signatures_of_frame
from staydown.match.aligned import pyramid, warp
from staydown.match.judge import Judgement

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_SIDE = 384
_PER_TILE = _SIDE // TILES
_STROKES = (7, 13)
"""Widths of letters that are taken away, in pixels of a frame of `_SIDE`."""


def drawnness(
    reported: LocalFingerprint, sight: Sight, judgement: Judgement, tiles: Mask, key: LocalKey
) -> float:
    """How much what lies in *tiles* looks drawn rather than photographed: above 0, more so."""
    values = look_of(reported, sight, judgement, tiles, key)
    return float(
        sum(
            weight * (values[name] - usual) / spread
            for name, (weight, usual, spread) in _WEIGHTS.items()
        )
        + _START
    )


def look_of(
    reported: LocalFingerprint, sight: Sight, judgement: Judgement, tiles: Mask, key: LocalKey
) -> dict[str, float]:
    """What is measured of a region to tell what it holds, by name."""
    aligned = judgement.aligned
    if aligned is None:
        raise ValueError("a region is looked at in pixels, and none are at hand")
    fit = judgement.fit
    grey, _ = warp(reported.width, reported.height, fit.matrix, pyramid(sight.grey), _SIDE)
    if fit.variant == "inverted":
        grey = 255 - grey
    mask = np.kron(tiles, np.ones((_PER_TILE, _PER_TILE), np.bool_)).astype(np.bool_)
    here, there = grey[mask], grey[~mask]
    steps = np.maximum(
        np.abs(np.diff(grey, axis=1, append=grey[:, -1:])),
        np.abs(np.diff(grey, axis=0, append=grey[-1:])),
    )
    reach = _reach(grey)
    counts = np.histogram(here, bins=64, range=(0, 256))[0].astype(np.float64)
    extreme = [float(((each >= 243) | (each <= 12)).mean()) for each in (here, there)]
    off = aligned.off[tiles]
    rows, columns = np.nonzero(tiles)
    tall, wide = float(np.ptp(rows) + 1), float(np.ptp(columns) + 1)
    gained = (aligned.shown - aligned.level)[tiles]
    return {
        "one tone": float((counts + np.roll(counts, 1)).max() / len(here)),
        "black and white": extreme[0] - extreme[1],
        "flat": float((reach[mask] <= 5).mean()),
        "flatter": float((reach[mask] <= 5).mean() - (reach[~mask] <= 5).mean()),
        "edges": 3 * float((steps[mask] > 25).mean() - (steps[~mask] > 25).mean()),
        "hard edges": float(
            np.log(np.quantile(steps[mask], 0.97) / (np.quantile(steps[~mask], 0.97) + 3) + 0.1)
        ),
        "off, middle": float(np.median(off)),
        "off, high": float(np.quantile(off, 0.8)),
        "off, most": float(off.max()),
        "off, share": float((off >= 11).mean()),
        "off, without strokes": _without_strokes(grey, reported, tiles, key) - float(off.mean()),
        "contrast gained": float(gained.mean()),
        "contrast gained, most": float(gained.max()),
        "long": float(abs(np.log(wide * reported.width / (tall * reported.height)))),
        "filled": float(tiles.sum() / (tall * wide)),
        "size": float(np.log(tiles.sum())),
    }


def _without_strokes(grey: Floats, reported: LocalFingerprint, tiles: Mask, key: LocalKey) -> float:
    """Bits that the *tiles* are off on average once bright, or dark, strokes are gone.

    Strokes are what a morphological opening (bright) or closing (dark) takes away; the
    least of the four answers counts.
    """
    # OpenCV is here already: it found the keypoints of the suspect.
    import cv2

    answers = []
    for width in _STROKES:
        square = np.ones((width, width), np.uint8)
        for way in (cv2.MORPH_OPEN, cv2.MORPH_CLOSE):
            plain = np.asarray(cv2.morphologyEx(grey.astype(np.float32), way, square))
            each = _SIDE // FRAME
            frame = plain.reshape(FRAME, each, FRAME, each).mean(axis=(1, 3), dtype=np.float32)
            signatures, _ = signatures_of_frame(frame, key)
            answers.append(float(np.bitwise_count(signatures ^ reported.tiles)[tiles].mean()))
    return min(answers)


def _reach(grey: Floats) -> Floats:
    """The span of values within two pixels of each pixel."""
    high, low = grey, grey
    for axis in (0, 1):
        moved = [np.roll(high, step, axis) for step in (-2, -1, 1, 2)]
        high = np.maximum.reduce([high, *moved])
        moved = [np.roll(low, step, axis) for step in (-2, -1, 1, 2)]
        low = np.minimum.reduce([low, *moved])
    return high - low


# name: weight, and the mean and spread that the measure had: a logistic regression on
# the tuning half (``python -m benchmarks.drawn``).
_WEIGHTS: dict[str, tuple[float, float, float]] = {
    "one tone": (3.528, 0.3726, 0.2191),
    "black and white": (-0.409, -0.0181, 0.0494),
    "flat": (0.271, 0.2965, 0.2527),
    "flatter": (2.426, 0.0589, 0.2804),
    "edges": (1.057, 0.1675, 0.3577),
    "hard edges": (1.934, 0.3294, 0.6646),
    "off, middle": (-0.197, 13.4669, 2.9534),
    "off, high": (-0.066, 17.7324, 3.3380),
    "off, most": (-0.671, 22.5730, 4.2707),
    "off, share": (-0.366, 0.6827, 0.2024),
    "off, without strokes": (-1.360, -1.6052, 2.5059),
    "contrast gained": (1.427, 0.9720, 2.8017),
    "contrast gained, most": (-0.278, 5.3196, 2.8348),
    "long": (1.694, 0.3900, 0.4673),
    "filled": (-0.362, 0.7694, 0.1438),
    "size": (0.978, 2.5598, 0.6589),
}
_START = 1.848
