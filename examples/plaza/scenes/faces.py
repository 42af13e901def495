"""Drawn people, all of them grown up, none of them real."""

from PIL import Image

from ..canvas import Canvas, Point, curve, mix, oval


def grandmother() -> Image.Image:
    c = Canvas(61, ["#8fb8a8", "#6f9c90"])
    for row in range(7):
        for column in range(9):
            x, y = column * 100 + (row % 2) * 50 - 20, row * 92 + 20
            c.ellipse(x, y, 16, 34, "#7fae9f", turn=28)
            c.ellipse(x + 18, y + 10, 9, 20, "#9cc7b8", turn=-30)
    skin, hair = "#e8b998", ["#f4f2ee", "#cfcfd3"]
    c.circle(404, 84, 62, hair)
    c.polygon(
        curve(
            (236, 330),
            (222, 220),
            (276, 138),
            (400, 108),
            (526, 138),
            (580, 220),
            (564, 330),
            (500, 400),
            (300, 400),
            closed=True,
        ),
        hair,
    )
    c.polygon(
        curve((150, 620), (176, 520), (290, 470), (400, 486), (512, 470), (624, 520), (652, 620)),
        ["#8c3b5e", "#5f2442"],
    )
    for k in range(8):
        c.line(
            curve((180 + k * 62, 520 + abs(k - 3.5) * 6), (170 + k * 64, 560), (160 + k * 68, 612)),
            4,
            "#a95479",
        )
    c.polygon(
        [(352, 400), (450, 400), (462, 492), (400, 520), (338, 492)], mix(skin, "#7a4a30", 0.22)
    )
    c.polygon(
        curve(
            (276, 270),
            (284, 192),
            (400, 166),
            (518, 192),
            (526, 270),
            (498, 376),
            (402, 440),
            (304, 376),
            closed=True,
        ),
        [mix(skin, "#ffffff", 0.12), skin],
    )
    c.polygon(
        curve(
            (270, 262),
            (280, 176),
            (356, 138),
            (404, 152),
            (452, 138),
            (524, 176),
            (532, 262),
            (500, 196),
            (404, 190),
            (302, 196),
            closed=True,
        ),
        hair,
    )
    for k in range(7):
        c.line(curve((404, 152), (350 + k * 18, 168), (300 + k * 35, 205)), 1.6, "#b3b4bb")
    for side in (-1, 1):
        c.circle(400 + side * 122, 318, 9, "#d9b24a")
        c.paint(c.mask(oval(400 + side * 82, 336, 34, 22)), "#d9705f", blur=8, strength=0.55)
        eye = 400 + side * 58
        c.ellipse(eye, 276, 26, 15, "#fffdf8")
        c.circle(eye, 276, 12, "#5d7fa3")
        c.circle(eye, 276, 6, "#17181c")
        c.circle(eye + 4, 272, 3, "#ffffff")
        c.line(curve((eye - 32, 240), (eye, 228), (eye + 32, 240)), 7, "#d9d9de")
        c.ring(eye, 278, 48, 44, 6, "#8a2f3a")
        for k in range(3):
            c.line(
                curve(
                    (400 + side * 112, 270 + k * 9),
                    (400 + side * 120, 268 + k * 11),
                    (400 + side * 126, 262 + k * 14),
                ),
                1.8,
                "#b98a6c",
            )
    c.line(curve((390, 268), (400, 262), (410, 268)), 6, "#8a2f3a")
    c.line(curve((398, 286), (384, 330), (400, 338), (414, 332)), 4, "#b98263")
    c.polygon(
        curve((344, 368), (372, 362), (402, 368), (432, 362), (460, 368), (402, 402)), "#a83a4a"
    )
    c.polygon(curve((356, 370), (402, 374), (448, 370), (402, 384)), "#fffaf4")
    for side in (-1, 1):
        c.line(
            curve((400 + side * 66, 350), (400 + side * 74, 366), (400 + side * 66, 382)),
            2.4,
            "#b98a6c",
        )
    for k in range(9):
        c.circle(312 + k * 22, 478 + 22 * (1 - ((k - 4) / 4) ** 2), 10, ["#fdfbf5", "#d6d0c4"])
    return c.image()


def sailor() -> Image.Image:
    c = Canvas(62, ["#f2c14e", "#e9a03b"])
    for k in range(18):
        edge = oval(400, 330, 700, 700, start=k * 20, end=k * 20 + 10)
        c.polygon([(400, 330), *edge], "#f5d07a")
    skin = "#9a6242"
    c.polygon(
        curve((110, 620), (150, 520), (290, 462), (510, 462), (650, 520), (692, 620)),
        ["#f4efe2", "#d4cbb6"],
    )
    for k in range(7):
        c.line(curve((110, 540 + k * 22), (400, 510 + k * 24), (690, 540 + k * 22)), 9, "#23527a")
    c.polygon(
        [(330, 400), (470, 400), (486, 500), (400, 536), (314, 500)], mix(skin, "#3b1f12", 0.25)
    )
    c.polygon(
        curve(
            (262, 290),
            (266, 200),
            (400, 160),
            (534, 200),
            (538, 290),
            (500, 400),
            (400, 452),
            (300, 400),
            closed=True,
        ),
        [mix(skin, "#ffffff", 0.1), skin],
    )
    for side in (-1, 1):
        c.ellipse(400 + side * 142, 296, 22, 36, mix(skin, "#3b1f12", 0.12))
    beard: list[Point] = curve(
        (258, 290),
        (288, 352),
        (352, 356),
        (400, 344),
        (448, 356),
        (512, 352),
        (542, 290),
        (548, 396),
        (506, 486),
        (400, 540),
        (294, 486),
        (252, 396),
        closed=True,
    )
    c.polygon(beard, ["#3a2a26", "#1e1514"])
    for k in range(17):
        x = 272 + k * 16
        c.line(
            curve((x, 380 + abs(k - 8) * 2), (x + 5, 430), (x * 0.9 + 42, 494 - abs(k - 8) * 4)),
            1.8,
            "#5b4640",
        )
    c.polygon(
        curve(
            (340, 352),
            (372, 338),
            (400, 348),
            (428, 338),
            (460, 352),
            (430, 366),
            (400, 360),
            (370, 366),
            closed=True,
        ),
        "#1e1514",
    )
    c.polygon(curve((360, 380), (400, 374), (440, 380), (420, 404), (380, 404)), "#fffaf4")
    c.line(curve((354, 378), (400, 372), (446, 378)), 4, "#7a3b34")
    for side in (-1, 1):
        eye = 400 + side * 60
        c.ellipse(eye, 276, 26, 14, "#fffdf8")
        c.circle(eye + 3, 276, 11, "#3d2a1e")
        c.circle(eye + 7, 272, 3, "#ffffff")
        c.line(
            curve(
                (eye - 34, 246 + (8 if side < 0 else 0)),
                (eye, 232),
                (eye + 34, 246 + (0 if side < 0 else 8)),
            ),
            11,
            "#1e1514",
        )
        c.line(curve((eye - 26, 296), (eye, 303), (eye + 26, 296)), 2.4, "#7a4a30")
    c.polygon(
        curve((398, 262), (376, 322), (400, 336), (426, 322), (404, 262)),
        mix(skin, "#3b1f12", 0.16),
    )
    c.circle(542, 322, 8, "#e8c14f")
    c.polygon(
        curve(
            (232, 214),
            (232, 120),
            (330, 70),
            (470, 70),
            (568, 120),
            (568, 214),
            (400, 176),
            closed=True,
        ),
        ["#274a73", "#152c49"],
    )
    c.polygon(
        curve((228, 232), (236, 176), (400, 148), (564, 176), (572, 232), (400, 196), closed=True),
        ["#1d3a5c", "#10243c"],
    )
    for k in range(21):
        sx = 244 + k * 15.6
        dip = 34 * (1 - ((k - 10) / 10) ** 2)
        c.line([(sx, 226 - dip), (sx + 2, 184 - dip * 0.8)], 2, "#3f648c")
    c.circle(400, 76, 30, ["#f4efe2", "#cdbfa0"])
    return c.image()
