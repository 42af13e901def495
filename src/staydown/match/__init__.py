"""Fingerprints to matches."""

from staydown.match.bank import Bank, BankError
from staydown.match.compare import compare
from staydown.match.fingerprint_index import FingerprintIndex
from staydown.match.hamming import HammingIndex
from staydown.match.match import Match, Span, identical
from staydown.match.snapshot import Snapshot, SnapshotError, new_snapshot
from staydown.match.threshold import PDQ_CONFIDENT, PDQ_STRICT, Threshold

__all__ = [
    "PDQ_CONFIDENT",
    "PDQ_STRICT",
    "Bank",
    "BankError",
    "FingerprintIndex",
    "HammingIndex",
    "Match",
    "Snapshot",
    "SnapshotError",
    "Span",
    "Threshold",
    "compare",
    "identical",
    "new_snapshot",
]
