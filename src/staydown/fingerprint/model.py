"""The fingerprint of a picture or a film: what may leave a platform, and nothing of the picture."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any, Self

from staydown.fingerprint.film import Film, FilmFormError
from staydown.fingerprint.local.form import LARGEST as LARGEST_LOCAL
from staydown.fingerprint.local.form import fault_in
from staydown.fingerprint.local.glimpse import Glimpse
from staydown.fingerprint.pdq import HASH_BYTES, ORIENTATIONS

VERSION = 1
KINDS = ("picture", "video")
_LARGEST_SIDE = 1 << 24
_MOST_FRAMES = 64
_DIGITS = re.compile(r"[0-9a-f]*", re.IGNORECASE)


class FingerprintError(ValueError):
    """A fingerprint that came from elsewhere does not have the documented form."""


@dataclass(frozen=True, slots=True)
class FrameHash:
    """The perceptual hash of one frame: *pdq*, its *quality*, and the eight *dihedral*
    hashes, or nothing where only *pdq* is known."""

    pdq: bytes
    quality: int
    dihedral: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.dihedral and self.dihedral[0] != self.pdq:
            raise FingerprintError("The first of the dihedral hashes must be pdq itself.")

    def to_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = {"pdq": self.pdq.hex(), "quality": self.quality}
        if self.dihedral:
            values["dihedral"] = [each.hex() for each in self.dihedral]
        return values


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is compared instead of the picture, or the film (*kind* ``video``).

    At least one of *sha256*, *pdq* and *film* is there; a partner's list or a browser may
    know only one. *sha256* and *md5* are lower-case hex of the file's bytes; *pdq* is
    32 bytes, of the first frame; *dihedral* holds the PDQ of the eight ways to lay
    the picture down, in the order of `staydown.fingerprint.pdq.ORIENTATIONS`, the
    first being *pdq* itself, or nothing where only *pdq* is known. *quality*, 0 to
    100, says how much there is to see; a hash below 50 is not matched. *frames* are
    further frames of an animation that look different from the first. *width* and
    *height* are in pixels, upright. Of a film, *film* holds the hashes of its frames with
    their times, and *pdq* is not known.

    *local* is the local layer as bytes (``docs/local.md``), where it was stored; that
    of a file just read is made of its *glimpse*, a small grey copy, when it is first
    wanted: `local_layer` gives either. The layer never leaves a platform, so `to_dict`
    and `to_json` give it only when asked to; the glimpse is never written anywhere.
    """

    sha256: str | None = None
    md5: str | None = None
    pdq: bytes | None = None
    quality: int | None = None
    dihedral: tuple[bytes, ...] = ()
    frames: tuple[FrameHash, ...] = ()
    width: int | None = None
    height: int | None = None
    kind: str = "picture"
    version: int = VERSION
    film: Film | None = None
    local: bytes | None = field(default=None, repr=False, compare=False)
    glimpse: Glimpse | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.sha256 is None and self.pdq is None and self.film is None:
            raise FingerprintError("A fingerprint needs a sha256 or a pdq hash, or a film.")
        if self.film is not None and (self.kind != "video" or self.pdq is not None):
            raise FingerprintError("A film is of the kind “video”, and has no pdq of its own.")
        if (self.pdq is None) != (self.quality is None):
            raise FingerprintError("pdq and quality come together: one of them is missing.")
        if self.dihedral and self.dihedral[0] != self.pdq:
            raise FingerprintError("The first of the dihedral hashes must be pdq itself.")
        if self.frames and self.pdq is None:
            raise FingerprintError("Further frames need the pdq of the first.")

    @property
    def hashes(self) -> tuple[FrameHash, ...]:
        """The perceptual hashes of all frames, the first frame's first."""
        if self.pdq is None or self.quality is None:
            return ()
        return (FrameHash(self.pdq, self.quality, self.dihedral), *self.frames)

    def local_layer(self) -> bytes | None:
        """The local layer as bytes; None where neither it nor a glimpse is known."""
        if self.local is None and self.glimpse is not None:
            return self.glimpse.local.to_bytes(self.glimpse.key)
        return self.local

    def to_dict(self, *, with_local: bool = False) -> dict[str, Any]:
        """The fingerprint as JSON's own types; what is not known is left out.

        *with_local* is for the platform's own storage: the local layer is not shared.
        """
        values: dict[str, Any] = {
            "version": self.version,
            "kind": self.kind,
            "sha256": self.sha256,
            "md5": self.md5,
            "width": self.width,
            "height": self.height,
            "pdq": self.pdq.hex() if self.pdq is not None else None,
            "quality": self.quality,
            "dihedral": [each.hex() for each in self.dihedral] or None,
            "frames": [each.to_dict() for each in self.frames] or None,
            "film": self.film.to_dict(with_local=with_local) if self.film is not None else None,
            "local": _base64(self.local_layer()) if with_local else None,
        }
        return {name: value for name, value in values.items() if value is not None}

    def to_json(self, *, with_local: bool = False) -> str:
        return json.dumps(self.to_dict(with_local=with_local), separators=(",", ":"))

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Read what `to_dict` wrote, or someone else did.

        Names that we do not know are passed over. Raises `FingerprintError`, in one
        sentence, for anything else that is not as documented.
        """
        if not isinstance(values, dict):
            raise FingerprintError("A fingerprint is a JSON object.")
        version = values.get("version", VERSION)
        if version != VERSION or isinstance(version, bool):
            raise FingerprintError(f"Only version {VERSION} of a fingerprint can be read.")
        kind = values.get("kind", "picture")
        if kind not in KINDS:
            raise FingerprintError("The kind of a fingerprint must be “picture” or “video”.")
        pdq = _hex(values, "pdq", HASH_BYTES)
        return cls(
            sha256=_text(_hex(values, "sha256", 32)),
            md5=_text(_hex(values, "md5", 16)),
            pdq=pdq,
            quality=_whole(values, "quality", 0, 100),
            dihedral=_dihedral(values),
            frames=_frames(values),
            width=_whole(values, "width", 1, _LARGEST_SIDE),
            height=_whole(values, "height", 1, _LARGEST_SIDE),
            kind=kind,
            version=VERSION,
            film=_film(values),
            local=_local(values),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a fingerprint from JSON text; raises `FingerprintError`."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise FingerprintError("The fingerprint is not valid JSON.") from None
        return cls.from_dict(values)


def _hex(values: dict[str, Any], name: str, size: int) -> bytes | None:
    value = values.get(name)
    if value is None:
        return None
    return _hash(value, name, size)


def _hash(value: object, name: str, size: int) -> bytes:
    if not isinstance(value, str) or len(value) != 2 * size or not _DIGITS.fullmatch(value):
        raise FingerprintError(f"{name} must be {2 * size} hexadecimal digits.")
    return bytes.fromhex(value)


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _local(values: dict[str, Any]) -> bytes | None:
    value = values.get("local")
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 4 * LARGEST_LOCAL:
        raise FingerprintError(f"local must be at most {LARGEST_LOCAL} bytes in base64.")
    try:
        packed = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise FingerprintError("local must be bytes in base64.") from None
    fault = fault_in(packed)
    if fault is not None:
        raise FingerprintError(fault)
    return packed


def _film(values: dict[str, Any]) -> Film | None:
    if values.get("film") is None:
        return None
    try:
        return Film.from_dict(values["film"])
    except FilmFormError as error:
        raise FingerprintError(str(error)) from None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _whole(values: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise FingerprintError(f"{name} must be a whole number from {low} to {high}.")
    return value


def _dihedral(values: dict[str, Any]) -> tuple[bytes, ...]:
    hashes = values.get("dihedral")
    if hashes is None:
        return ()
    if not isinstance(hashes, list) or len(hashes) != len(ORIENTATIONS):
        raise FingerprintError(f"dihedral must be a list of {len(ORIENTATIONS)} hashes.")
    return tuple(_hash(value, "Each dihedral hash", HASH_BYTES) for value in hashes)


def _frames(values: dict[str, Any]) -> tuple[FrameHash, ...]:
    frames = values.get("frames")
    if frames is None:
        return ()
    if not isinstance(frames, list) or len(frames) > _MOST_FRAMES:
        raise FingerprintError(f"frames must be a list of at most {_MOST_FRAMES} hashes.")
    return tuple(_frame(each) for each in frames)


def _frame(values: object) -> FrameHash:
    if not isinstance(values, dict):
        raise FingerprintError("Each of the frames must be a JSON object.")
    pdq, quality = _hex(values, "pdq", HASH_BYTES), _whole(values, "quality", 0, 100)
    if pdq is None or quality is None:
        raise FingerprintError("Each of the frames needs pdq and quality.")
    return FrameHash(pdq, quality, _dihedral(values))
