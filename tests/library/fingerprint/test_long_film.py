"""A long film takes its time, and nobody else's."""

import threading
from pathlib import Path

import numpy as np

import staydown
from library.films import filmed, looped, scene
from library.pictures import drawing, encoded
from staydown.fingerprint.files import new_pool


def test_others_take_their_turn_while_a_long_film_is_read(tmp_path: Path) -> None:
    """With one decoder: a picture sent after the first stretch is answered after the second."""
    frames = [np.ascontiguousarray(each[:64, :96]) for each in scene(5, 4.0)]
    path = tmp_path / "film.mp4"
    path.write_bytes(looped(filmed(frames, key_every=40), 110))
    pool = new_pool(size=1)
    heard: list[float] = []
    begun, lengths = threading.Event(), list[float]()

    def listen(seconds: float) -> None:
        heard.append(seconds)
        begun.set()

    def read() -> None:
        found = staydown.fingerprint_file(path, pool=pool, look="reported", progress=listen)
        assert found.film is not None
        lengths.append(found.film.duration)

    reading = threading.Thread(target=read)
    reading.start()
    try:
        assert begun.wait(60)
        staydown.fingerprint_bytes(encoded(drawing(), "PNG"), pool=pool)
        heard_meanwhile = len(heard)
        reading.join()
    finally:
        reading.join()
        pool.close()

    assert heard_meanwhile <= 2 <= len(heard)
    assert heard == sorted(heard)
    assert 439 < lengths[0] < 441
