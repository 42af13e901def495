"""Pixels to fingerprints."""

from staydown.fingerprint.files import fingerprint_bytes, fingerprint_file
from staydown.fingerprint.model import Fingerprint, FingerprintError
from staydown.fingerprint.pdq import ORIENTATIONS

__all__ = [
    "ORIENTATIONS",
    "Fingerprint",
    "FingerprintError",
    "fingerprint_bytes",
    "fingerprint_file",
]
