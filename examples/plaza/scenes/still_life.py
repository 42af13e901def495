"""Things on tables, shelves and sills."""

from PIL import Image

from ..canvas import Canvas, Point, curve, mix, oval


def lemons() -> Image.Image:
    c = Canvas(21, ["#2d5d66", "#3f7a7d", "#5b968f"])
    c.texture("#1f464f", size=160, level=0.5, strength=0.45)
    c.rectangle(0, 405, 800, 200, ["#e6d3b1", "#c9ad82"])
    for k in range(10):
        c.rectangle(k * 96 - 20, 405, 36, 195, "#d98c6b55")
    for k in range(4):
        c.rectangle(0, 425 + k * 48, 800, 18, "#d98c6b55")
    jug = [*curve((438, 160), (430, 210), (408, 262), (392, 330), (398, 420), (430, 478)),
           *curve((590, 478), (622, 420), (628, 330), (610, 262), (588, 210), (584, 150))]  # fmt: skip
    c.shadow(oval(560, 486, 190, 24), blur=14, strength=0.45)
    handle = curve((600, 200), (680, 190), (706, 270), (660, 350), (618, 372))
    c.line(handle, 24, "#cfd9dc")
    c.line([(x - 3, y - 3) for x, y in handle], 10, "#f4f7f6")
    c.polygon(jug, ["#fbfcf8", "#e8ecea", "#c5d0d2"])
    c.polygon(
        curve((438, 160), (410, 138), (470, 148), (590, 146), (584, 166), (500, 176)), "#dfe6e6"
    )
    c.ellipse(512, 160, 70, 12, "#8fa3a6")
    right = [*curve((560, 160), (570, 220), (588, 330), (560, 478)), (592, 478),
             *curve((622, 420), (628, 330), (610, 262), (586, 210))]  # fmt: skip
    c.paint(c.mask(right), "#4a6a78", blur=12, strength=0.35)
    for k in range(9):
        x, y = 408 + k * 24.5, 332 + 9 * (1 - ((k - 4) / 4) ** 2)
        c.ellipse(x, y, 7, 14, "#2f6fa8")
        c.circle(x + 12, y - 2, 4, "#e0a63a")
    c.line(curve((398, 300), (510, 318), (622, 300)), 5, "#2f6fa8")
    c.line(curve((394, 362), (510, 382), (626, 362)), 5, "#2f6fa8")
    _lemon(c, 195, 470, 88, -14)
    _lemon(c, 318, 508, 80, 22)
    c.shadow(oval(142, 570, 96, 10), blur=8)
    c.circle(140, 520, 58, "#f0c52e")
    c.circle(140, 520, 50, "#fdf3cf")
    for k in range(9):
        slice_of = oval(140, 520, 46, 46, start=k * 40 + 4, end=k * 40 + 36)
        c.polygon([(140, 520), *slice_of], "#f7d957")
    for x, y, turn in [(250, 425, -35), (278, 440, 20)]:
        leaf = [
            *curve((x, y), (x + 26, y - 18), (x + 60, y - 6)),
            *curve((x + 60, y - 6), (x + 30, y + 12), (x, y)),
        ]
        c.polygon(leaf if turn < 0 else [(px, 2 * y - py) for px, py in leaf], "#47793f")
    c.polygon([(430, 585), (640, 540), (646, 548), (440, 596)], ["#eef2f2", "#a9b4b8"])
    c.line([(640, 543), (752, 520)], 15, "#6d4526")
    return c.image()


def _lemon(c: Canvas, x: float, y: float, size: float, turn: float) -> None:
    c.shadow(oval(x + 12, y + size * 0.62, size, size * 0.2), blur=9, strength=0.45)
    body = oval(x, y, size, size * 0.7, turn=turn)
    tip = oval(x + size * 0.93, y + size * turn / 62, size * 0.2, size * 0.16, turn=turn)
    c.polygon(tip, "#e3b521")
    c.polygon(body, ["#ffe45e", "#f5c92f", "#d29a1a"])
    c.paint(c.mask(oval(x - size * 0.3, y - size * 0.28, size * 0.3, size * 0.13, turn=turn)),
            "#fffbe0", blur=7, strength=0.9)  # fmt: skip
    for _ in range(70):
        px, py = float(c.random.normal(x, size * 0.34)), float(c.random.normal(y, size * 0.22))
        c.circle(px, py, 1.2, "#b98512")


def cactus_window() -> Image.Image:
    c = Canvas(22, ["#f2c9b0", "#eab79b"])
    c.rectangle(150, 40, 500, 400, "#fdf7ec")
    c.rectangle(172, 62, 456, 356, ["#79bfe0", "#c9e8ef"])
    c.circle(545, 130, 34, "#fff3b8")
    c.glow(545, 130, 80, "#fff3b8", 0.6)
    c.polygon([(172, 418), *curve((172, 330), (260, 290), (380, 350), (500, 300), (628, 340)), (628, 418)],
              ["#87b873", "#5c9560"])  # fmt: skip
    for x, y in [(220, 120), (350, 170)]:
        for dx, r in [(-26, 18), (0, 26), (28, 19)]:
            c.circle(x + dx, y, r, "#ffffff")
    c.rectangle(391, 62, 18, 356, "#fdf7ec")
    c.rectangle(172, 222, 456, 14, "#fdf7ec")
    c.paint(c.mask([(172, 62), (628, 62), (628, 74), (184, 74), (184, 418), (172, 418)]), "#5d4a42",
            blur=3, strength=0.4)  # fmt: skip
    for x0, side in [(20, 1), (780, -1)]:
        fold = [x0 - side * 40, x0 + side * 128]
        c.polygon([(fold[0], -5), (fold[1], -5), *curve((fold[1], -5), (fold[1] - side * 4, 240),
                  (fold[1] - side * 62, 420), (fold[1] - side * 92, 470)), (fold[0], 470)], ["#d2603f", "#b04a31"])  # fmt: skip
        for k in range(4):
            fx = x0 + side * (8 + k * 30)
            c.line([(fx, 0), (fx - side * k * 11, 460)], 4, "#8a342359")
    c.rectangle(60, 440, 680, 34, ["#fffaf0", "#e3d3bd"])
    c.rectangle(60, 474, 680, 130, ["#dba487", "#cd9478"])
    c.shadow([(60, 474), (740, 474), (740, 492), (70, 492)], blur=6, strength=0.5)
    _pot(c, 260, 442, 60, ["#c8643b", "#93411f"])
    _column(c, 260, 345, 34, 190)
    for points in (((232, 300), (180, 300), (176, 240)), ((290, 270), (336, 268), (340, 196))):
        c.line(curve(*points), 30, "#3c7f4f")
        c.line([(x - 5, y - 3) for x, y in curve(*points)], 4, "#6fb374")
    c.circle(260, 156, 13, "#f06a8a")
    c.circle(340, 180, 9, "#f06a8a")
    _pot(c, 440, 442, 44, ["#4f86a8", "#2b5877"])
    for k in range(13):
        turn = (k - 6) * 17
        c.ellipse(
            440 + turn * 0.35,
            352 - 12 * (1 - abs(k - 6) / 6),
            10,
            44,
            "#5f9b63" if k % 2 else "#437f52",
            turn=turn * 0.8,
        )
    _pot(c, 580, 442, 50, ["#ebc34d", "#b98a22"])
    c.circle(580, 336, 52, "#4d8c55")
    for k in range(-3, 4):
        c.line(
            curve(
                (580 + k * 15, 384 - abs(k) * 9),
                (580 + k * 19, 336),
                (580 + k * 13, 288 + abs(k) * 9),
            ),
            2.4,
            "#2c6140",
        )
    for _ in range(46):
        sx, sy = float(c.random.normal(580, 24)), float(c.random.normal(336, 24))
        c.line([(sx, sy), (sx + 5, sy - 6)], 1.1, "#fbf3d2")
    for turn in range(0, 360, 60):
        c.ellipse(580, 281, 20, 6, "#fbe064", turn=turn)
    c.circle(580, 281, 6, "#e88a2a")
    return c.image()


def _pot(c: Canvas, x: float, foot: float, half: float, fill: list[str]) -> None:
    c.polygon(
        [
            (x - half, foot - half * 1.15),
            (x + half, foot - half * 1.15),
            (x + half * 0.72, foot),
            (x - half * 0.72, foot),
        ],
        fill,
    )
    c.rounded(
        x - half * 1.12,
        foot - half * 1.4,
        half * 2.24,
        half * 0.38,
        5,
        mix(fill[0], "#ffffff", 0.15),
    )
    c.paint(c.mask([(x + half * 0.3, foot - half * 1.4), (x + half * 1.1, foot - half * 1.4), (x + half * 0.72, foot), (x + half * 0.2, foot)]),
            "#1a1020", blur=6, strength=0.28)  # fmt: skip


def _column(c: Canvas, x: float, low: float, half: float, tall: float) -> None:
    c.rounded(x - half, low - tall, half * 2, tall + 30, half, ["#5fa268", "#2f6b45"])
    for k in range(-2, 3):
        c.line([(x + k * 12, low - tall + 24 + abs(k) * 6), (x + k * 13, low + 20)], 2, "#24573a")
    for _ in range(60):
        px, py = x + float(c.random.uniform(-28, 28)), low - float(c.random.uniform(0, tall - 30))
        c.line([(px - 3, py - 3), (px + 3, py + 3)], 1, "#f7efcf")


def bookshelf() -> Image.Image:
    c = Canvas(24, ["#6b4428", "#4e2f1b"])
    c.texture("#3a2213", size=30, stretch=12, level=0.5, strength=0.4)
    colours = [
        "#b5402f",
        "#2f5d7c",
        "#e0b04c",
        "#3f6b4a",
        "#7a3b62",
        "#d9cdb8",
        "#23313f",
        "#c96f3b",
        "#6f8f9b",
    ]
    for shelf in range(3):
        foot = 190 + shelf * 196
        c.rectangle(30, foot - 172, 740, 172, ["#2a1810", "#3b2416"])
        x = 36.0
        while x < 742:
            wide, tall = float(c.random.uniform(17, 44)), float(c.random.uniform(104, 158))
            if (shelf, int(x) // 130) in ((0, 4), (1, 1), (2, 3)):
                _ornament(c, x + 56, foot, shelf)
                x += 122
                continue
            wide = min(wide, 764 - x)
            colour = colours[int(c.random.integers(len(colours)))]
            lean = 16 if c.random.random() < 0.1 else 0
            spine = [
                (x + lean, foot - tall),
                (x + lean + wide, foot - tall + lean * 0.2),
                (x + wide, foot),
                (x, foot),
            ]
            c.polygon(spine, [mix(colour, "#ffffff", 0.12), mix(colour, "#000000", 0.2)])
            c.polygon(
                [
                    (spine[0][0], spine[0][1]),
                    (spine[0][0] + 4, spine[0][1]),
                    (x + 4, foot),
                    (x, foot),
                ],
                "#ffffff2e",
            )
            for share in (0.14, 0.2, 0.8):
                y = foot - tall * share
                c.rectangle(x + 2 + lean * share, y, wide - 4, 3.4, "#f3d78a")
            if wide > 26:
                c.rounded(
                    x + 6 + lean * 0.6, foot - tall * 0.66, wide - 12, tall * 0.26, 3, "#f5ead3"
                )
                for k in range(3):
                    c.rectangle(
                        x + 10 + lean * 0.6, foot - tall * 0.62 + k * 9, wide - 20, 2.4, "#5b4636"
                    )
            x += wide + 1.5 + lean
        c.rectangle(20, foot, 760, 22, ["#a8713f", "#7a4d29"])
        c.shadow(
            [(30, foot + 22), (770, foot + 22), (770, foot + 34), (30, foot + 34)],
            blur=5,
            strength=0.6,
        )
    for x in (0, 770):
        c.rectangle(x, 0, 30, 600, ["#9a6537", "#6e4425"])
    return c.image()


def _ornament(c: Canvas, x: float, foot: float, kind: int) -> None:
    if kind == 0:  # a globe
        c.polygon(
            [(x - 30, foot), (x + 30, foot), (x + 8, foot - 14), (x - 8, foot - 14)], "#c79a4a"
        )
        c.line(oval(x, foot - 68, 56, 56, start=-60, end=110), 5, "#c79a4a")
        c.polygon(oval(x, foot - 68, 48, 48), ["#6fb3d1", "#2d6f96"])
        for px, py, rx, ry in [
            (-16, -86, 20, 14),
            (12, -60, 15, 20),
            (-20, -48, 12, 10),
            (24, -92, 9, 8),
        ]:
            c.ellipse(x + px, foot + py, rx, ry, "#8fae58", turn=20)
    elif kind == 1:  # a plant
        _pot(c, x, foot, 36, ["#efe5d2", "#b9a98c"])
        for k in range(9):
            turn = (k - 4) * 22
            leaf: list[Point] = curve(
                (x, foot - 46),
                (x + turn * 0.34, foot - 96),
                (x + turn * 0.66, foot - 118 + abs(k - 4) * 12),
            )
            c.line(leaf, 9, "#4f8f4f" if k % 2 else "#2f6b40")
    else:  # a clock
        c.rounded(x - 50, foot - 128, 100, 128, 48, ["#8c4a2a", "#5c2e18"])
        c.circle(x, foot - 74, 37, "#fbf3df")
        c.ring(x, foot - 74, 37, 37, 4, "#d6a64a")
        c.line([(x, foot - 74), (x, foot - 100)], 4, "#2b1a12")
        c.line([(x, foot - 74), (x + 19, foot - 64)], 4, "#2b1a12")


def bicycle() -> Image.Image:
    c = Canvas(25, "#a3573f")
    for row in range(26):
        for column in range(-1, 14):
            tone = float(c.random.uniform(0, 0.5))
            colour = mix(
                ("#b9694c", "#a6573c", "#c27a5a")[int(c.random.integers(3))], "#6d3a2c", tone
            )
            c.rectangle(column * 64 + (row % 2) * 32 + 2, row * 19 + 1.5, 60, 15.5, colour)
    c.rectangle(0, 470, 800, 130, ["#8b8f90", "#64696c"])
    for _ in range(60):
        x, y = float(c.random.uniform(-20, 800)), float(c.random.uniform(478, 596))
        c.rounded(x, y, 46, 12, 6, mix("#9da1a1", "#575c60", float(c.random.random())))
    c.rectangle(540, 60, 200, 210, "#f4ead9")
    c.rectangle(554, 74, 172, 182, ["#2d4653", "#4b6b78"])
    c.rectangle(634, 74, 12, 182, "#f4ead9")
    c.rectangle(554, 158, 172, 10, "#f4ead9")
    c.polygon([(554, 74), (600, 74), (554, 140)], "#a9c3cc80")
    c.rectangle(528, 270, 224, 44, ["#6b4a2f", "#4a301d"])
    for k in range(26):
        x, y = 534 + k * 8.4, 262 - 14 * abs((k * 7) % 5 - 2) / 2
        c.circle(x, y, 9, "#4c7f43" if k % 2 else "#649a4f")
        if k % 3 == 0:
            c.circle(x, y - 8, 8, ("#e8495f", "#f5c33b", "#f3f0ea")[k // 3 % 3])
    wheels = [(232, 442), (530, 442)]
    c.shadow(oval(390, 540, 290, 14), blur=9, strength=0.55)
    for x, y in wheels:
        c.ring(x, y, 92, 92, 9, "#1d1f22")
        c.ring(x, y, 83, 83, 3.4, "#d5d9da")
        for turn in range(0, 180, 12):
            spoke = oval(x, y, 82, 82, start=turn, end=turn + 180)
            c.line([spoke[0], spoke[-1]], 0.9, "#dfe3e4b3")
        c.circle(x, y, 9, "#b9bec0")
    frame = "#1f8a82"
    seat, head, crank = (318, 312), (476, 300), (360, 446)
    for a, b in [
        (seat, crank),
        (seat, head),
        ((474, 330), crank),
        (wheels[0], crank),
        (wheels[0], (322, 330)),
    ]:
        c.line([a, b], 9, frame)
    c.line([head, (488, 346), wheels[1]], 9, frame)
    c.line([(318, 312), (312, 284)], 7, "#c9cdce")
    c.polygon(
        curve((268, 274), (300, 268), (352, 278), (350, 288), (306, 292), (270, 290), closed=True),
        "#5b3420",
    )
    c.line([head, (470, 262)], 7, "#c9cdce")
    c.line(curve((420, 262), (470, 256), (516, 262), (530, 284), (508, 300)), 7, "#3a3d40")
    c.ring(crank[0], crank[1], 24, 24, 5, "#c9cdce")
    c.line([(344, 414), (378, 480)], 6, "#3a3d40")
    c.rounded(364, 478, 32, 8, 3, "#26282a")
    c.rounded(330, 408, 30, 8, 3, "#26282a")
    c.polygon([(520, 300), (606, 300), (594, 362), (532, 362)], ["#c99a5c", "#94683a"])
    for k in range(5):
        c.line([(522, 308 + k * 12), (604 - k * 2, 308 + k * 12)], 2, "#6f4a26")
    for x, y, colour in [(536, 288, "#f4e8c9"), (562, 280, "#e8758a"), (586, 290, "#f0c23f")]:
        c.line([(x, y), (562, 306)], 3, "#4c7f43")
        c.circle(x, y, 15, colour)
        c.circle(x, y, 5, "#a8622a")
    return c.image()


def guitar() -> Image.Image:
    c = Canvas(26, ["#274156", "#1d3040"])
    for k in range(14):
        c.rectangle(k * 60, 0, 2.4, 430, "#3d5a70")
        c.ellipse(k * 60 + 31, 70 + (k % 3) * 120, 9, 26, "#3a566b", turn=24)
    c.polygon([(-5, 430), (805, 430), (805, 605), (-5, 605)], ["#9a6a42", "#6d4527"])
    for k in range(6):
        c.line([(0, 452 + k * 30), (800, 452 + k * 30)], 2.2, "#4a2e1a")
    c.rectangle(60, 96, 176, 132, "#e8dcc2")
    c.rectangle(74, 110, 148, 104, ["#f4b860", "#d9583b"])
    c.circle(150, 168, 30, "#fdf0c4")
    c.polygon([(74, 214), (74, 190), (120, 160), (160, 190), (222, 172), (222, 214)], "#3b2a4a")
    c.polygon([(470, 300), (720, 300), (736, 540), (452, 540)], ["#b23a48", "#7a2433"])
    c.rounded(448, 410, 296, 76, 22, ["#cf5564", "#94303f"])
    for x in (472, 704):
        c.rectangle(x, 536, 14, 50, "#3b2416")
    c.shadow([(380, 560), (560, 560), (540, 590), (350, 590)], blur=12, strength=0.55)

    def turned(points: list[Point]) -> list[Point]:
        # Leaning against the chair, about 20 degrees to the right.
        return [
            (430 + (x - 430) * 0.94 - (y - 560) * 0.34, 560 + (x - 430) * 0.34 + (y - 560) * 0.94)
            for x, y in points
        ]

    body = curve((430, 566), (340, 546), (314, 470), (346, 410), (362, 372), (344, 330), (366, 282),
                 (430, 268), (494, 282), (516, 330), (498, 372), (514, 410), (546, 470), (520, 546), closed=True)  # fmt: skip
    c.polygon(turned(body), ["#5b2e14", "#5b2e14"])
    inner = [(430 + (x - 430) * 0.94, 418 + (y - 418) * 0.95) for x, y in body]
    c.polygon(turned(inner), ["#f0b45c", "#d98a34", "#a85a1e"])
    c.polygon(turned(oval(430, 384, 47, 47)), "#e9d5ab")
    c.polygon(turned(oval(430, 384, 40, 40)), "#2b1509")
    c.polygon(turned([(412, 396), (448, 396), (444, 60), (416, 60)]), ["#4a2613", "#2f170b"])
    for k in range(11):
        y = 86 + k * 26
        c.line(turned([(415, y), (445, y)]), 2, "#d9c08a")
    c.polygon(turned([(406, 64), (454, 64), (460, -12), (400, -12)]), "#6b3718")
    for k in range(3):
        for x in (394, 466):
            c.polygon(turned(oval(x, 6 + k * 20, 8, 5)), "#efe6d0")
    c.polygon(turned([(388, 480), (472, 480), (472, 494), (388, 494)]), "#3b1d0d")
    for k in range(6):
        sx = 419 + k * 4.4
        c.line(turned([(sx, 484), (sx, 0)]), 1.1, "#f6efdc")
    return c.image()
