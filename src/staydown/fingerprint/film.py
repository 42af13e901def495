"""What is kept of a film: the PDQ of its frames with their times, as bytes and as arrays."""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local.form import LARGEST as LARGEST_LOCAL
from staydown.fingerprint.local.form import fault_in
from staydown.fingerprint.local.glimpse import Glimpse
from staydown.fingerprint.local.key import LocalKey
from staydown.fingerprint.local.moments import (
    LARGEST_MOMENTS,
    Moments,
    Sketches,
    fault_in_moments,
)

Bytes = npt.NDArray[np.uint8]
Seconds = npt.NDArray[np.float64]

FRAME = np.dtype(
    [
        ("milliseconds", "<u4"),
        ("quality", "u1"),
        ("flags", "u1"),
        ("pdq", "u1", (32,)),
        ("mirrored", "u1", (32,)),
    ]
)
"""One frame, 70 bytes; ``docs/video.md`` lays them out."""

PLAIN = 1
"""Flag: mostly of one tone, as title cards are. Such a frame never carries a match."""

KEY = 2
"""Flag: a key frame."""

MOST_FRAMES = 8192
MOST_STILLS = 128
_LONGEST = 1e7


class FilmFormError(ValueError):
    """Bytes or JSON that are said to be of a film do not have the documented form."""


@dataclass(frozen=True, slots=True)
class Still:
    """One frame of a film, *time* seconds into it, with its local layer.

    *local* is the layer as bytes, where it was stored; *glimpse* what it is made of. As
    with a picture, neither leaves the platform.
    """

    time: float
    local: bytes | None = field(default=None, repr=False)
    glimpse: Glimpse | None = field(default=None, repr=False, compare=False)

    def local_layer(self) -> bytes | None:
        """The local layer as bytes; None where neither it nor a glimpse is known."""
        if self.local is None and self.glimpse is not None:
            return self.glimpse.local.to_bytes(self.glimpse.key)
        return self.local


@dataclass(frozen=True)
class Film:
    """The frames of a film that were hashed, in order of time.

    *duration* is that of what could be read, in seconds; *fps* what the file says, or 0.
    *packed* holds the frames, each of the form `FRAME`.

    What never leaves the platform: *stills* are the few frames that have a local layer;
    *moments* the tiles of many frames of a reported film, as bytes; *sketches* what such
    tiles are made of, of a film just read. The sketches are never written anywhere.
    """

    duration: float
    fps: float
    packed: bytes = field(repr=False)
    stills: tuple[Still, ...] = field(default=(), repr=False, compare=False)
    moments: bytes | None = field(default=None, repr=False, compare=False)
    sketches: Sketches | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.duration <= _LONGEST or not 0 <= self.fps <= 1e6:
            raise FilmFormError("duration and fps must be numbers from 0 on, within reason.")
        if len(self.packed) % FRAME.itemsize or len(self.packed) > MOST_FRAMES * FRAME.itemsize:
            raise FilmFormError(
                f"The frames of a film are at most {MOST_FRAMES} times {FRAME.itemsize} bytes."
            )
        milliseconds = self.frames["milliseconds"]
        if (np.diff(milliseconds.astype(np.int64)) < 0).any():
            raise FilmFormError("The frames of a film are in order of time.")
        if len(self.stills) > MOST_STILLS:
            raise FilmFormError(f"A film has at most {MOST_STILLS} stills.")

    def __len__(self) -> int:
        return len(self.packed) // FRAME.itemsize

    @cached_property
    def frames(self) -> npt.NDArray[np.void]:
        """(n,) of `FRAME`: a view of *packed*."""
        return np.frombuffer(self.packed, FRAME)

    @cached_property
    def times(self) -> Seconds:
        return self.frames["milliseconds"] / 1000.0

    @cached_property
    def pdq(self) -> Bytes:
        """(n, 32): the hashes as the frames were seen."""
        return np.ascontiguousarray(self.frames["pdq"])

    @cached_property
    def mirrored(self) -> Bytes:
        """(n, 32): the hashes that the frames would have with left and right swapped."""
        return np.ascontiguousarray(self.frames["mirrored"])

    @property
    def quality(self) -> Bytes:
        return self.frames["quality"]

    @property
    def is_plain(self) -> npt.NDArray[np.bool_]:
        return _flagged(self.frames, PLAIN)

    @property
    def is_key(self) -> npt.NDArray[np.bool_]:
        return _flagged(self.frames, KEY)

    def kept(self) -> Film:
        """The same with its local layers made, and its pixels gone."""
        moments = self.moments
        if moments is None and self.sketches is not None:
            moments = self.sketches.moments.to_bytes(self.sketches.key)
        stills = tuple(Still(each.time, each.local_layer()) for each in self.stills)
        return replace(self, stills=stills, moments=moments, sketches=None)

    def moments_with(self, key: LocalKey) -> Moments | None:
        """The tiles of many frames, made with *key*; None where there are none.

        Raises `LocalFormError` where they were made with another key.
        """
        if self.moments is not None:
            return Moments.from_bytes(self.moments, key)
        if self.sketches is not None and self.sketches.key == key:
            return self.sketches.moments
        return None

    def to_dict(self, *, with_local: bool = False) -> dict[str, Any]:
        values: dict[str, Any] = {
            "duration": self.duration,
            "fps": self.fps,
            "hashes": base64.b64encode(self.packed).decode(),
        }
        if with_local:
            stills = [(each.time, each.local_layer()) for each in self.stills]
            values["stills"] = [
                {"time": time, "local": base64.b64encode(local).decode()}
                for time, local in stills
                if local is not None
            ]
            if self.moments is not None:
                values["moments"] = base64.b64encode(self.moments).decode()
        return values

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Read what `to_dict` wrote; raises `FilmFormError`."""
        if not isinstance(values, dict):
            raise FilmFormError("film must be an object.")
        stills = values.get("stills", [])
        if not isinstance(stills, list) or len(stills) > MOST_STILLS:
            raise FilmFormError(f"stills must be a list of at most {MOST_STILLS}.")
        return cls(
            duration=_number(values.get("duration"), "duration"),
            fps=_number(values.get("fps"), "fps"),
            packed=_bytes(values.get("hashes"), "hashes", MOST_FRAMES * FRAME.itemsize),
            stills=tuple(_still(each) for each in stills),
            moments=_moments(values.get("moments")),
        )


def _flagged(frames: npt.NDArray[np.void], flag: int) -> npt.NDArray[np.bool_]:
    flagged: npt.NDArray[np.bool_] = (frames["flags"] & flag) != 0
    return flagged


def _still(values: object) -> Still:
    if not isinstance(values, dict):
        raise FilmFormError("Each of stills must be an object.")
    local = _bytes(values.get("local"), "local", LARGEST_LOCAL)
    fault = fault_in(local)
    if fault is not None:
        raise FilmFormError(fault)
    return Still(time=_number(values.get("time"), "time"), local=local)


def _moments(value: object) -> bytes | None:
    if value is None:
        return None
    packed = _bytes(value, "moments", LARGEST_MOMENTS)
    fault = fault_in_moments(packed)
    if fault is not None:
        raise FilmFormError(fault)
    return packed


def _number(value: object, name: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not 0 <= value <= _LONGEST:  # type: ignore[arg-type, operator]
        raise FilmFormError(f"{name} must be a number from 0 on.")
    return float(value)  # type: ignore[arg-type]


def _bytes(value: object, name: str, most: int) -> bytes:
    if not isinstance(value, str) or len(value) > 4 * (most + 2) // 3 + 4:
        raise FilmFormError(f"{name} must be at most {most} bytes in base64.")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise FilmFormError(f"{name} must be bytes in base64.") from None
