"""Bytes to pixels, for every kind of picture that people have.

Runs inside the limited process only (`staydown.media.worker`). What comes out is
what a person would see; see `staydown.media.visible`. Turning the picture upright is
left as a number (`Frame.orientation`), because a hash can turn more cheaply than
pixels can. ``docs/divergences.md`` says where this leaves the reference's client.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pi_heif
import simplejpeg
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
from staydown.media.formats import PREFIX_BYTES, VIDEO_DEMUXERS, Format, recognise
from staydown.media.limits import Limits
from staydown.media.visible import Pixels, visible

_MILLION = 1_000_000

_SMALL_PIXELS = 200_000
"""Below this the colours of a JPEG cost next to nothing, and rounding weighs most: the
luma that the reference computes back from them keeps its hash bit for bit."""

# Nothing can be loaded later, so Pillow's registry is filled now. Only the formats
# that `frames` names are ever tried.
Image.init()
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

# One file, one thread: whoever wants more speed starts more decoders.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pi_heif.options.DECODE_THREADS = 1

# Our own pixel limit is checked first, and is an error rather than a warning.
Image.MAX_IMAGE_PIXELS = None


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


def frames(fd: int, limits: Limits, *, colour: bool = False) -> Iterator[Frame]:
    """The frames of the picture in the open file *fd*: one, or several of an animation.

    Without *colour*, a picture whose luma is at hand (most JPEGs) comes as luma
    alone, which is twice as fast. Raises a `MediaError` that says what is wrong with
    the file.
    """
    admit(fd, limits)
    with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as data:
        form = recognise(data[:PREFIX_BYTES])
        if form is None:
            raise NotMedia
        if form == "other" or form in VIDEO_DEMUXERS:
            raise UnsupportedMedia
        try:
            yield from _opened(data, form, limits, colour)
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


def _opened(data: mmap.mmap, form: Format, limits: Limits, colour: bool) -> Iterator[Frame]:
    # A JPEG with a second picture (for depth, or brighter screens) opens as MPO.
    names = ["JPEG", "MPO"] if form == "JPEG" else [form]
    with Image.open(data, formats=names) as image:  # type: ignore[arg-type]
        check_pixels(*image.size, limits)
        if form == "JPEG":
            is_small = image.width * image.height < _SMALL_PIXELS
            luma = None if colour or is_small else _luma_of_jpeg(data)
            yield Frame(visible(image) if luma is None else luma, orientation_of(image))
            return
        for number in _chosen(image, limits):
            image.seek(number)
            check_pixels(*image.size, limits)
            pixels = visible(image)
            # Asked for last: some readers turn the pixels, and then say so no more.
            yield Frame(pixels, orientation_of(image))


def _luma_of_jpeg(data: mmap.mmap) -> Pixels | None:
    """The Y plane of a sound JPEG in YCbCr or grey; None for any other.

    The colours are never decoded: that is most of the time a JPEG takes. Y is what
    the reference's client computes back from RGB, but for rounding.
    """
    try:
        _height, _width, space, _sampling = simplejpeg.decode_jpeg_header(data)
        if space not in ("YCbCr", "Gray"):
            return None
        luma: Pixels = simplejpeg.decode_jpeg(data, "GRAY")[:, :, 0]
    except ValueError:
        # It says so of the least oddity; whether the file is damaged, and how, is
        # for the other reader to say.
        return None
    return luma


def _chosen(image: Image.Image, limits: Limits) -> list[int]:
    """Which frames to look at: the main one, the last, and some between."""
    last = last_within(image, limits)
    spread = np.linspace(0, last, min(last + 1, max(1, limits.frames)))
    # The main picture of a HEIF collection need not be its first.
    return list(dict.fromkeys([image.tell(), *(round(float(number)) for number in spread)]))


def last_within(image: Image.Image, limits: Limits) -> int:
    """The number of the last frame that is looked at, from 0.

    Reaching a frame means decoding those before it, so a long animation of large
    frames is looked at only as far as its pixels amount to two pictures of the
    largest size.
    """
    count = getattr(image, "n_frames", 1)
    width, height = image.size
    within = 2 * limits.megapixels * _MILLION // max(1, width * height)
    return max(0, min(count, within) - 1)


def orientation_of(image: Image.Image) -> int:
    """EXIF's number for how to lay the picture to see it upright, 1 to 8."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001
        # Damaged EXIF is common, and the picture beside it is whole.
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
