"""Long content, sealed piece by piece: it is never in memory whole, nor read before its check."""

import os
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from staydown_server import vault

_PIECE = 1 << 20
_TAG_BYTES = 16
_KEY_BYTES = 32
#: What `vault.seal` makes of a key: format, nonce, key and tag.
_HEAD_BYTES = 1 + 12 + _KEY_BYTES + _TAG_BYTES


def seal_stream(content: Iterable[bytes], *, purpose: str) -> Iterator[bytes]:
    """*content*, sealed under a key of its own, which comes first, sealed for *purpose*.

    Pieces are numbered and the last one is marked, in their nonces (the STREAM construction of
    Hoang, Reyhanitabar, Rogaway and Vizár, 2015): none can be left out, moved or cut off.
    """
    key = os.urandom(_KEY_BYTES)
    yield vault.seal(key, purpose=purpose)
    for nonce, piece in _pieces(content, _PIECE):
        yield AESGCM(key).encrypt(nonce, piece, None)


def unseal_stream(sealed: Iterable[bytes], *, purpose: str) -> Iterator[bytes]:
    """What was sealed, however its bytes are cut; raises :class:`vault.Unreadable`, perhaps only
    after some of it was given: it is whole once the iterator has ended."""
    parts, head = iter(sealed), b""
    while len(head) < _HEAD_BYTES and (part := next(parts, b"")):
        head += part
    cipher = AESGCM(vault.unseal(head[:_HEAD_BYTES], purpose=purpose))
    for nonce, piece in _pieces(_after(head[_HEAD_BYTES:], parts), _PIECE + _TAG_BYTES):
        try:
            yield cipher.decrypt(nonce, piece, None)
        except (InvalidTag, ValueError) as error:
            raise vault.Unreadable(f"a stream for {purpose!r} was altered or cut") from error


def _after(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _pieces(content: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bytes]]:
    """*content* in pieces of *size* bytes, the last one of at most so many, with their nonces."""
    number, held = 0, bytearray()
    for part in content:
        held += part
        while len(held) > size:
            yield _nonce(number, is_last=False), bytes(held[:size])
            del held[:size]
            number += 1
    yield _nonce(number, is_last=True), bytes(held)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
