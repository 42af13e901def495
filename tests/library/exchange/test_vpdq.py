"""vPDQ hashes, in both forms, in and out."""

import pytest

import staydown
from library.films import drawn_film
from staydown import DecoderPool
from staydown.exchange.vpdq import VpdqError, read_vpdq, vpdq_json, vpdq_lines

HASH = "e271017837246aaccddea259648fb7d62f435c89d9e99b2497763e216c8d055c"


def test_what_was_written_finds_the_film_again(pool: DecoderPool) -> None:
    """One hash a second, without the mirrored ones, is still the same film."""
    shown = staydown.fingerprint_bytes(drawn_film(1), pool=pool, look="reported")
    assert shown.film is not None

    for text in (vpdq_lines(shown.film), vpdq_json(shown.film)):
        read = read_vpdq(text)
        match = staydown.compare(read, shown)

        assert read.film is not None
        assert len(read.film) == 4
        assert read.film.duration == pytest.approx(4.0, abs=0.1)
        assert match is not None
        assert (match.kind, match.distance) == ("same", 0)


def test_a_line_says_frame_quality_hash_and_seconds(pool: DecoderPool) -> None:
    shown = staydown.fingerprint_bytes(drawn_film(1), pool=pool).film
    assert shown is not None

    number, quality, pdq, seconds = vpdq_lines(shown).splitlines()[1].split(",")

    assert (int(number), float(seconds)) == (20, 1.0)
    assert int(quality) > 50
    assert bytes.fromhex(pdq) in [each.tobytes() for each in shown.pdq]


def test_lines_of_the_reference_are_read() -> None:
    film = read_vpdq(f"0,100,{HASH},0\n1,98,{HASH},0.0319\n").film

    assert film is not None
    assert film.times.tolist() == [0.0, 0.032]
    assert film.quality.tolist() == [100, 98]
    assert film.pdq[0].tobytes().hex() == HASH


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[1, 2]",
        "[",
        f"0,100,{HASH}",
        f"0,100,{HASH[:-2]},0",
        f"0,101,{HASH},0",
        f"0,100,{HASH},-1",
        f"0,100,{HASH},nan",
        f"0,many,{HASH},0",
        f'["{HASH},100"]',
    ],
)
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(VpdqError, match="vPDQ hash"):
        read_vpdq(text)
