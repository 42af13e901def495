"""A file to its fingerprint: the exact layer here, the pixels apart."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from staydown.fingerprint import gather
from staydown.fingerprint.gather import Progress, gather_film
from staydown.fingerprint.local import OPEN_KEY, Glimpse, LocalFormError, LocalKey
from staydown.fingerprint.model import Fingerprint, FingerprintError
from staydown.media import DecoderDied, DecoderPool, UnreadableFile
from staydown.media.formats import PREFIX_BYTES, VIDEO_DEMUXERS, recognise
from staydown.media.opened import SharedPool, opened_bytes, opened_file

# A name, not an import: readers of pictures are loaded in the decoders only.
_MODULE = "staydown.fingerprint.picture"
_ENTRY = f"{_MODULE}:hash_picture"
_ANIMATION = {"is_animation": True}
_PIECE = 1 << 20

Look = Literal["upload", "reported"]
"""How closely a film is looked at: as one of many, or as one of the few that all others are
compared with. A picture is looked at in one way only."""


def new_pool(**options: Any) -> DecoderPool:
    """A pool of decoders of one's own; *options* are those of `DecoderPool`."""
    return DecoderPool((_MODULE, gather.MODULE), **options)


default_pool = SharedPool(new_pool)


def fingerprint_file(
    path: str | os.PathLike[str],
    *,
    pool: DecoderPool | None = None,
    key: LocalKey = OPEN_KEY,
    look: Look = "upload",
    progress: Progress | None = None,
) -> Fingerprint:
    """The fingerprint of the picture or the film in the file at *path*.

    *key* is that of the local layer, which is made when it is first wanted. *look* says
    how closely to look at a film: a reported one is worth ten times the work, since it is
    then found whichever frames an upload shows. *progress* is called now and then with
    the seconds of a long film that have been looked at.

    Raises a `MediaError`, whose message says what is wrong and what to do. The file is
    decoded in a limited process without network; see `DecoderPool`.
    """
    with opened_file(path) as fd:
        return _fingerprint(fd, pool or default_pool(), key, look, progress)


def fingerprint_bytes(
    content: bytes | bytearray | memoryview,
    *,
    pool: DecoderPool | None = None,
    key: LocalKey = OPEN_KEY,
    look: Look = "upload",
) -> Fingerprint:
    """The fingerprint of the picture or film whose file has the bytes *content*.

    Raises a `MediaError`, as `fingerprint_file` does. Nothing is written to a disk.
    """
    with opened_bytes(content) as fd:
        return _fingerprint(fd, pool or default_pool(), key, look, None)


def _fingerprint(
    fd: int, pool: DecoderPool, key: LocalKey, look: Look, progress: Progress | None
) -> Fingerprint:
    exact: dict[str, str] = {}

    def hash_bytes() -> None:
        # Costs no time: the decoder is at work meanwhile. And it is done here because a
        # decoder that was taken over could name any digest.
        exact.update(_digests(fd))

    try:
        is_film = recognise(os.pread(fd, PREFIX_BYTES, 0)) in VIDEO_DEMUXERS
    except OSError as error:
        raise UnreadableFile from error
    seen = None if is_film else pool.run(_ENTRY, fd, meanwhile=hash_bytes)
    if seen is None or seen == _ANIMATION:
        meanwhile = _nothing if exact else hash_bytes
        found = gather_film(fd, pool, key, profile=look, progress=progress, meanwhile=meanwhile)
        try:
            size = {"width": found.width, "height": found.height}
            shown = Fingerprint.from_dict({"kind": "video", **size, **exact})
        except FingerprintError as error:
            raise DecoderDied from error
        return replace(shown, film=found.film)
    try:
        values, glimpse = _read(seen, key)
        return replace(Fingerprint.from_dict({**values, **exact}), glimpse=glimpse)
    except (FingerprintError, LocalFormError) as error:
        raise DecoderDied from error


def _nothing() -> None:
    pass


def _read(seen: dict[str, Any] | bytes, key: LocalKey) -> tuple[dict[str, Any], Glimpse]:
    """A decoder's answer, none of which is taken on trust; see `hash_picture`."""
    if not isinstance(seen, bytes):
        raise FingerprintError("The answer must be bytes.")
    end = seen.find(b"\n") + 1
    try:
        values = json.loads(seen[:end])
        height, width = values.pop("grey")
        grey = np.frombuffer(seen, np.uint8, offset=end).reshape(int(height), int(width))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FingerprintError("The answer must be a line of JSON and pixels.") from error
    return values, Glimpse(grey, key)


def _digests(fd: int) -> dict[str, str]:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    offset = 0
    while piece := os.pread(fd, _PIECE, offset):
        sha256.update(piece)
        md5.update(piece)
        offset += len(piece)
    return {"sha256": sha256.hexdigest(), "md5": md5.hexdigest()}
