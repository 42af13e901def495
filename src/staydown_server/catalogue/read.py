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
from staydown.fingerprint.local import LocalFingerprint, LocalFormError
from staydown.media.origin import read_anchors
from staydown_server import vault


def fingerprint_file(path: str | os.PathLike[str]) -> Fingerprint:
    """The fingerprint of the picture in a file; raises a `MediaError`."""
    return staydown.fingerprint_file(path, key=vault.local_key())


def fingerprint_bytes(content: bytes) -> Fingerprint:
    """The fingerprint of the picture whose file has the bytes *content*; raises a `MediaError`."""
    return staydown.fingerprint_bytes(content, key=vault.local_key())


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
    return replace(fingerprint, local=None, glimpse=None)


def stored_form(fingerprint: Fingerprint) -> str:
    """*fingerprint* as our tables hold it: JSON, with its local layer if our key made it."""
    layer = fingerprint.local_layer()
    return fingerprint.to_json(with_local=layer is not None and _is_ours(layer))


def _is_ours(layer: bytes) -> bool:
    try:
        LocalFingerprint.from_bytes(layer, vault.local_key())
    except LocalFormError:
        return False
    return True
