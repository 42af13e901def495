"""What Mallory makes of a picture so that a hash no longer knows it."""

import io
import re

import requests
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from world import Plaza


def shown_as(plaza: Plaza, title: str) -> tuple[str, bytes]:
    """The address and the file of the picture that hangs at Plaza under *title*."""
    front = requests.get(plaza.url, timeout=30).text
    found = re.search(rf'href="/p/([^"]+)">\s*<img[^>]*>\s*<span class="title">{title}<', front)
    assert found, f"{title} does not hang there"
    file = requests.get(f"{plaza.url}/media/{found[1]}.jpg", timeout=30)
    assert file.ok
    return f"{plaza.url}/p/{found[1]}", file.content


def cropped(picture: bytes) -> bytes:
    """Two thirds of its width and height."""
    image = _opened(picture)
    across, down = image.width // 6, image.height // 6
    return _jpeg(image.crop((across, down, image.width - across, image.height - down)))


def captioned(picture: bytes) -> bytes:
    """In a white frame, with words above and below."""
    image = _opened(picture)
    page = Image.new("RGB", (image.width + 100, image.height + 260), "white")
    page.paste(image, (50, 130))
    pen = ImageDraw.Draw(page)
    for down, words in ((40, "when the weekend"), (image.height + 160, "is finally here")):
        pen.text((50, down), words, "black", ImageFont.load_default(52))
    return _jpeg(page)


def with_region_replaced(picture: bytes, other: bytes) -> bytes:
    """The same, but for a soft oval of *other* in its middle."""
    image = _opened(picture)
    mask = Image.new("L", image.size)
    box = [round(share * side) for share, side in zip(_OVAL, image.size * 2, strict=True)]
    ImageDraw.Draw(mask).ellipse(box, 255)
    image.paste(_opened(other).resize(image.size), mask=mask.filter(ImageFilter.GaussianBlur(5)))
    return _jpeg(image)


_OVAL = (0.38, 0.35, 0.62, 0.63)


def _opened(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture)).convert("RGB")


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()
