"""What people do to a picture before they post it again, as functions of pixels.

Each edit takes RGB pixels, uint8 (height, width, 3), a random generator that alone
decides its choices, and `fillers`: other pictures to stand beside or on top. It
returns new pixels. `SINGLES` and `PAIRS` are the copies that a matcher must find;
`replace_region` and `overlay_region` are the two sides of the other question.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

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


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels)


def _pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"))


def _clip(values: np.ndarray[Any, Any]) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _font(size: float) -> Any:
    return ImageFont.load_default(size=max(8, round(size)))


def _sentence(rng: np.random.Generator, low: int, high: int) -> str:
    return " ".join(rng.choice(WORDS, rng.integers(low, high)))


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(each) for each in rng.integers(0, 256, 3))
    return red, green, blue


def _fit(pixels: Pixels, width: float, height: float) -> Pixels:
    """Scale to lie within (width, height), keeping the aspect."""
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    size = max(8, round(pixels.shape[1] * scale)), max(8, round(pixels.shape[0] * scale))
    return _pixels(_image(pixels).resize(size, Image.Resampling.LANCZOS))


def _fill(pixels: Pixels, width: int, height: int) -> Pixels:
    """Scale and cut to cover (width, height)."""
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    size = max(width, round(pixels.shape[1] * scale)), max(height, round(pixels.shape[0] * scale))
    image = _image(pixels).resize(size, Image.Resampling.LANCZOS)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return _pixels(image.crop((left, top, left + width, top + height)))


def _filler(rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return fillers[int(rng.integers(len(fillers)))]


# What a file goes through.


def jpeg(quality: int) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        file = io.BytesIO()
        _image(pixels).save(file, "JPEG", quality=quality)
        return _pixels(Image.open(file))

    return edit


def resize(share: float) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        return _fit(pixels, pixels.shape[1] * share, pixels.shape[0] * share)

    return edit


def blur(sigma: float) -> Edit:
    """Gaussian, *sigma* in pixels of a picture whose longest side is 512."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        return cv2.GaussianBlur(pixels, (0, 0), sigma * max(pixels.shape) / 512)

    return edit


def noise(sigma: float) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        return _clip(pixels + rng.normal(0, sigma, pixels.shape))

    return edit


# Light and colour.


def grey(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return _pixels(_image(pixels).convert("L"))


def invert(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return 255 - pixels


def gamma(power: float) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        return _clip(255 * (pixels / 255.0) ** power)

    return edit


def light(gain: float, offset: float) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        return _clip((pixels.astype(np.float32) - 128) * gain + 128 + offset)

    return edit


def colour_cast(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return _clip(pixels * rng.uniform(0.6, 1.3, 3) + rng.uniform(-20, 20, 3))


def hue(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    values = np.asarray(_image(pixels).convert("HSV")).copy()
    values[..., 0] += np.uint8(rng.integers(40, 216))
    return _pixels(Image.fromarray(values, "HSV"))


def sepia_filter(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    height, width = pixels.shape[:2]
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    shade = 1 - 0.35 * (down**2 + across**2)
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    return _clip((luma * shade)[..., None] * np.array([1.1, 0.95, 0.75]) + 10)


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
        return _pixels(_image(pixels).resize((max(8, round(width * share)), height)))

    return edit


def mirror(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return np.ascontiguousarray(pixels[:, ::-1])


def upside_down(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    return np.ascontiguousarray(pixels[::-1])


def rotate(degrees: float, *, keep_frame: bool = False) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        ground = (0, 0, 0) if rng.random() < 0.5 else (255, 255, 255)
        sign = 1 if rng.random() < 0.5 else -1
        return _pixels(
            _image(pixels).rotate(
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
    ground = cv2.GaussianBlur(_fill(pixels, *page), (0, 0), max(page) / 30)
    return _placed(ground, _fit(pixels, *page), 0.5, 0.5)


def _placed(page: Pixels, picture: Pixels, across: float, down: float) -> Pixels:
    page = page.copy()
    top = round((page.shape[0] - picture.shape[0]) * down)
    left = round((page.shape[1] - picture.shape[1]) * across)
    page[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return page


# What is laid on a picture.


def caption_bar(*, above: bool) -> Edit:
    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        height, width = pixels.shape[:2]
        bar = round(height * rng.uniform(0.12, 0.25))
        page = Image.new("RGB", (width, height + bar), (255, 255, 255))
        page.paste(_image(pixels), (0, bar if above else 0))
        draw = ImageDraw.Draw(page)
        size = bar * 0.3
        text = _sentence(rng, 6, 12)
        across = max(8, int(width / (size * 0.55)))
        lines = "\n".join(text[at : at + across] for at in range(0, len(text), across))
        top = bar * 0.15 + (0 if above else height)
        draw.multiline_text((width * 0.03, top), lines, (0, 0, 0), _font(size))
        return _pixels(page)

    return edit


def meme_text(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    height, width = pixels.shape[:2]
    image = _image(pixels).copy()
    draw = ImageDraw.Draw(image)
    for at in (0.03, 0.82):
        text = _sentence(rng, 2, 5).upper()
        font = _font(min(height * 0.13, 1.6 * width / max(1, len(text))))
        box = draw.textbbox((0, 0), text, font)
        left = (width - box[2]) / 2
        edge = max(1, round(height / 200))
        draw.text(
            (left, height * at), text, (255,) * 3, font, stroke_width=edge, stroke_fill=(0,) * 3
        )
    return _pixels(image)


def sticker(share: float) -> Edit:
    """One flat shape that covers *share* of the area."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        height, width = pixels.shape[:2]
        rows = min(height, round(height * np.sqrt(share) * rng.uniform(0.9, 1.1)))
        columns = min(width, round(share * height * width / rows))
        top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
        image = _image(pixels).copy()
        draw = ImageDraw.Draw(image)
        box = (left, top, left + columns, top + rows)
        draw.rounded_rectangle(box, min(rows, columns) * 0.1, _colour(rng))
        draw.text(
            (left + columns * 0.1, top + rows * 0.3),
            _sentence(rng, 2, 4),
            _colour(rng),
            _font(rows * 0.2),
        )
        return _pixels(image)

    return edit


def faces(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    """A few drawn emoji."""
    image = _image(pixels).copy()
    height, width = pixels.shape[:2]
    for _ in range(rng.integers(2, 5)):
        size = min(height, width) * rng.uniform(0.12, 0.25)
        left, top = rng.uniform(0, width - size), rng.uniform(0, height - size)
        _emoji(ImageDraw.Draw(image), left, top, size, rng)
    return _pixels(image)


def _emoji(draw: Any, left: float, top: float, size: float, rng: np.random.Generator) -> None:
    if rng.random() < 0.3:
        _heart(draw, left, top, size, _colour(rng))
        return
    skin = (255, int(rng.integers(170, 225)), int(rng.integers(20, 90)))
    draw.ellipse((left, top, left + size, top + size), skin, (150, 100, 0), max(1, int(size / 40)))
    for eye in (0.33, 0.67):
        x, y, r = left + size * eye, top + size * 0.38, size * 0.07
        draw.ellipse((x - r, y - 1.5 * r, x + r, y + 1.5 * r), (60, 30, 0))
    mouth = (left + size * 0.25, top + size * 0.35, left + size * 0.75, top + size * 0.8)
    draw.arc(mouth, 15, 165, (60, 30, 0), max(2, int(size / 18)))


def _heart(draw: Any, left: float, top: float, size: float, fill: tuple[int, int, int]) -> None:
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
    text = _sentence(rng, 2, 4)
    size = min(height, width) * 0.08
    for row in range(0, 2 * height, round(size * 3)):
        for column in range(0, 2 * width, round(size * 8)):
            draw.text((column, row), text, 110, _font(size))
    layer = layer.rotate(30).crop(
        (width // 2, height // 2, width // 2 + width, height // 2 + height)
    )
    return _pixels(Image.composite(Image.new("RGB", layer.size, (255,) * 3), _image(pixels), layer))


# The picture as a part of something else.


def phone_screenshot(*, dark: bool) -> Edit:
    """A feed on a phone: status bar, name, the picture across, a few icons, comments."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        width, height = 1080, int(rng.choice([1920, 2160, 2340]))
        paper, ink = ((18, 18, 18), (230,) * 3) if dark else ((255,) * 3, (20,) * 3)
        page = Image.new("RGB", (width, height), paper)
        draw = ImageDraw.Draw(page)
        draw.text((50, 25), f"{rng.integers(0, 24)}:{rng.integers(10, 60)}", ink, _font(42))
        draw.rectangle((960, 30, 1030, 62), None, ink, 4)
        draw.text((50, 120), _sentence(rng, 1, 3), ink, _font(64))
        draw.line((0, 230, width, 230), (128,) * 3, 2)
        draw.ellipse((40, 260, 140, 360), _colour(rng))
        draw.text((170, 280), _sentence(rng, 1, 3), ink, _font(44))
        shown = _fit(pixels, width, height * 0.62)
        page.paste(_image(shown), ((width - shown.shape[1]) // 2, 390))
        below = 390 + shown.shape[0] + 40
        for at in range(3):
            _heart(draw, 40 + at * 130, below, 80, ink)
        for line in range(3):
            draw.text((40, below + 120 + line * 64), _sentence(rng, 4, 8), ink, _font(40))
        return _pixels(page)

    return edit


def desktop_screenshot(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    """A browser window on a desk: tabs, address, text, the picture, a second one beside."""
    width, height = 1920, 1080
    page = Image.new("RGB", (width, height), (245, 246, 248))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, width, 60), (210, 213, 220))
    for tab in range(4):
        draw.rounded_rectangle((10 + tab * 260, 12, 260 + tab * 260, 60), 10, (235, 236, 240))
        draw.text((30 + tab * 260, 24), _sentence(rng, 2, 3), (50,) * 3, _font(20))
    draw.rounded_rectangle((120, 70, 1500, 112), 20, (255,) * 3)
    draw.text((150, 80), "https://" + _sentence(rng, 1, 2).replace(" ", "/"), (60,) * 3, _font(22))
    shown = _fit(pixels, 1000, rng.integers(600, 860))
    page.paste(_image(shown), (160, 170))
    for line in range(18):
        draw.text((1240, 180 + line * 34), _sentence(rng, 6, 9), (40,) * 3, _font(22))
    page.paste(_image(_fill(_filler(rng, fillers), 280, 200)), (1240, 820))
    draw.rectangle((0, 1036, width, height), (32, 36, 48))
    for icon in range(7):
        draw.ellipse((20 + icon * 60, 1042, 52 + icon * 60, 1074), _colour(rng))
    return _pixels(page)


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
            shown = _fill(pixels if at == mine else _filler(rng, fillers), width, height)
            top, left = gap + row * (height + gap), gap + column * (width + gap)
            page[top : top + height, left : left + width] = shown
        return page

    return edit


def picture_in_picture(share: float) -> Edit:
    """The picture as an inset, *share* of the side of another one."""

    def edit(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
        page = _fit(_filler(rng, fillers), 1024, 1024)
        inset = _fit(pixels, page.shape[1] * share, page.shape[0] * share * 1.3)
        return _placed(page, inset, rng.uniform(0.03, 0.97), rng.uniform(0.03, 0.97))

    return edit


def with_inset(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    """The picture as the ground of another one's inset."""
    inset = _fit(_filler(rng, fillers), pixels.shape[1] * 0.4, pixels.shape[0] * 0.4)
    return _placed(pixels, inset, rng.uniform(0.03, 0.97), rng.uniform(0.03, 0.97))


def photo_of_a_screen(pixels: Pixels, rng: np.random.Generator, fillers: Fillers) -> Pixels:
    """Taken askew with a phone: a dark rim, perspective, a glow, noise, a JPEG."""
    framed = bars(0.08, 0.08)(pixels, rng, fillers)
    seen = perspective(0.08)(framed, rng, fillers).astype(np.float32)
    down, across = np.mgrid[0 : 1 : seen.shape[0] * 1j, 0 : 1 : seen.shape[1] * 1j]
    y, x = rng.random(2)
    glow = 60 * np.exp(-((down - y) ** 2 + (across - x) ** 2) / 0.08)
    lines = 6 * np.sin(np.arange(seen.shape[0]) * 2.1)[:, None, None]
    return jpeg(60)(
        noise(6)(_clip(seen * 0.9 + glow[..., None] + lines), rng, fillers), rng, fillers
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


# A region replaced, or covered.


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
        donor = _filler(rng, fillers)
        scale = rng.uniform(0.7, 1.2)
        donor = _fit(donor, width * scale, height * scale)
        if donor.shape[0] <= rows or donor.shape[1] <= columns:
            donor = _fill(donor, columns + 8, rows + 8)
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
    out[top : top + rows, left : left + columns] = _clip(patch * cover + there * (1 - cover))
    return out, (left / width, top / height, (left + columns) / width, (top + rows) / height)


OVERLAYS = ("caption", "sticker", "watermark", "emoji", "logo", "bar")


def overlay_region(pixels: Pixels, share: float, kind: str, rng: np.random.Generator) -> Pixels:
    """Cover *share* of the area with something drawn, of one of the `OVERLAYS`."""
    height, width = pixels.shape[:2]
    top, left, rows, columns = _place(pixels.shape, share, rng)
    image = _image(pixels).copy()
    draw = ImageDraw.Draw(image)
    box = (left, top, left + columns, top + rows)
    if kind == "caption":
        area = share * height * width
        columns = min(width - 2, round(np.sqrt(area * 6)))
        rows = min(height - 2, max(10, round(area / columns)))
        left, top = int(rng.integers(0, width - columns)), int(rng.integers(0, height - rows))
        text = _sentence(rng, 3, 6)
        font = _font(rows * 0.75)
        size = draw.textlength(text, font)
        font = _font(rows * 0.75 * min(1.0, columns / size))
        edge = max(1, round(rows / 25))
        draw.text((left, top), text, (255,) * 3, font, stroke_width=edge, stroke_fill=(0,) * 3)
    elif kind == "sticker":
        draw.rounded_rectangle(
            box, min(rows, columns) * 0.15, _colour(rng), (255,) * 3, max(1, rows // 30)
        )
        draw.text(
            (left + columns * 0.1, top + rows * 0.3),
            _sentence(rng, 1, 3),
            _colour(rng),
            _font(rows * 0.3),
        )
    elif kind == "watermark":
        layer = Image.new("L", image.size)
        pen = ImageDraw.Draw(layer)
        pen.text((left, top + rows * 0.1), _sentence(rng, 2, 3), 120, _font(rows * 0.35))
        pen.text((left, top + rows * 0.55), _sentence(rng, 2, 3), 120, _font(rows * 0.35))
        white = Image.new("RGB", image.size, (255,) * 3)
        image = Image.composite(white, image, layer)
    elif kind == "emoji":
        _emoji(draw, left, top, min(rows, columns) * 1.1, rng)
    elif kind == "logo":
        fill = _colour(rng)
        draw.ellipse(box, fill)
        _heart(draw, left + columns * 0.2, top + rows * 0.2, min(rows, columns) * 0.6, _colour(rng))
    else:
        draw.rectangle(box, (0,) * 3 if rng.random() < 0.5 else _colour(rng))
    return _pixels(image)


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
