"""The fingerprint of a picture: what may leave a platform, and nothing of the picture."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Self

from staydown.fingerprint.pdq import HASH_BYTES, ORIENTATIONS

VERSION = 1
KINDS = ("picture",)
_LARGEST_SIDE = 1 << 24
_DIGITS = re.compile(r"[0-9a-f]*", re.IGNORECASE)


class FingerprintError(ValueError):
    """A fingerprint that came from elsewhere does not have the documented form."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is compared instead of the picture.

    At least one of *sha256* and *pdq* is there; a partner's list or a browser may
    know only one. *sha256* and *md5* are lower-case hex of the file's bytes; *pdq* is
    32 bytes, of the first frame; *dihedral* holds the PDQ of the eight ways to lay
    the picture down, in the order of `staydown.fingerprint.pdq.ORIENTATIONS`, the
    first being *pdq* itself, or nothing where only *pdq* is known. *quality*, 0 to
    100, says how much there is to see; a hash below 50 is not matched. *width* and
    *height* are in pixels, upright.
    """

    sha256: str | None = None
    md5: str | None = None
    pdq: bytes | None = None
    quality: int | None = None
    dihedral: tuple[bytes, ...] = ()
    width: int | None = None
    height: int | None = None
    kind: str = "picture"
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.sha256 is None and self.pdq is None:
            raise FingerprintError("A fingerprint needs a sha256 or a pdq hash.")
        if (self.pdq is None) != (self.quality is None):
            raise FingerprintError("pdq and quality come together: one of them is missing.")
        if self.dihedral and self.dihedral[0] != self.pdq:
            raise FingerprintError("The first of the dihedral hashes must be pdq itself.")

    def to_dict(self) -> dict[str, Any]:
        """The fingerprint as JSON's own types; what is not known is left out."""
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
        }
        return {name: value for name, value in values.items() if value is not None}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), separators=(",", ":"))

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
            raise FingerprintError("The kind of a fingerprint must be “picture”.")
        pdq = _hex(values, "pdq", HASH_BYTES)
        return cls(
            sha256=_text(_hex(values, "sha256", 32)),
            md5=_text(_hex(values, "md5", 16)),
            pdq=pdq,
            quality=_whole(values, "quality", 0, 100),
            dihedral=_dihedral(values),
            width=_whole(values, "width", 1, _LARGEST_SIDE),
            height=_whole(values, "height", 1, _LARGEST_SIDE),
            kind=kind,
            version=VERSION,
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
