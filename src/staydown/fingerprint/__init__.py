"""Pixels to fingerprints."""

from staydown.fingerprint.files import fingerprint_bytes, fingerprint_file
from staydown.fingerprint.model import Fingerprint, FingerprintError, FrameHash
from staydown.fingerprint.pdq import ORIENTATIONS

__all__ = [
    "ORIENTATIONS",
    "Fingerprint",
    "FingerprintError",
    "FrameHash",
    "fingerprint_bytes",
    "fingerprint_file",
]
