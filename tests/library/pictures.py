"""Pictures to test with: photos where they are, drawings everywhere, and files of both."""

from __future__ import annotations

import importlib.util
import io
import os
import struct
import sys
import zlib
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "vectors"

NO_PHOTOS = (
    "The photos of ../shared/media are not here (STAYDOWN_MEDIA names another place): "
    "drawn pictures take their part."
)


@cache
def _draw_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("staydown_vectors_draw", VECTORS / "draw.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=64)
def drawing(width: int = 400, height: int = 300, seed: int = 1) -> Pixels:
    """A drawn picture, RGB; another *seed* is another picture."""
    pixels: Pixels = _draw_module().draw(width, height, seed)
    pixels.flags.writeable = False
    return pixels


@cache
def photo_folder() -> Path | None:
    """Where the benign photos lie, or None; in CI they must be there."""
    named = os.environ.get("STAYDOWN_MEDIA")
    folder = (Path(named) if named else ROOT.parent / "shared" / "media") / "images"
    if folder.is_dir():
        return folder
    if os.environ.get("CI") == "true":
        raise AssertionError(f"CI must find the photos. {NO_PHOTOS}")
    return None


@cache
def sample(count: int) -> tuple[bytes, ...]:
    """*count* JPEG files, spread over all collections of photos; drawings without them."""
    folder = photo_folder()
    if folder is None:
        return tuple(encoded(drawing(640, 427 + seed, seed), "JPEG") for seed in range(count))
    files = sorted(folder.glob("*.jpg"))
    chosen = [files[at * len(files) // count] for at in range(count)]
    return tuple(each.read_bytes() for each in chosen)


def encoded(picture: Pixels | Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """The file of *picture* in the format *form*, by Pillow."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    if form == "JPEG":
        options.setdefault("quality", 90)
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    """The picture in a file, as Pillow sees it, RGB."""
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("RGB")


def bits_between(one: bytes | None, other: bytes | None) -> int:
    """The Hamming distance of two hashes."""
    assert one is not None
    assert other is not None
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def png_bomb(side: int = 40_000, channels: int = 0) -> bytes:
    """A whole, valid PNG of *side* x *side* black pixels: small to send, huge to hold.

    One bit a pixel, or 8 bits in each of 3 *channels*.
    """
    row = 1 + (side * channels if channels else side // 8)
    header = struct.pack(
        ">IIBBBBB", side, side, 8 if channels else 1, 2 if channels else 0, 0, 0, 0
    )
    squeezed = deflated_zeros(row * 1000, side // 1000)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(kind, body)
        for kind, body in ((b"IHDR", header), (b"IDAT", squeezed), (b"IEND", b""))
    )


def deflated_zeros(size: int, times: int) -> bytes:
    """*size* x *times* zero bytes as zlib packs them, without packing each of them."""
    press = zlib.compressobj(9, wbits=-15)
    piece = press.compress(bytes(size)) + press.flush(zlib.Z_FULL_FLUSH)
    checksum = (size * times % 65521) << 16 | 1
    return b"\x78\xda" + piece * times + b"\x03\x00" + checksum.to_bytes(4)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def damaged(content: bytes, seed: int, count: int) -> Iterator[bytes]:
    """*count* copies of a file, each with bytes changed, cut out, doubled or cut off."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        data = bytearray(content)
        for _ in range(int(random.integers(1, 9))):
            at = int(random.integers(0, len(data)))
            what = random.integers(0, 5)
            length = int(random.integers(1, 1 + min(64, len(data) - at)))
            if what == 0:
                data[at] = int(random.integers(0, 256))
            elif what == 1:
                data[at] ^= 1 << int(random.integers(0, 8))
            elif what == 2 and len(data) > 100:
                del data[at : at + length]
            elif what == 3:
                data[at:at] = data[at : at + length]
            elif len(data) > 100 and random.random() < 0.2:
                del data[max(50, at) :]
        yield bytes(data)
