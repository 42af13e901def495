"""Bytes to pixels, apart from the service and within limits."""

from staydown.media.errors import (
    DamagedMedia,
    DecoderDied,
    DecoderUnavailable,
    DecodeTimeout,
    EmptyFile,
    MediaError,
    NotMedia,
    TooLarge,
    TruncatedMedia,
    UnreadableFile,
    UnsupportedMedia,
)
from staydown.media.isolate import DecoderPool
from staydown.media.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "DEFAULT_LIMITS",
    "DamagedMedia",
    "DecodeTimeout",
    "DecoderDied",
    "DecoderPool",
    "DecoderUnavailable",
    "EmptyFile",
    "Limits",
    "MediaError",
    "NotMedia",
    "TooLarge",
    "TruncatedMedia",
    "UnreadableFile",
    "UnsupportedMedia",
]
