"""Copies that hash lists miss, and regions that were replaced."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import staydown
from library.pictures import drawing, opened, sample
from staydown.fingerprint.local import OPEN_KEY, Glimpse, LocalKey
from staydown.fingerprint.local.glimpse import glimpsed
from staydown.fingerprint.pdq import pdq


def fingerprint(pixels: np.ndarray, *, key: LocalKey = OPEN_KEY) -> staydown.Fingerprint:
    """What `fingerprint_file` would give, from pixels."""
    pixels = np.ascontiguousarray(pixels)
    hashed = pdq(pixels)
    return staydown.Fingerprint(
        pdq=hashed.original,
        quality=hashed.quality,
        dihedral=hashed.dihedral,
        glimpse=Glimpse(glimpsed(pixels), key),
    )


def resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((width, height)))


def page(pixels: np.ndarray) -> np.ndarray:
    """A picture in the middle of something else."""
    around = np.full((1200, 900, 3), 250, np.uint8)
    around[40:80, 40:500] = 30
    around[300:750, 150:750] = resized(pixels, 600, 450)
    around[900:960, 60:800:7] = 10
    return around


COPIES = {
    "cropped": lambda picture: picture[40:260, 70:370],
    "mirrored and cropped": lambda picture: picture[20:280, 30:340][:, ::-1],
    "in a page": page,
    "upside down in a page": lambda picture: page(picture[::-1, ::-1]),
    "squashed": lambda picture: resized(picture, 270, 300),
    "turned a little": lambda picture: np.asarray(Image.fromarray(picture).rotate(7, expand=True)),
    "inverted": lambda picture: 255 - picture,
}


@pytest.mark.parametrize("edit", COPIES)
def test_an_edited_copy_is_found(edit: str) -> None:
    """PDQ misses these; the local layer says where the picture lies."""
    picture = drawing()

    match = staydown.compare(fingerprint(picture), fingerprint(COPIES[edit](picture)))

    assert match is not None
    assert match.kind in ("part", "same")
    json.dumps(match.to_dict())


def test_the_evidence_says_where_the_picture_lies() -> None:
    match = staydown.compare(fingerprint(drawing()), fingerprint(page(drawing())))

    assert match is not None
    assert match.kind == "part"
    assert match.region is not None
    expected = [[1 / 6, 1 / 4], [5 / 6, 1 / 4], [5 / 6, 5 / 8], [1 / 6, 5 / 8]]
    assert np.abs(np.array(match.region["corners"]) - expected).max() < 0.01
    assert match.region["shown"] == 1.0


def test_a_crop_that_was_reported_is_found_in_the_whole() -> None:
    """The other direction: someone reports a crop, and the host has the whole picture."""
    match = staydown.compare(fingerprint(drawing()[60:250, 50:330]), fingerprint(drawing()))

    assert match is not None
    assert match.kind == "part"


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_another_picture_is_not_found(seed: int) -> None:
    other = fingerprint(drawing(seed=seed))

    assert staydown.compare(fingerprint(drawing()), other) is None


def test_pictures_of_different_keys_are_compared_by_pdq_alone() -> None:
    reported = fingerprint(drawing(), key=LocalKey(bytes(32)))

    assert staydown.compare(reported, fingerprint(page(drawing()))) is None
    whole = staydown.compare(reported, fingerprint(drawing()))
    assert whole is not None
    assert whole.kind == "same"


def test_a_replaced_region_is_told_and_outlined() -> None:
    """The same picture but for a compact region: held for a person, never blocked."""
    picture = drawing(800, 600)
    fake = picture.copy()
    patch = drawing(800, 600, seed=5)[200:380, 400:600].astype(np.float64)
    there = picture[150:330, 300:500]
    patch = (patch - patch.mean((0, 1))) / (patch.std((0, 1)) + 4) * (there.std((0, 1)) + 4)
    fake[150:330, 300:500] = np.clip(patch + there.mean((0, 1)), 0, 255)

    match = staydown.compare(fingerprint(picture), fingerprint(fake))

    assert match is not None
    assert match.region is not None
    differs = match.region["differs"]
    across, down = np.array(differs["outline"]).T
    assert 0.2 < across.min() < across.max() < 0.75
    assert 0.15 < down.min() < down.max() < 0.7
    assert any("x" in row for row in differs["cover"])


def test_a_plain_sticker_is_no_replacement() -> None:
    picture = drawing(800, 600)
    covered = picture.copy()
    covered[150:300, 300:500] = (250, 210, 30)

    match = staydown.compare(fingerprint(picture), fingerprint(covered))

    assert match is not None
    assert match.kind in ("same", "part")


def with_patch(picture: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """A soft, colour-matched oval of *donor* over a twentieth of *picture*.

    It lies where *picture* has most to see, and shows where *donor* has: a face does too.
    """
    rows, columns = picture.shape[0] // 4, picture.shape[1] // 5

    def at_its_liveliest(pixels: np.ndarray) -> tuple[int, int]:
        corners = [
            (row * rows // 2, column * columns // 2)
            for row in range(1, 6)
            for column in range(1, 8)
        ]
        return max(
            corners, key=lambda at: pixels[at[0] : at[0] + rows, at[1] : at[1] + columns].std()
        )

    top, left = at_its_liveliest(picture)
    there = picture[top : top + rows, left : left + columns].astype(np.float64)
    y, x = at_its_liveliest(donor)
    patch = donor[y : y + rows, x : x + columns].astype(np.float64)
    patch = (patch - patch.mean((0, 1))) / (patch.std((0, 1)) + 4) * (there.std((0, 1)) + 4)
    down, across = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    cover = np.clip((1 - np.hypot(down, across)) / 0.2, 0, 1)[..., None]
    edited = picture.copy()
    mixed = (patch + there.mean((0, 1))) * cover + there * (1 - cover)
    edited[top : top + rows, left : left + columns] = np.clip(mixed, 0, 255)
    return edited


def with_words(picture: np.ndarray, share: float) -> np.ndarray:
    """Half-transparent words, as wide as *share* of *picture*."""
    image = Image.fromarray(picture)
    words = Image.new("L", image.size)
    font = ImageFont.load_default(image.width * share / 7)
    ImageDraw.Draw(words).text((image.width / 4, image.height / 3), "by Someone Else", 120, font)
    return np.asarray(Image.composite(Image.new("RGB", image.size, "white"), image, words))


def test_photos_with_words_are_told_from_photos_with_a_region_replaced() -> None:
    """Old picture shows between letters; of what was replaced nothing is left."""
    photos = [np.asarray(opened(content).convert("RGB")) for content in sample(12)]
    kinds: dict[str, list[str]] = {"patch": [], "words": []}
    for photo, donor in zip(photos, photos[1:] + photos[:1], strict=True):
        height, width = photo.shape[:2]
        edits = {
            "patch": with_patch(photo, resized(donor, width, height)),
            "words": with_words(photo, 0.5),
        }
        for name, edited in edits.items():
            match = staydown.compare(fingerprint(photo), fingerprint(edited))
            kinds[name].append("none" if match is None else match.kind)

    assert kinds["patch"].count("region-replaced") >= 9
    assert kinds["words"].count("region-replaced") <= 1
    assert "none" not in kinds["words"]


def test_a_bank_finds_parts_and_forgets_them() -> None:
    bank = staydown.Bank()
    for seed in range(1, 6):
        bank.add(f"picture-{seed}", fingerprint(drawing(seed=seed)))
    suspect = fingerprint(page(drawing(seed=3)))

    assert [(each.kind, each.id) for each in bank.search(suspect)] == [("part", "picture-3")]
    bank.remove("picture-3")
    assert bank.search(suspect) == []


def test_a_bank_keeps_the_local_layer_and_no_pixels(tmp_path: object) -> None:
    bank = staydown.Bank()
    bank.add("picture", fingerprint(drawing()))

    bank.save(f"{tmp_path}/bank")
    again = staydown.Bank.load(f"{tmp_path}/bank")

    kept = again.get("picture")
    assert kept is not None
    assert kept.glimpse is None
    assert kept.local is not None
    assert [each.id for each in again.search(fingerprint(page(drawing())))] == ["picture"]
