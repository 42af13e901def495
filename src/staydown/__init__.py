"""Staydown's library: fingerprints of pictures, and finding copies by them.

>>> reported = staydown.fingerprint_file("reported.jpg")
>>> bank = staydown.Bank()
>>> bank.add("case-1/item-1", reported)
>>> bank.search(staydown.fingerprint_file("upload.png"))
[Match(kind='same', score=0.9688, distance=4, orientation='mirrored', ...)]
"""

from importlib.metadata import PackageNotFoundError, version

from staydown.fingerprint import (
    Fingerprint,
    FingerprintError,
    fingerprint_bytes,
    fingerprint_file,
)
from staydown.match import (
    PDQ_CONFIDENT,
    PDQ_STRICT,
    Bank,
    BankError,
    HammingIndex,
    Match,
    Threshold,
    compare,
)
from staydown.media import DecoderPool, Limits, MediaError
from staydown.media.origin import Mark, marks_of_origin, marks_of_origin_bytes

try:
    __version__ = version("staydown")
except PackageNotFoundError:  # run from the source, never installed
    __version__ = "0+source"

__all__ = [
    "PDQ_CONFIDENT",
    "PDQ_STRICT",
    "Bank",
    "BankError",
    "DecoderPool",
    "Fingerprint",
    "FingerprintError",
    "HammingIndex",
    "Limits",
    "Mark",
    "Match",
    "MediaError",
    "Threshold",
    "__version__",
    "compare",
    "fingerprint_bytes",
    "fingerprint_file",
    "marks_of_origin",
    "marks_of_origin_bytes",
]
