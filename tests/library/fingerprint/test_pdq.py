"""Our hashes are the reference's, and turning a picture is as cheap as promised."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from library.pictures import VECTORS, Pixels, bits_between, drawing, opened, sample
from staydown.fingerprint.pdq import (
    ORIENTATIONS,
    dihedral_from_bits,
    pdq,
    quality,
    samples,
)
from staydown.media.decode import Frame

DOCUMENT = json.loads((VECTORS / "pdq.json").read_text())
ALL = [pytest.param(each, id=each["picture"][9:-4]) for each in DOCUMENT["vectors"]]
DEFINED = [each for each in ALL if each.values[0]["pdq"]]

TURNS: dict[str, Callable[[Any], Any]] = {
    "original": lambda a: a,
    "rotated-90": lambda a: np.rot90(a, 1),
    "rotated-180": lambda a: np.rot90(a, 2),
    "rotated-270": lambda a: np.rot90(a, 3),
    "flipped": lambda a: a[::-1],
    "mirrored": lambda a: a[:, ::-1],
    "transposed": lambda a: a.swapaxes(0, 1),
    "transversed": lambda a: np.rot90(a, 2).swapaxes(0, 1),
}


def pixels_of(vector: dict[str, Any]) -> Pixels:
    with Image.open(VECTORS / vector["picture"]) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("vector", ALL)
def test_vectors_hold_the_pixels_they_say(vector: dict[str, Any]) -> None:
    """The pictures and the drawing code are those that the reference was asked about."""
    pixels = pixels_of(vector)

    assert pixels.shape == (vector["height"], vector["width"], 3)
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == vector["pixels_sha256"]


def test_orientations_keep_the_order_of_the_vectors() -> None:
    """The dihedral list of a fingerprint is read by position."""
    assert list(ORIENTATIONS) == DOCUMENT["orientations"] == list(TURNS)


@pytest.mark.parametrize("vector", ALL)
def test_quality_is_the_references(vector: dict[str, Any]) -> None:
    """Thresholds on quality mean what they mean to everyone else."""
    assert pdq(pixels_of(vector)).quality == vector["quality"]


@pytest.mark.parametrize("vector", DEFINED)
def test_hash_is_the_references_bit_for_bit(vector: dict[str, Any]) -> None:
    """Not a hash like PDQ: PDQ."""
    assert pdq(pixels_of(vector)).original.hex() == vector["pdq"]


@pytest.mark.parametrize("vector", DEFINED)
def test_dihedral_hashes_are_the_references(vector: dict[str, Any]) -> None:
    """All eight, from one look at the pixels, as if it had been asked about each turn."""
    assert [each.hex() for each in pdq(pixels_of(vector)).dihedral] == vector["turned"]


@pytest.mark.parametrize("vector", DEFINED)
def test_hashes_of_turned_pixels_are_the_references(vector: dict[str, Any]) -> None:
    """Turned pixels go through the whole filter again, at the other rim of each window."""
    pixels = pixels_of(vector)

    turned = [pdq(turn(pixels)).original.hex() for turn in TURNS.values()]

    assert turned == vector["turned"]


def test_plain_picture_has_no_quality() -> None:
    """What has nothing to see is never matched, whatever its bits are."""
    assert pdq(np.full((200, 300, 3), 90, np.uint8)).quality == 0


@pytest.mark.parametrize("shape", [(4, 400), (400, 4), (1, 1), (4, 4, 3)])
def test_picture_too_small_to_hash_has_quality_zero(shape: tuple[int, ...]) -> None:
    """As in the reference; no error, because the file is whole."""
    tiny = pdq(np.zeros(shape, np.uint8))

    assert tiny.quality == 0
    assert set(tiny.dihedral) == {bytes(32)}


def test_luma_and_rgb_of_a_grey_picture_agree() -> None:
    """A grey JPEG and its RGB copy are one picture."""
    grey = drawing()[:, :, 1]

    assert pdq(grey).original == pdq(np.stack([grey] * 3, axis=2)).original


def test_four_channels_are_refused() -> None:
    """Transparency must have been laid on its ground before."""
    with pytest.raises(ValueError, match="4 channels"):
        pdq(np.zeros((10, 10, 4), np.uint8))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(400, 300), (301, 257), (64, 640), (1021, 203)])
def test_orientation_hashes_the_upright_picture(size: tuple[int, int], orientation: int) -> None:
    """Turning the weights is the same as turning the pixels, which costs more."""
    stored = drawing(*size)
    upright = Frame(stored, orientation).upright()

    assert pdq(stored, orientation=orientation).dihedral == pdq(upright).dihedral


@pytest.mark.parametrize("content", sample(6))
def test_each_dihedral_hash_is_that_of_turned_pixels(content: bytes) -> None:
    """A photo really mirrored or turned has the hash foreseen."""
    pixels = np.asarray(opened(content))
    foreseen = pdq(pixels).dihedral

    for hash, turn in zip(foreseen, TURNS.values(), strict=True):
        assert bits_between(hash, pdq(turn(pixels)).original) <= 1


@pytest.mark.parametrize("content", sample(6))
def test_guessed_variants_lie_near_the_true_ones(content: bytes) -> None:
    """A partner's list knows one hash; its seven turns can be guessed."""
    true = pdq(np.asarray(opened(content))).dihedral
    guessed = dihedral_from_bits(true[0])

    assert guessed[0] == true[0]
    assert guessed[6] == true[6]
    assert max(map(bits_between, guessed, true)) <= 30


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(5, 90), st.integers(5, 90))))
def test_any_picture_can_be_hashed(pixels: Pixels) -> None:
    """Eight hashes of 32 bytes and a quality from 0 to 100, for any pixels at all."""
    hashed = pdq(pixels)

    assert [len(each) for each in hashed.dihedral] == [32] * 8
    assert 0 <= hashed.quality <= 100
    assert hashed.original == hashed.dihedral[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(5, 3000), st.integers(5, 40))
def test_samples_of_a_flat_picture_are_flat(width: int, height: int) -> None:
    """The weights of each sample add up to one, whatever the size."""
    grid = samples(np.full((height, width), 200, np.uint8))

    assert np.allclose(grid, 200, atol=0.01)


def test_quality_counts_whole_percent_steps() -> None:
    """The reference cuts each step to whole percent: faint noise counts nothing."""
    faint = np.zeros((64, 64), np.float32)
    faint[::2] = 2.5

    assert quality(faint) == 0
    assert quality(faint * 4) > 0
