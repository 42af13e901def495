"""Pictures made by whole-number arithmetic: every machine draws the same pixels.

Clouds, discs and bars in three colours. They show nothing, but have what hashes look
at: large shapes, edges, texture. `DRAWINGS` is the list that ``pdq.json`` answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Drawing:
    name: str
    width: int
    height: int
    seed: int
    contrast: int = 256
    """256 is full contrast, 0 a flat grey."""

    def pixels(self) -> Pixels:
        """RGB, uint8, shape (height, width, 3)."""
        return draw(self.width, self.height, self.seed, self.contrast)


DRAWINGS = (
    Drawing("smallest", 5, 5, 1),
    Drawing("too-small", 4, 40, 2),
    Drawing("exactly-64", 64, 64, 3),
    Drawing("below-64", 63, 65, 4),
    Drawing("exactly-128", 128, 128, 5),
    Drawing("just-over-128", 129, 131, 6),
    Drawing("landscape", 320, 213, 7),
    Drawing("portrait", 240, 427, 8),
    Drawing("wide-strip", 900, 37, 9),
    Drawing("tall-strip", 41, 800, 10),
    Drawing("square", 512, 512, 11),
    Drawing("odd-sides", 641, 479, 12),
    Drawing("pale", 300, 200, 13, contrast=48),
    Drawing("plain", 256, 256, 14, contrast=0),
)


def draw(width: int, height: int, seed: int, contrast: int = 256) -> Pixels:
    """A picture of *width* x *height*, RGB; another *seed* is another picture."""
    side = max(width, height)
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    planes = []
    for colour in range(3):
        plane = (
            4 * _clouds(x, y, max(2, side // 3), seed * 8 + colour)
            + 3 * _clouds(x, y, max(2, side // 9), seed * 8 + 3 + colour // 2)
            + _clouds(x, y, max(2, side // 40), seed * 8 + 5)
        ) // 8
        planes.append(plane)
    picture = np.stack(planes, axis=2)
    for number in range(6):
        values = [_scramble(seed * 97 + number * 7 + part) for part in range(7)]
        centre_x, centre_y = values[0] % width, values[1] % height
        radius = side // 16 + values[2] % (side // 6 + 1)
        if number % 2:
            inside = (x - centre_x) ** 2 + (y - centre_y) ** 2 <= radius * radius
        else:
            inside = (abs(x - centre_x) <= radius) & (abs(y - centre_y) <= radius // 3)
        colour = np.array([values[3] % 256, values[4] % 256, values[5] % 256])
        picture[inside] = (picture[inside] + 3 * colour) // 4
    return (128 + (picture - 128) * contrast // 256).clip(0, 255).astype(np.uint8)


def _clouds(
    x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], cell: int, seed: int
) -> npt.NDArray[np.int64]:
    """Smooth noise from 0 to 255: random values on a grid of *cell* pixels, blended."""
    column, row = x // cell, y // cell
    right, down = x % cell, y % cell
    corners = [
        _scramble_all((row + below) * 7919 + (column + beside) * 104729 + seed) % 256
        for below in (0, 1)
        for beside in (0, 1)
    ]
    top = corners[0] * (cell - right) + corners[1] * right
    bottom = corners[2] * (cell - right) + corners[3] * right
    return (top * (cell - down) + bottom * down) // (cell * cell)


def _scramble_all(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    mask = np.int64(0xFFFFFFFF)
    values = (values ^ (values >> 15)) * 0x2C1B3C6D & mask
    values = (values ^ (values >> 12)) * 0x297A2D39 & mask
    return values ^ (values >> 15)


def _scramble(value: int) -> int:
    return int(_scramble_all(np.array([value], dtype=np.int64))[0])
