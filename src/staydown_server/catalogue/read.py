"""Files to fingerprints, with this installation's local layer, and fingerprints as they are stored.

The local layer is for our own tables only: whatever leaves the server is written by
`Fingerprint.to_json`, which leaves it out.
"""

import os
from dataclasses import replace
from functools import cache
from typing import Any

from django.conf import settings

import staydown
from staydown import Fingerprint
from staydown.fingerprint.files import Look
from staydown.fingerprint.local import LocalFingerprint, LocalFormError
from staydown.media.origin import read_anchors
from staydown_server import vault


def fingerprint_file(path: str | os.PathLike[str], *, look: Look = "upload") -> Fingerprint:
    """The fingerprint of the picture or film in a file; raises a `MediaError`.

    What people report gets a closer *look*, see ``docs/video.md``.
    """
    return staydown.fingerprint_file(path, key=vault.local_key(), look=look)


def fingerprint_bytes(content: bytes, *, look: Look = "upload") -> Fingerprint:
    """The same for a file whose bytes are *content*."""
    return staydown.fingerprint_bytes(content, key=vault.local_key(), look=look)


def marks_of(content: bytes) -> list[dict[str, Any]]:
    """What the file says of its origin, as `Mark.to_dict` writes it; nothing if it is unreadable.

    Context for a moderator: no rule of ours may depend on it (``docs/origin.md``).
    """
    try:
        marks = staydown.marks_of_origin_bytes(content, anchors=trust_anchors())
    except staydown.MediaError:
        return []
    return [mark.to_dict() for mark in marks]


@cache
def trust_anchors() -> str:
    """Whose C2PA signers are trusted, as PEM; raises `AnchorsError`."""
    return read_anchors(settings.C2PA_ANCHORS) if settings.C2PA_ANCHORS else ""


def from_outside(fingerprint: Fingerprint) -> Fingerprint:
    """A fingerprint that somebody sent us: what it says of a local layer is not ours to keep."""
    film = fingerprint.film
    bare = film and replace(film, stills=(), moments=None, sketches=None)
    return replace(fingerprint, local=None, glimpse=None, film=bare)


def stored_form(fingerprint: Fingerprint) -> str:
    """*fingerprint* as our tables hold it: JSON, with its local layer if our key made it."""
    film = fingerprint.film
    if film is not None:
        # The moments of an upload would be larger than all the rest.
        film = replace(film, sketches=None).kept()
    stills = film.stills if film else ()
    layers = [fingerprint.local_layer(), *(still.local for still in stills)]
    ours = all(_is_ours(layer) for layer in layers if layer is not None)
    return replace(fingerprint, film=film).to_json(with_local=ours)


def _is_ours(layer: bytes) -> bool:
    try:
        LocalFingerprint.from_bytes(layer, vault.local_key())
    except LocalFormError:
        return False
    return True
