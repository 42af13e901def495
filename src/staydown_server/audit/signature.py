"""Signatures that people without the installation's key can check: Ed25519, RFC 8032.

The private key comes from the installation's; the public one may be told to everybody.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from staydown_server import vault


def public_key() -> str:
    """This installation's, as 64 hexadecimal digits."""
    return _private_key().public_key().public_bytes_raw().hex()


def sign(message: bytes, *, purpose: str) -> str:
    """The signature of *message*, as 128 hexadecimal digits; the same each time."""
    return _private_key().sign(_named(message, purpose)).hex()


def is_signed(message: bytes, signature: str, *, key: str, purpose: str) -> bool:
    """Whether the owner of the public *key* signed *message* for this *purpose*."""
    try:
        owner = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        owner.verify(bytes.fromhex(signature), _named(message, purpose))
    except (InvalidSignature, ValueError):
        return False
    return True


def _named(message: bytes, purpose: str) -> bytes:
    # Signed for one purpose is not signed for another.
    return f"staydown {purpose}\n".encode() + message


def _private_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(vault.subkey("records signature"))
