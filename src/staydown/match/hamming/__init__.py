"""Exact search for near hashes: `HammingIndex`."""

from staydown.match.hamming.index import HammingIndex

__all__ = ["HammingIndex"]
