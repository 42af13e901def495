"""A region of the picture replaced, or covered."""

from __future__ import annotations

import numpy as np
from benchmarks.edits.canvas import (
    Fillers,
    Pixels,
    as_image,
    as_pixels,
    clipped,
    filling,
    fitted,
    font_of,
    some_colour,
    some_filler,
    some_words,
)
from benchmarks.edits.overlays import draw_emoji, draw_heart
from PIL import Image, ImageDraw


def _place(
    shape: tuple[int, ...], share: float, rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """A box (top, left, rows, columns) of *share* of the area, not at the rim."""
    height, width = shape[:2]
    side = np.sqrt(share * height * width)
    stretch = np.sqrt(rng.uniform(0.75, 1.5))
    rows, columns = min(round(side * stretch), height - 2), min(round(side / stretch), width - 2)
    top, left = rng.integers(0, height - rows), rng.integers(0, width - columns)
    return int(top), int(left), rows, columns


def replace_region(
    pixels: Pixels,
    share: float,
    rng: np.random.Generator,
    fillers: Fillers,
    *,
    soft: float = 0.16,
    power: float = 4,
    texture: float = 14,
) -> tuple[Pixels, tuple[float, float, float, float]]:
    """Put a feathered, colour-matched oval or box of another picture in.

    It is feathered over the outer *soft* of its radius; *power* 2 is an oval, more is nearer
    to a box; *texture* is the least spread of values, before and after.

    Returns the pixels and the region as (left, top, right, bottom), each 0 to 1.
    The donor's window is sought where it has texture: a swapped face is not plain.
    """
    height, width = pixels.shape[:2]
    for _ in range(30):
        top, left, rows, columns = _place(pixels.shape, share, rng)
        # What is plain before and after cannot be seen to differ, by anybody.
        if pixels[top : top + rows, left : left + columns].mean(2).std() > texture:
            break
    for _ in range(30):
        donor = some_filler(rng, fillers)
        scale = rng.uniform(0.7, 1.2)
        donor = fitted(donor, width * scale, height * scale)
        if donor.shape[0] <= rows or donor.shape[1] <= columns:
            donor = filling(donor, columns + 8, rows + 8)
        y = rng.integers(0, donor.shape[0] - rows + 1)
        x = rng.integers(0, donor.shape[1] - columns + 1)
        patch = donor[y : y + rows, x : x + columns].astype(np.float32)
        if patch.mean(2).std() > texture:
            break
    there = pixels[top : top + rows, left : left + columns].astype(np.float32)
    own, aim = patch.reshape(-1, 3), there.reshape(-1, 3)
    patch = (patch - own.mean(0)) / (own.std(0) + 4) * (aim.std(0) + 4) + aim.mean(0)
    down, across = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    distance = (np.abs(down) ** power + np.abs(across) ** power) ** (1 / power)
    cover = np.clip((1.0 - distance) / soft, 0, 1)[..., None]
    out = pixels.copy()
    out[top : top + rows, left : left + columns] = clipped(patch * cover + there * (1 - cover))
    return out, (left / width, top / height, (left + columns) / width, (top + rows) / height)


OVERLAYS = ("caption", "sticker", "watermark", "emoji", "logo", "bar")


def overlay_region(pixels: Pixels, share: float, kind: str, rng: np.random.Generator) -> Pixels:
    """Cover *share* of the area with something drawn, of one of the `OVERLAYS`."""
    height, width = pixels.shape[:2]
    top, left, rows, columns = _place(pixels.shape, share, rng)
    image = as_image(pixels).copy()
    draw = ImageDraw.Draw(image)
    box = (left, top, left + columns, top + rows)
    if kind == "caption":
        area = share * height * width
        columns = min(width - 2, round(np.sqrt(area * 6)))
        rows = min(height - 2, max(10, round(area / columns)))
        left, top = int(rng.integers(0, width - columns)), int(rng.integers(0, height - rows))
        text = some_words(rng, 3, 6)
        font = font_of(rows * 0.75)
        size = draw.textlength(text, font)
        font = font_of(rows * 0.75 * min(1.0, columns / size))
        edge = max(1, round(rows / 25))
        draw.text((left, top), text, (255,) * 3, font, stroke_width=edge, stroke_fill=(0,) * 3)
    elif kind == "sticker":
        draw.rounded_rectangle(
            box, min(rows, columns) * 0.15, some_colour(rng), (255,) * 3, max(1, rows // 30)
        )
        draw.text(
            (left + columns * 0.1, top + rows * 0.3),
            some_words(rng, 1, 3),
            some_colour(rng),
            font_of(rows * 0.3),
        )
    elif kind == "watermark":
        layer = Image.new("L", image.size)
        pen = ImageDraw.Draw(layer)
        pen.text((left, top + rows * 0.1), some_words(rng, 2, 3), 120, font_of(rows * 0.35))
        pen.text((left, top + rows * 0.55), some_words(rng, 2, 3), 120, font_of(rows * 0.35))
        white = Image.new("RGB", image.size, (255,) * 3)
        image = Image.composite(white, image, layer)
    elif kind == "emoji":
        draw_emoji(draw, left, top, min(rows, columns) * 1.1, rng)
    elif kind == "logo":
        fill = some_colour(rng)
        draw.ellipse(box, fill)
        draw_heart(
            draw, left + columns * 0.2, top + rows * 0.2, min(rows, columns) * 0.6, some_colour(rng)
        )
    else:
        draw.rectangle(box, (0,) * 3 if rng.random() < 0.5 else some_colour(rng))
    return as_pixels(image)
