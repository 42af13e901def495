"""A decoded picture as a person sees it: luma or RGB, eight bits.

Colours of palettes are looked up, 16 bits scaled to 8, transparency laid on white,
inks turned into light. Colour profiles are not applied, as the reference does not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

Pixels = npt.NDArray[np.uint8]

GROUND = 255
"""Transparent pixels are laid on white, as a page shows them."""

_BAND_ROWS = 256
_FROM_LAB = ImageCms.buildTransform(
    ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
)


def visible(image: Image.Image) -> Pixels:
    """The pixels of *image*: shape (height, width), or (height, width, 3) for RGB."""
    image.load()
    mode = image.mode
    if mode.startswith("I;16"):
        return _scaled(np.asarray(image), 65535.0)
    if mode == "I":
        values = np.asarray(image)
        return _scaled(values, 65535.0 if values.max(initial=0) <= 65535 else 2.0**31 - 1)
    if mode == "F":
        values = np.asarray(image)
        return _scaled(values, 1.0 if values.max(initial=0) <= 1 else 255.0)
    if image.has_transparency_data:
        return _on_ground(image)
    if mode in ("L", "RGB"):
        return np.asarray(image)
    if mode == "1":
        return np.asarray(image.convert("L"))
    if mode == "LAB":
        return _in_bands(image, lambda band: ImageCms.applyTransform(band, _FROM_LAB))
    return _in_bands(image, lambda band: band.convert("RGB"))


def _scaled(values: npt.NDArray[np.generic], white: float) -> Pixels:
    """Numbers from 0 (black) to *white*, as bytes."""
    scaled = np.empty(values.shape, dtype=np.uint8)
    for top in range(0, len(values), _BAND_ROWS):
        band = values[top : top + _BAND_ROWS].astype(np.float32)
        band = np.nan_to_num(band * np.float32(255.0 / white))
        scaled[top : top + _BAND_ROWS] = np.clip(np.rint(band), 0, 255)
    return scaled


def _on_ground(image: Image.Image) -> Pixels:
    def lay(band: Image.Image) -> Image.Image:
        layer = band.convert("RGBA")
        ground = Image.new("RGBA", band.size, (GROUND, GROUND, GROUND, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")

    return _in_bands(image, lay)


def _in_bands(image: Image.Image, change: Callable[[Image.Image], Image.Image | None]) -> Pixels:
    """*change* the picture to RGB, some rows at a time: a copy costs as much as it does."""
    width, height = image.size
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, _BAND_ROWS):
        bottom = min(height, top + _BAND_ROWS)
        pixels[top:bottom] = np.asarray(change(image.crop((0, top, width, bottom))))
    return pixels
