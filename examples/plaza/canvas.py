"""A surface to draw the sample pictures on."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT = 800, 600
#: Drawn at twice the size and scaled down, so that edges come out smooth.
ZOOM = 2

Point = tuple[float, float]
Mask = Image.Image
#: One colour ("#0f5c63", or "#0f5c6380" to let half of what is below show), or several:
#: a gradient from top to bottom of the shape.
Fill = str | Sequence[str]


class Canvas:
    """800 x 600 units, (0, 0) at the top left. *seed* decides everything random."""

    def __init__(self, seed: int, background: Fill) -> None:
        self.random = np.random.default_rng(seed)
        self._image = Image.new("RGB", (WIDTH * ZOOM, HEIGHT * ZOOM))
        self._draw = ImageDraw.Draw(self._image, "RGBA")
        self.rectangle(0, 0, WIDTH, HEIGHT, background)

    def image(self, *, grain: float = 5.0) -> Image.Image:
        """The picture, on slightly uneven paper."""
        small = self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        pixels = np.asarray(small, dtype=np.float32)
        paper = self.random.normal(0, grain * 0.6, (HEIGHT, WIDTH, 1))
        paper = paper + (self.noise(220) - 0.5)[..., None] * grain * 3
        return Image.fromarray(np.clip(pixels + paper, 0, 255).astype(np.uint8))

    # Plain shapes, drawn at once

    def polygon(self, points: Iterable[Point], fill: Fill) -> None:
        corners = [(x * ZOOM, y * ZOOM) for x, y in points]
        if isinstance(fill, str):
            self._draw.polygon(corners, fill=fill)
        else:
            mask = Image.new("L", self._image.size)
            ImageDraw.Draw(mask).polygon(corners, fill=255)
            self.paint(mask, fill)

    def rectangle(self, x: float, y: float, width: float, height: float, fill: Fill) -> None:
        self.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], fill)

    def rounded(
        self, x: float, y: float, width: float, height: float, radius: float, fill: Fill
    ) -> None:
        box = (x * ZOOM, y * ZOOM, (x + width) * ZOOM, (y + height) * ZOOM)
        if isinstance(fill, str):
            self._draw.rounded_rectangle(box, radius * ZOOM, fill=fill)
        else:
            mask = Image.new("L", self._image.size)
            ImageDraw.Draw(mask).rounded_rectangle(box, radius * ZOOM, fill=255)
            self.paint(mask, fill)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, fill: Fill, *, turn: float = 0
    ) -> None:
        """An ellipse around (x, y), turned by *turn* degrees."""
        self.polygon(oval(x, y, rx, ry, turn=turn), fill)

    def circle(self, x: float, y: float, radius: float, fill: Fill) -> None:
        self.ellipse(x, y, radius, radius, fill)

    def line(self, points: Sequence[Point], width: float, colour: str) -> None:
        """A line with round ends and joints."""
        dots = [(x * ZOOM, y * ZOOM) for x, y in points]
        self._draw.line(dots, fill=colour, width=max(1, round(width * ZOOM)), joint="curve")
        if width > 2 and len(colour) == 7:
            radius = width * ZOOM / 2
            for x, y in dots if width > 8 else (dots[0], dots[-1]):
                self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def ring(self, x: float, y: float, rx: float, ry: float, width: float, colour: str) -> None:
        points = oval(x, y, rx, ry)
        self.line([*points, points[0], points[1]], width, colour)

    # Soft things

    def mask(self, *outlines: Sequence[Point]) -> Mask:
        """Where the given outlines are."""
        mask = Image.new("L", self._image.size)
        draw = ImageDraw.Draw(mask)
        for points in outlines:
            draw.polygon([(x * ZOOM, y * ZOOM) for x, y in points], fill=255)
        return mask

    def paint(self, mask: Mask, fill: Fill, *, blur: float = 0, strength: float = 1) -> None:
        """Lay *fill* over the picture where *mask* is, with soft edges if *blur*."""
        box = mask.getbbox()
        if box is None:
            return
        if blur:
            reach = int(blur * ZOOM * 3)
            box = (
                max(0, box[0] - reach),
                max(0, box[1] - reach),
                min(mask.width, box[2] + reach),
                min(mask.height, box[3] + reach),
            )
        part = mask.crop(box)
        if blur:
            part = part.filter(ImageFilter.GaussianBlur(blur * ZOOM))
        if strength < 1:
            part = part.point([round(value * strength) for value in range(256)])
        self._image.paste(_filled(fill, part.size), box[:2], part)

    def glow(self, x: float, y: float, radius: float, colour: str, strength: float = 0.6) -> None:
        self.paint(
            self.mask(oval(x, y, radius * 0.6, radius * 0.6)),
            colour,
            blur=radius * 0.35,
            strength=strength,
        )

    def shadow(self, points: Sequence[Point], *, blur: float = 8, strength: float = 0.35) -> None:
        self.paint(self.mask(points), "#0b1420", blur=blur, strength=strength)

    def cut(self, mask: Mask, other: Mask) -> Mask:
        """Where both masks are."""
        return ImageChops.multiply(mask, other)

    def texture(
        self, colour: str, *, size: float, level: float = 0.5, where: Mask | None = None,
        strength: float = 0.5, stretch: float = 1,
    ) -> None:  # fmt: skip
        """Cloudy patches of *colour*, about *size* units across, *stretch* times as wide."""
        amount = np.clip((self.noise(size, stretch=stretch) - level) * 4, 0, 1) * 255 * strength
        mask = Image.fromarray(amount.astype(np.uint8)).resize(self._image.size)
        self.paint(self.cut(mask, where) if where else mask, colour)

    def mirror_down(self, y: float, *, depth: float = 1, ripple: float = 3) -> None:
        """Fill what is below *y* with the mirror image of what is above, rippled."""
        top = int(y * ZOOM)
        pixels = np.asarray(self._image)
        rows = np.arange(self._image.height - top)
        source = np.clip(top - 1 - rows / depth, 0, top - 1).astype(int)
        swing = np.sin(rows / (3 + rows / 60) + self.random.uniform(0, 6)) * ripple
        swing = swing * ZOOM * (0.3 + rows / rows.size) + self.random.normal(0, 0.8, rows.size)
        columns = np.clip(
            np.arange(self._image.width)[None, :] + swing[:, None].astype(int),
            0,
            self._image.width - 1,
        )
        below = Image.fromarray(pixels[source[:, None], columns])
        self._image.paste(below, (0, top))

    def noise(self, size: float, *, stretch: float = 1, octaves: int = 4) -> NDArray[np.float32]:
        """Smooth noise from 0 to 1 on HEIGHT x WIDTH, its patches about *size* units."""
        total = np.zeros((HEIGHT, WIDTH), np.float32)
        weight = 1.0
        for octave in range(octaves):
            step = size / 2**octave
            shape = (math.ceil(HEIGHT / step) + 3, math.ceil(WIDTH / (step * stretch)) + 3)
            coarse = Image.fromarray(self.random.random(shape).astype(np.float32))
            fine = coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
            total += np.asarray(fine) * weight
            weight /= 2
        low, high = float(total.min()), float(total.max())
        return (total - low) / (high - low)

    def ridge(self, y: float, height: float, *, rough: float = 0.55, steps: int = 8) -> list[Point]:
        """The outline of hills around *y*, closed along the bottom edge of the picture."""
        line = self.random.uniform(-0.5, 0.5, 3)
        scale = 1.0
        for _ in range(steps):
            scale *= rough
            between = (line[:-1] + line[1:]) / 2
            between += self.random.uniform(-scale, scale, between.size)
            line = np.insert(line, np.arange(1, line.size), between)
        xs = np.linspace(-10, WIDTH + 10, line.size)
        top = [(float(x), float(y - height * v)) for x, v in zip(xs, line, strict=True)]
        return [(-10.0, HEIGHT + 10.0), *top, (WIDTH + 10.0, HEIGHT + 10.0)]


def oval(
    x: float, y: float, rx: float, ry: float, *, turn: float = 0, start: float = 0, end: float = 360
) -> list[Point]:
    """The outline of an ellipse, or of a part of it; 0 degrees is to the right, 90 below."""
    angles = np.radians(np.linspace(start, end, max(24, int(max(rx, ry) / 2))))
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return [
        (
            float(x + rx * math.cos(a) * cos - ry * math.sin(a) * sin),
            float(y + rx * math.cos(a) * sin + ry * math.sin(a) * cos),
        )
        for a in angles
    ]


def curve(*points: Point, dots: int = 24, closed: bool = False) -> list[Point]:
    """A smooth line through the points (Catmull and Rom's)."""
    if closed:
        points = (points[-1], *points, points[0], points[1])
    else:
        points = (points[0], *points, points[-1])
    through = np.asarray(points, dtype=float)
    t = np.linspace(0, 1, dots, endpoint=False)[:, None]
    pieces = []
    for i in range(1, len(through) - 2):
        a, b, c, d = through[i - 1 : i + 3]
        pieces.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    line = np.concatenate([*pieces, through[-2:-1]])
    return [(float(x), float(y)) for x, y in line]


def mix(one: str, other: str, share: float) -> str:
    """The colour *share* of the way from *one* to *other*."""
    pair = zip(_rgb(one), _rgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pair)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _filled(fill: Fill, size: tuple[int, int]) -> Image.Image:
    if isinstance(fill, str):
        return Image.new("RGB", size, fill)
    stops = np.asarray([_rgb(colour) for colour in fill], dtype=np.float32)
    at = np.linspace(0, len(fill) - 1, size[1])
    column = np.stack([np.interp(at, range(len(fill)), stops[:, i]) for i in range(3)], axis=1)
    strip = Image.fromarray(column.round().astype(np.uint8)[:, None, :])
    return strip.resize(size, Image.Resampling.NEAREST)
