"""The suspect's pixels laid over the reported picture, and how far the tiles agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local import LocalFingerprint, LocalKey
from staydown.fingerprint.local.tiles import FRAME, TILE_SIDE, TILES, signatures_of_frame
from staydown.match.geometry import project

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Tile by tile, (16, 16): *inside* tells which tiles the suspect shows whole, *off*
    by how many of 32 bits they differ, *level* and *shown* how much contrast the
    reported and the suspect picture have there. *frame*, (128, 128), is the suspect in
    the reported picture's place."""

    inside: npt.NDArray[np.bool_]
    off: npt.NDArray[np.int64]
    level: npt.NDArray[np.int64]
    shown: npt.NDArray[np.int64]
    frame: Floats

    def textured(self, least: int = 3) -> npt.NDArray[np.bool_]:
        """The tiles inside with enough to see on both sides to be compared."""
        seen: npt.NDArray[np.bool_] = self.inside & (self.level >= least) & (self.shown >= 2)
        return seen


def pyramid(grey: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
    """The picture, and halves of it by means of four, down to 16 pixels."""
    levels = [grey.astype(np.float32)]
    while min(levels[-1].shape) >= 32:
        above = levels[-1]
        height, width = above.shape[0] // 2 * 2, above.shape[1] // 2 * 2
        four = above[:height, :width].reshape(height // 2, 2, width // 2, 2)
        levels.append(four.mean(axis=(1, 3)))
    return levels


def lay_over(
    reported: LocalFingerprint,
    matrix: Floats,
    levels: list[npt.NDArray[np.float32]],
    key: LocalKey,
    *,
    inverted: bool = False,
) -> Aligned:
    """Warp the suspect (its *levels* from `pyramid`) into the reported picture's frame."""
    frame, inside = warp(reported.width, reported.height, matrix, levels)
    if inverted:
        frame = 255 - frame
    tiles, shown = signatures_of_frame(frame.astype(np.float32), key)
    whole = np.asarray(inside.reshape(TILES, TILE_SIDE, TILES, TILE_SIDE).all(axis=(1, 3)))
    return Aligned(
        inside=whole,
        off=np.bitwise_count(tiles ^ reported.tiles).astype(np.int64),
        level=reported.contrast.astype(np.int64),
        shown=shown.astype(np.int64),
        frame=frame,
    )


def warp(
    width: int,
    height: int,
    matrix: Floats,
    levels: list[npt.NDArray[np.float32]],
    side: int = FRAME,
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(side, side) samples of the suspect, each the mean of four, and which lie inside."""
    half = (np.arange(2 * side) + 0.5) / (2 * side)
    across, down = np.meshgrid(half * width, half * height)
    landed = project(matrix, np.stack([across.ravel(), down.ravel()], axis=1))
    size = np.sqrt(abs(np.linalg.det(matrix[:2, :2])) * width * height) / (2 * side)
    level = int(np.clip(np.floor(np.log2(max(size, 1.0))), 0, len(levels) - 1))
    pixels = levels[level]
    x = landed[:, 0] / 2**level - 0.5
    y = landed[:, 1] / 2**level - 0.5
    rows, columns = pixels.shape
    inside = (x >= -0.5) & (y >= -0.5) & (x <= columns - 0.5) & (y <= rows - 0.5)
    x, y = np.clip(x, 0, columns - 1.001), np.clip(y, 0, rows - 1.001)
    left, top = x.astype(np.int64), y.astype(np.int64)
    x -= left
    y -= top
    at = top * columns + left
    flat = pixels.ravel()
    upper = flat[at] * (1 - x) + flat[at + 1] * x
    lower = flat[at + columns] * (1 - x) + flat[at + columns + 1] * x
    sampled = (upper * (1 - y) + lower * y).reshape(side, 2, side, 2).mean(axis=(1, 3))
    return sampled, inside.reshape(side, 2, side, 2).all(axis=(1, 3))
