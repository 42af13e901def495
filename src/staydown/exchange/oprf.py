"""An oblivious pseudorandom function: RFC 9497, OPRF(ristretto255, SHA-512), mode OPRF.

Whoever asks learns F(key, input) and nothing of the key; whoever holds the key learns nothing
of the input, not even from unlimited computing power. The group's arithmetic is libsodium's,
through ``rbcl``; nothing of it is our own.
"""

from __future__ import annotations

import hashlib

import rbcl  # type: ignore[import-untyped]

ELEMENT_BYTES = 32
KEY_BYTES = 32
OUTPUT_BYTES = 64
_CONTEXT = b"OPRFV1-\x00-ristretto255-SHA512"
_TO_GROUP = b"HashToGroup-" + _CONTEXT
_BLOCK = 128


class OprfError(ValueError):
    """Bytes that should be an element of the group, or a key, are none."""


def new_key() -> bytes:
    key: bytes = rbcl.crypto_core_ristretto255_scalar_random()
    return key


def blind(text: bytes, scalar: bytes | None = None) -> tuple[bytes, bytes]:
    """A fresh *scalar*, to keep, and the blinded element, to send."""
    scalar = new_key() if scalar is None else scalar
    return scalar, _times(scalar, _to_group(text))


def evaluate_blinded(key: bytes, element: bytes) -> bytes:
    """What the holder of *key* answers. Raises `OprfError`."""
    return _times(key, element)


def finalize(text: bytes, scalar: bytes, answered: bytes) -> bytes:
    """F(key, *text*), from what was *answered*. Raises `OprfError`."""
    return _output(text, _times(rbcl.crypto_core_ristretto255_scalar_invert(scalar), answered))


def evaluate(key: bytes, text: bytes) -> bytes:
    """F(*key*, *text*), for whoever holds both."""
    return _output(text, _times(key, _to_group(text)))


def _times(scalar: bytes, element: bytes) -> bytes:
    if len(scalar) != KEY_BYTES or len(element) != ELEMENT_BYTES:
        raise OprfError("An element of the group has 32 bytes, and so has a key.")
    try:
        product: bytes = rbcl.crypto_scalarmult_ristretto255(scalar, element)
    except (RuntimeError, TypeError, ValueError):
        raise OprfError("This is no element of the group, or the neutral one.") from None
    return product


def _to_group(text: bytes) -> bytes:
    """RFC 9380's hash to the group, by its expand_message_xmd for 64 bytes."""
    suffix = _TO_GROUP + bytes([len(_TO_GROUP)])
    first = hashlib.sha512(bytes(_BLOCK) + text + b"\x00\x40\x00" + suffix).digest()
    element: bytes = rbcl.crypto_core_ristretto255_from_hash(
        hashlib.sha512(first + b"\x01" + suffix).digest()
    )
    return element


def _output(text: bytes, element: bytes) -> bytes:
    framed = len(text).to_bytes(2, "big") + text + len(element).to_bytes(2, "big") + element
    return hashlib.sha512(framed + b"Finalize").digest()
