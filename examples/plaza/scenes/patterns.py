"""Quilts and tiles."""

import math

from PIL import Image

from ..canvas import Canvas, Point, mix

THREADS = ["#c8553d", "#e9c46a", "#588b8b", "#f2a65a", "#7d5a8f", "#2f5d7c", "#6a994e", "#b5485d"]


def quilt_of_stars() -> Image.Image:
    c = Canvas(51, "#f3eadb")
    for row in range(4):
        for column in range(5):
            x, y = column * 160 + 80, row * 150 + 75
            cloth, star = THREADS[(row * 3 + column) % 8], THREADS[(row * 5 + column * 3 + 4) % 8]
            if cloth == star:
                star = "#2b2d42"
            c.rectangle(x - 74, y - 69, 148, 138, mix(cloth, "#ffffff", 0.5))
            for k in range(8):
                angle = math.radians(k * 45 + row * 11 + column * 17)
                inner, outer = math.radians(22.5), 66.0
                left: Point = (x + 29 * math.cos(angle - inner), y + 29 * math.sin(angle - inner))
                right: Point = (x + 29 * math.cos(angle + inner), y + 29 * math.sin(angle + inner))
                tip: Point = (x + outer * math.cos(angle), y + outer * math.sin(angle))
                c.polygon([(x, y), left, tip], star)
                c.polygon([(x, y), right, tip], mix(star, "#ffffff", 0.3))
            c.circle(x, y, 12, mix(cloth, "#ffffff", 0.75))
            for k in range(0, 148, 9):  # the seams
                c.line([(x - 74 + k, y - 66), (x - 70 + k, y - 66)], 1.2, "#fffaf0")
                c.line([(x - 74 + k, y + 66), (x - 70 + k, y + 66)], 1.2, "#fffaf0")
    c.texture("#2b2118", size=9, level=0.62, strength=0.16)
    return c.image()


def quilt_of_waves() -> Image.Image:
    c = Canvas(52, "#10394a")
    tones = ["#f2e9dc", "#e07a5f", "#3d7d8a", "#81b29a", "#f2cc8f"]
    for row in range(16):
        for column in range(11):
            x, y = column * 80 - (row % 2) * 40, row * 44 - 20
            tone = tones[(row * row + column * 2 + (row * column) // 7) % 5]
            for ring, share in ((44, 0.0), (36, 0.5), (27, 0.1), (18, 0.6), (9, 0.0)):
                c.circle(x, y + 30, ring, mix(tone, "#10394a", share))
    c.texture("#08202b", size=10, level=0.62, strength=0.18)
    return c.image()


def log_cabin() -> Image.Image:
    c = Canvas(53, "#efe4d0")
    warm = ["#d1495b", "#edae49", "#e07a5f", "#f2cc8f", "#c8553d"]
    cool = ["#00798c", "#30638e", "#3d405b", "#81b29a", "#588b8b"]
    for row in range(4):
        for column in range(5):
            left, top, turn = column * 160.0, row * 150.0, (row + column * 3 + row * column) % 4
            wide, tall = 160.0, 150.0
            for _ in range(5):
                one, two = (warm, cool) if turn % 2 else (cool, warm)
                strips = [(left, top, wide, 13.0, one), (left, top + tall - 13, wide, 13.0, two),
                          (left, top, 14.0, tall, one), (left + wide - 14, top, 14.0, tall, two)]  # fmt: skip
                for side, (x, y, w, h, cloths) in enumerate(strips):
                    colours = cloths if turn < 2 else strips[side ^ 1][4]
                    colour = colours[int(c.random.integers(5))]
                    c.rectangle(
                        x, y, w, h, mix(colour, "#ffffff", float(c.random.uniform(0, 0.25)))
                    )
                    c.rectangle(x, y + h - 1.2, w, 1.2, "#2b211840")
                    c.rectangle(x + w - 1.2, y, 1.2, h, "#2b211840")
                left, top, wide, tall = left + 14, top + 13, wide - 28, tall - 26
            c.rectangle(left, top, wide, tall, "#9b2226")
    c.texture("#2b2118", size=8, level=0.62, strength=0.14)
    return c.image()
