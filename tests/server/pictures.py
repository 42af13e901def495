"""Benign pictures, drawn here, and what people do to them; and files that are none."""

import io
import struct
import zlib
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from library.pictures import drawing
from staydown import Fingerprint
from staydown.fingerprint.files import Look
from staydown_server.catalogue.read import fingerprint_bytes


def scene(seed: int, *, side: int = 320) -> Image.Image:
    """Soft coloured clouds: enough to see for a perceptual hash, nothing to recognise.

    As in photographs, most of it is coarse, so that lesser copies keep their hash.
    """
    draw = np.random.default_rng(seed)
    total = np.zeros((side, side, 3), dtype=np.float64)
    for patches, weight in ((3, 1.0), (6, 0.7), (12, 0.45), (24, 0.2)):
        layer = Image.fromarray(draw.integers(0, 256, (patches, patches, 3), dtype=np.uint8))
        total += weight * np.asarray(layer.resize((side, side), Image.Resampling.BICUBIC))
    stretched = (total - total.mean()) * 1.1 + 128
    return Image.fromarray(stretched.clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image, *, quality: int = 90) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def recompressed(content: bytes) -> bytes:
    """The same picture as a lesser JPEG of another size."""
    image = Image.open(io.BytesIO(content))
    return jpeg(image.resize((256, 256)), quality=60)


def drawn(seed: int) -> bytes:
    """A drawing with enough to see for the local layer: corners, letters, texture."""
    return jpeg(Image.fromarray(drawing(480, 360, seed)))


def cropped(content: bytes) -> bytes:
    """Two thirds of its width and height: PDQ no longer knows it."""
    image = Image.open(io.BytesIO(content))
    across, down = image.width // 6, image.height // 6
    return jpeg(image.crop((across, down, image.width - across, image.height - down)))


def captioned(content: bytes) -> bytes:
    """A meme: the picture in a white frame with words above and below."""
    image = Image.open(io.BytesIO(content))
    page = Image.new("RGB", (image.width + 80, image.height + 220), "white")
    page.paste(image, (40, 110))
    pen = ImageDraw.Draw(page)
    for down, words in ((30, "when the weekend"), (image.height + 130, "is finally here")):
        pen.text((40, down), words, "black", ImageFont.load_default(40))
    return jpeg(page)


def with_region_replaced(content: bytes, *, by: int = 77) -> bytes:
    """The same picture, but for a soft oval of another one in it, about 6% of the area."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    other = Image.fromarray(drawing(image.width, image.height, by))
    left, top = image.width * 5 // 12, image.height * 3 // 8
    box = (left, top, left + image.width // 4, top + image.height // 4)
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).ellipse(box, 255)
    image.paste(other, mask=mask.filter(ImageFilter.GaussianBlur(4)))
    return jpeg(image)


def mirrored(content: bytes) -> bytes:
    return jpeg(ImageOps.mirror(Image.open(io.BytesIO(content))), quality=70)


@lru_cache(maxsize=256)
def fingerprint(content: bytes, *, look: Look = "upload") -> Fingerprint:
    """As the server makes it: with this installation's local layer."""
    return fingerprint_bytes(content, look=look)


def bomb(side: int = 40_000) -> bytes:
    """A PNG of *side* x *side* white pixels in a few hundred kilobytes."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


#: Files that are no pictures, by what is wrong with them.
UNREADABLE = {
    "empty": b"",
    "text": b"Dear moderator, this is no picture.",
    "truncated": jpeg(scene(900))[:1500],
    "bomb": bomb(),
}
