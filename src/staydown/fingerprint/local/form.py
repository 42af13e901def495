"""The local fingerprint as a value, and as bytes.

``docs/local.md`` lays the format out byte by byte. A `LocalFingerprint` is what is
kept of a reported picture (at most 8 kB). A `Sight` is what a suspect picture is
asked with: more keypoints, and a small copy of the picture itself, to be looked at
once the two are aligned. A sight lives as long as the question, and is never stored.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local.key import LocalKey

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

VERSION = 1
LARGEST = 8192
_MAGIC = b"SDl"
_HEAD = struct.Struct("<3sB8sHHH")
_PLACE = np.dtype([("x", "<u2"), ("y", "<u2"), ("size", "u1"), ("angle", "u1")])
_LARGEST_SIDE = 4096
_BIT_BYTES = 32
_TILES = 256


class LocalFormError(ValueError):
    """Bytes that are said to be a local fingerprint do not have the documented form."""


@dataclass(frozen=True, slots=True, eq=False)
class LocalFingerprint:
    """What is kept of a reported picture.

    *width* and *height* are those of the picture as it was looked at, and the unit of
    *places*, float32 (n, 4): across, down, size and angle in degrees. *bits* is uint8
    (n, 32); *tiles* uint32 (16, 16); *contrast* uint8 (16, 16), 0 to 15.
    """

    key_mark: bytes
    width: int
    height: int
    places: Floats
    bits: Bytes
    tiles: npt.NDArray[np.uint32]
    contrast: Bytes

    def to_bytes(self, key: LocalKey) -> bytes:
        bits = self.bits.tobytes()
        levels = self.contrast.ravel()
        nibbles = (levels[0::2] | (levels[1::2] << 4)).astype(np.uint8)
        packed = b"".join(
            (
                _HEAD.pack(
                    _MAGIC, VERSION, self.key_mark, self.width, self.height, len(self.places)
                ),
                _pack_places(self.places).tobytes(),
                bits,
                self.tiles.astype("<u4").tobytes(),
                # How much there is to see in each tile is a sketch of a kind: veiled.
                _veiled(nibbles.tobytes(), key, bits),
            )
        )
        if len(packed) > LARGEST:
            raise LocalFormError(f"A local fingerprint has at most {LARGEST} bytes.")
        return packed

    @classmethod
    def from_bytes(cls, packed: bytes, key: LocalKey) -> Self:
        """Read what `to_bytes` wrote with the same *key*; raises `LocalFormError`."""
        width, height, count, body = _opened(packed, key)
        cursor = _Cursor(body)
        places = _unpack_places(cursor.take(count * _PLACE.itemsize))
        raw = cursor.take(count * _BIT_BYTES)
        tiles = np.frombuffer(cursor.take(_TILES * 4), "<u4").astype(np.uint32)
        nibbles = np.frombuffer(_veiled(cursor.take(_TILES // 2), key, raw), np.uint8)
        contrast = np.stack([nibbles & 15, nibbles >> 4], axis=1).astype(np.uint8)
        return cls(
            key_mark=key.mark,
            width=width,
            height=height,
            places=places,
            bits=_bits(raw),
            tiles=tiles.reshape(16, 16),
            contrast=contrast.reshape(16, 16),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What a suspect picture is asked with; see `LocalFingerprint` for the units.

    *mirrored* and *inverted* are the bits that the same keypoints would have in a
    mirrored or inverted picture. *grey* is uint8 (height, width), or empty where the
    pixels are not at hand.
    """

    key_mark: bytes
    width: int
    height: int
    places: Floats
    bits: Bytes
    mirrored: Bytes
    inverted: Bytes
    grey: Bytes

    @property
    def has_pixels(self) -> bool:
        return self.grey.size > 0

    @classmethod
    def of(cls, local: LocalFingerprint) -> Self:
        """What can be asked with where only a kept fingerprint is known: no pixels, and
        nothing of mirrored copies."""
        none = np.empty((0, _BIT_BYTES), np.uint8)
        return cls(
            key_mark=local.key_mark,
            width=local.width,
            height=local.height,
            places=local.places,
            bits=local.bits,
            mirrored=none,
            inverted=none,
            grey=np.empty((0, 0), np.uint8),
        )


def fault_in(packed: bytes) -> str | None:
    """What is wrong with the form of a local fingerprint of any key; None if nothing."""
    if not _HEAD.size <= len(packed) <= LARGEST:
        return f"A local fingerprint has {_HEAD.size} to {LARGEST} bytes."
    magic, version, _, width, height, count = _HEAD.unpack_from(packed)
    if magic != _MAGIC or version != VERSION:
        return f"Only version {VERSION} of a local fingerprint can be read."
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        return "The local fingerprint names an impossible size."
    whole = _HEAD.size + count * (_PLACE.itemsize + _BIT_BYTES) + _TILES * 4 + _TILES // 2
    if len(packed) != whole:
        return "The local fingerprint is shorter or longer than it says."
    return None


def bits_within(packed: bytes) -> Bytes:
    """The descriptor bits, (n, 32), of a packed local fingerprint: a view, nothing copied."""
    *_, count = _HEAD.unpack_from(packed)
    start = _HEAD.size + count * _PLACE.itemsize
    return np.frombuffer(packed, np.uint8, count * _BIT_BYTES, start).reshape(-1, _BIT_BYTES)


class _Cursor:
    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def take(self, count: int) -> bytes:
        piece = self._body[self._at : self._at + count]
        self._at += count
        return piece


def _opened(packed: bytes, key: LocalKey) -> tuple[int, int, int, bytes]:
    fault = fault_in(packed)
    if fault is not None:
        raise LocalFormError(fault)
    _, _, mark, width, height, count = _HEAD.unpack_from(packed)
    if mark != key.mark:
        raise LocalFormError("The local fingerprint was made with another key.")
    return width, height, count, packed[_HEAD.size :]


def _bits(raw: bytes) -> Bytes:
    return np.frombuffer(raw, np.uint8).reshape(-1, _BIT_BYTES)


def _pack_places(places: Floats) -> npt.NDArray[np.void]:
    packed = np.empty(len(places), _PLACE)
    # Positions to a sixteenth of a pixel, sizes to a sixteenth of an octave.
    packed["x"] = np.clip(np.rint(places[:, 0] * 16), 0, 65535)
    packed["y"] = np.clip(np.rint(places[:, 1] * 16), 0, 65535)
    packed["size"] = np.clip(np.rint(np.log2(np.maximum(places[:, 2], 1.0)) * 16), 0, 255)
    packed["angle"] = np.rint(places[:, 3] * (256 / 360)).astype(np.int64) & 255
    return packed


def _unpack_places(raw: bytes) -> Floats:
    packed = np.frombuffer(raw, _PLACE)
    places = np.empty((len(packed), 4), np.float32)
    places[:, 0] = packed["x"] / np.float32(16)
    places[:, 1] = packed["y"] / np.float32(16)
    places[:, 2] = np.exp2(packed["size"] / np.float32(16))
    places[:, 3] = packed["angle"] * np.float32(360 / 256)
    return places


def _veiled(nibbles: bytes, key: LocalKey, salt: bytes) -> bytes:
    pad = key.stream("contrast", len(nibbles), salt)
    return bytes(one ^ other for one, other in zip(nibbles, pad, strict=True))
