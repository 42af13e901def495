"""A file, or bytes, as the open descriptor that a decoder is given; and shared decoders."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from staydown.media.errors import UnreadableFile
from staydown.media.isolate import DecoderPool


@contextmanager
def opened_file(path: str | os.PathLike[str]) -> Iterator[int]:
    """The file at *path*, open for reading; raises `UnreadableFile`."""
    try:
        # Not to wait for the other end, should this be a pipe.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableFile from error
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def opened_bytes(content: bytes | bytearray | memoryview) -> Iterator[int]:
    """A file of *content* in memory: nothing is written to a disk."""
    view = memoryview(content).cast("B")
    fd = os.memfd_create("media", os.MFD_CLOEXEC)
    try:
        while view:
            view = view[os.write(fd, view) :]
        yield fd
    finally:
        os.close(fd)


class SharedPool:
    """The decoders that are used where none are named: started at the first file, ended
    with the process."""

    def __init__(self, new_pool: Callable[[], DecoderPool]) -> None:
        self._new_pool = new_pool
        self._pool: DecoderPool | None = None
        self._first_use = threading.Lock()

    def __call__(self) -> DecoderPool:
        with self._first_use:
            if self._pool is None:
                self._pool = self._new_pool()
                atexit.register(self._pool.close)
            return self._pool
