"""Secrets: one key outside the database seals what must not be read from a stolen one.

Every use names a purpose and gets a key of its own (HKDF-SHA256 of the installation's key),
so that a value sealed for one purpose cannot be opened, or compared, for another.
"""

import base64
import hmac
import os
import tempfile
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from staydown.fingerprint.local import LocalKey

_FORMAT = b"\x01"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class VaultError(Exception):
    """A key or a sealed value cannot be used."""


class KeyMissing(VaultError):
    """The installation's key is not where the settings say, or is not a key."""


class Unreadable(VaultError):
    """The value was sealed with another key, for another purpose, or was altered."""


def make_key(path: Path) -> None:
    """Write a new 32-byte key to *path*, readable by its owner only, unless one is there."""
    _place_key(os.urandom(_KEY_BYTES), path)


def copy_key(source: Path, path: Path) -> None:
    """Put the key in *source* at *path*, too, unless one is there."""
    _place_key(source.read_bytes(), path)


def _place_key(key: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A fresh name each time: a draft that a killed start left may be a second name of the key.
    descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link, not a rename: whoever is second must not replace the first one's key.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        Path(draft).unlink()


def mark(path: Path) -> str:
    """Tells the key at *path* from others, and tells nothing of it; raises :class:`KeyMissing`."""
    return _subkey(path, "mark of the key").hex()[:16]


def subkey(purpose: str) -> bytes:
    """The 32-byte key for one *purpose*."""
    return _subkey(Path(settings.KEY_FILE), purpose)


def local_key() -> LocalKey:
    """The key of this installation's local layers: the one place that gives it."""
    return LocalKey(subkey("local fingerprints"))


def seal(plain: bytes, *, purpose: str) -> bytes:
    """AES-256-GCM of *plain*; the purpose is authenticated with it."""
    return _seal(plain, os.urandom(_NONCE_BYTES), purpose)


def seal_alike(plain: bytes, *, purpose: str) -> bytes:
    """As :func:`seal`, but one value always has one form: it can be found by it.

    The nonce is a keyed digest of what it seals (a synthetic IV, as in RFC 5297), so that it
    serves for no other value.
    """
    nonce = hmac.digest(subkey(f"{purpose}: nonces"), plain, sha256)[:_NONCE_BYTES]
    return _seal(plain, nonce, purpose)


def _seal(plain: bytes, nonce: bytes, purpose: str) -> bytes:
    return _FORMAT + nonce + AESGCM(subkey(purpose)).encrypt(nonce, plain, purpose.encode())


def unseal(sealed: bytes, *, purpose: str) -> bytes:
    """What was sealed; raises :class:`Unreadable`."""
    if sealed[:1] != _FORMAT:
        raise Unreadable(f"a value for {purpose!r} is not in a known format")
    nonce, box = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(subkey(purpose)).decrypt(nonce, box, purpose.encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable(f"a value for {purpose!r} cannot be opened with this key") from error


def digest(value: str, *, purpose: str) -> bytes:
    """HMAC-SHA256 of *value*: finds a secret again without keeping it (32 bytes)."""
    return hmac.digest(subkey(purpose), value.encode(), sha256)


def code(value: str, *, purpose: str, letters: int) -> str:
    """A code of *letters* base32 letters (5 bits each) that only this installation can derive."""
    return base64.b32encode(digest(value, purpose=purpose)).decode()[:letters]


@lru_cache(maxsize=64)
def _subkey(path: Path, purpose: str) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as error:
        raise KeyMissing(
            f"the installation's key cannot be read at {path}: restore it from its backup"
        ) from error
    if len(key) != _KEY_BYTES:
        raise KeyMissing(f"{path} does not hold a key of {_KEY_BYTES} bytes")
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(key)
