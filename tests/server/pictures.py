"""Benign pictures, drawn here, and what people do to them; and files that are none."""

import io
import struct
import zlib
from functools import lru_cache

import numpy as np
from PIL import Image, ImageOps

import staydown
from staydown import Fingerprint


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


def mirrored(content: bytes) -> bytes:
    return jpeg(ImageOps.mirror(Image.open(io.BytesIO(content))), quality=70)


@lru_cache(maxsize=256)
def fingerprint(content: bytes) -> Fingerprint:
    return staydown.fingerprint_bytes(content)


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
