"""Mountains, sea and sky."""

import math

from PIL import Image

from ..canvas import WIDTH, Canvas, Point, curve, mix, oval


def mountain_lake() -> Image.Image:
    c = Canvas(11, ["#2f6aa5", "#7fb1d6", "#f3dcc0", "#f3dcc0"])
    c.glow(590, 215, 150, "#fff3d0", 0.8)
    c.texture("#ffffff", size=120, stretch=3, level=0.58, strength=0.55)
    peaks = [(-10, 300), (60, 235), (120, 262), (205, 120), (262, 190), (300, 160), (385, 265)]
    peaks += [(450, 225), (520, 280), (640, 175), (700, 235), (760, 205), (810, 260)]
    outline = [*peaks, (810.0, 345.0), (-10.0, 345.0)]
    c.polygon(outline, ["#5d6f8c", "#8b93a6"])
    for x, y, left, right in [(205, 120, 62, 66), (300, 160, 26, 40), (640, 175, 52, 44)]:
        foot = y + 75
        snow = [(x, y), (x + right, foot - 14), (x + right * 0.55, foot - 26)]
        snow += [(x + right * 0.2, foot), (x - left * 0.25, foot - 24), (x - left * 0.6, foot - 4)]
        c.polygon([*snow, (x - left, foot - 12)], "#f4f6f8")
        c.polygon([(x, y), *snow[1:4], (x + 3, foot - 40)], "#c9d3e2")
    c.polygon(c.ridge(290, 60), ["#4f6b63", "#2f4a44"])
    c.polygon(c.ridge(322, 26), "#2a453d")
    for foot in range(-5, 810, 9):
        tall = float(c.random.uniform(14, 34))
        _fir(c, foot + float(c.random.uniform(-4, 4)), 342, tall, "#1f382f")
    c.mirror_down(342, ripple=2.6)
    c.paint(c.mask([(0, 342), (800, 342), (800, 600), (0, 600)]), "#17405c", strength=0.28)
    for _ in range(70):
        down = float(c.random.uniform(356, 596))
        start, long = float(c.random.uniform(0, 800)), float(c.random.uniform(12, 60)) * down / 420
        c.line([(start, down), (start + long, down)], 0.8, "#eaf3f72e")
    c.polygon(curve((-20, 560), (130, 548), (250, 580), (330, 612)) + [(-20, 612)], "#26332c")
    boat = curve((470, 505), (500, 526), (575, 528), (612, 500)) + [(540, 510)]
    c.shadow([(x + 4, y + 14) for x, y in boat], blur=6)
    c.polygon(boat, ["#b5482f", "#7c2b1e"])
    c.line([(470, 505), (540, 511), (612, 500)], 3, "#f1d6a9")
    return c.image()


def _fir(c: Canvas, x: float, y: float, tall: float, colour: str) -> None:
    wide = tall * 0.26
    for k in range(3):
        top = y - tall + k * tall * 0.24
        reach = wide * (0.55 + 0.25 * k)
        c.polygon(
            [(x, top), (x + reach, top + tall * 0.46), (x - reach, top + tall * 0.46)], colour
        )


def dunes() -> Image.Image:
    c = Canvas(12, ["#3b2a5a", "#a24a63", "#f08b57", "#ffd08a"])
    c.glow(250, 265, 190, "#ffe7ad", 0.9)
    c.circle(250, 265, 46, "#fff1c9")
    for x, y, long in [(480, 90, 210), (560, 112, 120), (90, 130, 170), (620, 180, 150)]:
        c.ellipse(x, y, long / 2, 5, "#ffd7b04d")
    c.polygon(curve((-10, 330), (140, 312), (300, 338), (480, 300), (650, 330), (810, 305))
              + [(810, 610), (-10, 610)], ["#c46a4d", "#8b3f43"])  # fmt: skip
    crest = curve(
        (-20, 470), (120, 430), (250, 345), (330, 372), (420, 440), (640, 520), (820, 540)
    )
    c.polygon([*crest, (820, 620), (-20, 620)], ["#e8975c", "#d97d4c", "#b6583f"])
    shade = curve((250, 345), (268, 400), (225, 470), (300, 540), (260, 620))
    right = [(x, y) for x, y in crest if x >= 250]
    c.polygon([*right, (820, 620), *reversed(shade)], ["#7a3347", "#54243f"])
    front = curve((-20, 560), (200, 540), (420, 575), (600, 520), (820, 468))
    c.polygon([*front, (820, 620), (-20, 620)], ["#c96846", "#7a3340"])
    for k in range(9):
        c.line([(x, y + 9 + k * 9) for x, y in front], 1.2, "#f2a26a4d")
    for k, (x, y, size) in enumerate([(520, 470, 1.0), (575, 487, 0.95), (632, 505, 1.05)]):
        _camel(c, x, y, size, "#2a1430" if k else "#34173a")
    return c.image()


def _camel(c: Canvas, x: float, y: float, size: float, colour: str) -> None:
    def at(*points: Point) -> list[Point]:
        return [(x + px * size, y + py * size) for px, py in points]

    body = curve(*at((-20, 0), (-17, -14), (-8, -16), (-2, -27), (6, -16), (15, -14), (19, -2)))
    c.polygon([*body, *at((10, 3), (-12, 4))], colour)
    c.line(curve(*at((15, -8), (25, -6), (28, -20), (31, -29))), 5 * size, colour)
    c.line(at((30, -29), (37, -27)), 5 * size, colour)
    for px, step in [(-15, -3), (-11, 3), (11, -3), (15, 3)]:
        c.line(at((px, 0), (px + step, 13), (px + step, 27)), 2.6 * size, colour)


def lighthouse() -> Image.Image:
    c = Canvas(13, ["#0e1f3d", "#27507f", "#e39a72", "#f5c58e"])
    for _ in range(130):
        x, y = float(c.random.uniform(0, 800)), float(c.random.uniform(0, 220))
        c.circle(x, y, float(c.random.uniform(0.6, 1.7)), "#fff6e0cc")
    for spread, strength in [(70, 0.16), (44, 0.2), (20, 0.28)]:
        beam = c.mask([(556, 150), (-10, 60 - spread), (-10, 100 + spread)])
        c.paint(beam, "#ffefb0", blur=5, strength=strength)
    beam = c.mask([(566, 150), (810, 178), (810, 240)])
    c.paint(beam, "#ffefb0", blur=5, strength=0.35)
    c.rectangle(0, 380, 800, 220, ["#28507a", "#143054", "#0b1d36"])
    for _ in range(260):
        y = 384 + 210 * float(c.random.random()) ** 1.5
        x, long = float(c.random.uniform(-20, 800)), float(c.random.uniform(10, 44))
        c.line([(x, y), (x + long / 2, y - 1.5), (x + long, y)], 1.3, "#f0a8783d")
    cliff = curve(
        (420, 612), (436, 520), (470, 500), (482, 430), (520, 402), (640, 392), (820, 372)
    )
    c.polygon([*cliff, (820, 612)], ["#3d3a45", "#1d1d29"])
    grass = curve((478, 432), (520, 402), (640, 392), (820, 372))
    c.polygon([*grass, (820, 396), (650, 416), (540, 420)], "#4f6b4a")
    for _ in range(60):
        x, y = float(c.random.uniform(470, 800)), float(c.random.uniform(430, 600))
        c.line([(x, y), (x + 14, y + float(c.random.uniform(10, 30)))], 2, "#0d0d1640")
    c.polygon([(532, 400), (543, 190), (589, 190), (600, 400)], ["#fbf4ea", "#e9dccb"])
    for top, low in [(225, 270), (315, 360)]:
        left, right = 543 - (top - 190) * 0.052, 589 + (top - 190) * 0.052
        c.polygon([(left, top), (right, top), (right + 2.4, low), (left - 2.4, low)], "#b93a32")
    c.paint(c.mask([(573, 190), (589, 190), (600, 400), (576, 400)]), "#1b2038", strength=0.28)
    c.rectangle(534, 182, 64, 9, "#20283a")
    c.rectangle(548, 132, 36, 50, "#ffe9a0")
    c.glow(566, 152, 55, "#fff7cf", 0.9)
    for x in (548, 560, 572, 583):
        c.line([(x, 132), (x, 182)], 2, "#20283a")
    c.polygon([(542, 133), (566, 106), (590, 133)], "#8c2a28")
    c.line([(566, 108), (566, 92)], 2, "#20283a")
    c.polygon([(660, 392), (660, 350), (740, 350), (740, 386)], ["#efe3d0", "#d8c6ab"])
    c.polygon([(650, 352), (680, 322), (722, 322), (750, 352)], "#8a3b32")
    for x in (672, 712):
        c.rectangle(x, 362, 14, 14, "#ffd879")
    for x, y in [(180, 445), (330, 500)]:
        c.polygon([(x - 22, y), (x + 24, y), (x + 15, y + 10), (x - 14, y + 10)], "#1a2233")
        c.polygon([(x, y - 4), (x, y - 48), (x + 21, y - 6)], "#f3d9b4")
        c.polygon([(x - 3, y - 4), (x - 3, y - 40), (x - 17, y - 6)], "#d9b893")
    return c.image()


def birch_wood() -> Image.Image:
    c = Canvas(14, ["#f6d98b", "#f0b85e", "#c9803f"])
    c.texture("#fff2c4", size=150, level=0.45, strength=0.7)
    c.texture("#a8592c", size=90, level=0.55, strength=0.5)
    for depth, (count, width, tone) in enumerate([(16, 9, 0.55), (10, 17, 0.28), (6, 34, 0.0)]):
        foot = 430 + depth * 55
        c.polygon(
            [(-5, foot - 12), *curve((-5, foot - 12), (260, foot - 26), (520, foot - 4), (805, foot - 20)),
             (805, 605), (-5, 605)],
            [mix("#a8602f", "#efb45c", tone), mix("#6e3a22", "#c9803f", tone)],
        )  # fmt: skip
        for k in range(count):
            x = (k + float(c.random.uniform(0.1, 0.9))) * WIDTH / count
            _birch(c, x, foot + float(c.random.uniform(-8, 24)), width, tone)
    for _ in range(900):
        x, y = float(c.random.uniform(0, 800)), float(c.random.uniform(440, 600))
        colour = ("#e9a13a", "#d9722b", "#f4c95d", "#a8431f")[int(c.random.integers(4))]
        c.ellipse(x, y, 4, 2, colour, turn=float(c.random.uniform(0, 180)))
    for _ in range(1500):
        x, y = float(c.random.uniform(0, 800)), 250 * float(c.random.random()) ** 1.6 - 10
        colour = ("#f6c544", "#eda52f", "#ffdf80", "#d9822b")[int(c.random.integers(4))]
        c.ellipse(x, y, 6, 3.4, colour, turn=float(c.random.uniform(0, 180)))
    return c.image()


def _birch(c: Canvas, x: float, foot: float, width: float, tone: float) -> None:
    lean = float(c.random.uniform(-16, 16))
    light, dark = mix("#f7f3ea", "#efc27a", tone), mix("#b9b3aa", "#d9a25a", tone)
    trunk = [(x + lean, -10), (x + lean + width * 0.7, -10), (x + width, foot), (x, foot)]
    c.polygon(trunk, light)
    side = [(x + lean + width * 0.45, -10), trunk[1], trunk[2], (x + width * 0.6, foot)]
    c.polygon(side, dark)
    for _ in range(int(width * 0.7) + 4):
        y = float(c.random.uniform(0, foot - 6))
        at = x + lean * (1 - y / foot)
        start, long = float(c.random.uniform(0, 0.6)), float(c.random.uniform(0.2, 0.5))
        left, right = at + width * start * 0.85, at + width * (start + long) * 0.85
        bark = mix("#2b2724", "#c08a4c", tone)
        thick = width * 0.06
        c.polygon([(left, y), ((left + right) / 2, y - thick), (right, y + thick / 2),
                   ((left + right) / 2, y + thick)], bark)  # fmt: skip


def northern_lights() -> Image.Image:
    c = Canvas(15, ["#050b1f", "#0b1f3f", "#12385a"])
    for _ in range(320):
        x, y = float(c.random.uniform(0, 800)), float(c.random.uniform(0, 430))
        c.circle(x, y, float(c.random.uniform(0.5, 1.6)), "#e8f0ffb3")
    bands = [
        ([(-20, 300), (120, 190), (260, 250), (400, 150), (560, 220), (820, 60)], "#46f0a0", 150),
        ([(-20, 190), (180, 120), (330, 170), (520, 60), (820, 10)], "#8a6bf0", 110),
        ([(120, 360), (300, 300), (470, 330), (640, 250), (820, 270)], "#3ad7c3", 90),
    ]
    for points, colour, high in bands:
        line = curve(*points, dots=30)
        for x, y in line[::2]:
            tall = high * float(c.random.uniform(0.6, 1.25))
            ray = c.mask([(x - 7, y + 8), (x + 9, y + 8), (x + 7, y - tall), (x + 1, y - tall)])
            c.paint(ray, colour, blur=7, strength=0.3)
        c.line(line, 5, colour + "59")
    c.polygon(c.ridge(440, 90, rough=0.5), ["#16324d", "#0b1a2c"])
    c.polygon([(-5, 480), *curve((-5, 480), (220, 462), (470, 490), (805, 455)), (805, 610), (-5, 610)],
              ["#b8d3e3", "#7394b3", "#4c6c90"])  # fmt: skip
    for x, tall in [
        (30, 210),
        (75, 150),
        (118, 250),
        (165, 120),
        (715, 230),
        (765, 170),
        (660, 120),
    ]:
        _fir(c, x, 520 + tall * 0.08, tall, "#07131f")
    c.polygon([(372, 500), (372, 462), (452, 462), (452, 500)], ["#5a3a2a", "#3a241c"])
    c.polygon([(360, 466), (412, 424), (464, 466)], "#dfeaf2")
    c.rectangle(388, 472, 18, 16, "#ffd36b")
    c.rectangle(424, 470, 16, 30, "#2a1812")
    c.glow(397, 482, 46, "#ffce6b", 0.55)
    c.polygon([(430, 440), (430, 414), (442, 414), (442, 449)], "#4a3328")
    for k in range(5):
        c.paint(c.mask(oval(437 + k * 8, 402 - k * 19, 8 + k * 4, 7 + k * 3)), "#c8d6e2", blur=6,
                strength=0.4)  # fmt: skip
    return c.image()


def lavender_rows() -> Image.Image:
    c = Canvas(16, ["#8fc7e8", "#d6ebf2", "#fdf1d8"])
    for x, y, size in [(170, 80, 1.2), (420, 120, 0.8), (640, 70, 1.0)]:
        for dx, dy, r in [(-50, 8, 26), (-20, -6, 34), (20, -2, 30), (54, 10, 22)]:
            c.circle(x + dx * size, y + dy * size, r * size, "#fbfdff")
    c.polygon(c.ridge(225, 70, rough=0.45), ["#93a9b8", "#7f93a0"])
    c.polygon(c.ridge(252, 30), "#6f8c6b")
    horizon, eye = 268, (300.0, 262.0)
    c.rectangle(0, horizon, 800, 340, ["#b9a06a", "#8d6f42"])
    for k in range(-16, 22):
        near = 300 + k * 84
        left, right = near - 34, near + 26
        row = [eye, (right, 606), (left, 606)]
        c.polygon([(eye[0] + (x - eye[0]) * 0.05, max(y, horizon)) if i == 0 else (x, y)
                   for i, (x, y) in enumerate(row)], ["#a79ad0", "#7a5fb5", "#54398f"])  # fmt: skip
        c.polygon([(eye[0] + (near - 8 - eye[0]) * 0.05, horizon), (near - 4, 606), (left, 606)],
                  ["#8f83bf", "#3f2a73"])  # fmt: skip
        for _ in range(46):
            share = float(c.random.random()) ** 0.6
            y = horizon + share * 335
            x = eye[0] + (near + float(c.random.uniform(-30, 24)) - eye[0]) * (y - eye[1]) / 344
            c.ellipse(x, y, 0.8 + 2.6 * share, 1.2 + 4.5 * share,
                      ("#c3aef0", "#9b7fe0", "#6b4fb0")[int(c.random.integers(3))])  # fmt: skip
    c.shadow(oval(652, 300, 80, 9), blur=6)
    c.polygon([(590, 300), (590, 232), (700, 232), (700, 300)], ["#f0dcb4", "#d9bd8a"])
    c.polygon([(580, 236), (604, 200), (686, 200), (710, 236)], ["#cf7a4f", "#a9552f"])
    for x in (606, 648):
        c.rectangle(x, 248, 18, 22, "#4d6f88")
        c.rectangle(x - 7, 248, 6, 22, "#5c8f9c")
        c.rectangle(x + 19, 248, 6, 22, "#5c8f9c")
    c.rectangle(676, 256, 16, 44, "#7d4a2c")
    for x, tall in [(560, 120), (735, 96), (760, 130)]:
        c.ellipse(x, 304 - tall / 2, 11, tall / 2, ["#5f7f4e", "#2f4a33"])
    return c.image()


def stormy_sea() -> Image.Image:
    c = Canvas(17, ["#3a4754", "#7d8a8f", "#d8cdb0"])
    c.texture("#22303c", size=170, stretch=2.4, level=0.45, strength=0.8)
    c.texture("#e9e0c8", size=110, stretch=2.6, level=0.62, strength=0.5)
    c.line([(610, -5), (590, 60), (618, 96), (584, 170), (604, 200), (588, 260)], 3.4, "#fff7d6")
    c.line([(618, 96), (650, 140), (644, 176)], 2, "#fff7d6aa")
    c.glow(600, 130, 110, "#fff3c4", 0.45)
    tones = ["#5f8a94", "#3f707f", "#2c5a6b", "#1d4457", "#123245", "#0b2334"]
    for k, tone in enumerate(tones):
        base, tall, long = 290 + k * 52, 16 + k * 9, 90 + k * 34
        shift = float(c.random.uniform(0, long))
        top: list[Point] = []
        for i in range(-1, int(WIDTH / long) + 3):
            x = i * long - shift
            lift = tall * float(c.random.uniform(0.7, 1.3))
            top += curve((x, base), (x + long * 0.35, base - lift * 0.45), (x + long * 0.62, base - lift),
                         (x + long * 0.78, base - lift * 0.9), (x + long * 0.74, base - lift * 0.5),
                         (x + long * 0.82, base - lift * 0.12), (x + long, base))  # fmt: skip
        c.polygon([(-99, 620), *top, (999, 620)], [mix(tone, "#9fc4c2", 0.25), tone, tone])
        c.line(top, 1.6 + k * 0.7, "#eef5ef")
        for x, y in top[:: max(3, 9 - k)]:
            c.circle(x + float(c.random.uniform(-6, 9)), y + float(c.random.uniform(-7, 3)),
                     float(c.random.uniform(0.8, 1.5 + k * 0.5)), "#f6fbf6cc")  # fmt: skip
        if k == 1:
            _ship(c, 235, 318)
    for _ in range(240):
        x, y = float(c.random.uniform(-40, 800)), float(c.random.uniform(-20, 600))
        c.line([(x, y), (x + 9, y + 30)], 0.9, "#e8eef033")
    return c.image()


def _ship(c: Canvas, x: float, y: float) -> None:
    c.polygon(
        [(x - 74, y - 20), (x + 66, y - 44), (x + 52, y + 2), (x - 56, y + 10)],
        ["#6b3a26", "#38201a"],
    )
    c.line([(x - 72, y - 16), (x + 63, y - 39)], 3, "#d9b36b")
    for dx, tall in [(-34, 112), (14, 132)]:
        lean = tall * 0.17
        foot = y - 26 - dx * 0.17
        c.line([(x + dx, foot), (x + dx - lean, foot - tall)], 3.4, "#2b1a16")
        for part, wide in [(0.3, 30), (0.66, 22)]:
            sx, sy = x + dx - lean * part, foot - tall * part
            sail = curve(
                (sx - wide, sy + 6), (sx - wide * 0.9 + 9, sy - 22), (sx - wide * 0.8, sy - 38)
            )
            other = curve((sx + wide * 0.8, sy - 50), (sx + wide + 8, sy - 28), (sx + wide, sy - 8))
            c.polygon([*sail, *other], ["#f5ead0", "#cdb994"])
    c.polygon([(x - 12, y - 178), (x + 14, y - 172), (x - 10, y - 164)], "#b5392f")


def balloons() -> Image.Image:
    c = Canvas(18, ["#ffcf8f", "#f7a48b", "#b98bb0", "#6f7fb3"][::-1])
    c.polygon(c.ridge(430, 90, rough=0.5), ["#8d6f9c", "#6d5a8a"])
    c.polygon(c.ridge(480, 70, rough=0.5), ["#5d5584", "#463f6b"])
    for x, tall in [(90, 120), (150, 170), (205, 90), (610, 140), (668, 200), (730, 110)]:
        rock = curve((x - 34, 610), (x - 22, 600 - tall * 0.5), (x - 12, 604 - tall), (x, 590 - tall),
                     (x + 13, 604 - tall), (x + 24, 600 - tall * 0.45), (x + 38, 610))  # fmt: skip
        c.polygon(rock, ["#c58a78", "#6a4a66"])
        c.ellipse(x, 600 - tall, 20, 10, "#4a3553")
    c.polygon(
        [(-5, 560), *curve((-5, 560), (250, 545), (480, 575), (805, 550)), (805, 610), (-5, 610)],
        "#362f52",
    )
    kinds = [
        (250, 170, 98, ["#e4572e", "#f7d08a"]),
        (545, 120, 66, ["#2e86ab", "#f6f1e7"]),
        (660, 290, 46, ["#7a9e4a", "#f4e285"]),
        (420, 330, 38, ["#a23b72", "#f3b5c8"]),
        (110, 350, 30, ["#f18f01", "#5b3758"]),
        (745, 90, 24, ["#c73e1d", "#f4d6a0"]),
    ]
    for x, y, size, colours in kinds:
        _balloon(c, x, y, size, colours)
    return c.image()


def _balloon(c: Canvas, x: float, y: float, size: float, colours: list[str]) -> None:
    def edge(share: float) -> list[Point]:
        side = [(0, -1), (0.55, -0.86), (0.95, -0.35), (0.98, 0.1), (0.62, 0.75), (0.22, 1.25)]
        return curve(*[(x + px * size * share, y + py * size) for px, py in side], dots=10)

    shares = [-1 + k / 4 for k in range(9)]
    warped = [math.sin(share * math.pi / 2) for share in shares]
    for k in range(8):
        c.polygon([*edge(warped[k]), *reversed(edge(warped[k + 1]))], colours[k % 2])
    c.paint(c.mask([*edge(0.35), *reversed(edge(1.0))]), "#2b1a3f", blur=size * 0.09, strength=0.35)
    c.ellipse(x - size * 0.42, y - size * 0.42, size * 0.14, size * 0.26, "#ffffff40", turn=24)
    low = y + size * 1.62
    for dx in (-0.2, -0.07, 0.07, 0.2):
        c.line(
            [(x + dx * size, y + size * 1.24), (x + dx * size * 0.8, low)],
            max(0.8, size * 0.014),
            "#3a2a3a",
        )
    c.rounded(x - size * 0.19, low, size * 0.38, size * 0.27, size * 0.06, ["#a9743c", "#6f4524"])
