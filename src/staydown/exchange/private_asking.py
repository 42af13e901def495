"""Asking whether an upload is on a list, without showing the upload or learning the list.

The list's holder gives a `Sieve`: a Bloom filter of keyed, one-way values of the list's tokens.
For an upload the asker makes its own tokens, has the holder turn them into the same keyed
values without seeing them (`staydown.exchange.oprf`), and looks those up in the sieve. Only an
upload that falls through is then shown to a gate, which knows the list and decides.

Tokens are the exact digests and, so that near copies meet, many small samples of the PDQ hash:
two hashes a few bits apart agree in some of them. ``docs/private-asking.md`` compares this with
the other ways, and says what each of them leaks.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Self

import numpy as np
import numpy.typing as npt

from staydown.exchange import oprf
from staydown.exchange.hash_list import Prints
from staydown.exchange.hash_list.prints import is_likely_pdq

ROUNDS, BANDS, WIDTH = 8, 8, 32
"""Each round lays PDQ's 256 bits down in another order and cuts them into bands of 32: 64
samples, in which each bit has its place eight times. Of two unrelated hashes, one pair of bands
in four thousand million agrees; of two that differ in 16 bits, eight of the 64 on average."""
TOKENS = ROUNDS * BANDS
MOST_TOKENS = 8 * TOKENS + 2
"""In one question: a picture in all eight ways to lay it down, and its two digests."""

_PLACES = oprf.OUTPUT_BYTES // 4
_MAGIC = b"staydown sieve 1"
_MOST_BITS = 1 << 32


class AskingError(ValueError):
    """A question, an answer or a sieve does not have the form that it must."""


def tokens(prints: Prints, *, dihedral: Sequence[bytes] = ()) -> list[bytes]:
    """What is looked up of *prints*: a token for each digest, 64 for each PDQ hash.

    *dihedral* are further PDQ hashes to ask about, of the picture laid down in other ways. A
    hash that no picture has (`is_likely_pdq`) is left out: it would meet many.
    """
    exact = [
        f"{name}:{value}".encode()
        for name, value in (("sha256", prints.sha256), ("md5", prints.md5))
        if value is not None
    ]
    hashes = [] if prints.pdq is None else [prints.pdq]
    hashes += [each for each in dihedral if each != prints.pdq]
    return exact + [token for each in hashes if is_likely_pdq(each) for token in _samples(each)]


@dataclass(frozen=True, slots=True)
class Holder:
    """The side that holds the list. *key* is the installation's, and never leaves it.

    Whoever has the key, or may ask without end, can try pictures against a sieve: count what
    each asker asks, and let nobody ask more than its uploads need.
    """

    key: bytes = field(repr=False)

    def answer(self, blinded: Sequence[bytes]) -> list[bytes]:
        """Turn an asker's *blinded* tokens. Raises `AskingError`."""
        if len(blinded) > MOST_TOKENS:
            raise AskingError(f"A question has at most {MOST_TOKENS} tokens.")
        try:
            return [oprf.evaluate_blinded(self.key, each) for each in blinded]
        except oprf.OprfError as error:
            raise AskingError(str(error)) from None

    def values(self, prints: Prints) -> list[bytes]:
        """What an entry puts into a sieve. It is costly: keep it beside the entry."""
        return [oprf.evaluate(self.key, token) for token in tokens(prints)]


@dataclass(frozen=True, slots=True)
class Sieve:
    """A Bloom filter of keyed values: *bits*, 8 to a byte.

    An output of the function has 64 bytes, which are sixteen places. Filled half, it lets one
    in 65,536 values through that it does not hold.
    """

    bits: npt.NDArray[np.uint8] = field(repr=False)

    @classmethod
    def of(cls, values: Iterable[bytes], *, count: int) -> Self:
        """Of *values*, some *count* of them: 23 bits each."""
        size = max(1, math.ceil(count * _PLACES / math.log(2) / 8))
        if 8 * size > _MOST_BITS:
            raise AskingError("So many values need more than one sieve.")
        bits = np.zeros(size, np.uint8)
        for value in values:
            places = _places(value, size)
            np.bitwise_or.at(bits, places >> 3, np.uint8(1) << (places & 7).astype(np.uint8))
        return cls(bits)

    def __contains__(self, value: bytes) -> bool:
        places = _places(value, len(self.bits))
        return bool(((self.bits[places >> 3] >> (places & 7).astype(np.uint8)) & 1).all())

    def to_bytes(self) -> bytes:
        body = self.bits.tobytes()
        return _MAGIC + hashlib.sha256(body).digest() + body

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read what `to_bytes` wrote; raises `AskingError`."""
        head, body = raw[: len(_MAGIC) + 32], raw[len(_MAGIC) + 32 :]
        if not body or head != _MAGIC + hashlib.sha256(body).digest() or len(body) * 8 > _MOST_BITS:
            raise AskingError("This is no whole sieve. Fetch it again.")
        return cls(np.frombuffer(body, np.uint8))


class Question:
    """One upload, on the side that asks: send `blinded`, and judge what is answered."""

    def __init__(self, prints: Prints, *, dihedral: Sequence[bytes] = ()) -> None:
        self._tokens = tokens(prints, dihedral=dihedral)
        self._blinds = [oprf.blind(token) for token in self._tokens]

    @property
    def blinded(self) -> list[bytes]:
        """32 bytes for each token, of which nobody can tell anything."""
        return [element for _, element in self._blinds]

    def hits(self, answered: Sequence[bytes], sieve: Sieve) -> int:
        """How many tokens the *sieve* holds; with none, the upload need not be shown.

        Raises `AskingError`.
        """
        if len(answered) != len(self._tokens):
            raise AskingError("The answer has more or fewer elements than the question.")
        try:
            return sum(
                oprf.finalize(token, scalar, element) in sieve
                for token, (scalar, _), element in zip(
                    self._tokens, self._blinds, answered, strict=True
                )
            )
        except oprf.OprfError as error:
            raise AskingError(str(error)) from None


def _samples(pdq: bytes) -> list[bytes]:
    bits = np.unpackbits(np.frombuffer(pdq, np.uint8))
    packed = np.packbits(bits[_orders()], axis=1)
    return [b"pdq:" + bytes([at]) + each.tobytes() for at, each in enumerate(packed)]


@cache
def _orders() -> npt.NDArray[np.intp]:
    """(64, 32): which bits each band holds. The same everywhere: sorted by SHA-256."""
    rounds = [
        sorted(range(256), key=lambda bit: hashlib.sha256(f"{number}:{bit}".encode()).digest())
        for number in range(ROUNDS)
    ]
    return np.array(rounds, np.intp).reshape(TOKENS, WIDTH)


def _places(value: bytes, size: int) -> npt.NDArray[np.uint64]:
    """Where *value* is in a sieve of *size* bytes."""
    words = np.frombuffer(value, ">u4").astype(np.uint64)
    return (words * np.uint64(8 * size)) >> np.uint64(32)
