"""A fingerprint travels as JSON, and what is not one is refused in a sentence."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staydown import Fingerprint, FingerprintError
from staydown.fingerprint import FrameHash

HASH = bytes(range(32))
DIHEDRAL = (HASH, *(bytes([n]) * 32 for n in range(7)))

FULL = Fingerprint(
    sha256="ab" * 32,
    md5="cd" * 16,
    pdq=HASH,
    quality=88,
    dihedral=DIHEDRAL,
    width=640,
    height=480,
)

hashes = st.binary(min_size=32, max_size=32)
sides = st.none() | st.integers(1, 1 << 24)


frames = st.builds(FrameHash, pdq=hashes, quality=st.integers(0, 100))


@st.composite
def fingerprints(draw: st.DrawFn) -> Fingerprint:
    sha256 = draw(st.none() | hashes.map(bytes.hex))
    pdq = draw(hashes if sha256 is None else st.none() | hashes)
    rest = draw(st.lists(hashes, min_size=7, max_size=7))
    return Fingerprint(
        sha256=sha256,
        md5=draw(st.none() | st.binary(min_size=16, max_size=16).map(bytes.hex)),
        pdq=pdq,
        quality=None if pdq is None else draw(st.integers(0, 100)),
        dihedral=(pdq, *rest) if pdq is not None and draw(st.booleans()) else (),
        frames=() if pdq is None else tuple(draw(st.lists(frames, max_size=3))),
        width=draw(sides),
        height=draw(sides),
    )


@given(fingerprints())
def test_every_fingerprint_survives_its_json(fingerprint: Fingerprint) -> None:
    """What is written is what is read."""
    assert Fingerprint.from_json(fingerprint.to_json()) == fingerprint


def test_json_is_flat_and_leaves_out_what_is_not_known() -> None:
    """Partners and browsers read it with no library of ours."""
    md5_and_pdq = Fingerprint(md5="cd" * 16, pdq=HASH, quality=50)

    assert json.loads(md5_and_pdq.to_json()) == {
        "version": 1,
        "kind": "picture",
        "md5": "cd" * 16,
        "pdq": HASH.hex(),
        "quality": 50,
    }


def test_names_of_a_later_version_are_passed_over() -> None:
    """An older service reads a newer one's fingerprints."""
    assert Fingerprint.from_dict({**FULL.to_dict(), "colour": "blue"}) == FULL


def test_upper_case_digits_are_read_and_lower_case_written() -> None:
    """Lists in the field have both; digests are compared as text."""
    values = {**FULL.to_dict(), "sha256": "AB" * 32, "md5": "CD" * 16}

    assert Fingerprint.from_dict(values) == FULL


REFUSED: list[tuple[str, Any]] = [
    ("object", []),
    ("object", "text"),
    ("object", None),
    ("sha256 or a pdq", {}),
    ("sha256 or a pdq", {"md5": "cd" * 16}),
    ("version", {**FULL.to_dict(), "version": 2}),
    ("version", {**FULL.to_dict(), "version": True}),
    ("version", {**FULL.to_dict(), "version": "1"}),
    ("kind", {**FULL.to_dict(), "kind": "hologram"}),
    ("kind", {**FULL.to_dict(), "kind": None}),
    ("kind", {**FULL.to_dict(), "kind": []}),
    ("sha256 must be 64", {"sha256": "ab" * 31}),
    ("sha256 must be 64", {"sha256": "zz" * 32}),
    ("sha256 must be 64", {"sha256": "ab " * 21 + "a"}),
    ("sha256 must be 64", {"sha256": 5}),
    ("sha256 must be 64", {"sha256": ""}),
    ("sha256 must be 64", {"sha256": "٣" * 64}),
    ("md5 must be 32", {"sha256": "ab" * 32, "md5": "ab" * 32}),
    ("pdq must be 64", {"pdq": "00" * 33, "quality": 100}),
    ("quality come together", {"pdq": HASH.hex()}),
    ("quality come together", {"sha256": "ab" * 32, "quality": 90}),
    ("quality must be", {"pdq": HASH.hex(), "quality": 101}),
    ("quality must be", {"pdq": HASH.hex(), "quality": -1}),
    ("quality must be", {"pdq": HASH.hex(), "quality": 50.0}),
    ("quality must be", {"pdq": HASH.hex(), "quality": True}),
    ("width must be", {**FULL.to_dict(), "width": 0}),
    ("height must be", {**FULL.to_dict(), "height": 1 << 25}),
    ("list of 8", {**FULL.to_dict(), "dihedral": [HASH.hex()]}),
    ("list of 8", {**FULL.to_dict(), "dihedral": {}}),
    ("list of 8", {**FULL.to_dict(), "dihedral": HASH.hex()}),
    ("Each dihedral", {**FULL.to_dict(), "dihedral": [None] * 8}),
    ("first of the dihedral", {**FULL.to_dict(), "dihedral": ["11" * 32] * 8}),
    ("list of at most 64", {**FULL.to_dict(), "frames": {}}),
    ("list of at most 64", {**FULL.to_dict(), "frames": [{"pdq": "00" * 32, "quality": 1}] * 65}),
    ("frames must be a JSON object", {**FULL.to_dict(), "frames": ["00" * 32]}),
    ("needs pdq and quality", {**FULL.to_dict(), "frames": [{"pdq": "00" * 32}]}),
    ("needs pdq and quality", {**FULL.to_dict(), "frames": [{"quality": 50}]}),
    ("pdq must be 64", {**FULL.to_dict(), "frames": [{"pdq": "00", "quality": 50}]}),
    ("quality must be", {**FULL.to_dict(), "frames": [{"pdq": "00" * 32, "quality": 101}]}),
    (
        "first of the dihedral",
        {
            **FULL.to_dict(),
            "frames": [{"pdq": "00" * 32, "quality": 1, "dihedral": ["11" * 32] * 8}],
        },
    ),
    ("frames need the pdq", {"sha256": "ab" * 32, "frames": [{"pdq": "00" * 32, "quality": 1}]}),
    ("first of the dihedral", {"sha256": "ab" * 32, "dihedral": ["11" * 32] * 8}),
]


@pytest.mark.parametrize(("reason", "values"), REFUSED)
def test_what_is_not_as_documented_is_refused(reason: str, values: Any) -> None:
    """The sentence names the field, and never quotes what came."""
    with pytest.raises(FingerprintError, match=reason):
        Fingerprint.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, b"\xff\xfe\x00"])
def test_what_is_not_json_is_refused(text: str | bytes) -> None:
    """Nesting and bad bytes are wrong forms too, not crashes."""
    with pytest.raises(FingerprintError, match="not valid JSON"):
        Fingerprint.from_json(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=70),
        lambda inner: (
            st.lists(inner, max_size=8)
            | st.dictionaries(st.sampled_from([*FULL.to_dict(), "x"]), inner)
        ),
    )
)
def test_any_json_at_all_is_read_or_refused(values: Any) -> None:
    """Nothing else is raised, whatever a stranger sends."""
    with contextlib.suppress(FingerprintError):
        Fingerprint.from_dict(values)
