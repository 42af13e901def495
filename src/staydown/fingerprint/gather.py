"""The stretches of a film, asked for one after another, put together.

A decoder hashes a few seconds' worth of work and gives the word back. So a film of
three hours never holds up the queue, each request stays within the limits of one file,
and the caller hears how far it has come.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from staydown.fingerprint.film import FRAME, MOST_FRAMES, Film, FilmFormError, Still
from staydown.fingerprint.local import Glimpse, LocalFormError, LocalKey
from staydown.fingerprint.local.moments import MOST_MOMENTS, Sketches
from staydown.fingerprint.local.tiles import FRAME as SKETCH_SIDE
from staydown.media import DecoderDied, DecoderPool

# A name, not an import: readers of films are loaded in the decoders only.
MODULE = "staydown.fingerprint.video"
_ENTRY = f"{MODULE}:hash_video"

Pixels = npt.NDArray[np.uint8]
Progress = Callable[[float], None]
"""Called with the seconds of film that have been looked at."""

STILLS = {"upload": 24, "reported": 128}
"""How many frames of a film get a local layer at most (6.5 kB each, once made)."""

_MOST_STRETCHES = 20_000
_FIRST_APART = 0.1


@dataclass(frozen=True, slots=True)
class Gathered:
    """A film, and the size of its picture, upright."""

    width: int
    height: int
    film: Film


def gather_film(
    fd: int,
    pool: DecoderPool,
    key: LocalKey,
    *,
    profile: str,
    progress: Progress | None,
    meanwhile: Callable[[], None],
) -> Gathered:
    """Hash the film in the open file *fd*; *meanwhile* runs beside the first stretch.

    Raises a `MediaError`.
    """
    at, apart = 0.0, 0.0
    parts = _Parts()
    first: dict[str, Any] = {}
    for _ in range(_MOST_STRETCHES):
        options = {"profile": profile, "start": at, "apart": apart}
        answer = pool.run(_ENTRY, fd, options, meanwhile=meanwhile if not first else None)
        try:
            head = parts.add(answer)
            first = first or head
            apart = parts.thin(apart, STILLS[profile])
            after = head["next"]
            if after is None or not at < float(after) < math.inf:
                duration = max(float(head["duration"]), at)
                film = parts.film(duration, float(first["fps"]), key)
                if profile == "reported" and film.sketches is not None:
                    moments = film.sketches.moments.to_bytes(key)
                    film = replace(film, moments=moments, sketches=None)
                return Gathered(int(first["width"]), int(first["height"]), film)
        except (ValueError, TypeError, KeyError, FilmFormError, LocalFormError) as error:
            # Not what our own code says: it was taken over.
            raise DecoderDied from error
        at = float(after)
        if progress is not None:
            progress(at)
    raise DecoderDied


class _Parts:
    """What the stretches said, so far."""

    def __init__(self) -> None:
        self._frames = np.empty(0, FRAME)
        self._stills: list[tuple[float, Pixels]] = []
        self._sketches: list[tuple[float, Pixels]] = []

    def add(self, answer: dict[str, Any] | bytes) -> dict[str, Any]:
        """Take in a decoder's answer, none of it on trust; returns its head.

        See `staydown.fingerprint.video.hash_video`.
        """
        if not isinstance(answer, bytes):
            raise FilmFormError("The answer must be bytes.")
        at = answer.find(b"\n") + 1
        head: dict[str, Any] = json.loads(answer[:at])
        frames = np.frombuffer(answer, FRAME, count=int(head["frames"]), offset=at)
        at += frames.nbytes
        latest = self._frames["milliseconds"].max(initial=0)
        self._frames = np.concatenate([self._frames, frames[frames["milliseconds"] >= latest]])
        for time, height, width in head["stills"]:
            still = _pixels(answer, at, int(height), int(width))
            self._stills.append((float(time), still))
            at += still.nbytes
        for milliseconds in head["sketches"]:
            sketch = _pixels(answer, at, SKETCH_SIDE, SKETCH_SIDE)
            self._sketches.append((int(milliseconds) / 1000, sketch))
            at += sketch.nbytes
        return head

    def thin(self, apart: float, most_stills: int) -> float:
        """Keep no more than a film may have, spread over its length; returns how many
        seconds its hashes now lie apart."""
        while len(self._frames) > MOST_FRAMES:
            apart = max(_FIRST_APART, 2 * apart)
            self._frames = _thinned(self._frames, apart)
        while len(self._stills) > most_stills:
            self._stills = self._stills[::2]
        while len(self._sketches) > MOST_MOMENTS:
            self._sketches = self._sketches[::2]
        return apart

    def film(self, duration: float, fps: float, key: LocalKey) -> Film:
        stills = tuple(Still(time, glimpse=Glimpse(grey, key)) for time, grey in self._stills)
        sketches = None
        if self._sketches:
            times = np.array([time for time, _ in self._sketches], np.float64)
            sketches = Sketches(times, np.stack([each for _, each in self._sketches]), key)
        return Film(duration, fps, self._frames.tobytes(), stills=stills, sketches=sketches)


def _pixels(answer: bytes, at: int, height: int, width: int) -> Pixels:
    grey = np.frombuffer(answer, np.uint8, count=height * width, offset=at)
    # A copy: a view would keep the whole answer.
    return grey.reshape(height, width).copy()


def _thinned(frames: npt.NDArray[np.void], apart: float) -> npt.NDArray[np.void]:
    """The frames at least *apart* seconds from the last one kept."""
    kept, last = [], -math.inf
    for at, milliseconds in enumerate(frames["milliseconds"].tolist()):
        if milliseconds >= last + 1000 * apart:
            kept.append(at)
            last = milliseconds
    return frames[kept]
