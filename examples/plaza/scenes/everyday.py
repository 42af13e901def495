"""Streets, rooms, things on a table, animals, drawn faces, quilts."""

import math

from PIL import Image

from ..canvas import HEIGHT, WIDTH, Canvas, curve, mix, oval

WALLS = ["#c8553d", "#e9c46a", "#588b8b", "#f28f3b", "#8d6a9f", "#dda77b", "#4a7c59"]


def street() -> Image.Image:
    c = Canvas(31, ["#9cc7e8", "#e7f1f5"])
    x = -20.0
    for n in range(7):
        wide, tall = 100 + 36 * ((n * 5) % 3), 250 + 45 * ((n * 3) % 4)
        wall = WALLS[n]
        top = 470 - tall
        c.rectangle(x, top, wide, tall, [wall, mix(wall, "#20222b", 0.35)])
        c.polygon([(x - 6, top), (x + wide / 2, top - 50), (x + wide + 6, top)], "#5b3a33")
        for row in range(int(tall // 80)):
            for column in range(2):
                at = (x + 18 + column * (wide - 62), top + 26 + row * 78)
                c.rectangle(*at, 30, 46, "#f5f0e1")
                c.rectangle(at[0] + 3, at[1] + 3, 24, 40, ["#35506b", "#9fb9cc"])
                c.line([(at[0] + 15, at[1]), (at[0] + 15, at[1] + 46)], 2, "#f5f0e1")
        c.rectangle(x + wide / 2 - 16, 410, 32, 60, mix(wall, "#101010", 0.6))
        x += wide
    c.rectangle(0, 470, WIDTH, 26, "#b8b1a6")
    c.rectangle(0, 496, WIDTH, 110, ["#5c5f66", "#3e4046"])
    for dash in range(0, 800, 90):
        c.rectangle(dash, 545, 48, 7, "#e8e2c8")
    c.rounded(420, 470, 170, 52, 16, "#23577a")
    c.rounded(455, 432, 100, 50, 18, "#2f6f9c")
    c.rounded(463, 440, 40, 34, 8, "#cfe6f2")
    c.rounded(508, 440, 40, 34, 8, "#cfe6f2")
    for wheel in (460, 552):
        c.circle(wheel, 522, 20, "#1d1d20")
        c.circle(wheel, 522, 9, "#b9bec4")
    return c.image()


def fruit_bowl() -> Image.Image:
    c = Canvas(32, ["#6b4a3a", "#35241f"])
    c.texture("#8a6450", size=60, strength=0.4)
    c.rectangle(0, 400, WIDTH, 200, ["#a9764c", "#6e4527"])
    for y in range(410, 600, 17):
        c.line([(0, y), (800, y + 6)], 1.2, "#5a371d66")
    c.shadow(oval(400, 515, 260, 38), blur=18)
    fruits = [(250, 330, 62, "#c7362f"), (350, 290, 70, "#e58a2c"), (470, 280, 66, "#8fae3c")]
    fruits += [(560, 335, 60, "#d9a32b"), (410, 350, 74, "#b0243a"), (310, 370, 58, "#e3b53d")]
    for x, y, radius, colour in fruits:
        c.ellipse(
            x, y, radius, radius * 0.95, [mix(colour, "#ffffff", 0.25), mix(colour, "#1a0d06", 0.4)]
        )
        c.glow(x - radius * 0.3, y - radius * 0.4, radius * 0.6, "#ffffff", 0.5)
        c.line([(x, y - radius * 0.9), (x + 6, y - radius * 1.2)], 5, "#4a2f1a")
    bowl = [*oval(400, 400, 235, 130, start=0, end=180), (165.0, 392.0), (635.0, 392.0)]
    c.polygon(bowl, ["#e9eef2", "#7d93a6"])
    for k in range(9):
        c.ellipse(205 + k * 49, 432 + 28 * math.sin(k / 8 * math.pi), 13, 18, "#2d5d86")
    c.ellipse(640, 500, 34, 26, ["#d6c24a", "#8f7f22"])
    return c.image()


def cat() -> Image.Image:
    c = Canvas(33, ["#d9e4dd", "#b9cbc2"])
    for x in range(0, 800, 80):
        c.rectangle(x, 0, 38, 380, "#c6d6cd")
    c.rounded(-40, 300, 900, 260, 40, ["#4e6a94", "#2c3f5e"])
    c.rounded(60, 250, 680, 130, 40, ["#5d7cab", "#41597f"])
    for x in (230, 400, 570):
        c.circle(x, 315, 7, "#2c3f5e")
    c.shadow(oval(400, 500, 210, 34))
    c.ellipse(390, 430, 180, 95, ["#e8a55a", "#b36a2a"])
    for k in range(7):
        x = 270 + k * 42
        c.line([(x, 350 + abs(3 - k) * 8), (x + 14, 430)], 11, "#9c5a22")
    c.line(curve((560, 470), (640, 480), (660, 410), (620, 370)), 30, "#cf8a43")
    for ear in ((205, 290, 190, 215, 255, 265), (290, 265, 350, 215, 335, 295)):
        c.polygon([ear[0:2], ear[2:4], ear[4:6]], "#b36a2a")
    c.circle(268, 330, 84, ["#efb36c", "#cc8440"])
    for x in (236, 300):
        c.ellipse(x, 322, 17, 21, "#f4f1c0")
        c.ellipse(x, 322, 6, 18, "#20180f")
    c.polygon([(260, 352), (278, 352), (269, 364)], "#d9707c")
    for side in (-1, 1):
        for k in range(3):
            c.line(
                [(269 + side * 24, 362 + k * 7), (269 + side * 100, 348 + k * 18)], 1.6, "#fdf6e8"
            )
    c.line(curve((269, 364), (258, 378), (246, 372)), 3, "#5d3517")
    c.line(curve((269, 364), (280, 378), (292, 372)), 3, "#5d3517")
    return c.image()


def aquarium() -> Image.Image:
    c = Canvas(34, ["#2fa5b8", "#0f5570", "#08324a"])
    c.texture("#7fe0e6", size=150, level=0.55, strength=0.35, stretch=2)
    c.polygon([*curve((-10, 520), (180, 500), (420, 535), (640, 505), (810, 530)), (810, 610), (-10, 610)],
              ["#d9c28b", "#a98b57"])  # fmt: skip
    for k in range(90):
        x = float(c.random.uniform(0, 800))
        c.circle(
            x,
            float(c.random.uniform(530, 596)),
            3 + k % 5,
            ["#7f7260", "#e8ddc0", "#5d8a86"][k % 3],
        )
    for n, x in enumerate((70, 110, 560, 690, 735)):
        c.line(curve((x, 540), (x - 26, 450), (x + 24, 360), (x - 14, 250 + 30 * n)), 15, "#2f7d4a")
    fish = [(230, 180, 1.5, "#f2762e"), (480, 130, 1.0, "#f5cb3d"), (600, 290, 1.3, "#d8437a")]
    fish += [(330, 350, 1.9, "#6a5acd"), (150, 390, 0.9, "#f5cb3d"), (470, 440, 1.1, "#f2762e")]
    for n, (x, y, size, colour) in enumerate(fish):
        way = -1 if n % 2 else 1
        tail = x - way * 55 * size
        c.polygon([(tail + way * 20 * size, y), (tail - way * 22 * size, y - 32 * size),
                   (tail - way * 22 * size, y + 32 * size)], mix(colour, "#000000", 0.2))  # fmt: skip
        c.ellipse(x, y, 56 * size, 32 * size, [mix(colour, "#ffffff", 0.3), colour])
        for stripe in (-18, 4):
            c.line(
                [(x + stripe * size, y - 26 * size), (x + stripe * size, y + 26 * size)],
                8 * size,
                "#fdf7ea",
            )
        c.circle(x + way * 34 * size, y - 7 * size, 7 * size, "#ffffff")
        c.circle(x + way * 36 * size, y - 7 * size, 3.5 * size, "#101018")
    for k in range(26):
        c.ring(640 + 14 * math.sin(k), 500 - k * 19, 4 + k % 4, 4 + k % 4, 1.5, "#d8f5f7")
    return c.image()


def bookshelf() -> Image.Image:
    c = Canvas(35, "#3a2a20")
    colours = [
        "#7c2f2f",
        "#2f4f7c",
        "#c7a24a",
        "#3c6e52",
        "#8a8f99",
        "#b7593a",
        "#54346b",
        "#e3d9c2",
    ]
    for shelf in range(4):
        foot = 145 + shelf * 148
        c.rectangle(0, foot - 138, WIDTH, 138, ["#22180f", "#31231a"])
        x, n = 6.0, shelf * 5
        while x < 770:
            wide, tall = 16 + (n * 7) % 24, 84 + (n * 13) % 44
            colour = colours[(n * 5 + shelf * 3) % 8]
            if n % 9 == 4:
                c.polygon(
                    [
                        (x, foot),
                        (x + wide, foot),
                        (x + wide + 34, foot - tall),
                        (x + 34, foot - tall),
                    ],
                    colour,
                )
                x += 40
            else:
                c.rectangle(x, foot - tall, wide, tall, colour)
                c.rectangle(x + 3, foot - tall + 14, wide - 6, 9, mix(colour, "#f6e7b4", 0.6))
                c.rectangle(x + 3, foot - 24, wide - 6, 4, mix(colour, "#f6e7b4", 0.6))
            x += wide + 2
            n += 1
        c.rectangle(0, foot, WIDTH, 10, ["#8a6038", "#5a3c20"])
    c.circle(640, 372, 44, ["#cfe0e8", "#4d7b96"])
    c.polygon(oval(640, 372, 18, 30), "#5d8f52")
    c.rectangle(632, 414, 16, 26, "#7a5a36")
    return c.image()


def face_with_hat() -> Image.Image:
    c = Canvas(36, ["#f6d8ae", "#e7a977"])
    for k in range(18):
        angle = k * 20
        c.polygon([(400, 320), *oval(400, 320, 700, 700, start=angle, end=angle + 10)], "#f2c48f")
    c.polygon([*oval(400, 640, 250, 190, start=180, end=360)], "#33658a")
    c.ellipse(400, 350, 150, 185, "#8a5a3c")
    c.ellipse(400, 200, 260, 52, "#264653")
    c.rounded(270, 60, 260, 150, 60, ["#2f5d6b", "#1d3b45"])
    c.rectangle(268, 168, 264, 28, "#e76f51")
    for x in (340, 460):
        c.ellipse(x, 330, 30, 20, "#fdf8f0")
        c.circle(x + 4, 332, 12, "#2b1a10")
        c.line(curve((x - 36, 296), (x, 282), (x + 36, 298)), 9, "#2b1a10")
    c.line(curve((398, 340), (380, 400), (412, 408)), 7, "#5d3a24")
    c.line(curve((335, 450), (400, 486), (470, 446)), 10, "#7d2a32")
    c.circle(275, 400, 16, "#e9c46a")
    return c.image()


def face_with_glasses() -> Image.Image:
    c = Canvas(37, ["#274060", "#1b2845"])
    for k in range(60):
        x, y = (k * 137) % 800, (k * 89) % 600
        c.rectangle(x, y, 26, 26, ["#335c81", "#65afff", "#5899e2"][k % 3])
    c.rounded(270, 470, 260, 220, 70, "#f4a259")
    c.rounded(275, 150, 250, 340, 110, "#f6d5b5")
    c.polygon(
        [*oval(400, 210, 150, 120, start=170, end=370), (540, 260), (440, 205), (270, 285)],
        "#a8321d",
    )
    for x in (335, 465):
        c.ring(x, 310, 54, 46, 9, "#111111")
        c.ellipse(x - 6, 314, 15, 18, "#3f7d58")
        c.circle(x - 4, 316, 8, "#0c1a12")
    c.line([(389, 306), (411, 306)], 8, "#111111")
    c.line([(400, 330), (392, 386), (412, 388)], 6, "#c58f65")
    c.polygon(curve((340, 420), (400, 412), (462, 424), (400, 462), closed=True), "#b23a48")
    c.line([(350, 432), (452, 434)], 5, "#fdf5ee")
    for k in range(12):
        c.circle(296 + (k % 4) * 12, 370 + (k // 4) * 13, 3, "#d39a6d")
    return c.image()


def market() -> Image.Image:
    c = Canvas(38, ["#bcd8ea", "#f3eee2"])
    for k in range(10):
        c.polygon([(k * 84 - 20, 60), (k * 84 + 64, 60), (k * 84 + 76, 190), (k * 84 - 34, 190)],
                  "#c8373a" if k % 2 else "#f7f1e3")  # fmt: skip
        c.polygon(oval(k * 84 + 21, 190, 55, 24, end=180), "#c8373a" if k % 2 else "#f7f1e3")
    for x in (30, 760):
        c.rectangle(x, 190, 14, 410, "#7a5634")
    goods = ["#d8402f", "#f0a02c", "#7fa53a", "#6b3f8f", "#e6d35a", "#b3552e"]
    for row in range(2):
        for column in range(4):
            x, y = 62 + column * 176 + row * 8, 290 + row * 150
            c.polygon(
                [(x, y + 90), (x + 160, y + 90), (x + 150, y + 128), (x + 10, y + 128)], "#a5773f"
            )
            colour = goods[(row * 3 + column * 2) % 6]
            for k in range(22):
                at = (x + 18 + (k % 7) * 21, y + 86 - (k // 7) * 20)
                c.circle(*at, 13, mix(colour, "#1a0f08", 0.25))
                c.circle(at[0] - 2, at[1] - 3, 10, mix(colour, "#ffffff", 0.1 * (k % 3)))
            c.rounded(x + 50, y + 8, 56, 30, 4, "#202a25")
            c.line([(x + 58, y + 23), (x + 96, y + 21)], 3, "#f4f4ee")
    return c.image()


def train() -> Image.Image:
    c = Canvas(39, ["#f7b267", "#f79d65", "#f4845f", "#5b3f58"])
    c.circle(620, 210, 70, "#fff0c2")
    c.polygon(c.ridge(330, 90), "#7a4f63")
    c.polygon(c.ridge(410, 60), "#553a52")
    for x in range(-40, 820, 150):
        c.rectangle(x, 330, 26, 270, "#2e2433")
        c.polygon(
            [(x + 26, 350), *oval(x + 88, 420, 62, 70, start=180, end=360), (x + 150, 350)],
            "#3a2d3f",
        )
    c.rectangle(0, 318, WIDTH, 34, "#2e2433")
    for k, x in enumerate((40, 235, 430)):
        c.rounded(x, 236, 184, 76, 10, ["#b83b3b", "#7d2430"])
        for window in range(4):
            c.rounded(
                x + 14 + window * 42, 252, 30, 28, 4, "#ffe9a8" if (window + k) % 3 else "#5b3f58"
            )
        for wheel in (30, 150):
            c.circle(x + wheel, 314, 13, "#17131a")
    c.rounded(625, 220, 140, 92, 18, ["#2f4858", "#1b2b36"])
    c.rectangle(728, 176, 20, 50, "#1b2b36")
    for k in range(9):
        c.glow(735 - k * 62, 160 - k * 9, 50 + k * 9, "#efe3dc", 0.55)
    for wheel in (650, 690, 740):
        c.circle(wheel, 312, 17, "#17131a")
    return c.image()


def skyline() -> Image.Image:
    c = Canvas(40, ["#0b1026", "#27305c", "#6d4f79"])
    for _ in range(140):
        c.circle(float(c.random.uniform(0, 800)), float(c.random.uniform(0, 260)), 1.1, "#f5f3da")
    c.circle(140, 110, 44, "#f3edd0")
    c.circle(160, 98, 40, "#141a38")
    x, n = 0.0, 0
    while x < 800:
        wide, tall = 44 + (n * 29) % 52, 150 + (n * 83) % 250
        c.rectangle(x, 430 - tall, wide, tall + 10, mix("#141a2e", "#3a3f63", (n % 4) / 4))
        for row in range(int(tall // 20)):
            for column in range(int(wide // 15)):
                if (n * 7 + row * 5 + column * 11 + row * column) % 5 < 2:
                    c.rectangle(x + 5 + column * 15, 438 - tall + row * 20, 7, 10, "#ffd97a")
        if n % 4 == 1:
            c.line([(x + wide / 2, 430 - tall), (x + wide / 2, 380 - tall)], 3, "#8f93b3")
        x += wide + 3
        n += 1
    c.mirror_down(432, depth=1.0, ripple=5)
    c.paint(c.mask([(0, 432), (800, 432), (800, 600), (0, 600)]), "#0b1026", strength=0.35)
    return c.image()


def bicycle() -> Image.Image:
    c = Canvas(41, ["#efe6d5", "#d7c6a6"])
    for row in range(9):
        for column in range(13):
            x = column * 66 - (row % 2) * 33
            c.rectangle(
                x, row * 46, 62, 42, mix("#b4553f", "#8d3b2c", ((row * 5 + column * 3) % 7) / 7)
            )
    c.rectangle(0, 412, WIDTH, 190, ["#9a9488", "#6f6a60"])
    c.shadow(oval(400, 545, 300, 20))
    for x in (250, 560):
        c.ring(x, 430, 108, 108, 9, "#1d1f22")
        for spoke in range(0, 180, 15):
            dx, dy = 104 * math.cos(math.radians(spoke)), 104 * math.sin(math.radians(spoke))
            c.line([(x - dx, 430 - dy), (x + dx, 430 + dy)], 1.2, "#d9dde0")
    for line in ([(250, 430), (340, 280), (500, 280), (560, 430)], [(250, 430), (385, 430), (340, 280)],
                 [(385, 430), (500, 280)], [(340, 280), (328, 240)], [(500, 280), (486, 220)]):  # fmt: skip
        c.line(line, 11, "#1f7a8c")
    c.rounded(290, 226, 78, 20, 10, "#2b211b")
    c.line(curve((486, 220), (520, 205), (545, 222)), 9, "#2b211b")
    c.rounded(510, 232, 110, 70, 8, ["#c99b5d", "#8d6636"])
    for k in range(7):
        c.circle(525 + k * 14, 226 - (k % 2) * 10, 15, ["#e56b6f", "#f4d35e", "#b56576"][k % 3])
    c.circle(385, 430, 24, "#c7ccd1")
    return c.image()


def owl() -> Image.Image:
    c = Canvas(42, ["#1c2b2a", "#30504a", "#5c7a63"])
    c.circle(620, 130, 90, "#f1e8c4")
    c.texture("#0f1c1a", size=50, level=0.5, strength=0.6)
    c.line(curve((-20, 500), (240, 470), (520, 505), (820, 450)), 44, "#4b3621")
    for k in range(16):
        c.ellipse(40 + k * 50, 470 + (k * 37) % 60, 26, 10, "#6f8f4e", turn=k * 40)
    c.ellipse(390, 330, 135, 180, ["#a47a4d", "#6d4a2a"])
    for row in range(7):
        for column in range(6 - abs(3 - row) // 2):
            x = 310 + column * 34 + (row % 2) * 16
            c.polygon(
                oval(x, 290 + row * 27, 17, 16, end=180), ["#d9b98a", "#8a6138"][(row + column) % 2]
            )
    for side in (-1, 1):
        c.polygon(
            [(390 + side * 60, 170), (390 + side * 112, 105), (390 + side * 108, 215)], "#6d4a2a"
        )
        c.circle(390 + side * 56, 228, 56, "#e8d9b8")
        c.circle(390 + side * 54, 230, 34, "#f2b632")
        c.circle(390 + side * 52, 231, 18, "#0e0c08")
        c.circle(390 + side * 46, 224, 6, "#ffffff")
        c.ellipse(390 + side * 128, 350, 34, 120, "#5a3c20", turn=-side * 8)
    c.polygon([(372, 258), (408, 258), (390, 298)], "#d98324")
    for x in (350, 370, 412, 432):
        c.ellipse(x, 494, 9, 20, "#d98324")
    return c.image()


def quilt_of_stars() -> Image.Image:
    c = Canvas(43, "#f4ede0")
    for row in range(4):
        for column in range(5):
            x, y = column * 160 + 80, row * 150 + 75
            dark, light = WALLS[(row * 2 + column) % 7], WALLS[(row + column * 3 + 2) % 7]
            c.rectangle(x - 76, y - 71, 152, 142, mix(light, "#ffffff", 0.55))
            points = []
            for k in range(16):
                radius = 68 if k % 2 == 0 else 30
                angle = math.radians(k * 22.5 + row * 11 + column * 6)
                points.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
            c.polygon(points, dark)
            c.circle(x, y, 17, light)
    c.texture("#2b2118", size=9, level=0.6, strength=0.25)
    return c.image()


def quilt_of_waves() -> Image.Image:
    c = Canvas(44, "#10394a")
    for row in range(15):
        for column in range(11):
            x, y = column * 80 - (row % 2) * 40, row * 44
            tone = ["#f2e9dc", "#e07a5f", "#3d7d8a", "#81b29a", "#f2cc8f"][
                (row * row + column * 2) % 5
            ]
            for ring, share in ((44, 0.0), (31, 0.45), (18, 0.15), (8, 0.7)):
                c.circle(x, y + 30, ring, mix(tone, "#10394a", share))
    return c.image()


def tea_table() -> Image.Image:
    c = Canvas(45, ["#86a873", "#5d7f4d"])
    c.texture("#3f5f35", size=36, strength=0.7)
    for k in range(130):
        x, y = float(c.random.uniform(0, WIDTH)), float(c.random.uniform(0, 330))
        c.circle(x, y, 5 + k % 5, ["#f5f0f6", "#e8a0bf", "#ba5c8a", "#f6e27f"][k % 4])
    c.ellipse(400, 470, 380, 150, "#f7f5f0")
    for k in range(-9, 10):
        c.line([(400 + k * 38, 330), (400 + k * 46, HEIGHT)], 7, "#7aa6c299")
    for k in range(6):
        c.line([(20, 350 + k * 44), (780, 350 + k * 44)], 7, "#7aa6c299")
    c.shadow(oval(330, 500, 130, 26))
    c.ellipse(330, 420, 110, 88, ["#fdfdfb", "#9fb3c4"])
    c.line(curve((430, 440), (500, 420), (520, 350)), 22, "#dfe7ed")
    c.line(curve((226, 390), (160, 380), (170, 460), (240, 460)), 14, "#dfe7ed")
    c.ellipse(330, 338, 56, 16, "#c5d3de")
    c.circle(330, 318, 13, "#27476e")
    for k in range(7):
        c.circle(268 + k * 21, 425 + (k % 2) * 16, 10, "#27476e")
    c.ellipse(590, 500, 96, 30, "#e8edf1")
    c.polygon(
        [*oval(590, 470, 60, 44, end=180), (530.0, 440.0), (650.0, 440.0)], ["#ffffff", "#a8bac8"]
    )
    c.ellipse(590, 442, 60, 14, "#8a4b22")
    c.ellipse(500, 545, 80, 24, "#f0ebe0")
    for k in range(5):
        c.circle(455 + k * 24, 535 - (k % 2) * 12, 17, ["#c98b4b", "#9d5f2c"][k % 2])
    return c.image()
