"""Two fingerprints: identical, the same picture, or nothing in common."""

import pytest

from library.pictures import drawing
from staydown import PDQ_STRICT, Fingerprint, Threshold, compare
from staydown.fingerprint import ORIENTATIONS
from staydown.fingerprint.pdq import pdq
from staydown.media.decode import Frame

HASHED = pdq(drawing())
REPORTED = Fingerprint(
    sha256="aa" * 32, pdq=HASHED.original, quality=HASHED.quality, dihedral=HASHED.dihedral
)


def suspect(bits: int = 0, quality: int = 100) -> Fingerprint:
    number = int.from_bytes(HASHED.original) ^ ((1 << bits) - 1)
    return Fingerprint(pdq=number.to_bytes(32), quality=quality)


def test_same_bytes_are_identical() -> None:
    """Whatever else the fingerprints hold."""
    match = compare(REPORTED, Fingerprint(sha256="aa" * 32))

    assert match is not None
    assert (match.kind, match.score, match.distance) == ("identical", 1.0, None)


@pytest.mark.parametrize(("bits", "matches"), [(0, True), (31, True), (32, False), (128, False)])
def test_31_bits_is_the_fields_threshold(bits: int, matches: bool) -> None:
    """And 32 is none."""
    assert (compare(REPORTED, suspect(bits)) is not None) is matches


@pytest.mark.parametrize(("quality", "matches"), [(50, True), (49, False), (0, False)])
def test_quality_below_50_is_not_judged_by(quality: int, matches: bool) -> None:
    """On either side."""
    assert (compare(REPORTED, suspect(quality=quality)) is not None) is matches
    assert (compare(suspect(quality=quality), REPORTED) is not None) is matches


def test_stricter_profile_refuses_what_the_usual_one_takes() -> None:
    """Thresholds are named values, not numbers in the code."""
    assert compare(REPORTED, suspect(20)) is not None
    assert compare(REPORTED, suspect(20), threshold=PDQ_STRICT) is None


@pytest.mark.parametrize(
    ("exif", "lies"),
    [
        (1, "original"),
        (2, "mirrored"),
        (3, "rotated-180"),
        (4, "flipped"),
        (5, "transposed"),
        (6, "rotated-270"),
        (7, "transversed"),
        (8, "rotated-90"),
    ],
)
def test_match_says_how_the_suspect_lies(exif: int, lies: str) -> None:
    """EXIF 6 shows the stored pixels turned clockwise: 270 degrees counter-clockwise."""
    hashed = pdq(Frame(drawing(), exif).upright())
    turned = Fingerprint(pdq=hashed.original, quality=hashed.quality, dihedral=hashed.dihedral)

    match = compare(REPORTED, turned)

    assert match is not None
    assert match.orientation == lies
    assert lies in ORIENTATIONS


def test_a_turned_hash_is_met_without_its_dihedral_list() -> None:
    """A partner's hash has no variants: they are guessed from its bits."""
    mirrored = pdq(drawing()[:, ::-1])

    match = compare(REPORTED, Fingerprint(pdq=mirrored.original, quality=90))

    assert match is not None
    assert match.orientation == "mirrored"


def test_fingerprints_without_hashes_do_not_match() -> None:
    """Two other files may show anything."""
    assert compare(REPORTED, Fingerprint(sha256="bb" * 32)) is None
    assert compare(Fingerprint(sha256="cc" * 32), Fingerprint(sha256="bb" * 32)) is None


@pytest.mark.parametrize(("distance", "quality"), [(-1, 50), (257, 50), (31, -1), (31, 101)])
def test_impossible_thresholds_are_refused(distance: int, quality: int) -> None:
    """A threshold that nothing can meet is a switch nobody sees."""
    with pytest.raises(ValueError, match="must lie between"):
        Threshold(max_distance=distance, min_quality=quality)
