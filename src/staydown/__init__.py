"""Staydown's library: fingerprints of pictures, and finding copies by them.

>>> reported = staydown.fingerprint_file("reported.jpg")
>>> bank = staydown.Bank()
>>> bank.add("case-1/item-1", reported)
>>> bank.search(staydown.fingerprint_file("upload.png"))
[Match(kind='same', score=0.9688, distance=4, orientation='mirrored', ...)]
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

    __version__: str
else:

    def __getattr__(name: str) -> Any:
        """Each name is fetched when it is first asked for: a host that only asks over HTTP
        (`staydown.client`) needs none of what decodes and searches."""
        if name == "__version__":
            found = _version()
        elif name in _HOMES:
            found = getattr(importlib.import_module(_HOMES[name]), name)
        else:
            raise AttributeError(f"module 'staydown' has no attribute {name!r}")
        globals()[name] = found
        return found


_HOMES = {
    name: home
    for home, names in {
        "staydown.fingerprint": "Fingerprint FingerprintError fingerprint_bytes fingerprint_file",
        "staydown.match": "PDQ_CONFIDENT PDQ_STRICT Bank BankError HammingIndex Match Threshold"
        " compare",
        "staydown.media": "DecoderPool Limits MediaError",
        "staydown.media.origin": "Mark marks_of_origin marks_of_origin_bytes",
    }.items()
    for name in names.split()
}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("staydown")
    except PackageNotFoundError:  # run from the source, never installed
        return "0+source"


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
