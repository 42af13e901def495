"""The local layer: keypoints and tiles, which find a part of a picture in another."""

from staydown.fingerprint.local.form import LocalFingerprint, LocalFormError, Sight
from staydown.fingerprint.local.glimpse import Glimpse
from staydown.fingerprint.local.key import OPEN_KEY, LocalKey
from staydown.fingerprint.local.profile import BALANCED, LocalProfile

__all__ = [
    "BALANCED",
    "OPEN_KEY",
    "Glimpse",
    "LocalFingerprint",
    "LocalFormError",
    "LocalKey",
    "LocalProfile",
    "Sight",
]
