"""A file to its marks of origin: asked here, read in the limited process."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

from staydown.media.errors import DecoderDied
from staydown.media.isolate import DecoderPool
from staydown.media.opened import SharedPool, opened_bytes, opened_file
from staydown.media.origin.marks import Mark, MarkError

# A name, not an import: c2pa's library is loaded in the decoders only. And in decoders
# of their own: those of pictures need neither it nor what it needs.
_MODULE = "staydown.media.origin.read"
_ENTRY = f"{_MODULE}:read_marks"
_ANCHOR_BYTES = 500_000
_AT_MOST = 64


class AnchorsError(ValueError):
    """The trust anchors cannot be used; the message says why."""


def new_pool(**options: Any) -> DecoderPool:
    """A pool of decoders of one's own; *options* are those of `DecoderPool`."""
    return DecoderPool((_MODULE,), **options)


_default_pool = SharedPool(new_pool)


def marks_of_origin(
    path: str | os.PathLike[str], pool: DecoderPool | None = None, *, anchors: str = ""
) -> tuple[Mark, ...]:
    """What the picture or film at *path* says about how it was made.

    *anchors* are the certificates of the roots whose signers are trusted, as PEM (see
    `read_anchors`); without any, no signer is. Raises a `MediaError` when the file is no
    picture or film, or cannot be read at all; metadata that is damaged is not there, or
    is a mark that says ``unreadable``. Nothing is fetched from anywhere. *pool* is one
    of `new_pool`.
    """
    with opened_file(path) as fd:
        return _marks(fd, pool or _default_pool(), anchors)


def marks_of_origin_bytes(
    content: bytes | bytearray | memoryview,
    pool: DecoderPool | None = None,
    *,
    anchors: str = "",
) -> tuple[Mark, ...]:
    """What the picture or film whose file has the bytes *content* says of its origin.

    As `marks_of_origin`. Nothing is written to a disk.
    """
    with opened_bytes(content) as fd:
        return _marks(fd, pool or _default_pool(), anchors)


def read_anchors(path: str | os.PathLike[str]) -> str:
    """The certificates in the PEM file at *path*, or in every ``*.pem`` of that folder.

    Raises `AnchorsError`, whose message says what is wrong and what to do.
    """
    place = Path(path)
    files = sorted(place.glob("*.pem")) if place.is_dir() else [place]
    if not files:
        raise AnchorsError(f"{place} holds no .pem file: put the roots' certificates there.")
    try:
        anchors = "\n".join(file.read_text("utf-8") for file in files)
        # OpenSSL says whether these are certificates, before anybody relies on them.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=anchors)
    except OSError as error:
        reason = error.strerror if not isinstance(error, ssl.SSLError) else "no certificates"
        raise AnchorsError(f"{place} cannot be read: {reason}. Name a PEM file.") from error
    except ValueError as error:
        raise AnchorsError(f"{place} cannot be read: not PEM. Name a PEM file.") from error
    if len(anchors) > _ANCHOR_BYTES:
        raise AnchorsError(f"{place} is longer than {_ANCHOR_BYTES} characters: take fewer roots.")
    return anchors


def _marks(fd: int, pool: DecoderPool, anchors: str) -> tuple[Mark, ...]:
    answer = pool.run(_ENTRY, fd, {"anchors": anchors})
    try:
        listed = answer["marks"] if isinstance(answer, dict) else None
        if not isinstance(listed, list) or len(listed) > _AT_MOST:
            raise MarkError("marks must be a short list.")
        return tuple(Mark.from_dict(each) for each in listed)
    except (KeyError, AttributeError, TypeError, MarkError) as error:
        raise DecoderDied from error
