"""What lists carry of a fingerprint: the exact and the global layer, never the local one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from staydown.exchange.hash_list.errors import BadForm
from staydown.exchange.vpdq import film_of
from staydown.fingerprint import Fingerprint, FrameHash
from staydown.fingerprint.film import MOST_FRAMES

MOST_PICTURE_FRAMES = 64
LONGEST_FILM = 4_000_000_000
"""Milliseconds, as in vPDQ."""
UNSTATED_QUALITY = 50
"""Lists often give a PDQ hash without its quality. Their makers leave out what is below 50."""
_LIKELY_ONES = range(96, 161)
_HEX = {size: re.compile(rf"[0-9a-f]{{{2 * size}}}") for size in (16, 32)}

Moment = tuple[int, int, bytes]
"""Milliseconds, quality and PDQ of one frame of a film."""


@dataclass(frozen=True, slots=True)
class Prints:
    """The shared layers of one picture's fingerprint, or one film's (*kind* ``video``).

    *sha256* and *md5* are lower-case hex, *pdq* 32 bytes, *quality* 0 to 100 where the list
    says it. *frames* are further frames of an animation. Of a film, *film* holds the frames
    in order of time, about one a second, and *duration* is in milliseconds. At least one
    hash is there. Raises `BadForm`.
    """

    kind: str = "picture"
    sha256: str | None = None
    md5: str | None = None
    pdq: bytes | None = None
    quality: int | None = None
    frames: tuple[tuple[bytes, int], ...] = ()
    film: tuple[Moment, ...] = ()
    duration: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("picture", "video"):
            raise BadForm("“kind” must be “picture” or “video”.")
        if self.sha256 is None and self.md5 is None and self.pdq is None and not self.film:
            raise BadForm("A fingerprint on a list needs a sha256, an md5, a pdq or a film.")
        if self.kind == "video" and self.pdq is not None:
            raise BadForm("A film has no pdq of its own: its frames are in “film”.")
        if (self.kind == "picture" and self.film) or (
            bool(self.film) != (self.duration is not None)
        ):
            raise BadForm("“film” and “duration” come together, and only with a video.")
        if self.pdq is None and (self.quality is not None or self.frames):
            raise BadForm("“quality” and “frames” need the pdq of the first frame.")
        if any(one[0] > other[0] for one, other in zip(self.film, self.film[1:], strict=False)):
            raise BadForm("The frames in “film” are in order of time.")

    @classmethod
    def of(cls, fingerprint: Fingerprint) -> Self:
        """What of *fingerprint* may leave the platform; a film's frames once a second."""
        moments: list[Moment] = []
        film = fingerprint.film
        if film is not None:
            for frame in film.frames:
                when = int(frame["milliseconds"])
                if not moments or when >= moments[-1][0] + 1000:
                    moments.append((when, int(frame["quality"]), frame["pdq"].tobytes()))
        return cls(
            kind=fingerprint.kind,
            sha256=fingerprint.sha256,
            md5=fingerprint.md5,
            pdq=fingerprint.pdq,
            quality=fingerprint.quality,
            frames=tuple((each.pdq, each.quality) for each in fingerprint.frames),
            film=tuple(moments),
            duration=round(film.duration * 1000) if film is not None and moments else None,
        )

    def fingerprint(self) -> Fingerprint | None:
        """For `staydown.Bank` and `staydown.compare`; None where there is only an MD5.

        A PDQ hash that no picture has (it is above the median in nearly half of its places)
        gets the quality 0, so that it matches nothing: lists hold such mistakes.
        """
        if self.sha256 is None and self.pdq is None and not self.film:
            return None
        quality = self.quality
        if self.pdq is not None and not is_likely_pdq(self.pdq):
            quality = 0
        elif self.pdq is not None and quality is None:
            quality = UNSTATED_QUALITY
        rows = [
            (when / 1000, good if is_likely_pdq(pdq) else 0, pdq) for when, good, pdq in self.film
        ]
        return Fingerprint(
            kind=self.kind,
            sha256=self.sha256,
            md5=self.md5,
            pdq=self.pdq,
            quality=quality,
            frames=tuple(FrameHash(pdq, good) for pdq, good in self.frames),
            film=film_of(rows, (self.duration or 0) / 1000) if rows else None,
        )

    def to_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "kind": self.kind,
            "sha256": self.sha256,
            "md5": self.md5,
            "pdq": None if self.pdq is None else self.pdq.hex(),
            "quality": self.quality,
            "frames": [{"pdq": pdq.hex(), "quality": good} for pdq, good in self.frames] or None,
            "film": [[when, good, pdq.hex()] for when, good, pdq in self.film] or None,
            "duration": self.duration,
        }
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Read what `to_dict` wrote, or someone else did; raises `BadForm`."""
        if not isinstance(values, dict):
            raise BadForm("“fingerprint” must be a JSON object.")
        return cls(
            kind=values.get("kind"),  # type: ignore[arg-type]
            sha256=_hex(values.get("sha256"), "sha256", 32),
            md5=_hex(values.get("md5"), "md5", 16),
            pdq=_bytes(values.get("pdq"), "pdq"),
            quality=_whole(values.get("quality"), "quality", 100),
            frames=tuple(_frame(each) for each in _rows(values, "frames", MOST_PICTURE_FRAMES)),
            film=tuple(_moment(each) for each in _rows(values, "film", MOST_FRAMES)),
            duration=_whole(values.get("duration"), "duration", LONGEST_FILM),
        )


def is_likely_pdq(pdq: bytes) -> bool:
    """Whether *pdq* can be a picture's: each bit says on which side of the median it lies."""
    return int.from_bytes(pdq, "big").bit_count() in _LIKELY_ONES


def _hex(value: object, name: str, size: int) -> str | None:
    if value is not None and not (isinstance(value, str) and _HEX[size].fullmatch(value)):
        raise BadForm(f"“{name}” must be {2 * size} hexadecimal digits, letters small.")
    return value


def _bytes(value: object, name: str) -> bytes | None:
    text = _hex(value, name, 32)
    return None if text is None else bytes.fromhex(text)


def _whole(value: object, name: str, high: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= high:
        raise BadForm(f"“{name}” must be a whole number from 0 to {high}.")
    return value


def _rows(values: dict[str, Any], name: str, most: int) -> list[Any]:
    rows = values.get(name)
    if rows is None:
        return []
    if not isinstance(rows, list) or not 1 <= len(rows) <= most:
        raise BadForm(f"“{name}” must be a list of 1 to {most} frames.")
    return rows


def _frame(row: object) -> tuple[bytes, int]:
    if not isinstance(row, dict):
        raise BadForm("Each of “frames” must be a JSON object.")
    pdq, quality = _bytes(row.get("pdq"), "pdq"), _whole(row.get("quality"), "quality", 100)
    if pdq is None or quality is None:
        raise BadForm("Each of “frames” needs pdq and quality.")
    return pdq, quality


def _moment(row: object) -> Moment:
    if not isinstance(row, list) or len(row) != 3:
        raise BadForm("Each frame in “film” must be [milliseconds, quality, pdq].")
    when, quality = _whole(row[0], "milliseconds", LONGEST_FILM), _whole(row[1], "quality", 100)
    pdq = _bytes(row[2], "pdq")
    if when is None or quality is None or pdq is None:
        raise BadForm("Each frame in “film” must be [milliseconds, quality, pdq].")
    return when, quality, pdq
