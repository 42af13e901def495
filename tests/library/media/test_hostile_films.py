"""A hostile film costs one clear error, or what is sound of it: quickly and within memory."""

import itertools
import time
from pathlib import Path

import pytest

import staydown
from library.media import film_files
from library.media.film_files import KINDS, LIES
from library.pictures import damaged
from staydown import DecoderPool, MediaError

ACCIDENTS = {"decoder_died", "decode_timeout", "decoder_unavailable"}
SECONDS = 10
MEGABYTES = 400
"""Twice what a decoder holds that has read every kind of film."""


def outcome(content: bytes, pool: DecoderPool) -> str:
    """What a file turns out to be: a kind, or the code of an error."""
    start = time.monotonic()
    try:
        code: str = staydown.fingerprint_bytes(content, pool=pool).kind
    except MediaError as error:
        code = error.code
    assert time.monotonic() - start < SECONDS
    return code


def most_memory(pool: DecoderPool) -> float:
    """Megabytes that the largest of its decoders ever held."""
    held = []
    for each in pool.process_ids():
        lines = Path(f"/proc/{each}/status").read_text().splitlines()
        held += [int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM")]
    return max(held)


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_costs_nothing(lie: str, pool: DecoderPool) -> None:
    """Neither an accident nor time nor memory, and what is told comes from the frames."""
    content = LIES[lie]()

    assert outcome(content, pool) not in ACCIDENTS
    assert most_memory(pool) < MEGABYTES


def test_what_a_header_says_of_length_is_not_believed(pool: DecoderPool) -> None:
    film = staydown.fingerprint_bytes(LIES["lasts forever"](), pool=pool).film

    assert film is not None
    assert film.duration == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("rate", [(0, 0), (1, 0xFFFFFFFF), (0xFFFFFFFF, 1)])
def test_what_a_header_says_of_the_frame_rate_is_not_believed(
    rate: tuple[int, int], pool: DecoderPool
) -> None:
    """As frames over seconds: none, one in ages, or more than any camera takes."""
    frames, seconds = rate
    content = bytearray(film_files.films()["H.264 in AVI"])
    # The stream's header: after its name, kind and decoder, flags, priority and language.
    at = content.index(b"strh") + 28
    content[at : at + 8] = seconds.to_bytes(4, "little") + frames.to_bytes(4, "little")

    assert outcome(bytes(content), pool) not in ACCIDENTS


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_film_of_every_kind_is_no_accident(kind: str, pool: DecoderPool) -> None:
    """Bytes changed, cut out and doubled; fields of headers made extreme; the end missing."""
    whole = film_files.films()[kind]
    seed = list(KINDS).index(kind)
    copies = [
        *damaged(whole, seed=seed, count=8),
        *itertools.islice(film_files.lying(whole, seed), 12),
        *(whole[: len(whole) * share // 8] for share in (1, 4, 7)),
    ]

    outcomes = {outcome(copy, pool) for copy in copies}

    assert outcome(whole, pool) == "video"
    assert not outcomes & ACCIDENTS
    assert most_memory(pool) < MEGABYTES
