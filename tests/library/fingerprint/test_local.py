"""What is kept of a picture's keypoints and tiles, and how it is written down."""

import io
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import staydown
from library.pictures import drawing
from staydown.fingerprint.local import (
    BALANCED,
    OPEN_KEY,
    Glimpse,
    LocalFingerprint,
    LocalFormError,
    LocalKey,
)
from staydown.fingerprint.local.extract import see
from staydown.fingerprint.local.form import LARGEST, bits_within, fault_in
from staydown.fingerprint.local.glimpse import glimpsed

OTHER_KEY = LocalKey(bytes(range(32)))


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """For each descriptor of *one*, the bits to the nearest of *other*."""
    apart = np.bitwise_count(one.view(np.uint64)[:, None] ^ other.view(np.uint64)[None])
    return apart.sum(axis=2).min(axis=1)


def test_a_local_fingerprint_survives_being_written_down() -> None:
    """What is read is what was written, to the precision of the format."""
    local, _ = see(drawing())

    again = LocalFingerprint.from_bytes(local.to_bytes(OPEN_KEY), OPEN_KEY)

    assert np.array_equal(again.bits, local.bits)
    assert np.array_equal(again.tiles, local.tiles)
    assert np.array_equal(again.contrast, local.contrast)
    assert np.abs(again.places[:, :2] - local.places[:, :2]).max() <= 1 / 16


def test_a_local_fingerprint_has_at_most_eight_kilobytes() -> None:
    local, _ = see(drawing(1600, 1200))

    assert len(local.to_bytes(OPEN_KEY)) <= LARGEST == 8192
    assert len(local.places) <= BALANCED.kept


def test_another_key_gives_other_bits() -> None:
    """A stolen table is useless elsewhere: half of all bits differ."""
    ours, theirs = see(drawing())[0], see(drawing(), key=OTHER_KEY)[0]

    share = np.unpackbits(ours.bits ^ theirs.bits).mean()

    assert 0.4 < share < 0.6
    assert not np.array_equal(ours.tiles, theirs.tiles)


def test_bytes_of_another_key_are_refused() -> None:
    packed = see(drawing())[0].to_bytes(OPEN_KEY)

    with pytest.raises(LocalFormError, match="another key"):
        LocalFingerprint.from_bytes(packed, OTHER_KEY)


@pytest.mark.parametrize("damage", ["empty", "short", "long", "magic", "version", "count", "huge"])
def test_damaged_bytes_are_refused(damage: str) -> None:
    packed = see(drawing())[0].to_bytes(OPEN_KEY)
    harmed = {
        "empty": b"",
        "short": packed[:-1],
        "long": packed + b"\0",
        "magic": b"xxx" + packed[3:],
        "version": packed[:3] + b"\x63" + packed[4:],
        "count": packed[:16] + b"\xff\xff" + packed[18:],
        "huge": packed[:12] + b"\xff\xff\xff\xff" + packed[16:],
    }[damage]

    assert fault_in(harmed) is not None
    with pytest.raises(LocalFormError):
        LocalFingerprint.from_bytes(harmed, OPEN_KEY)


@pytest.mark.parametrize("grey", [np.zeros((0, 5)), np.zeros((4, 896)), np.zeros((4, 4, 3))])
def test_a_glimpse_of_a_wrong_size_is_refused(grey: np.ndarray) -> None:
    """The decoder that made it may have been taken over."""
    with pytest.raises(LocalFormError):
        Glimpse(grey.astype(np.uint8), OPEN_KEY)


@pytest.mark.parametrize("variant", ["mirrored", "inverted"])
def test_mirrored_and_inverted_copies_need_no_second_look(variant: str) -> None:
    """The bits a copy would have come from moving the numbers of each descriptor."""
    picture = drawing()
    copy = picture[:, ::-1] if variant == "mirrored" else 255 - picture

    kept, sight = see(picture)[0], see(np.ascontiguousarray(copy))[1]

    assert np.median(distances(kept.bits, getattr(sight, variant))) < 30
    assert np.median(distances(kept.bits, sight.bits)) > 40


def test_the_bits_can_be_read_without_the_rest() -> None:
    local, _ = see(drawing())

    assert np.array_equal(bits_within(local.to_bytes(OPEN_KEY)), local.bits)


@pytest.mark.parametrize("size", [(5, 5), (1, 400), (2000, 6), (64, 64)])
def test_small_and_narrow_pictures_do_no_harm(size: tuple[int, int]) -> None:
    pixels = np.zeros((size[1], size[0], 3), np.uint8)

    local, sight = see(pixels)

    assert len(local.places) == 0
    assert LocalFingerprint.from_bytes(local.to_bytes(OPEN_KEY), OPEN_KEY).places.shape == (0, 4)
    assert sight.has_pixels


def test_the_local_layer_is_not_shared_unless_asked_for() -> None:
    """It must never leave the platform, so JSON leaves it out."""
    known = staydown.Fingerprint(sha256="0" * 64, glimpse=Glimpse(glimpsed(drawing()), OPEN_KEY))

    assert set(json.loads(known.to_json())) == {"version", "kind", "sha256"}
    stored = json.loads(known.to_json(with_local=True))
    assert set(stored) == {"version", "kind", "sha256", "local"}
    again = staydown.Fingerprint.from_dict(stored)
    assert again.local_layer() == again.local == known.local_layer()


@pytest.mark.parametrize("local", [5, "€", "AAAA", "A" * 40000])
def test_a_strangers_local_layer_is_checked(local: object) -> None:
    values = {"sha256": "0" * 64, "local": local}

    with pytest.raises(staydown.FingerprintError):
        staydown.Fingerprint.from_dict(values)


def test_a_key_does_not_print_itself() -> None:
    assert "secret" not in repr(OTHER_KEY)
    with pytest.raises(ValueError, match="32 bytes"):
        LocalKey(b"short")


def test_a_glimpse_is_no_part_of_what_a_fingerprint_is() -> None:
    known = staydown.Fingerprint(sha256="0" * 64)
    seen = replace(known, glimpse=Glimpse(glimpsed(drawing()), OPEN_KEY))

    assert seen == known
    assert repr(seen) == repr(known)


def test_a_glimpse_travels_between_processes() -> None:
    """As those who fingerprint many files with many processes need it to."""
    seen = Glimpse(glimpsed(drawing()), OTHER_KEY)

    again = pickle.loads(pickle.dumps(seen))  # noqa: S301

    assert again.local.to_bytes(OTHER_KEY) == seen.local.to_bytes(OTHER_KEY)


def test_the_key_stays_out_of_the_process_that_decodes() -> None:
    """A hostile file may take that process over; what it can say is a grey picture."""
    picture = io.BytesIO()
    Image.fromarray(drawing()).save(picture, "PNG")
    asked: list[object] = []

    class Pool(staydown.DecoderPool):
        def run(self, *arguments: object, **options: object) -> object:
            asked.extend([*arguments, *options.items()])
            return super().run(*arguments, **options)

    pool = Pool(("staydown.fingerprint.picture",), size=1)
    seen = staydown.fingerprint_bytes(picture.getvalue(), pool=pool, key=OTHER_KEY)
    pool.close()

    assert seen.local_layer() == see(drawing(), key=OTHER_KEY)[0].to_bytes(OTHER_KEY)
    assert OTHER_KEY.secret.hex() not in repr(asked)
