"""Arrays in a file that processes map into memory, and share.

A page of header, then the arrays, each from a page's start on. The header names them and
holds their checksums (CRC-32), so that a damaged file is found out before it is used. The
file appears under its name whole or not at all; a mapped one lives on when a newer one takes
its name. Nothing is pickled.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import mmap
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

_MAGIC = b"staydown arrays 1\n"
_PAGE = mmap.PAGESIZE
_HEADER = 16 * 4096

Array = npt.NDArray[Any]


class SnapshotError(Exception):
    """The file cannot be used; the sentence says why."""


class NewSnapshot:
    """A snapshot that is being written."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._end = _HEADER
        self._arrays: dict[str, tuple[int, Array]] = {}

    def empty(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Room for an array, to be filled; raises OSError where the disk is full."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if size:
            # Reserved now: to find the disk full while filling it would kill the process.
            os.posix_fallocate(self._fd, self._end, size)
        array = _mapped(self._fd, self._end, shape, dtype, mmap.ACCESS_WRITE)
        self._arrays[name] = self._end, array
        self._end += -(-size // _PAGE) * _PAGE
        return array

    def put(self, name: str, array: Array) -> Array:
        """*array* as it stands in the file: the caller need not keep its own."""
        there = self.empty(name, array.shape, array.dtype)
        there[...] = array
        return there

    def finish(self, note: dict[str, Any]) -> None:
        arrays = {
            name: {
                "offset": offset,
                "dtype": array.dtype.str,
                "shape": array.shape,
                "crc32": _checksum(array),
            }
            for name, (offset, array) in self._arrays.items()
        }
        text = json.dumps({"note": note, "arrays": arrays, "size": self._end}).encode()
        head = _MAGIC + f"{len(text):08x}{zlib.crc32(text):08x}\n".encode() + text
        if len(head) > _HEADER:
            raise ValueError("the note of a snapshot is too long")
        # The file's last page may be cut short by the array in it.
        os.ftruncate(self._fd, self._end)
        os.pwrite(self._fd, head, 0)
        os.fsync(self._fd)


@contextlib.contextmanager
def new_snapshot(path: str | os.PathLike[str], note: dict[str, Any]) -> Iterator[NewSnapshot]:
    """Write a snapshot to *path*, with a *note* of JSON's own types.

    On an error what was there stays. Raises BlockingIOError where another process is writing
    the same one.
    """
    target = Path(path)
    # Always the same name: what a killed process left half-way is overwritten.
    beside = target.with_name(f".{target.name}.new")
    fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(fd, 0)
        snapshot = NewSnapshot(fd)
        try:
            yield snapshot
            snapshot.finish(note)
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    finally:
        os.close(fd)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What `new_snapshot` wrote: read-only *arrays*, in memory that processes share."""

    note: dict[str, Any]
    arrays: dict[str, Array]

    def under(self, prefix: str) -> dict[str, Array]:
        """The arrays whose names begin with *prefix*, by the rest of their names."""
        return {
            name.removeprefix(prefix): array
            for name, array in self.arrays.items()
            if name.startswith(prefix)
        }

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Map the file and check all of it: 0.2 seconds a gigabyte when it is in memory.

        Raises `SnapshotError` where it is damaged or something else, OSError where it cannot
        be opened.
        """
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            header = _header(fd)
            arrays = {name: _read(fd, name, layout) for name, layout in header["arrays"].items()}
            return cls(header["note"], arrays)
        finally:
            os.close(fd)


def _header(fd: int) -> dict[str, Any]:
    head = os.pread(fd, _HEADER, 0)
    if not head.startswith(_MAGIC):
        raise SnapshotError("This is no snapshot, or one of another version.")
    try:
        start = len(_MAGIC) + 17
        size, checksum = (int(head[at : at + 8], 16) for at in (len(_MAGIC), len(_MAGIC) + 8))
        text = head[start : start + size]
        if zlib.crc32(text) != checksum:
            raise SnapshotError("The snapshot's header is damaged.")
        header: dict[str, Any] = json.loads(text)
    except ValueError:
        raise SnapshotError("The snapshot's header is damaged.") from None
    if os.fstat(fd).st_size != header["size"]:
        raise SnapshotError("The snapshot has another length than was written.")
    return header


def _read(fd: int, name: str, layout: dict[str, Any]) -> Array:
    shape, dtype = tuple(layout["shape"]), np.dtype(layout["dtype"])
    array = _mapped(fd, layout["offset"], shape, dtype, mmap.ACCESS_READ)
    if _checksum(array) != layout["crc32"]:
        raise SnapshotError(f"The snapshot is damaged: {name} is not as it was written.")
    return array


def _mapped(
    fd: int, offset: int, shape: tuple[int, ...], dtype: npt.DTypeLike, access: int
) -> Array:
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if not size:
        return np.empty(shape, dtype)
    memory = mmap.mmap(fd, size, access=access, offset=offset)
    return np.frombuffer(memory, dtype).reshape(shape)


def _checksum(array: Array) -> int:
    return zlib.crc32(array.reshape(-1).view(np.uint8).data)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
