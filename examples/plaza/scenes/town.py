"""Streets, markets, trains and towers."""

from PIL import Image

from ..canvas import WIDTH, Canvas, curve, mix, oval

WALLS = ["#c8553d", "#e9c46a", "#588b8b", "#f2a65a", "#8d6a9f", "#dda77b", "#4a7c59", "#b5485d"]


def canal() -> Image.Image:
    c = Canvas(41, ["#7fb4dc", "#cfe3ee", "#f5ecd8"])
    c.texture("#ffffff", size=130, stretch=2.6, level=0.55, strength=0.6)
    x, n = -14.0, 0
    while x < WIDTH:
        wide, tall = 92.0 + (n * 37) % 34, 200.0 + (n * 53) % 90
        _gabled_house(c, x, 396, wide, tall, WALLS[(n * 3) % 8], n % 3)
        x += wide
        n += 1
    c.rectangle(0, 396, WIDTH, 14, ["#b9ad9c", "#8d8172"])
    for at in (40, 250, 430, 640, 770):
        c.line([(at, 398), (at, 340)], 4, "#5b4636")
        c.circle(at, 322, 30, "#4f8a4b")
        c.circle(at - 12, 332, 22, "#6aa65c")
        c.circle(at + 13, 314, 19, "#7fb86a")
    c.mirror_down(410, ripple=4)
    water = c.mask([(0, 410), (WIDTH, 410), (WIDTH, 600), (0, 600)])
    c.paint(water, ["#3c6f7d", "#1d4654"], strength=0.42)
    for _ in range(90):
        y = float(c.random.uniform(416, 598))
        left, long = float(c.random.uniform(0, 800)), float(c.random.uniform(16, 70))
        c.line([(left, y), (left + long, y)], 1, "#f4faf640")
    c.shadow(oval(330, 545, 150, 14), blur=8)
    c.polygon(
        curve((180, 500), (210, 540), (300, 552), (440, 546), (490, 496)), ["#2f5f4a", "#1c3b30"]
    )
    c.line([(182, 502), (330, 510), (488, 498)], 4, "#f0d9a4")
    c.polygon([(250, 506), (262, 466), (400, 462), (412, 504)], ["#f4ead6", "#d8c5a0"])
    for at in (276, 316, 356):
        c.rounded(at, 474, 28, 20, 4, "#3f6f86")
    c.line([(440, 500), (448, 440)], 3, "#5b4636")
    c.polygon([(448, 442), (486, 452), (449, 464)], "#d9503f")
    return c.image()


def _gabled_house(
    c: Canvas, x: float, foot: float, wide: float, tall: float, wall: str, kind: int
) -> None:
    top, middle = foot - tall, x + wide / 2
    if kind == 0:  # a stepped gable
        for k in range(4):
            inset = k * wide * 0.12
            c.rectangle(
                x + inset, top - 18 * (k + 1), wide - 2 * inset, 20, mix(wall, "#ffffff", 0.08)
            )
    elif kind == 1:  # a bell gable
        bell = curve((x, top), (x + wide * 0.2, top - 14), (x + wide * 0.28, top - 52), (middle, top - 70),
                     (x + wide * 0.72, top - 52), (x + wide * 0.8, top - 14), (x + wide, top))  # fmt: skip
        c.polygon(bell, mix(wall, "#ffffff", 0.08))
        c.line(bell, 3, "#f7f1e4")
    else:
        c.polygon([(x, top), (middle, top - 62), (x + wide, top)], "#6b3b32")
    c.rectangle(x, top, wide, tall, [mix(wall, "#ffffff", 0.08), mix(wall, "#20222b", 0.28)])
    c.rectangle(x + wide - 5, top, 5, tall, "#1b1d2426")
    c.circle(middle, top - 22, 9, "#f7f1e4")
    c.circle(middle, top - 22, 6, "#33485c")
    rows = int((tall - 70) // 52)
    for row in range(rows):
        for column in range(3):
            left, y = x + wide * (0.1 + column * 0.29), top + 18 + row * 52
            c.rectangle(left, y, wide * 0.22, 34, "#f7f1e4")
            lit = (row * 5 + column * 3 + int(wide)) % 7 == 0
            pane = ["#ffe2a0", "#f5c06a"] if lit else ["#2f4a63", "#86a9bf"]
            c.rectangle(left + 3, y + 3, wide * 0.22 - 6, 28, pane)
            c.line([(left + wide * 0.11, y), (left + wide * 0.11, y + 34)], 2, "#f7f1e4")
    c.rounded(middle - 13, foot - 46, 26, 46, 8, mix(wall, "#101010", 0.6))
    c.circle(middle + 7, foot - 22, 2, "#f0d9a4")


def market() -> Image.Image:
    c = Canvas(42, ["#8fc1e3", "#dcecf2", "#f4ead8"])
    for k, (x, wide, tall) in enumerate(
        [(-20, 190, 300), (170, 150, 250), (320, 200, 330), (520, 140, 270), (660, 170, 310)]
    ):
        wall = mix(WALLS[(k * 3 + 1) % 8], "#dfe4e6", 0.45)
        c.rectangle(x, 470 - tall, wide, tall, [wall, mix(wall, "#6a5f58", 0.3)])
        for row in range(2):
            for column in range(int(wide // 48)):
                c.rectangle(
                    x + 14 + column * 48, 486 - tall + row * 64, 26, 40, mix("#4a6076", wall, 0.25)
                )
    c.rectangle(0, 430, WIDTH, 170, ["#cbbfae", "#978a79"])
    for _ in range(150):
        sx, sy = float(c.random.uniform(-20, 800)), float(c.random.uniform(436, 598))
        c.rounded(sx, sy, 30, 9, 4, mix("#c9bdab", "#7f7365", float(c.random.random())))
    stalls = [(30, 200, 215, "#c8373a", ["#d8402f", "#f0a02c", "#7fa53a"]),
              (290, 216, 235, "#2d7d6b", ["#f3d250", "#e8792b", "#a23b72"]),
              (565, 196, 210, "#e0a12f", ["#6b3f8f", "#d8402f", "#8fae3c"])]  # fmt: skip
    for x, top, wide, colour, goods in stalls:
        foot = top + 330
        c.shadow(
            [
                (x - 14, foot - 6),
                (x + wide + 14, foot - 6),
                (x + wide + 30, foot + 14),
                (x, foot + 14),
            ],
            blur=9,
        )
        for post in (x + 4, x + wide - 12):
            c.rectangle(post, top + 40, 9, 290, ["#8a643c", "#5d4126"])
        c.rectangle(x, foot - 100, wide, 96, ["#b98a55", "#7d5833"])
        for k in range(1, 8):
            c.line([(x + k * wide / 8, foot - 98), (x + k * wide / 8, foot - 6)], 1.6, "#5d412680")
        for box, fruit in enumerate(goods):
            left, each = x + 8 + box * (wide - 16) / 3, (wide - 16) / 3 - 6
            for k in range(17):
                px = left + 11 + (k % 5) * (each - 20) / 4 + (k // 5) * 3
                py = foot - 108 - (k // 5) * 12 + (k % 2) * 2
                c.circle(px, py, 10.5, mix(fruit, "#1a0f08", 0.3))
                c.circle(px - 1.5, py - 2, 8.5, mix(fruit, "#ffffff", 0.08 * (k % 3)))
            c.polygon(
                [
                    (left, foot - 104),
                    (left + each, foot - 104),
                    (left + each - 5, foot - 76),
                    (left + 5, foot - 76),
                ],
                ["#d9ad72", "#a5773f"],
            )
            c.rounded(left + each / 2 - 15, foot - 70, 30, 20, 3, "#26332c")
            c.line(
                [(left + each / 2 - 8, foot - 60), (left + each / 2 + 8, foot - 61)], 2.4, "#f4f4ee"
            )
        stripes = 8
        for k in range(stripes):
            a, b = x - 18 + k * (wide + 36) / stripes, x - 18 + (k + 1) * (wide + 36) / stripes
            ia, ib = x + 14 + k * (wide - 28) / stripes, x + 14 + (k + 1) * (wide - 28) / stripes
            stripe = colour if k % 2 else "#fbf5e6"
            c.polygon([(ia, top - 26), (ib, top - 26), (b, top + 56), (a, top + 56)], stripe)
            c.polygon(
                oval((a + b) / 2, top + 56, (b - a) / 2, 14, end=180), mix(stripe, "#20150f", 0.14)
            )
        c.paint(
            c.mask([(x, top + 72), (x + wide, top + 72), (x + wide, top + 110), (x, top + 110)]),
            "#2b1a12",
            blur=12,
            strength=0.35,
        )
    for k in range(13):
        sx = k * 66.0
        c.line(
            curve((sx, 84 - (k % 2) * 10), (sx + 33, 104), (sx + 66, 84 - ((k + 1) % 2) * 10)),
            1.6,
            "#54483e",
        )
        c.polygon([(sx + 20, 98), (sx + 48, 100), (sx + 34, 128)], WALLS[k % 8])
    return c.image()


def night_train() -> Image.Image:
    c = Canvas(43, ["#402a52", "#a8506a", "#f28c5f", "#f9c784"])
    c.circle(640, 250, 74, "#fff0c2")
    c.glow(640, 250, 150, "#fff0c2", 0.5)
    c.polygon(c.ridge(330, 110), ["#84506f", "#6a3f62"])
    c.polygon(c.ridge(420, 70), ["#55365a", "#432a4c"])
    for k in range(10):
        c.glow(660 - k * 62, 168 - k * 10 + 8 * (k % 2), 44 + k * 9, "#f8e6dc", 0.6)
    for x in range(-60, 860, 150):
        c.polygon(
            [(x + 26, 352), *oval(x + 88, 430, 62, 74, start=180, end=360), (x + 150, 352)],
            ["#33263f", "#281d33"],
        )
        c.rectangle(x, 340, 26, 270, ["#3d2e48", "#281d33"])
        for y in range(368, 600, 22):
            c.line([(x + 2, y), (x + 24, y)], 1.4, "#1d142666")
    c.rectangle(0, 326, WIDTH, 30, ["#46364f", "#2f2239"])
    for x in range(-4, 810, 26):
        c.rectangle(x, 318, 14, 8, "#20172b")
    for k, x in enumerate((-14, 176, 366)):
        c.rounded(x, 238, 180, 68, 9, ["#c2443f", "#7d2430"])
        c.rounded(x + 4, 230, 172, 16, 7, "#4a2230")
        c.rectangle(x, 284, 180, 5, "#f3c969")
        for window in range(4):
            c.rounded(
                x + 13 + window * 42, 252, 29, 26, 4, "#ffe9a8" if (window + k) % 4 else "#5b3f58"
            )
        for wheel in (26, 58, 122, 154):
            c.circle(x + wheel, 308, 12, "#17131a")
            c.circle(x + wheel, 308, 4, "#8d7f92")
        c.line([(x + 178, 300), (x + 192, 300)], 5, "#17131a")
    c.rounded(556, 226, 62, 82, 7, ["#2f4858", "#1b2b36"])
    c.rounded(549, 218, 76, 14, 6, "#17222b")
    c.rounded(567, 240, 26, 26, 4, "#ffe9a8")
    c.rounded(612, 250, 126, 56, 24, ["#3f5f70", "#22343f"])
    for x in (640, 676, 710):
        c.line([(x, 251), (x, 305)], 3, "#d7a64a")
    c.polygon([(690, 252), (694, 206), (688, 196), (722, 196), (716, 206), (720, 252)], "#17222b")
    c.circle(652, 250, 13, "#d7a64a")
    c.circle(741, 276, 10, "#fff3c4")
    c.glow(752, 276, 36, "#fff3c4", 0.6)
    c.polygon([(728, 306), (770, 318), (728, 320)], "#8c2f33")
    for x, radius in ((580, 15), (640, 19), (684, 19), (724, 13)):
        c.circle(x, 305, radius, "#17131a")
        c.circle(x, 305, radius - 5, "#8c2f33")
    c.line([(640, 309), (684, 309)], 4, "#d9d2c8")
    return c.image()


def city_by_night() -> Image.Image:
    c = Canvas(44, ["#0a0f26", "#232c5c", "#6f4f86", "#d9808a"])
    for _ in range(150):
        c.circle(float(c.random.uniform(0, 800)), float(c.random.uniform(0, 230)), 1.1, "#f5f3dacc")
    c.circle(150, 104, 44, "#f3edd0")
    c.circle(170, 92, 40, "#151c40")
    for depth, tone in enumerate(["#4a447a", "#2c2f5c", "#14183a"]):
        x = -20.0
        while x < WIDTH:
            wide = float(c.random.uniform(40, 84)) + depth * 8
            tall = float(c.random.uniform(110, 290)) * (1.15 - depth * 0.26)
            c.rectangle(x, 430 - tall, wide, tall + 4, [mix(tone, "#ffffff", 0.06), tone])
            crown = int(c.random.integers(4))
            if crown == 0:
                c.line([(x + wide / 2, 430 - tall), (x + wide / 2, 396 - tall)], 2.4, tone)
                c.circle(x + wide / 2, 396 - tall, 2.6, "#ff6b5e")
            elif crown == 1:
                c.polygon(
                    [(x, 430 - tall), (x + wide / 2, 404 - tall), (x + wide, 430 - tall)], tone
                )
            elif crown == 2:
                c.rectangle(x + wide * 0.2, 416 - tall, wide * 0.6, 16, tone)
            for row in range(int((tall - 16) // 15)):
                for column in range(int((wide - 10) // 12)):
                    if c.random.random() < 0.18 + depth * 0.16:
                        light = ("#ffd97a", "#ffe9b0", "#f7b267", "#9fd0e8")[
                            int(c.random.integers(4))
                        ]
                        c.rectangle(
                            x + 7 + column * 12,
                            440 - tall + row * 15,
                            6,
                            8,
                            mix(tone, light, 0.35 + depth * 0.3),
                        )
            x += wide + float(c.random.uniform(0, 10))
    c.mirror_down(432, ripple=6)
    water = c.mask([(0, 432), (WIDTH, 432), (WIDTH, 600), (0, 600)])
    c.paint(water, ["#151a3d", "#090c20"], strength=0.5)
    for side, tower in ((-1, 520), (1, 690)):
        c.rectangle(tower - 8, 330, 16, 150, "#0a0d22")
        for k in range(1, 9):
            reach = side * k * 20
            c.line([(tower, 336), (tower - reach, 440)], 1.2, "#d8d6ea80")
            c.line([(tower, 336), (tower + reach, 440)], 1.2, "#d8d6ea80")
    c.rectangle(330, 438, 480, 10, "#0a0d22")
    for x in range(340, 800, 23):
        c.circle(x, 436, 2.6, "#ffe9b0")
    return c.image()
