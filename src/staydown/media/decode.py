"""Bytes to pixels, for every kind of picture that people have.

Runs inside the limited process only (`staydown.media.worker`). What comes out is
what a person would see: colours of palettes looked up, 16 bits scaled to 8,
transparency laid on white, inks turned into light. Turning the picture upright is
left as a number (`Frame.orientation`), because a hash can turn more cheaply than
pixels can. ``docs/divergences.md`` says where this leaves the reference's client.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import AvifImagePlugin, ExifTags, Image, UnidentifiedImageError

from staydown.media.admit import admit
from staydown.media.errors import (
    DamagedMedia,
    MediaError,
    NotMedia,
    TooManyPixels,
    TruncatedMedia,
    UnsupportedMedia,
)
from staydown.media.formats import PREFIX_BYTES, Format, recognise
from staydown.media.limits import Limits

Pixels = npt.NDArray[np.uint8]

GROUND = 255
"""Transparent pixels are laid on white, as a page shows them."""

_MILLION = 1_000_000
_BAND_ROWS = 256
# Nothing can be loaded later, so Pillow's registry is filled now. Only the formats
# that `frames` names are ever tried.
Image.init()

# Our own pixel limit is checked first, and is an error rather than a warning.
Image.MAX_IMAGE_PIXELS = None
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: uint8 pixels as stored, and how to lay them to see it upright.

    *pixels* has the shape (height, width) for luma or (height, width, 3) for RGB;
    *orientation* is EXIF's number, 1 to 8, and 1 is upright.
    """

    pixels: Pixels
    orientation: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, upright."""
        height, width = self.pixels.shape[:2]
        return (height, width) if self.orientation > 4 else (width, height)

    def upright(self) -> Pixels:
        """The pixels turned as the file asks; a view."""
        pixels = self.pixels
        if self.orientation in (3, 4, 6, 7):
            pixels = pixels[::-1]
        if self.orientation in (2, 3, 7, 8):
            pixels = pixels[:, ::-1]
        return pixels.swapaxes(0, 1) if self.orientation > 4 else pixels


def frames(fd: int, limits: Limits) -> Iterator[Frame]:
    """The frames of the picture in the open file *fd*: one, or several of an animation.

    Raises a `MediaError` that says what is wrong with the file.
    """
    admit(fd, limits)
    with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as data:
        form = recognise(data[:PREFIX_BYTES])
        if form is None:
            raise NotMedia
        if form in ("other", "HEIF"):
            raise UnsupportedMedia
        try:
            yield from _through_pillow(data, form, limits)
        except (MediaError, MemoryError):
            raise
        except UnidentifiedImageError as error:
            raise DamagedMedia from error
        except (OSError, EOFError) as error:
            # Pillow has one class for both; its words are the only difference.
            words = str(error).lower()
            short = "truncated" in words or isinstance(error, EOFError)
            raise (TruncatedMedia if short else DamagedMedia) from error
        except Exception as error:
            # Readers raise whatever comes up on damaged files: struct.error,
            # SyntaxError, KeyError, ZeroDivisionError, RuntimeError ...
            raise DamagedMedia from error


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Raise `TooManyPixels` before memory is asked for."""
    if width * height > limits.megapixels * _MILLION:
        raise TooManyPixels(width=width, height=height, limit=limits.megapixels)


def _through_pillow(data: mmap.mmap, form: Format, limits: Limits) -> Iterator[Frame]:
    # A JPEG with a second picture for 3-D screens opens as MPO.
    names = ("JPEG", "MPO") if form == "JPEG" else (form,)
    with Image.open(data, formats=names) as image:  # type: ignore[arg-type]
        check_pixels(*image.size, limits)
        orientation = _orientation(image)
        image.load()
        yield Frame(_visible(image), orientation)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001
        # Damaged EXIF is common, and the picture beside it is whole.
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _visible(image: Image.Image) -> Pixels:
    """The pixels of a loaded image as a person sees them: luma or RGB, 8 bits."""
    mode = image.mode
    if mode in ("L", "RGB"):
        return np.asarray(image)
    if mode == "1":
        return np.asarray(image.convert("L"))
    if mode.startswith("I;16"):
        return _scaled(np.asarray(image), 65535.0)
    if mode == "I":
        values = np.asarray(image)
        return _scaled(values, 65535.0 if values.max(initial=0) <= 65535 else 2.0**31 - 1)
    if mode == "F":
        values = np.asarray(image)
        return _scaled(values, 1.0 if values.max(initial=0) <= 1 else 255.0)
    if mode == "LAB":
        return np.asarray(image.getchannel(0))
    if image.has_transparency_data:
        return _on_ground(image)
    return np.asarray(image.convert("RGB"))


def _scaled(values: npt.NDArray[np.generic], white: float) -> Pixels:
    scaled = np.empty(values.shape, dtype=np.uint8)
    for top in range(0, len(values), _BAND_ROWS):
        band = values[top : top + _BAND_ROWS].astype(np.float32)
        band = np.nan_to_num(band * np.float32(255.0 / white))
        scaled[top : top + _BAND_ROWS] = np.clip(np.rint(band), 0, 255)
    return scaled


def _on_ground(image: Image.Image) -> Pixels:
    """Lay a picture with transparency on the ground, a band at a time to save memory."""
    width, height = image.size
    visible = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, _BAND_ROWS):
        bottom = min(height, top + _BAND_ROWS)
        band = np.asarray(image.crop((0, top, width, bottom)).convert("RGBA"))
        cover = band[:, :, 3:].astype(np.float32) / 255
        colour = band[:, :, :3] * cover + GROUND * (1 - cover)
        visible[top:bottom] = np.rint(colour)
    return visible
