"""The edits by their names in the tables: one at a time, harder ones, and in pairs."""

from __future__ import annotations

import numpy as np
from benchmarks.edits.canvas import Edit, Fillers, Pixels, generator
from benchmarks.edits.changes import (
    aspect,
    bars,
    blur,
    blurred_bars,
    colour_cast,
    crop,
    gamma,
    grey,
    hue,
    invert,
    jpeg,
    light,
    mirror,
    noise,
    perspective,
    resize,
    rotate,
    sepia_filter,
    tilt_and_cut,
    upside_down,
)
from benchmarks.edits.overlays import caption_bar, faces, meme_text, sticker, watermark
from benchmarks.edits.scenes import (
    collage,
    desktop_screenshot,
    phone_screenshot,
    photo_of_a_screen,
    picture_in_picture,
    with_inset,
)

SINGLES: dict[str, Edit] = {
    **{f"jpeg q{quality}": jpeg(quality) for quality in (10, 20, 30, 50)},
    **{f"resize {share}x": resize(share) for share in (0.25, 0.5, 1.5)},
    **{f"crop {share}%": crop(share / 100) for share in (5, 10, 20, 30, 40, 50, 60)},
    **{f"aspect {share}": aspect(share) for share in (0.67, 0.8, 1.25, 1.5)},
    "letterbox": bars(0.2, 0),
    "pillarbox": bars(0, 0.35),
    "white border": bars(0.08, 0.08, white=True),
    "story frame": blurred_bars,
    "caption above": caption_bar(above=True),
    "caption below": caption_bar(above=False),
    "meme text": meme_text,
    "emoji": faces,
    "watermark": watermark,
    **{f"sticker {share}%": sticker(share / 100) for share in (20, 40, 60, 80)},
    "mirrored": mirror,
    "upside down": upside_down,
    **{f"rotated {degrees}": rotate(degrees) for degrees in (2, 5, 10, 20, 45, 90, 135, 180)},
    "rotated 5 in frame": rotate(5, keep_frame=True),
    "tilted 8 and cut": tilt_and_cut(8),
    "perspective 0.1": perspective(0.1),
    "perspective 0.2": perspective(0.2),
    "phone screenshot": phone_screenshot(dark=False),
    "phone screenshot, dark": phone_screenshot(dark=True),
    "desktop screenshot": desktop_screenshot,
    "photo of a screen": photo_of_a_screen,
    "side by side": collage(1, 2),
    "collage of 4": collage(2, 2),
    "inset 50%": picture_in_picture(0.5),
    "inset 35%": picture_in_picture(0.35),
    "with an inset": with_inset,
    "blur 1.5": blur(1.5),
    "blur 3": blur(3),
    "noise 10": noise(10),
    "noise 25": noise(25),
    "grey": grey,
    "colour cast": colour_cast,
    "hue": hue,
    "sepia": sepia_filter,
    "brighter": light(1.0, 50),
    "darker": light(1.0, -50),
    "contrast": light(1.6, 0),
    "flat": light(0.5, 20),
    "gamma 0.5": gamma(0.5),
    "gamma 2": gamma(2.0),
    "invert": invert,
}

HARDER: dict[str, Edit] = {
    "crop 75%": crop(0.75),
    "crop 85%": crop(0.85),
    "inset 25%": picture_in_picture(0.25),
    "collage of 9": collage(3, 3),
    "resize 0.12x": resize(0.12),
    "blur 5": blur(5),
    "noise 50": noise(50),
    "jpeg q3": jpeg(3),
    "aspect 0.5": aspect(0.5),
    "perspective 0.3": perspective(0.3),
}
"""Beyond what must be found: where the limits lie."""

PAIRS = (
    ("mirrored", "crop 20%"),
    ("mirrored", "phone screenshot"),
    ("mirrored", "rotated 5"),
    ("mirrored", "jpeg q10"),
    ("crop 40%", "jpeg q20"),
    ("crop 20%", "meme text"),
    ("crop 30%", "aspect 1.25"),
    ("crop 20%", "phone screenshot, dark"),
    ("crop 40%", "rotated 10"),
    ("crop 10%", "blur 1.5"),
    ("crop 20%", "collage of 4"),
    ("resize 0.25x", "jpeg q30"),
    ("resize 0.5x", "noise 10"),
    ("aspect 0.8", "caption above"),
    ("letterbox", "watermark"),
    ("white border", "rotated 10"),
    ("caption above", "jpeg q20"),
    ("caption below", "phone screenshot"),
    ("meme text", "jpeg q10"),
    ("meme text", "desktop screenshot"),
    ("emoji", "crop 30%"),
    ("sticker 40%", "jpeg q20"),
    ("sticker 20%", "rotated 90"),
    ("rotated 5", "jpeg q20"),
    ("rotated 180", "phone screenshot"),
    ("perspective 0.1", "noise 10"),
    ("phone screenshot", "jpeg q20"),
    ("phone screenshot", "crop 20%"),
    ("desktop screenshot", "resize 0.5x"),
    ("desktop screenshot", "jpeg q30"),
    ("side by side", "jpeg q20"),
    ("inset 50%", "jpeg q30"),
    ("with an inset", "crop 20%"),
    ("grey", "crop 40%"),
    ("gamma 2", "crop 20%"),
    ("flat", "jpeg q20"),
    ("brighter", "meme text"),
    ("hue", "mirrored"),
    ("blur 1.5", "jpeg q20"),
    ("story frame", "jpeg q30"),
)


def apply(name: str, pixels: Pixels, key: str, fillers: Fillers) -> Pixels:
    """The edit called *name*, or two joined by " + ", of the picture *key*."""
    edits = SINGLES | HARDER
    for step, each in enumerate(name.split(" + ")):
        pixels = edits[each](pixels, generator(key, name, step), fillers)
    return np.ascontiguousarray(pixels)


NAMES = (*SINGLES, *(" + ".join(pair) for pair in PAIRS))

UNTOUCHED: dict[str, Edit] = {
    "as it was": resize(1.0),
    "jpeg q30": jpeg(30),
    "jpeg q50": jpeg(50),
    "jpeg q75": jpeg(75),
    "resize 0.25x": resize(0.25),
    "resize 0.5x": resize(0.5),
    "blur 1.5": blur(1.5),
    "blur 3": blur(3),
    "brighter": light(1.0, 50),
    "darker": light(1.0, -40),
    "gamma 0.5": gamma(0.5),
    "contrast": light(1.4, 0),
    "noise 10": noise(10),
    "crop 20%": crop(0.2),
    "rotated 5 in frame": rotate(5, keep_frame=True),
    "letterbox": bars(0.2, 0),
    "phone screenshot": phone_screenshot(dark=False),
}
"""Copies whose region nobody replaced; none of them may be called so."""
