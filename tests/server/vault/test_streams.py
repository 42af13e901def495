"""What is sealed as a stream comes back whole, or not at all."""

import os
from collections.abc import Iterator

import pytest

from staydown_server.vault import Unreadable
from staydown_server.vault.streams import seal_stream, unseal_stream

MIB = 1 << 20


def cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


@pytest.mark.parametrize("length", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
def test_it_opens_again_however_it_is_cut(length: int) -> None:
    """On the way in and on the way out; at the edges of its pieces, too."""
    plain = os.urandom(length)
    sealed = b"".join(seal_stream(cut(plain, 70_001), purpose="test"))

    assert length < 32 or plain[:32] not in sealed
    for size in (61, 4096, MIB, len(sealed)):
        assert b"".join(unseal_stream(cut(sealed, size), purpose="test")) == plain


def test_nothing_can_be_altered_moved_or_left_out() -> None:
    """Nor cut off where a piece ends, nor read for another purpose."""
    sealed = b"".join(seal_stream([os.urandom(2 * MIB + 5)], purpose="test"))
    head, piece = 61, MIB + 16
    first, second = sealed[head : head + piece], sealed[head + piece : head + 2 * piece]
    rest = sealed[head + 2 * piece :]
    altered = bytearray(sealed)
    altered[-1] ^= 1
    for wrong in (
        bytes(altered),
        sealed[: head + piece],
        sealed[: head + 2 * piece],
        sealed[:-1],
        sealed[:head],
        sealed[:20],
        b"",
        sealed[:head] + second + first + rest,
        sealed[:head] + first + rest,
    ):
        with pytest.raises(Unreadable):
            list(unseal_stream([wrong], purpose="test"))
    with pytest.raises(Unreadable):
        list(unseal_stream([sealed], purpose="another"))
