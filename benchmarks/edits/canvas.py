"""Pixels, the words and colours that are drawn on them, and chance that repeats itself."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageFont

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Fillers = Sequence[Pixels]
Edit = Callable[[Pixels, np.random.Generator, Fillers], Pixels]

WORDS = (
    *("when", "the", "weekend", "is", "finally", "here", "and", "nobody", "told", "cat"),
    *("about", "it", "who", "going", "to", "explain", "this", "again", "please", "share"),
    *("before", "gone", "look", "what", "found", "today", "so", "typical", "Monday", "mood"),
    *("no", "comment", "tag", "a", "friend", "best", "day", "ever"),
)


def generator(*names: object) -> np.random.Generator:
    """The same choices for the same names, on every machine."""
    return np.random.default_rng(zlib.crc32("/".join(map(str, names)).encode()))


def as_image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels)


def as_pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"))


def clipped(values: np.ndarray[Any, Any]) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def font_of(size: float) -> Any:
    return ImageFont.load_default(size=max(8, round(size)))


def some_words(rng: np.random.Generator, low: int, high: int) -> str:
    return " ".join(rng.choice(WORDS, rng.integers(low, high)))


def some_colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(each) for each in rng.integers(0, 256, 3))
    return red, green, blue


def fitted(pixels: Pixels, width: float, height: float) -> Pixels:
    """Scale to lie within (width, height), keeping the aspect."""
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    size = max(8, round(pixels.shape[1] * scale)), max(8, round(pixels.shape[0] * scale))
    return as_pixels(as_image(pixels).resize(size, Image.Resampling.LANCZOS))


def filling(pixels: Pixels, width: int, height: int) -> Pixels:
    """Scale and cut to cover (width, height)."""
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    size = max(width, round(pixels.shape[1] * scale)), max(height, round(pixels.shape[0] * scale))
    image = as_image(pixels).resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return as_pixels(image.crop((left, top, left + width, top + height)))


def some_filler(rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return fillers[int(rng.integers(len(fillers)))]


def placed(page: Pixels, picture: Pixels, across: float, down: float) -> Pixels:
    page = page.copy()
    top = round((page.shape[0] - picture.shape[0]) * down)
    left = round((page.shape[1] - picture.shape[1]) * across)
    page[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return page
