"""The tiles of many frames of a film, to find the moment that another frame shows.

Keypoints, of which a film has few frames, say where in a frame another one lies. Tiles
of all its frames then say when. A reported film keeps them (1.2 kB a frame); of any
other, `Sketches` are at hand only as long as it is being asked about.
"""

from __future__ import annotations

import hashlib
import struct
import threading
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from staydown.fingerprint.local.form import LocalFormError
from staydown.fingerprint.local.key import LocalKey
from staydown.fingerprint.local.tiles import FRAME, TILES, signatures_of_frame

Bytes = npt.NDArray[np.uint8]

MOST_MOMENTS = 1024
VERSION = 1
_MAGIC = b"SDm"
_HEAD = struct.Struct("<3sB8sI")
_TILE_BYTES = TILES * TILES * 4
_CONTRAST_BYTES = TILES * TILES // 2
_EACH = 4 + _TILE_BYTES + _CONTRAST_BYTES
LARGEST_MOMENTS = _HEAD.size + MOST_MOMENTS * _EACH


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """*times*, (n,) in seconds; *tiles*, uint32 (n, 16, 16), and *contrast*, uint8
    (n, 16, 16), as `staydown.fingerprint.local.tiles` makes them of each frame."""

    times: npt.NDArray[np.float64]
    tiles: npt.NDArray[np.uint32]
    contrast: Bytes

    def to_bytes(self, key: LocalKey) -> bytes:
        milliseconds = np.rint(self.times * 1000).astype("<u4").tobytes()
        tiles = self.tiles.astype("<u4").tobytes()
        levels = self.contrast.ravel()
        nibbles = (levels[0::2] | (levels[1::2] << 4)).astype(np.uint8)
        head = _HEAD.pack(_MAGIC, VERSION, key.mark, len(self.times))
        return b"".join((head, milliseconds, tiles, _veiled(nibbles, key, tiles).tobytes()))

    @classmethod
    def from_bytes(cls, packed: bytes, key: LocalKey) -> Self:
        """Read what `to_bytes` wrote with the same *key*; raises `LocalFormError`."""
        fault = fault_in_moments(packed)
        if fault is not None:
            raise LocalFormError(fault)
        *_, mark, count = _HEAD.unpack_from(packed)
        if mark != key.mark:
            raise LocalFormError("The moments were made with another key.")
        at = _HEAD.size
        milliseconds = np.frombuffer(packed, "<u4", count, at)
        at += 4 * count
        raw = packed[at : at + count * _TILE_BYTES]
        tiles = np.frombuffer(raw, "<u4").reshape(count, TILES, TILES)
        hidden = np.frombuffer(packed, np.uint8, offset=at + len(raw))
        nibbles = _veiled(hidden, key, raw)
        contrast = np.stack([nibbles & 15, nibbles >> 4], axis=1).astype(np.uint8)
        return cls(
            times=milliseconds / 1000.0,
            tiles=tiles.astype(np.uint32),
            contrast=contrast.reshape(count, TILES, TILES),
        )


class Sketches:
    """Grey frames of 128 x 128 pixels, uint8 (n, 128, 128), with their *times*.

    `moments` makes tiles of them, once. Safe to share between threads.
    """

    __slots__ = ("_lock", "_made", "key", "pixels", "times")

    def __init__(self, times: npt.NDArray[np.float64], pixels: Bytes, key: LocalKey) -> None:
        if pixels.shape != (len(times), FRAME, FRAME) or pixels.dtype != np.uint8:
            raise LocalFormError(f"A sketch has {FRAME} x {FRAME} grey pixels.")
        if len(times) > MOST_MOMENTS:
            raise LocalFormError(f"A film has at most {MOST_MOMENTS} sketches.")
        self.times, self.pixels, self.key = times, pixels, key
        self._lock = threading.Lock()
        self._made: Moments | None = None

    @property
    def moments(self) -> Moments:
        with self._lock:
            if self._made is None:
                made = [
                    signatures_of_frame(each.astype(np.float32), self.key) for each in self.pixels
                ]
                shape = (-1, TILES, TILES)
                self._made = Moments(
                    times=self.times,
                    tiles=np.array([tiles for tiles, _ in made], np.uint32).reshape(shape),
                    contrast=np.array([level for _, level in made], np.uint8).reshape(shape),
                )
            return self._made

    def __getstate__(self) -> tuple[Any, ...]:
        return self.times, self.pixels, self.key

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.times, self.pixels, self.key = state
        self._lock, self._made = threading.Lock(), None


def fault_in_moments(packed: bytes) -> str | None:
    """What is wrong with the form of moments of any key; None if nothing."""
    if not _HEAD.size <= len(packed) <= LARGEST_MOMENTS:
        return f"Moments have {_HEAD.size} to {LARGEST_MOMENTS} bytes."
    magic, version, _, count = _HEAD.unpack_from(packed)
    if magic != _MAGIC or version != VERSION:
        return f"Only version {VERSION} of moments can be read."
    if len(packed) != _HEAD.size + count * _EACH:
        return "The moments are shorter or longer than they say."
    return None


def _veiled(nibbles: Bytes, key: LocalKey, tiles: bytes) -> Bytes:
    # How much there is to see in each tile is a sketch of a kind.
    pad = key.stream("moments", len(nibbles), hashlib.sha256(tiles).digest())
    return nibbles ^ np.frombuffer(pad, np.uint8)
