"""Tile signatures: 32 keyed bits for each of 16 x 16 tiles of the grey picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local.key import Floats, LocalKey, projections

TILES = 16
TILE_SIDE = 8
FRAME = TILES * TILE_SIDE
"""Tiles are cut from the picture stretched to 128 x 128."""

Bytes = npt.NDArray[np.uint8]


def tile_signatures(grey: Bytes | Floats, key: LocalKey) -> tuple[npt.NDArray[np.uint32], Bytes]:
    """Signatures, uint32 (16, 16), and contrast, uint8 (16, 16), of a grey picture."""
    return signatures_of_frame(stretched(grey), key)


def signatures_of_frame(frame: Floats, key: LocalKey) -> tuple[npt.NDArray[np.uint32], Bytes]:
    """The same for pixels that are 128 x 128 already."""
    tiles = cut(frame)
    spread = tiles.std(axis=2)
    signs = tiles @ projections(key).tile.T > 0
    packed = np.packbits(signs, axis=2).view(">u4")[:, :, 0].astype(np.uint32)
    return packed, contrast_level(spread)


def contrast_level(spread: npt.NDArray[np.floating]) -> Bytes:
    """A tile's contrast on 16 steps, a factor of the square root of two each; 0 is flat."""
    level = 2 * np.log2(np.maximum(spread, 1e-3) / 0.5)
    steps: Bytes = np.clip(np.rint(level), 0, 15).astype(np.uint8)
    return steps


def cut(frame: Floats) -> Floats:
    """(128, 128) to (16, 16, 64): the pixels of each tile, its mean taken away."""
    lines = frame.reshape(TILES, TILE_SIDE, TILES, TILE_SIDE).swapaxes(1, 2)
    tiles = lines.reshape(TILES, TILES, TILE_SIDE**2).astype(np.float32)
    centred: Floats = tiles - tiles.mean(axis=2, keepdims=True)
    return centred


def stretched(grey: Bytes | Floats) -> Floats:
    """The picture as 128 x 128 means over areas."""
    rows, columns = areas(grey.shape[0]), areas(grey.shape[1])
    small: Floats = rows @ grey.astype(np.float32) @ columns.T
    return small


def areas(size: int) -> Floats:
    """(128, size): each of 128 samples as the mean of its share of *size* pixels."""
    edges = np.linspace(0, size, FRAME + 1)
    pixel = np.arange(size)
    low, high = edges[:-1, None], edges[1:, None]
    covered = np.clip(np.minimum(high, pixel + 1) - np.maximum(low, pixel), 0, None)
    weights: Floats = (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)
    return weights
