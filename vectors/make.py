"""Writes ``pdq.json`` and ``pictures/``: drawings, and what the reference says of them.

The answers come from Meta's own code through the package ``pdqhash``, never from ours.
It has no binary wheel, so it is no dependency of this project; to make the vectors
anew, in a throw-away environment with a C++ compiler:

    python -m venv /tmp/reference
    /tmp/reference/bin/pip install pdqhash==0.2.8 numpy pillow
    /tmp/reference/bin/python vectors/make.py
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pdqhash
from draw import DRAWINGS
from PIL import Image

HERE = Path(__file__).parent

ABOUT = (
    "Drawings in pictures/ and the PDQ hashes that the reference gives for their RGB "
    "pixels. pixels_sha256 is the SHA-256 of the RGB bytes, row by row. turned holds "
    "the reference's hash of the drawing after really turning its pixels, in the "
    "order of orientations. A picture without detail has a quality of 0 and no "
    "defined hash: pdq and turned are then null."
)

TURNS = {
    "original": lambda a: a,
    "rotated-90": lambda a: np.rot90(a, 1),
    "rotated-180": lambda a: np.rot90(a, 2),
    "rotated-270": lambda a: np.rot90(a, 3),
    "flipped": lambda a: a[::-1],
    "mirrored": lambda a: a[:, ::-1],
    "transposed": lambda a: a.transpose(1, 0, 2),
    "transversed": lambda a: np.rot90(a, 2).transpose(1, 0, 2),
}


def answer(pixels: np.ndarray) -> tuple[str, int]:
    bits, quality = pdqhash.compute(np.ascontiguousarray(pixels))
    return np.packbits(bits.astype(np.uint8)).tobytes().hex(), int(quality)


def main() -> None:
    (HERE / "pictures").mkdir(exist_ok=True)
    vectors = []
    for drawing in DRAWINGS:
        pixels = drawing.pixels()
        Image.fromarray(pixels).save(HERE / "pictures" / f"{drawing.name}.png", optimize=True)
        hashes = [answer(turn(pixels)) for turn in TURNS.values()]
        plain = drawing.contrast == 0
        vectors.append(
            {
                "picture": f"pictures/{drawing.name}.png",
                "width": drawing.width,
                "height": drawing.height,
                "pixels_sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
                "quality": hashes[0][1],
                "pdq": None if plain else hashes[0][0],
                "turned": None if plain else [each for each, _ in hashes],
            }
        )
    document = {
        "about": ABOUT,
        "reference": f"pdqhash {version('pdqhash')}",
        "orientations": list(TURNS),
        "vectors": vectors,
    }
    (HERE / "pdq.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
