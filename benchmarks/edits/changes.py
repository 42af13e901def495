"""Edits of the whole picture: its file, its light and colour, its cut and its frame."""

from __future__ import annotations

import io

import cv2
import numpy as np
from benchmarks.edits.canvas import (
    Edit,
    Fillers,
    Pixels,
    as_image,
    as_pixels,
    clipped,
    filling,
    fitted,
    placed,
)
from PIL import Image

# What a file goes through.


def jpeg(quality: int) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        file = io.BytesIO()
        as_image(pixels).save(file, "JPEG", quality=quality)
        return as_pixels(Image.open(file))

    return edit


def resize(share: float) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        return fitted(pixels, pixels.shape[1] * share, pixels.shape[0] * share)

    return edit


def blur(sigma: float) -> Edit:
    """Gaussian, *sigma* in pixels of a picture whose longest side is 512."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        return cv2.GaussianBlur(pixels, (0, 0), sigma * max(pixels.shape) / 512)

    return edit


def noise(sigma: float) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        return clipped(pixels + rng.normal(0, sigma, pixels.shape))

    return edit


# Light and colour.


def grey(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return as_pixels(as_image(pixels).convert("L"))


def invert(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return 255 - pixels


def gamma(power: float) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        return clipped(255 * (pixels / 255.0) ** power)

    return edit


def light(gain: float, offset: float) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        return clipped((pixels.astype(np.float32) - 128) * gain + 128 + offset)

    return edit


def colour_cast(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return clipped(pixels * rng.uniform(0.6, 1.3, 3) + rng.uniform(-20, 20, 3))


def hue(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    values = np.asarray(as_image(pixels).convert("HSV")).copy()
    values[..., 0] += np.uint8(rng.integers(40, 216))
    return as_pixels(Image.fromarray(values, "HSV"))


def sepia_filter(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    height, width = pixels.shape[:2]
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    shade = 1 - 0.35 * (down**2 + across**2)
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    return clipped((luma * shade)[..., None] * np.array([1.1, 0.95, 0.75]) + 10)


# Cuts, turns and frames.


def crop(removed: float) -> Edit:
    """Cut away *removed* of the area, off centre, the aspect changed a little."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        height, width = pixels.shape[:2]
        skew = rng.uniform(0.85, 1.18)
        rows = min(height, round(height * np.sqrt((1 - removed) * skew)))
        columns = min(width, round(width * np.sqrt((1 - removed) / skew)))
        top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
        return pixels[top : top + rows, left : left + columns]

    return edit


def aspect(share: float) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        height, width = pixels.shape[:2]
        return as_pixels(as_image(pixels).resize((max(8, round(width * share)), height)))

    return edit


def mirror(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return np.ascontiguousarray(pixels[:, ::-1])


def upside_down(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return np.ascontiguousarray(pixels[::-1])


def rotate(degrees: float, *, keep_frame: bool = False) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        ground = (0, 0, 0) if rng.random() < 0.5 else (255, 255, 255)
        sign = 1 if rng.random() < 0.5 else -1
        return as_pixels(
            as_image(pixels).rotate(
                sign * degrees,
                Image.Resampling.BICUBIC,
                expand=not keep_frame,
                fillcolor=ground,
            )
        )

    return edit


def tilt_and_cut(degrees: float) -> Edit:
    """Turn, and keep the largest upright middle without corners, as phones do."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        turned = rotate(degrees, keep_frame=True)(pixels, rng, fillers)
        height, width = pixels.shape[:2]
        angle = np.radians(degrees)
        share = 1 / (np.cos(angle) + np.sin(angle) * max(height / width, width / height))
        rows, columns = int(height * share), int(width * share)
        top, left = (height - rows) // 2, (width - columns) // 2
        return turned[top : top + rows, left : left + columns]

    return edit


def perspective(strength: float) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        height, width = pixels.shape[:2]
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        shift = rng.uniform(0, strength, (4, 2)) * [[1, 1], [-1, 1], [-1, -1], [1, -1]]
        moved = (corners + shift * [width, height]).astype(np.float32)
        matrix = cv2.getPerspectiveTransform(corners, moved)
        return cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_AREA)

    return edit


def bars(down: float, across: float, *, white: bool = False) -> Edit:
    """Bars above and below (*down*, of the height) and beside (*across*)."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        height, width = pixels.shape[:2]
        y, x = round(height * down), round(width * across)
        page = np.full((height + 2 * y, width + 2 * x, 3), 255 * white, np.uint8)
        page[y : y + height, x : x + width] = pixels
        return page

    return edit


def blurred_bars(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    """A tall frame whose ground is the picture itself, blurred: how stories show photos."""
    height, width = pixels.shape[:2]
    page = (width, width * 16 // 9) if height < width * 16 / 9 else (height * 16 // 9, height)
    ground = cv2.GaussianBlur(filling(pixels, *page), (0, 0), max(page) / 30)
    return placed(ground, fitted(pixels, *page), 0.5, 0.5)
