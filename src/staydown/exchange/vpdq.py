"""Films in the two forms in which vPDQ hashes travel.

Meta's vPDQ (ThreatExchange, ``vpdq/``) hashes a film with PDQ, a frame each second or so.
Its tools write a line a frame, ``frame number,quality,hash,seconds``; hash lists hold a
JSON list of texts, ``hash,quality,seconds``. Both are read; either can be written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from staydown.fingerprint import Fingerprint
from staydown.fingerprint.film import FRAME, MOST_FRAMES, Film
from staydown.fingerprint.pdq import ORIENTATIONS, dihedral_from_bits

_HASH = re.compile(r"[0-9a-fA-F]{64}")
_LONGEST = 4_000_000.0
_MIRRORED = ORIENTATIONS.index("mirrored")


class VpdqError(ValueError):
    """A vPDQ hash does not have one of the two forms; the message says where."""


def vpdq_lines(film: Film, *, every: float = 1.0) -> str:
    """The frames of *film*, at least *every* seconds apart, as vPDQ's tools write them."""
    fps = film.fps or 25.0
    return "".join(
        f"{round(seconds * fps)},{quality},{pdq},{seconds:g}\n"
        for seconds, quality, pdq in _spread(film, every)
    )


def vpdq_json(film: Film, *, every: float = 1.0) -> str:
    """The same as hash lists hold it: a JSON list of texts."""
    rows = [f"{pdq},{quality},{seconds:.3f}" for seconds, quality, pdq in _spread(film, every)]
    return json.dumps(rows)


def read_vpdq(text: str) -> Fingerprint:
    """The fingerprint of the film whose vPDQ hash is *text*, in either form.

    Raises `VpdqError`.
    """
    rows = _rows_of_json(text) if text.lstrip().startswith("[") else _rows_of_lines(text)
    if not rows:
        raise VpdqError("The vPDQ hash has no frames.")
    if len(rows) > MOST_FRAMES:
        raise VpdqError(f"The vPDQ hash has more than {MOST_FRAMES} frames.")
    return Fingerprint(kind="video", film=film_of(rows))


def film_of(rows: Sequence[tuple[float, int, bytes]], duration: float | None = None) -> Film:
    """A film of which only seconds, quality and PDQ of each frame are known."""
    frames = np.zeros(len(rows), FRAME)
    for at, (seconds, quality, pdq) in enumerate(sorted(rows)):
        frames[at]["milliseconds"] = round(seconds * 1000)
        frames[at]["quality"] = quality
        frames[at]["pdq"] = np.frombuffer(pdq, np.uint8)
        # What is not sent is guessed, as with a picture of which only the hash is known.
        frames[at]["mirrored"] = np.frombuffer(dihedral_from_bits(pdq)[_MIRRORED], np.uint8)
    seconds = _duration(frames) if duration is None else duration
    return Film(duration=seconds, fps=0.0, packed=frames.tobytes())


def _spread(film: Film, every: float) -> list[tuple[float, int, str]]:
    kept: list[tuple[float, int, str]] = []
    after = -math.inf
    for seconds, quality, pdq in zip(film.times, film.quality, film.pdq, strict=True):
        if seconds >= after - 1e-6:
            kept.append((round(float(seconds), 3), int(quality), pdq.tobytes().hex()))
            after = float(seconds) + every
    return kept


def _duration(frames: npt.NDArray[np.void]) -> float:
    """Until the last frame, and as long again as frames lie apart."""
    seconds = frames["milliseconds"] / 1000.0
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1.0
    return round(float(seconds[-1]) + step, 3)


def _rows_of_lines(text: str) -> list[tuple[float, int, bytes]]:
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            fields = line.strip().split(",")
            if len(fields) != 4:
                raise VpdqError(f"Line {number} of the vPDQ hash does not have four fields.")
            rows.append(_row(fields[2], fields[1], fields[3], f"Line {number}"))
    return rows


def _rows_of_json(text: str) -> list[tuple[float, int, bytes]]:
    try:
        texts = json.loads(text)
    except (ValueError, RecursionError):
        raise VpdqError("The vPDQ hash is not valid JSON.") from None
    rows = []
    for number, each in enumerate(texts, start=1):
        fields = each.split(",") if isinstance(each, str) else []
        if len(fields) != 3:
            raise VpdqError(f"Frame {number} of the vPDQ hash does not have three fields.")
        rows.append(_row(fields[0], fields[1], fields[2], f"Frame {number}"))
    return rows


def _row(pdq: str, quality: str, seconds: str, where: str) -> tuple[float, int, bytes]:
    try:
        when, good = float(seconds), int(quality)
    except ValueError:
        raise VpdqError(f"{where} of the vPDQ hash has a number that is none.") from None
    if not _HASH.fullmatch(pdq):
        raise VpdqError(f"{where} of the vPDQ hash must hold 64 hexadecimal digits.")
    if not 0 <= good <= 100 or not 0 <= when <= _LONGEST:
        raise VpdqError(f"{where} of the vPDQ hash has a quality or a time out of range.")
    return when, good, bytes.fromhex(pdq)
