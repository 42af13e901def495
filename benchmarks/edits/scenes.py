"""Edits that make the picture a part of something else, seen on a screen or beside others."""

from __future__ import annotations

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
    font_of,
    placed,
    some_colour,
    some_filler,
    some_words,
)
from benchmarks.edits.changes import bars, jpeg, noise, perspective
from benchmarks.edits.overlays import draw_heart
from PIL import Image, ImageDraw


def phone_screenshot(*, dark: bool) -> Edit:
    """A feed on a phone: status bar, name, the picture across, a few icons, comments."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        width, height = 1080, int(rng.choice([1920, 2160, 2340]))
        paper, ink = ((18, 18, 18), (230,) * 3) if dark else ((255,) * 3, (20,) * 3)
        page = Image.new("RGB", (width, height), paper)
        draw = ImageDraw.Draw(page)
        draw.text((50, 25), f"{rng.integers(0, 24)}:{rng.integers(10, 60)}", ink, font_of(42))
        draw.rectangle((960, 30, 1030, 62), None, ink, 4)
        draw.text((50, 120), some_words(rng, 1, 3), ink, font_of(64))
        draw.line((0, 230, width, 230), (128,) * 3, 2)
        draw.ellipse((40, 260, 140, 360), some_colour(rng))
        draw.text((170, 280), some_words(rng, 1, 3), ink, font_of(44))
        shown = fitted(pixels, width, height * 0.62)
        page.paste(as_image(shown), ((width - shown.shape[1]) // 2, 390))
        below = 390 + shown.shape[0] + 40
        for at in range(3):
            draw_heart(draw, 40 + at * 130, below, 80, ink)
        for line in range(3):
            draw.text((40, below + 120 + line * 64), some_words(rng, 4, 8), ink, font_of(40))
        return as_pixels(page)

    return edit


def desktop_screenshot(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    """A browser window on a desk: tabs, address, text, the picture, a second one beside."""
    width, height = 1920, 1080
    page = Image.new("RGB", (width, height), (245, 246, 248))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, width, 60), (210, 213, 220))
    for tab in range(4):
        draw.rounded_rectangle((10 + tab * 260, 12, 260 + tab * 260, 60), 10, (235, 236, 240))
        draw.text((30 + tab * 260, 24), some_words(rng, 2, 3), (50,) * 3, font_of(20))
    draw.rounded_rectangle((120, 70, 1500, 112), 20, (255,) * 3)
    draw.text(
        (150, 80), "https://" + some_words(rng, 1, 2).replace(" ", "/"), (60,) * 3, font_of(22)
    )
    shown = fitted(pixels, 1000, rng.integers(600, 860))
    page.paste(as_image(shown), (160, 170))
    for line in range(18):
        draw.text((1240, 180 + line * 34), some_words(rng, 6, 9), (40,) * 3, font_of(22))
    page.paste(as_image(filling(some_filler(rng, fillers), 280, 200)), (1240, 820))
    draw.rectangle((0, 1036, width, height), (32, 36, 48))
    for icon in range(7):
        draw.ellipse((20 + icon * 60, 1042, 52 + icon * 60, 1074), some_colour(rng))
    return as_pixels(page)


def collage(rows: int, columns: int) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        gap = 8
        height, width = (
            (400, 400) if rows > 1 else (600, round(600 * pixels.shape[1] / pixels.shape[0]))
        )
        page = np.full(
            (rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, np.uint8
        )
        mine = rng.integers(rows * columns)
        for at in range(rows * columns):
            row, column = divmod(at, columns)
            shown = filling(pixels if at == mine else some_filler(rng, fillers), width, height)
            top, left = gap + row * (height + gap), gap + column * (width + gap)
            page[top : top + height, left : left + width] = shown
        return page

    return edit


def picture_in_picture(share: float) -> Edit:
    """The picture as an inset, *share* of the side of another one."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        page = fitted(some_filler(rng, fillers), 1024, 1024)
        inset = fitted(pixels, page.shape[1] * share, page.shape[0] * share * 1.3)
        return placed(page, inset, rng.uniform(0.03, 0.97), rng.uniform(0.03, 0.97))

    return edit


def with_inset(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    """The picture as the ground of another one's inset."""
    inset = fitted(some_filler(rng, fillers), pixels.shape[1] * 0.4, pixels.shape[0] * 0.4)
    return placed(pixels, inset, rng.uniform(0.03, 0.97), rng.uniform(0.03, 0.97))


def photo_of_a_screen(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    """Taken askew with a phone: a dark rim, perspective, a glow, noise, a JPEG."""
    framed = bars(0.08, 0.08)(pixels, rng, fillers)
    seen = perspective(0.08)(framed, rng, fillers).astype(np.float32)
    down, across = np.mgrid[0 : 1 : seen.shape[0] * 1j, 0 : 1 : seen.shape[1] * 1j]
    y, x = rng.random(2)
    glow = 60 * np.exp(-((down - y) ** 2 + (across - x) ** 2) / 0.08)
    lines = 6 * np.sin(np.arange(seen.shape[0]) * 2.1)[:, None, None]
    return jpeg(60)(
        noise(6)(clipped(seen * 0.9 + glow[..., None] + lines), rng, fillers), rng, fillers
    )
