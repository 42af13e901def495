"""What people do to a picture before they post it again, as functions of pixels.

Each edit takes RGB pixels, uint8 (height, width, 3), a random generator that alone
decides its choices, and `fillers`: other pictures to stand beside or on top. It
returns new pixels. `SINGLES` and `PAIRS` are the copies that a matcher must find;
`replace_region` and `overlay_region` are the two sides of the other question.
"""

from benchmarks.edits.canvas import WORDS, Edit, Fillers, Pixels, generator
from benchmarks.edits.changes import bars, crop, grey, jpeg, mirror, resize
from benchmarks.edits.named import HARDER, NAMES, PAIRS, SINGLES, UNTOUCHED, apply
from benchmarks.edits.overlays import sticker
from benchmarks.edits.regions import OVERLAYS, overlay_region, replace_region
from benchmarks.edits.scenes import phone_screenshot

__all__ = [
    "HARDER",
    "NAMES",
    "OVERLAYS",
    "PAIRS",
    "SINGLES",
    "UNTOUCHED",
    "WORDS",
    "Edit",
    "Fillers",
    "Pixels",
    "apply",
    "bars",
    "crop",
    "generator",
    "grey",
    "jpeg",
    "mirror",
    "overlay_region",
    "phone_screenshot",
    "replace_region",
    "resize",
    "sticker",
]
