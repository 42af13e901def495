"""The sample pictures: drawn, apart from one another, the same each time."""

import re
from pathlib import Path

import pytest
from examples.plaza import draw
from examples.plaza.board import PICTURE_ID, Board, State
from plaza_world import ROOT  # noqa: F401  it makes examples.plaza importable

import staydown

#: Far beyond the distance at which two pictures are taken for one.
APART, CLOSE, DETAILED = 60, 31, 80


@pytest.fixture(scope="module")
def samples() -> dict[str, bytes]:
    return {picture_id: file for picture_id, _title, _uploader, file in draw.samples()}


@pytest.fixture(scope="module")
def fingerprints(samples: dict[str, bytes]) -> dict[str, staydown.Fingerprint]:
    return {picture_id: staydown.fingerprint_bytes(file) for picture_id, file in samples.items()}


def test_there_are_enough_with_usable_ids(samples: dict[str, bytes]) -> None:
    assert len([picture_id for picture_id in samples if not _is_copy(picture_id)]) >= 24
    assert len([picture_id for picture_id in samples if _is_copy(picture_id)]) >= 4
    assert all(PICTURE_ID.match(picture_id) for picture_id in samples)


def test_they_are_drawn_the_same_each_time(samples: dict[str, bytes]) -> None:
    """Byte for byte, so that a board drawn in two goes holds what one go would have drawn."""
    assert {picture_id: file for picture_id, _, _, file in draw.samples()} == samples


def test_they_have_detail(fingerprints: dict[str, staydown.Fingerprint]) -> None:
    """A picture too plain to fingerprint would be a poor example."""
    poor = {name: one.quality for name, one in fingerprints.items() if one.quality < DETAILED}
    assert not poor


def test_different_pictures_are_far_apart_and_copies_are_close(
    fingerprints: dict[str, staydown.Fingerprint],
) -> None:
    """In all eight orientations: a sweep finds the copies, and nothing else."""
    wrong = []
    names = sorted(fingerprints)
    for position, one in enumerate(names):
        for other in names[position + 1 :]:
            distance = _distance(fingerprints[one], fingerprints[other])
            is_right = distance <= CLOSE if _drawn(one) == _drawn(other) else distance > APART
            if not is_right:
                wrong.append((one, other, distance))
    assert not wrong


def test_they_are_hung_once(tmp_path: Path, samples: dict[str, bytes]) -> None:
    """An interrupted start goes on where it stopped; what was deleted stays deleted."""
    board = Board(tmp_path)
    draw.hang_samples(board)
    assert {picture.id for picture in board.public(limit=99)} == set(samples)
    one = board.public(limit=1)[0]
    board.delete(one)

    draw.hang_samples(board)

    found = board.picture(one.id)
    assert found is not None
    assert found.state == State.DELETED
    assert len(board.public(limit=99)) == len(samples) - 1


def _distance(one: staydown.Fingerprint, other: staydown.Fingerprint) -> int:
    bits = int.from_bytes(one.pdq)
    return min((bits ^ int.from_bytes(turned)).bit_count() for turned in other.dihedral)


def _is_copy(name: str) -> bool:
    return _drawn(name) != name


def _drawn(name: str) -> str:
    """The picture that *name* is, or is a copy of."""
    return re.sub(r"-(small|mirrored)$", "", name)
