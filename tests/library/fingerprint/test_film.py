"""What is kept of a film, and how it is written down."""

import base64
import json
from typing import Any

import numpy as np
import pytest

import staydown
from library.films import FPS, drawn_film, filmed, scene
from staydown import DecoderPool, Fingerprint, FingerprintError
from staydown.fingerprint.film import FRAME, Film
from staydown.fingerprint.local import OPEN_KEY, LocalFormError, LocalKey
from staydown.fingerprint.local.moments import Moments


@pytest.fixture(scope="module")
def seen(pool: DecoderPool) -> Fingerprint:
    return staydown.fingerprint_bytes(drawn_film(1), pool=pool, look="reported")


def film_in(fingerprint: Fingerprint) -> Film:
    assert fingerprint.film is not None
    return fingerprint.film


def test_a_film_survives_being_written_down(seen: Fingerprint) -> None:
    again = Fingerprint.from_json(seen.to_json())

    assert again == seen
    assert again.kind == "video"
    assert film_in(again).packed == film_in(seen).packed


def test_nothing_local_leaves_the_platform(seen: Fingerprint) -> None:
    """What is shared holds hashes and times; what is stored, the local layer as well."""
    shared = json.loads(seen.to_json())
    stored = Fingerprint.from_json(seen.to_json(with_local=True))

    assert set(shared["film"]) == {"duration", "fps", "hashes"}
    assert len(film_in(seen).stills) >= 2
    assert [still.local for still in film_in(stored).stills] == [
        still.local_layer() for still in film_in(seen).stills
    ]
    assert film_in(stored).moments == film_in(seen).moments is not None


def test_a_reported_film_is_looked_at_more_closely(pool: DecoderPool) -> None:
    """Every frame that others refer to, where an upload has some a second."""
    content = filmed(scene(2), bf="0")
    reported = film_in(staydown.fingerprint_bytes(content, pool=pool, look="reported"))
    upload = film_in(staydown.fingerprint_bytes(content, pool=pool))

    assert len(reported) >= 0.9 * 4 * FPS
    assert len(reported.stills) > len(upload.stills) >= 2
    assert upload.moments is None
    assert upload.sketches is not None


def test_of_a_large_upload_few_frames_are_decoded(pool: DecoderPool) -> None:
    """A twentieth of the work: the key frames, and a burst after each."""
    frames = [np.kron(each, np.ones((3, 4, 1), np.uint8)) for each in scene(3, 2.0)]
    content = filmed(frames, key_every=20, sc_threshold="0")

    upload = film_in(staydown.fingerprint_bytes(content, pool=pool))

    assert {0.0, 1.0} <= set(upload.times)
    assert 2 <= len(upload) <= 8


def test_dear_key_frames_are_decoded_as_seldom_as_their_bytes_demand(pool: DecoderPool) -> None:
    """A phone's film has a whole frame a second, which takes as long as seven others; the
    first ones are decoded, since most films are short, and then what the share allows."""
    frames = [np.kron(each, np.ones((3, 4, 1), np.uint8)) for each in scene(3, 1.0)]
    content = filmed(
        [frames[at // 20] for at in range(240)], key_every=20, sc_threshold="0", bf="0"
    )

    upload = film_in(staydown.fingerprint_bytes(content, pool=pool))

    assert {0.0, 1.0} <= set(upload.times)
    assert 3 <= len(upload) <= 6


def test_a_still_scene_takes_few_hashes(pool: DecoderPool) -> None:
    film = film_in(staydown.fingerprint_bytes(filmed(scene(4)[:1] * 4 * FPS), pool=pool))

    assert len(film) <= 9
    assert film.duration == pytest.approx(4.0, abs=0.06)


def test_a_title_card_is_plain_and_a_scene_is_not(pool: DecoderPool) -> None:
    card = np.full((240, 320, 3), 16, np.uint8)
    card[100:140, 60:260] = scene(5)[0][100:140, 60:260]

    film = film_in(staydown.fingerprint_bytes(filmed([card] * 10 + scene(5)[:10]), pool=pool))

    assert film.is_plain[0]
    assert not film.is_plain[film.times >= 0.5].any()


def test_moments_of_another_key_are_refused(seen: Fingerprint) -> None:
    packed = film_in(seen).moments
    assert packed is not None

    ours = Moments.from_bytes(packed, OPEN_KEY)

    assert len(ours.times) == len(ours.tiles) == len(ours.contrast) > 20
    with pytest.raises(LocalFormError, match="another key"):
        Moments.from_bytes(packed, LocalKey(bytes(32)))


def with_film(seen: Fingerprint, **changes: Any) -> str:
    values = seen.to_dict(with_local=True)
    values["film"].update(changes)
    return json.dumps(values)


def backwards() -> str:
    frames = np.zeros(2, FRAME)
    frames["milliseconds"] = 9, 3
    return base64.b64encode(frames.tobytes()).decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"duration": -1},
        {"duration": "long"},
        {"fps": None},
        {"hashes": "no base64!"},
        {"hashes": base64.b64encode(bytes(71)).decode()},
        {"hashes": backwards()},
        {"stills": [{"time": 1}]},
        {"stills": [{"time": 1, "local": "AAAA"}]},
        {"stills": [{}] * 200},
        {"moments": "AAAA"},
    ],
)
def test_a_film_in_another_form_is_refused(seen: Fingerprint, changes: dict[str, Any]) -> None:
    with pytest.raises(FingerprintError):
        Fingerprint.from_json(with_film(seen, **changes))


def test_a_picture_has_no_film(seen: Fingerprint) -> None:
    values = {**seen.to_dict(), "kind": "picture"}

    with pytest.raises(FingerprintError, match="video"):
        Fingerprint.from_dict(values)
