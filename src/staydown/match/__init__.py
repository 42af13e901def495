"""Fingerprints to matches."""

from staydown.match.bank import Bank, BankError
from staydown.match.compare import compare
from staydown.match.hamming import HammingIndex
from staydown.match.match import Match, Span
from staydown.match.threshold import PDQ_CONFIDENT, PDQ_STRICT, Threshold

__all__ = [
    "PDQ_CONFIDENT",
    "PDQ_STRICT",
    "Bank",
    "BankError",
    "HammingIndex",
    "Match",
    "Span",
    "Threshold",
    "compare",
]
