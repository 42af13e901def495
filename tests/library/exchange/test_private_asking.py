"""Asking whether an upload is on a list, without showing it or learning the list."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.exchange.hash_list.publisher import entry
from library.pictures import drawing, encoded
from staydown import DecoderPool, fingerprint_bytes
from staydown.exchange import oprf
from staydown.exchange.hash_list import Prints
from staydown.exchange.private_asking import (
    MOST_TOKENS,
    TOKENS,
    AskingError,
    Holder,
    Question,
    Sieve,
    tokens,
)

# RFC 9497, appendix A.1.1.
KEY = bytes.fromhex("5ebcea5ee37023ccb9fc2d2019f9d7737be85591ae8652ffa9ef0f4d37063b0e")
BLIND = bytes.fromhex("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706")
VECTORS = [
    (
        "00",
        "609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c",
        "7ec6578ae5120958eb2db1745758ff379e77cb64fe77b0b2d8cc917ea0869c7e",
        "527759c3d9366f277d8c6020418d96bb393ba2afb20ff90df23fb7708264e2f3"
        "ab9135e3bd69955851de4b1f9fe8a0973396719b7912ba9ee8aa7d0b5e24bcf6",
    ),
    (
        "5a" * 17,
        "da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418",
        "b4cbf5a4f1eeda5a63ce7b77c7d23f461db3fcab0dd28e4e17cecb5c90d02c25",
        "f4a74c9c592497375e796aa837e907b1a045d34306a749db9f34221f7e750cb4"
        "f2a6413a6bf6fa5e19ba6348eb673934a722a7ede2e7621306d18951e7cf2c73",
    ),
]
HOLDER = Holder(KEY)


def asked(prints: Prints, sieve: Sieve, holder: Holder = HOLDER) -> int:
    question = Question(prints)
    return question.hits(holder.answer(question.blinded), sieve)


def sieve_of(*entries: Prints, holder: Holder = HOLDER) -> Sieve:
    values = [value for each in entries for value in holder.values(each)]
    return Sieve.from_bytes(Sieve.of(values, count=len(values)).to_bytes())


def flipped(pdq: bytes, bits: int, seed: int = 1) -> bytes:
    number = int.from_bytes(pdq, "big")
    for bit in random.Random(seed).sample(range(256), bits):
        number ^= 1 << bit
    return number.to_bytes(32, "big")


@pytest.mark.parametrize(("text", "blinded", "answered", "output"), VECTORS)
def test_the_function_is_that_of_the_rfc(
    text: str, blinded: str, answered: str, output: str
) -> None:
    raw = bytes.fromhex(text)
    scalar, element = oprf.blind(raw, BLIND)

    assert element.hex() == blinded
    assert oprf.evaluate_blinded(KEY, element).hex() == answered
    assert oprf.finalize(raw, scalar, bytes.fromhex(answered)).hex() == output
    assert oprf.evaluate(KEY, raw).hex() == output


def test_a_file_that_is_on_the_list_is_found_by_its_digest() -> None:
    listed = entry(1).prints

    assert asked(Prints(sha256=listed.sha256), sieve_of(listed)) == 1
    assert asked(Prints(md5=listed.md5), sieve_of(listed)) == 1


def test_a_near_copy_is_found(pool: DecoderPool) -> None:
    """A picture, and the same made small and saved badly."""
    reported = fingerprint_bytes(encoded(drawing(640, 480), "JPEG"), pool=pool)
    copy = fingerprint_bytes(encoded(drawing(640, 480)[::2, ::2], "WEBP"), pool=pool)
    assert reported.sha256 != copy.sha256
    sieve = sieve_of(Prints.of(reported))

    assert asked(Prints.of(copy), sieve) >= 1
    assert Question(Prints.of(copy), dihedral=copy.dihedral).blinded


@pytest.mark.parametrize(("bits", "least"), [(4, 100), (10, 100), (16, 99), (24, 85), (31, 50)])
def test_how_many_near_copies_are_found_at_a_distance(bits: int, least: int) -> None:
    """Of 100 whose hash has so many bits flipped. The docs state the share."""
    rng = random.Random(bits)
    found = 0
    for seed in range(100):
        pdq = rng.randbytes(32)
        one = set(tokens(Prints(pdq=pdq)))
        other = set(tokens(Prints(pdq=flipped(pdq, bits, seed))))
        found += bool(one & other)

    assert found >= least


def test_strangers_are_not_shown() -> None:
    sieve = sieve_of(*(entry(number).prints for number in range(20)))

    assert [asked(entry(number).prints, sieve) for number in range(100, 110)] == [0] * 10


def test_the_holder_sees_nothing_of_the_upload() -> None:
    """Twice the same upload looks like two: each element sent is random."""
    one, other = Question(entry(1).prints), Question(entry(1).prints)

    assert len(one.blinded) == TOKENS + 2
    assert not set(one.blinded) & set(other.blinded)


def test_the_asker_learns_nothing_of_the_list() -> None:
    """Without the key no guess, not even the right one, can be tried against a sieve."""
    listed = entry(1).prints
    sieve = sieve_of(listed)
    mallory = Holder(oprf.new_key())

    assert asked(listed, sieve, mallory) == 0
    assert (listed.pdq or b"") not in sieve.to_bytes()
    assert KEY.hex() not in repr(HOLDER)


def test_a_hash_that_no_picture_has_is_not_asked_for() -> None:
    assert tokens(Prints(pdq=bytes(32))) == []


def test_all_orientations_fit_into_one_question() -> None:
    turned = [flipped(entry(1).prints.pdq or b"", 128, seed) for seed in range(7)]

    blinded = Question(entry(1).prints, dihedral=turned).blinded

    assert len(blinded) == MOST_TOKENS
    assert len(HOLDER.answer(blinded)) == MOST_TOKENS


@pytest.mark.parametrize("element", [b"", bytes(31), bytes(32), b"\xff" * 32, bytes(33)], ids=str)
def test_what_is_no_element_is_refused(element: bytes) -> None:
    """The neutral element too: it would show whether a key is in use."""
    with pytest.raises(AskingError):
        HOLDER.answer([element])
    question = Question(Prints(sha256="ab" * 32))
    with pytest.raises(AskingError):
        question.hits([element], sieve_of(entry(1).prints))


@given(st.binary(max_size=64))
def test_no_bytes_crash_the_holder(element: bytes) -> None:
    try:
        answered = HOLDER.answer([element])
    except AskingError:
        return
    assert len(answered[0]) == 32


def test_a_question_that_is_too_long_is_refused() -> None:
    with pytest.raises(AskingError, match="at most"):
        HOLDER.answer([bytes(32)] * (MOST_TOKENS + 1))


def test_an_answer_that_is_too_short_is_refused() -> None:
    with pytest.raises(AskingError, match="more or fewer"):
        Question(entry(1).prints).hits([], sieve_of(entry(1).prints))


def test_a_damaged_sieve_is_refused(tmp_path: Path) -> None:
    raw = sieve_of(entry(1).prints).to_bytes()
    for damaged in (b"", raw[:-1], raw + b"\x00", b"x" + raw[1:]):
        with pytest.raises(AskingError, match="Fetch it again"):
            Sieve.from_bytes(damaged)
