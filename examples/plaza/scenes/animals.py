"""Animals of field, wood and water."""

import math

from PIL import Image

from ..canvas import Canvas, Point, curve, mix, oval


def fox_in_snow() -> Image.Image:
    c = Canvas(31, ["#9fb8cf", "#d3dfe8", "#eef2f4"])
    for k in range(16):
        x = k * 54 + float(c.random.uniform(-16, 16))
        wide = float(c.random.uniform(9, 20))
        c.polygon([(x, -5), (x + wide, -5), (x + wide * 1.25, 360), (x - wide * 0.25, 360)],
                  mix("#5d6f80", "#a8bac8", float(c.random.random())))  # fmt: skip
    c.polygon([(-5, 330), *curve((-5, 330), (220, 300), (470, 345), (805, 310)), (805, 610), (-5, 610)],
              ["#ffffff", "#d7e3ee", "#b9cbdd"])  # fmt: skip
    c.shadow(oval(420, 520, 210, 22), blur=14, strength=0.3)
    coat, dark, white = ["#f08a3c", "#d9601e"], "#33251f", "#fdf6ec"
    tail = curve((300, 470), (200, 500), (120, 452), (96, 372), (140, 392), (196, 424), (280, 420))
    c.polygon(tail, coat)
    c.polygon(curve((96, 372), (90, 420), (118, 452), (140, 430), (134, 400)), white)
    for x, back in [(330, 8), (380, -4), (494, 6), (536, -6)]:
        c.polygon(
            [(x - 20, 430), (x + 20, 430), (x + 12 + back, 520), (x - 10 + back, 520)], "#d9601e"
        )
        c.polygon(
            [
                (x - 13 + back * 0.6, 474),
                (x + 14 + back * 0.6, 474),
                (x + 13 + back, 524),
                (x - 12 + back, 524),
            ],
            dark,
        )
    c.polygon(
        curve(
            (262, 430),
            (286, 370),
            (370, 352),
            (480, 356),
            (560, 344),
            (588, 400),
            (560, 462),
            (460, 470),
            (340, 476),
            closed=True,
        ),
        coat,
    )
    c.polygon(curve((520, 372), (566, 372), (584, 420), (548, 464), (516, 440), closed=True), white)
    for x, side in [(508, -1), (612, 1)]:
        c.polygon([(x - 26, 292), (x + side * 14, 196), (x + 30, 286)], "#d9601e")
        c.polygon([(x - 12, 284), (x + side * 12, 220), (x + 16, 280)], dark)
    c.polygon(
        curve(
            (474, 296),
            (512, 258),
            (560, 250),
            (610, 258),
            (648, 296),
            (612, 348),
            (562, 398),
            (510, 348),
            closed=True,
        ),
        coat,
    )
    c.polygon(curve((474, 298), (500, 346), (562, 398), (548, 344), (520, 312)), white)
    c.polygon(curve((648, 298), (622, 346), (562, 398), (576, 344), (602, 312)), white)
    for x in (530, 594):
        c.ellipse(x, 310, 9, 11, "#2a1c16")
        c.circle(x + 3, 306, 3, "#ffffff")
    c.ellipse(562, 386, 14, 10, "#2a1c16")
    for _ in range(260):
        x, y = float(c.random.uniform(0, 800)), float(c.random.uniform(0, 600))
        c.circle(x, y, float(c.random.uniform(1.2, 4)), "#ffffffd9")
    return c.image()


def whale() -> Image.Image:
    c = Canvas(32, ["#7fd6e0", "#2f9cb8", "#12608c", "#0a3560"])
    for k in range(7):
        x = 40 + k * 120
        ray = c.mask([(x, -5), (x + 46, -5), (x - 60, 600), (x - 190, 600)])
        c.paint(ray, "#d9fbf5", blur=14, strength=0.14)
    body = curve((120, 300), (170, 220), (300, 176), (450, 190), (570, 250), (660, 300), (700, 290), (690, 322),
                 (560, 372), (420, 420), (260, 420), (150, 372), closed=True)  # fmt: skip
    fluke = curve(
        (676, 300),
        (716, 258),
        (780, 236),
        (762, 288),
        (724, 314),
        (772, 338),
        (782, 386),
        (722, 360),
        (680, 322),
    )
    c.polygon(fluke, ["#2f4f78", "#1b3358"])
    c.polygon(body, ["#5b86b3", "#33598a", "#1f3c66"])
    belly = curve(
        (126, 330),
        (220, 348),
        (340, 372),
        (450, 366),
        (545, 360),
        (420, 420),
        (260, 420),
        (150, 374),
    )
    c.polygon(belly, ["#dfeaf0", "#b5cbd9"])
    for k in range(9):
        c.line(
            curve(
                (150 + k * 10, 366 + k * 5),
                (270 + k * 10, 366 + k * 7),
                (430 - k * 3, 366 + k * 5),
            ),
            2,
            "#7f9db5",
        )
    c.line(curve((118, 322), (180, 336), (262, 330)), 4, "#16294a")
    c.circle(282, 306, 11, "#0f1c33")
    c.circle(285, 302, 3.6, "#ffffff")
    c.polygon(
        curve((330, 372), (380, 420), (392, 500), (350, 470), (300, 400)), ["#2d5384", "#19345c"]
    )
    c.polygon(curve((520, 226), (556, 186), (590, 196), (576, 252)), "#2d5384")
    for _ in range(26):
        sx, sy = float(c.random.uniform(180, 520)), float(c.random.uniform(210, 320))
        c.circle(sx, sy, float(c.random.uniform(1.5, 5)), "#cfe2ee59")
    for k in range(34):
        sx, sy = 110 - k * 2 + float(c.random.normal(0, 14)), 280 - k * 8
        c.ring(sx, sy, 3 + k % 5 * 1.8, 3 + k % 5 * 1.8, 1.4, "#e9fbff")
    for _ in range(42):
        sx, sy = float(c.random.normal(560, 110)), float(c.random.normal(500, 34))
        c.polygon([(sx, sy), (sx + 15, sy - 5), (sx + 24, sy), (sx + 31, sy - 6), (sx + 31, sy + 6), (sx + 24, sy), (sx + 15, sy + 5)],
                  mix("#f7c95c", "#f08a4b", float(c.random.random())))  # fmt: skip
    for k in range(16):
        sx = k * 56 + float(c.random.uniform(-18, 18))
        tall = float(c.random.uniform(40, 110))
        sway = float(c.random.uniform(-20, 20))
        c.line(
            curve((sx, 610), (sx + sway, 610 - tall * 0.5), (sx - sway, 610 - tall)), 7, "#0d4a4f"
        )
    return c.image()


def owl() -> Image.Image:
    c = Canvas(33, ["#101a38", "#22305c", "#3d4a7a"])
    c.circle(545, 190, 138, "#f7efcf")
    c.glow(545, 190, 250, "#f7efcf", 0.25)
    for x, y, r in [(500, 150, 26), (590, 220, 34), (560, 110, 16), (480, 232, 18), (630, 150, 12)]:
        c.circle(x, y, r, "#e6dab0")
    for _ in range(90):
        sx, sy = float(c.random.uniform(0, 800)), float(c.random.uniform(0, 420))
        if math.hypot(sx - 545, sy - 190) > 150:
            c.circle(sx, sy, float(c.random.uniform(0.7, 1.9)), "#fff7dc")
    c.polygon(curve((-20, 472), (180, 448), (420, 462), (640, 430), (820, 440), (820, 470), (640, 462), (420, 498), (180, 486), (-20, 512), closed=True),
              ["#5b4032", "#33231d"])  # fmt: skip
    c.line(curve((560, 440), (630, 370), (720, 340)), 12, "#47322a")
    for x, y, turn in [
        (640, 352, -30),
        (690, 330, 30),
        (722, 346, -10),
        (600, 394, -60),
        (90, 450, 40),
        (40, 476, -30),
    ]:
        c.ellipse(x, y, 28, 12, "#3f6b52", turn=turn)
    c.polygon(
        curve(
            (212, 460),
            (198, 330),
            (230, 220),
            (310, 190),
            (392, 220),
            (424, 330),
            (408, 460),
            (310, 500),
            closed=True,
        ),
        ["#8a6a4c", "#5e4330"],
    )
    c.polygon(
        curve((252, 450), (244, 360), (310, 320), (376, 360), (368, 450), (310, 484), closed=True),
        ["#ead9b8", "#cdb48a"],
    )
    for row in range(6):
        for k in range(5 - row % 2):
            x, y = 268 + k * 21 + (row % 2) * 11, 360 + row * 18
            c.line(curve((x - 8, y), (x, y + 9), (x + 8, y)), 2.6, "#8a6a4c")
    for side in (-1, 1):
        c.polygon(
            curve(
                (310 + side * 98, 290),
                (310 + side * 124, 380),
                (310 + side * 84, 476),
                (310 + side * 66, 380),
                closed=True,
            ),
            ["#6b4c36", "#3f2b20"],
        )
        c.polygon(
            [(310 + side * 44, 206), (310 + side * 92, 150), (310 + side * 88, 246)], "#6b4c36"
        )
        c.circle(310 + side * 44, 266, 50, "#e3cfa6")
        for turn in range(0, 360, 18):
            rim = oval(310 + side * 44, 266, 48, 48, start=turn, end=turn + 1)
            c.line([(310 + side * 44, 266), rim[0]], 1.4, "#b3946a")
        c.circle(310 + side * 44, 266, 33, "#f2a62c")
        c.circle(310 + side * 44, 266, 19, "#15110f")
        c.circle(310 + side * 44 + 8, 257, 7, "#ffffff")
        for k in range(3):
            c.ellipse(310 + side * 34 + (k - 1) * 13, 478, 6, 16, "#d9963a")
    c.polygon([(296, 284), (324, 284), (310, 324)], "#d9963a")
    return c.image()


def koi() -> Image.Image:
    c = Canvas(34, ["#1f5b5a", "#164a50", "#0f3a45"])
    c.texture("#3a8a7c", size=200, level=0.5, strength=0.5)
    c.texture("#0a2b36", size=120, level=0.55, strength=0.6)
    for x, y, r in [(400, 300, 120), (400, 300, 180), (120, 480, 60), (120, 480, 92)]:
        c.ring(x, y, r, r * 0.94, 1.6, "#9fd3c659")
    _fish(c, 300, 190, 1.25, 24, "#f4efe6", "#e4502b")
    _fish(c, 520, 430, 1.4, 205, "#f29a2e", "#fbe7c2")
    _fish(c, 660, 150, 0.8, 120, "#f7f1e6", "#1f2530")
    for x, y, r, turn in [
        (90, 110, 74, 40),
        (190, 60, 50, 160),
        (720, 500, 86, 250),
        (620, 560, 56, 10),
        (60, 330, 44, 300),
    ]:
        c.shadow([(px + 9, py + 12) for px, py in oval(x, y, r, r)], blur=7, strength=0.45)
        pad = oval(x, y, r, r, start=turn + 12, end=turn + 348)
        c.polygon([(x, y), *pad], ["#7fb356", "#4c8a3f"])
        for k in range(8):
            edge = oval(x, y, r * 0.9, r * 0.9, start=turn + 30 + k * 42, end=turn + 31 + k * 42)
            c.line([(x, y), edge[0]], 1.6, "#3a6e33")
    for x, y in [(150, 150), (690, 450)]:
        for k in range(10):
            c.ellipse(
                x + 24 * math.cos(k * 0.628),
                y + 24 * math.sin(k * 0.628),
                24,
                10,
                ["#fbdbe6", "#f08fb0"],
                turn=k * 36,
            )
        for k in range(7):
            c.ellipse(
                x + 12 * math.cos(k * 0.9),
                y + 12 * math.sin(k * 0.9),
                16,
                7,
                "#fdeaf0",
                turn=k * 51,
            )
        c.circle(x, y, 9, "#f5c542")
    return c.image()


def _fish(c: Canvas, x: float, y: float, size: float, turn: float, colour: str, patch: str) -> None:
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))

    def at(*points: Point) -> list[Point]:
        return [
            (x + (px * cos - py * sin) * size, y + (px * sin + py * cos) * size)
            for px, py in points
        ]

    body = curve(
        *at((120, 0), (96, -26), (30, -42), (-50, -26), (-110, 4), (-50, 20), (30, 36), (96, 24)),
        closed=True,
    )
    c.shadow([(px + 16, py + 26) for px, py in body], blur=9, strength=0.5)
    tail = mix(colour, "#ffffff", 0.25)
    c.polygon(
        curve(*at((-98, 4), (-150, -36), (-196, -52), (-164, -4), (-190, 50), (-142, 32))), tail
    )
    for side in (-1, 1):
        c.polygon(
            curve(
                *at(
                    (50, 30 * side),
                    (28, 70 * side),
                    (-8, 84 * side),
                    (8, 46 * side),
                    (10, 32 * side),
                )
            ),
            tail,
        )
        c.polygon(
            curve(*at((-40, 20 * side), (-62, 44 * side), (-84, 46 * side), (-66, 16 * side))), tail
        )
    c.polygon(body, colour)
    for px, py, rx, ry in [(52, -8, 30, 22), (-18, 6, 34, 20), (-76, -2, 20, 13)]:
        c.polygon(oval(*at((px, py))[0], rx * size, ry * size, turn=turn), patch)
    c.line(at((70, -2), (0, -4), (-86, 0)), 3 * size, mix(colour, "#7a4a2a", 0.35))
    for side in (-1, 1):
        ex, ey = at((96, 15 * side))[0]
        c.circle(ex, ey, 5 * size, "#16181c")
        c.line(
            curve(*at((116, 8 * side), (128, 18 * side), (132, 28 * side))),
            2,
            mix(colour, "#7a4a2a", 0.3),
        )


def penguins() -> Image.Image:
    c = Canvas(35, ["#f7c9a8", "#f2dfcf", "#bcd9e6"])
    c.circle(120, 120, 44, "#fff4d6")
    c.glow(120, 120, 110, "#ffedc2", 0.6)
    c.polygon(
        [(300, 300), (380, 150), (430, 210), (500, 90), (580, 210), (640, 170), (740, 300)],
        ["#eef6fa", "#a8cbe0"],
    )
    c.polygon([(500, 90), (580, 210), (560, 300), (470, 300)], "#8fb8d3")
    c.polygon([(380, 150), (430, 210), (420, 300), (360, 300)], "#9cc2d9")
    c.rectangle(0, 296, 800, 90, ["#4f93b3", "#2d6c90"])
    for _ in range(70):
        x, y = float(c.random.uniform(0, 800)), float(c.random.uniform(302, 380))
        c.line([(x, y), (x + float(c.random.uniform(10, 46)), y)], 1.6, "#d9f0f780")
    c.polygon(
        [
            (-5, 380),
            *curve((-5, 380), (180, 362), (380, 388), (600, 366), (805, 384)),
            (805, 610),
            (-5, 610),
        ],
        ["#ffffff", "#dbe9f2", "#bcd2e2"],
    )
    for x, foot, size, turn in [
        (150, 560, 1.25, 1),
        (330, 520, 1.0, -1),
        (470, 575, 1.35, 1),
        (630, 500, 0.85, -1),
        (715, 560, 1.1, -1),
        (400, 420, 0.5, 1),
        (560, 425, 0.5, -1),
    ]:
        _penguin(c, x, foot, size, turn)
    return c.image()


def _penguin(c: Canvas, x: float, foot: float, size: float, side: int) -> None:
    def at(*points: Point) -> list[Point]:
        return [(x + px * size * side, foot + py * size) for px, py in points]

    c.shadow(oval(x + 14 * size, foot, 62 * size, 11 * size), blur=6, strength=0.35)
    for px in (-20, 20):
        c.ellipse(*at((px + 6, -2))[0], 20 * size, 8 * size, "#f0932b")
    c.polygon(
        curve(
            *at(
                (0, -4),
                (-50, -30),
                (-56, -110),
                (-34, -176),
                (0, -206),
                (34, -180),
                (56, -110),
                (50, -30),
            ),
            closed=True,
        ),
        ["#2c3646", "#171d29"],
    )
    c.polygon(
        curve(
            *at((6, -8), (-32, -32), (-34, -104), (-4, -150), (40, -108), (42, -34)), closed=True
        ),
        ["#fffdf6", "#e3e6ea"],
    )
    c.polygon(curve(*at((-50, -136), (-80, -80), (-74, -50), (-48, -78))), "#1f2735")
    c.polygon(curve(*at((50, -132), (76, -84), (64, -54), (46, -80))), "#1f2735")
    c.polygon(
        curve(*at((8, -160), (0, -186), (22, -198), (36, -180), (26, -158)), closed=True), "#f7d05a"
    )
    c.polygon(
        curve(*at((10, -158), (6, -182), (24, -190), (32, -176), (24, -156)), closed=True),
        "#fdf8ec",
    )
    c.polygon(at((30, -184), (66, -172), (30, -166)), "#f0932b")
    c.circle(*at((18, -182))[0], 5 * size, "#0d1118")
    c.circle(*at((20, -184))[0], 1.8 * size, "#ffffff")


def hummingbird() -> Image.Image:
    c = Canvas(36, ["#cfe8c4", "#8cc6a2", "#3f8c7c"])
    for _ in range(46):
        x, y = float(c.random.uniform(0, 800)), float(c.random.uniform(0, 600))
        c.paint(c.mask(oval(x, y, 60, 22, turn=float(c.random.uniform(0, 180)))),
                ("#2b6e5e", "#a8d8a0", "#5aa987")[int(c.random.integers(3))], blur=11, strength=0.4)  # fmt: skip
    c.line(curve((820, 60), (690, 150), (640, 300), (660, 470), (610, 620)), 10, "#3f6b3a")
    for x, y, turn in [(690, 140, 150), (655, 400, 30), (700, 480, 160), (740, 90, 40)]:
        c.ellipse(x, y, 62, 21, ["#5f9b4e", "#2f6b3c"], turn=turn)
    for x, y, size in [(560, 235, 1.0), (600, 420, 0.85), (730, 300, 0.75)]:
        c.line(
            curve((x + 90 * size, y - 30), (x + 70 * size, y - 22 * size), (x + 40 * size, y)),
            6,
            "#3f6b3a",
        )
        c.polygon(
            curve(
                (x + 56 * size, y - 20 * size),
                (x, y + 2),
                (x - 40 * size, y + 34 * size),
                (x + 4, y + 40 * size),
                (x + 62 * size, y + 6),
            ),
            ["#f0556d", "#b8213f"],
        )
        for k in range(5):
            c.polygon(
                curve(
                    (x - 16 * size, y + 22 * size),
                    (x - (58 - k * 14) * size, y + (34 + k * 9) * size),
                    (x - (34 - k * 16) * size, y + (52 + k * 3) * size),
                    (x + 2 * size, y + 36 * size),
                ),
                "#e8415c" if k % 2 else "#f7798c",
            )
        c.line([(x - 20 * size, y + 34 * size), (x - 52 * size, y + 62 * size)], 2, "#f7d34a")
    wing = [
        ((262, 288), (150, 130), (60, 40), (40, 76), (96, 190), (180, 280)),
        ((290, 280), (262, 130), (286, 20), (330, 44), (340, 160), (322, 270)),
    ]
    for k, points in enumerate(wing):
        c.polygon(curve(*points), ["#b9d3c9", "#5d8f90"] if k else ["#8fb9b0", "#3f7680"])
        root, tip = points[0], points[2]
        for j in range(6):
            share = 0.25 + j * 0.13
            px, py = root[0] + (tip[0] - root[0]) * share, root[1] + (tip[1] - root[1]) * share
            c.line([(px, py), (px + (34 if k else 46), py + (70 if k else 50))], 2, "#2f5f6880")
    c.polygon(
        curve((190, 392), (110, 470), (70, 560), (120, 540), (150, 560), (200, 480), (240, 410)),
        ["#1f5d5a", "#123a45"],
    )
    c.polygon(
        curve(
            (400, 196),
            (352, 190),
            (318, 226),
            (270, 290),
            (200, 370),
            (214, 420),
            (300, 390),
            (368, 310),
            (404, 250),
            closed=True,
        ),
        ["#3fb08a", "#1f7a68", "#175a5c"],
    )
    c.polygon(
        curve((398, 236), (360, 250), (330, 320), (262, 388), (330, 366), (384, 292), closed=True),
        ["#f3efe0", "#d3d9c6"],
    )
    c.polygon(
        curve((408, 214), (368, 232), (352, 272), (384, 280), (408, 244), closed=True),
        ["#e23a6b", "#a31650"],
    )
    c.line([(406, 214), (532, 262)], 4.4, "#1b1c22")
    c.circle(384, 212, 8, "#101216")
    c.circle(387, 209, 2.8, "#ffffff")
    for _ in range(60):
        x, y = float(c.random.normal(300, 40)), float(c.random.normal(300, 40))
        if 0.6 < (x - 200) / max(1.0, 400 - y) < 1.15:
            c.ellipse(x, y, 4, 2, "#8ff0c680", turn=-45)
    return c.image()
