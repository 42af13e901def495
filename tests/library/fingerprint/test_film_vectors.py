"""The frames of a film have the reference's hashes; the browser's test has the same vectors."""

import hashlib
import json
import os
from typing import Any

import pytest

from library.pictures import VECTORS, bits_between
from staydown import fingerprint_file
from staydown.fingerprint.film import KEY
from staydown.fingerprint.pdq import ORIENTATIONS, PdqHash, pdq
from staydown.media.limits import Limits
from staydown.media.video import VideoFrame, open_video

DOCUMENT = json.loads((VECTORS / "film.json").read_text())
ALL = [pytest.param(each, id=each["film"][6:]) for each in DOCUMENT["vectors"]]
MIRRORED = ORIENTATIONS.index("mirrored")


def hashes_of(vector: dict[str, Any]) -> dict[int, PdqHash]:
    """Every frame's hash by its milliseconds."""
    frames: list[VideoFrame] = []
    fd = os.open(VECTORS / vector["film"], os.O_RDONLY)
    try:
        with open_video(fd, Limits()) as video:
            for group in video.groups():
                frames.extend(video.decode(group))
            frames.extend(video.rest())
            return {
                round(frame.time * 1000): pdq(
                    frame.luma, orientation=frame.orientation, span=frame.span
                )
                for frame in frames
            }
    finally:
        os.close(fd)


@pytest.mark.parametrize("vector", ALL)
def test_the_film_is_the_one_that_was_asked_about(vector: dict[str, Any]) -> None:
    content = (VECTORS / vector["film"]).read_bytes()

    assert hashlib.sha256(content).hexdigest() == vector["sha256"]


@pytest.mark.parametrize("vector", ALL)
def test_frames_have_the_references_hashes(vector: dict[str, Any]) -> None:
    """At each full second, as it is and mirrored."""
    hashes = hashes_of(vector)

    assert len(vector["frames"]) == 5
    for frame in vector["frames"]:
        ours = hashes[frame["milliseconds"]]
        assert bits_between(ours.original, bytes.fromhex(frame["pdq"])) <= 1
        assert bits_between(ours.dihedral[MIRRORED], bytes.fromhex(frame["mirrored"])) <= 1
        # The reference was given whole numbers.
        assert abs(ours.quality - frame["quality"]) <= 1


@pytest.mark.parametrize("vector", ALL)
def test_the_fingerprint_has_the_form_that_the_vectors_say(vector: dict[str, Any]) -> None:
    found = fingerprint_file(VECTORS / vector["film"], look="reported")

    assert found.film is not None
    assert (found.width, found.height) == (vector["width"], vector["height"])
    assert found.film.duration == pytest.approx(vector["duration"], abs=0.1)
    first = found.film.frames[0]
    assert bytes(first["pdq"]).hex() == vector["frames"][0]["pdq"]
    assert first["flags"] & KEY
