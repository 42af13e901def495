"""How one picture lies in another, from keypoints alone."""

import numpy as np
import pytest

from library.pictures import drawing
from staydown.fingerprint.local import OPEN_KEY, Sight
from staydown.fingerprint.local.extract import see
from staydown.match.geometry import fit, least_perspective, like, misses, project
from staydown.match.judge import judge


def test_like_finds_the_two_nearest_within_the_radius() -> None:
    reported = np.zeros((1, 4), np.uint64)
    suspect = np.array([[7, 0, 0, 0], [1, 0, 0, 0], [3, 0, 0, 0], [2**40 - 1] * 4], np.uint64)

    rows, columns, distances = like(reported, suspect, 10)

    assert rows.tolist() == [0, 0]
    assert columns.tolist() == [1, 2]
    assert distances.tolist() == [1, 2]


def test_a_perspective_map_is_recovered() -> None:
    rng = np.random.default_rng(1)
    true = np.array([[0.9, 0.1, 20], [-0.05, 1.1, 7], [2e-4, -1e-4, 1]])
    places = rng.uniform(0, 400, (30, 2))

    found = least_perspective(places, project(true, places), np.ones(30))

    assert misses(found, places, project(true, places)).max() < 0.01


@pytest.mark.parametrize(("left", "top", "size"), [(0, 0, 300), (60, 40, 240), (130, 0, 220)])
def test_a_crop_lies_where_it_was_cut(left: int, top: int, size: int) -> None:
    kept = see(drawing())[0]
    sight = see(np.ascontiguousarray(drawing()[top : top + size, left : left + size]))[1]

    best = fit(kept, sight)[0]

    corner = project(best.matrix, np.array([[left, top]]) * kept.width / 400)
    assert np.abs(corner).max() < 4
    assert best.variant == "as it is"


def test_the_same_pictures_give_the_same_fit() -> None:
    """No chance is involved: a decision can be repeated before the person it concerns."""
    kept, sight = see(drawing())[0], see(np.ascontiguousarray(drawing()[30:270, 50:350]))[1]

    one, other = fit(kept, sight)[0], fit(kept, sight)[0]

    assert np.array_equal(one.matrix, other.matrix)


def test_without_pixels_many_keypoints_are_asked_for() -> None:
    kept = see(drawing())[0]
    cropped = see(np.ascontiguousarray(drawing()[20:280, 30:370]))[0]

    assert judge(kept, Sight.of(cropped), OPEN_KEY) is not None
    assert judge(kept, Sight.of(see(drawing(seed=2))[0]), OPEN_KEY) is None


def test_noise_is_not_found() -> None:
    rng = np.random.default_rng(2)
    noise = rng.integers(0, 256, (2, 300, 400, 3), dtype=np.uint8)

    assert judge(see(noise[0])[0], see(noise[1])[1], OPEN_KEY) is None
