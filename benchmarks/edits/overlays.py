"""Edits that lay something on a picture: words, stickers, drawn faces."""

from __future__ import annotations

from typing import Any

import numpy as np
from benchmarks.edits.canvas import (
    Edit,
    Fillers,
    Pixels,
    as_image,
    as_pixels,
    font_of,
    some_colour,
    some_words,
)
from PIL import Image, ImageDraw


def caption_bar(*, above: bool) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        height, width = pixels.shape[:2]
        bar = round(height * rng.uniform(0.12, 0.25))
        page = Image.new("RGB", (width, height + bar), (255, 255, 255))
        page.paste(as_image(pixels), (0, bar if above else 0))
        draw = ImageDraw.Draw(page)
        size = bar * 0.3
        text = some_words(rng, 6, 12)
        across = max(8, int(width / (size * 0.55)))
        lines = "\n".join(text[at : at + across] for at in range(0, len(text), across))
        top = bar * 0.15 + (0 if above else height)
        draw.multiline_text((width * 0.03, top), lines, (0, 0, 0), font_of(size))
        return as_pixels(page)

    return edit


def meme_text(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    height, width = pixels.shape[:2]
    image = as_image(pixels).copy()
    draw = ImageDraw.Draw(image)
    for at in (0.03, 0.82):
        text = some_words(rng, 2, 5).upper()
        font = font_of(min(height * 0.13, 1.6 * width / max(1, len(text))))
        box = draw.textbbox((0, 0), text, font)
        left = (width - box[2]) / 2
        edge = max(1, round(height / 200))
        draw.text(
            (left, height * at), text, (255,) * 3, font, stroke_width=edge, stroke_fill=(0,) * 3
        )
    return as_pixels(image)


def sticker(share: float) -> Edit:
    """One flat shape that covers *share* of the area."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        height, width = pixels.shape[:2]
        rows = min(height, round(height * np.sqrt(share) * rng.uniform(0.9, 1.1)))
        columns = min(width, round(share * height * width / rows))
        top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
        image = as_image(pixels).copy()
        draw = ImageDraw.Draw(image)
        box = (left, top, left + columns, top + rows)
        draw.rounded_rectangle(box, min(rows, columns) * 0.1, some_colour(rng))
        draw.text(
            (left + columns * 0.1, top + rows * 0.3),
            some_words(rng, 2, 4),
            some_colour(rng),
            font_of(rows * 0.2),
        )
        return as_pixels(image)

    return edit


def faces(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    """A few drawn emoji."""
    image = as_image(pixels).copy()
    height, width = pixels.shape[:2]
    for _ in range(rng.integers(2, 5)):
        size = min(height, width) * rng.uniform(0.12, 0.25)
        left, top = rng.uniform(0, width - size), rng.uniform(0, height - size)
        draw_emoji(ImageDraw.Draw(image), left, top, size, rng)
    return as_pixels(image)


def draw_emoji(draw: Any, left: float, top: float, size: float, rng: np.random.Generator) -> None:
    if rng.random() < 0.3:
        draw_heart(draw, left, top, size, some_colour(rng))
        return
    skin = (255, int(rng.integers(170, 225)), int(rng.integers(20, 90)))
    draw.ellipse((left, top, left + size, top + size), skin, (150, 100, 0), max(1, int(size / 40)))
    for eye in (0.33, 0.67):
        x, y, r = left + size * eye, top + size * 0.38, size * 0.07
        draw.ellipse((x - r, y - 1.5 * r, x + r, y + 1.5 * r), (60, 30, 0))
    mouth = (left + size * 0.25, top + size * 0.35, left + size * 0.75, top + size * 0.8)
    draw.arc(mouth, 15, 165, (60, 30, 0), max(2, int(size / 18)))


def draw_heart(draw: Any, left: float, top: float, size: float, fill: tuple[int, int, int]) -> None:
    angle = np.linspace(0, 2 * np.pi, 80)
    x = 16 * np.sin(angle) ** 3
    y = 13 * np.cos(angle) - 5 * np.cos(2 * angle) - 2 * np.cos(3 * angle) - np.cos(4 * angle)
    points = np.stack([left + size * (x + 17) / 34, top + size * (13 - y) / 32], 1)
    draw.polygon([tuple(each) for each in points], fill)


def watermark(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    """Half-transparent words all over."""
    height, width = pixels.shape[:2]
    layer = Image.new("L", (2 * width, 2 * height))
    draw = ImageDraw.Draw(layer)
    text = some_words(rng, 2, 4)
    size = min(height, width) * 0.08
    for row in range(0, 2 * height, round(size * 3)):
        for column in range(0, 2 * width, round(size * 8)):
            draw.text((column, row), text, 110, font_of(size))
    layer = layer.rotate(30).crop(
        (width // 2, height // 2, width // 2 + width, height // 2 + height)
    )
    return as_pixels(
        Image.composite(Image.new("RGB", layer.size, (255,) * 3), as_image(pixels), layer)
    )
