"""The first look at a file, from outside: is it a file, and not too big."""

from __future__ import annotations

import os
import stat

from staydown.media.errors import EmptyFile, TooManyBytes, UnreadableFile
from staydown.media.formats import PREFIX_BYTES, VIDEO_DEMUXERS, recognise
from staydown.media.limits import Limits

_MILLION = 1_000_000


def admit(fd: int, limits: Limits) -> int:
    """The size in bytes of the open file *fd*; a `MediaError` if it is not to be read."""
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFile
    if status.st_size == 0:
        raise EmptyFile
    is_film = recognise(os.pread(fd, PREFIX_BYTES, 0)) in VIDEO_DEMUXERS
    most = limits.film_megabytes if is_film else limits.megabytes
    if status.st_size > most * _MILLION:
        raise TooManyBytes(megabytes=status.st_size // _MILLION, limit=most)
    return status.st_size
