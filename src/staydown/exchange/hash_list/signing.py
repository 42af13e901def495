"""Signed documents: JSON Web Signatures (RFC 7515, general JSON form) with Ed25519 (RFC 8037).

Only the algorithm ``Ed25519`` (RFC 9864) is read: there is nothing to choose from, and so
nothing to confuse. Any JOSE library reads the same documents.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from staydown.exchange.hash_list.errors import BadForm, Forged, UntrustedKey
from staydown.exchange.hash_list.line import canonical, read_json

LARGEST_DOCUMENT = 8 << 20
_MOST_SIGNATURES = 16
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 key that checks signatures; written as base64url of its 32 bytes."""

    raw: bytes

    def __str__(self) -> str:
        return encode(self.raw)

    @classmethod
    def read(cls, text: object) -> Self:
        """Raises `BadForm`."""
        raw = decode(text) if isinstance(text, str) else b""
        if len(raw) != _KEY_BYTES:
            raise BadForm("A public key is 43 letters and digits (base64url of 32 bytes).")
        return cls(raw)

    def has_signed(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """An Ed25519 key that signs. It never shows itself: write it with `to_text`."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(self._key.public_key().public_bytes_raw())

    @classmethod
    def new(cls) -> Self:
        while True:
            key = cls(Ed25519PrivateKey.generate().private_bytes_raw())
            # On a command line, a dash in front would make the public key an option.
            if not str(key.public).startswith("-"):
                return key

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `to_text` wrote; raises `BadForm`, without the key."""
        raw = decode(text.strip())
        if len(raw) != _KEY_BYTES:
            raise BadForm("A signing key is 43 letters and digits (base64url of 32 bytes).")
        return cls(raw)

    def to_text(self) -> str:
        return encode(self._key.private_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def signed(values: dict[str, Any], kind: str, keys: Iterable[SigningKey]) -> bytes:
    """The document that holds *values*, of the type *kind*, signed with each of *keys*."""
    payload = encode(canonical(values).encode())
    signatures = []
    for key in keys:
        protected = encode(
            canonical({"alg": "Ed25519", "kid": str(key.public), "typ": kind}).encode()
        )
        signature = key.sign(f"{protected}.{payload}".encode())
        signatures.append({"protected": protected, "signature": encode(signature)})
    return json.dumps({"payload": payload, "signatures": signatures}).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Document:
    """A signed document as it came. Its *values* are anybody's until `check` says otherwise."""

    values: dict[str, Any]
    payload: str
    signatures: tuple[tuple[PublicKey, str, bytes], ...]

    def check(self, trusted: Sequence[PublicKey], name: str) -> None:
        """Raise `UntrustedKey` or `Forged` unless one of the *trusted* keys signed this."""
        ours = [each for each in self.signatures if each[0] in trusted]
        if not ours:
            raise UntrustedKey(
                f"The list's {name} is signed with a key that does not sign this list, or no "
                "longer. Ask whoever publishes it, by another way than the list."
            )
        for key, protected, signature in ours:
            if not key.has_signed(signature, f"{protected}.{self.payload}".encode()):
                raise Forged(f"The list's {name} was changed after it was signed, or never was.")


def read_document(raw: bytes, kind: str) -> Document:
    """Take a document of the type *kind* apart, without believing it. Raises `BadForm`."""
    outer = read_json(raw, LARGEST_DOCUMENT, "document")
    payload, listed = outer.get("payload"), outer.get("signatures")
    if not isinstance(payload, str) or not isinstance(listed, list):
        raise BadForm("A signed document has “payload” and “signatures” (RFC 7515).")
    if not 1 <= len(listed) <= _MOST_SIGNATURES:
        raise BadForm(f"A signed document has 1 to {_MOST_SIGNATURES} signatures.")
    return Document(
        values=read_json(decode(payload), LARGEST_DOCUMENT, "document"),
        payload=payload,
        signatures=tuple(_signature(each, kind) for each in listed),
    )


def _signature(each: object, kind: str) -> tuple[PublicKey, str, bytes]:
    if not isinstance(each, dict):
        raise BadForm("Each of “signatures” must be a JSON object.")
    protected, signature = each.get("protected"), each.get("signature")
    if not isinstance(protected, str) or not isinstance(signature, str):
        raise BadForm("Each of “signatures” has “protected” and “signature”.")
    header = read_json(decode(protected), LARGEST_DOCUMENT, "signature's header")
    if header.get("alg") != "Ed25519" or header.get("typ") != kind or "crit" in header:
        raise BadForm(f"A signature of this document has alg Ed25519 and typ {kind}.")
    return PublicKey.read(header.get("kid")), protected, decode(signature)


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Base64url without padding; raises `BadForm`."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadForm("A signed document holds base64url that is none.") from None
