"""Where two films run side by side, by the PDQ of their frames.

Pairs of near frames vote for lines: so many seconds on one side for each second on the
other (the speed), and a shift. Along the best line every frame of the sparser film is
looked up in the denser one, and the stretch in which they keep agreeing is a span. Then
what is left votes again.

Two films of one scene (the same room, the same person, another day) have near frames as
well. What tells them apart is that a copy agrees all along, and better on the line than a
second beside it, while they agree only where both happen to be still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from staydown.fingerprint.film import Film

Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TimelineProfile:
    """Where the lines lie; distances in bits, times in seconds.

    Frames *near* one another vote, and agree. Up to *loose* they agree too, if that is
    less than *contrast* of the distance a moment before and after on the line: something
    moves, and both move alike. Beyond *far*, they show different things; between, they
    show one scene otherwise, and speak against a copy. A span needs the agreement of
    *share* of the frames that speak; and where it shows no more than three pictures, that is
    all there is to go by, and they agree within *scarce* in the mean. Frames below *quality*
    take no part.
    """

    near: int
    loose: int
    contrast: float
    far: int
    share: float
    scarce: int
    quality: int


TIMELINE_CONFIDENT = TimelineProfile(
    near=31, loose=60, contrast=0.6, far=80, share=0.7, scarce=24, quality=50
)

_MOST_VOTERS = 400
_MOST_PAIRS = 2_000_000
_MOST_SPANS = 16
_BIN = 0.25
_SPEEDS = np.concatenate([[1.0], np.geomspace(0.5, 2.0, 57)])
_PREFERRED = 1.05
_STILL = 0.1
_FEW = 3
_SHARP = 40
_NORMAL = 0.005
_TOLERANCE = 0.12
_BESIDE = (0.6, 1.0, 1.6)
"""Seconds beside the line at which the contrast is measured."""
_REACH = 0.5
_AROUND = 3.0
"""So far beyond the ends of a span, frames that show the same scene otherwise count."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """A stretch in which both films show the same, *reported* and *suspect* in seconds
    (start, end). The suspect plays *speed* times as fast; *frames* agree, by *distance*
    bits in the mean; *distinct* of them differ from one another."""

    reported: tuple[float, float]
    suspect: tuple[float, float]
    speed: float
    frames: int
    distinct: int
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The frames of a film that may carry a match: times and hashes, (n,) and (n, 4)."""

    times: Floats
    words: Words
    is_key: npt.NDArray[np.bool_]
    duration: float

    @classmethod
    def of(cls, film: Film, hashes: npt.NDArray[np.uint8], least_quality: int) -> Track:
        usable = (film.quality >= least_quality) & ~film.is_plain
        return cls(
            times=film.times[usable],
            words=np.ascontiguousarray(hashes[usable]).view(np.uint64),
            is_key=film.is_key[usable],
            duration=film.duration,
        )


def align(
    reported: Track, suspect: Track, profile: TimelineProfile = TIMELINE_CONFIDENT
) -> list[Aligned]:
    """Every span that the two films share, the longest first."""
    if not len(reported.times) or not len(suspect.times):
        return []
    is_turned = _rate(suspect) > _rate(reported)
    walker, ground = (reported, suspect) if is_turned else (suspect, reported)
    left = np.ones(len(walker.times), np.bool_)
    found: list[Aligned] = []
    while left.any() and len(found) < _MOST_SPANS:
        span = _best(walker, ground, left, profile)
        if span is None:
            break
        aligned, taken = span
        left &= ~taken
        if aligned is not None:
            found.append(_turned(aligned) if is_turned else aligned)
    return sorted(found, key=lambda each: each.suspect[0] - each.suspect[1])


def _rate(track: Track) -> float:
    return len(track.times) / max(track.duration, 0.04)


def _turned(one: Aligned) -> Aligned:
    return Aligned(
        reported=one.suspect,
        suspect=one.reported,
        speed=round(1 / one.speed, 4),
        frames=one.frames,
        distinct=one.distinct,
        distance=one.distance,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """For each frame of the walker: the distance on the line (-1: nothing to compare
    with), and beside it."""

    on: Counts
    beside: Counts
    at: Floats


def _best(
    walker: Track, ground: Track, left: npt.NDArray[np.bool_], profile: TimelineProfile
) -> tuple[Aligned | None, npt.NDArray[np.bool_]] | None:
    """The longest stretch along the line with most votes among the frames *left*, and which
    frames it settles; None where nothing votes."""
    voters = np.flatnonzero(left)
    if len(voters) > _MOST_VOTERS:
        voters = voters[np.linspace(0, len(voters) - 1, _MOST_VOTERS).astype(np.int64)]
    ours, theirs = _pairs(walker.words[voters], ground.words, profile.near, _MOST_PAIRS)
    if not len(ours):
        return None
    ours = voters[ours]
    speed, shift, walk = _believed(walker, ground, left, ours, theirs, profile)
    agrees = _agrees(walk, profile)
    is_apart = (walk.on > profile.far) & ~agrees
    is_unlike = (walk.on > profile.near) & ~agrees & ~is_apart
    gain = np.where(agrees, 1.0, 0.0) - np.where(is_apart | is_unlike, 1.0, 0.0)
    gain[~left] = np.minimum(gain[~left], 0)
    start, end = _richest(gain * _weights(walker.times))
    taken = np.zeros(len(left), np.bool_)
    taken[start:end] = True
    if start == end:
        taken[ours] = True
        return None, taken
    first, last = walker.times[start], walker.times[end - 1]
    around = (walker.times >= first - _AROUND) & (walker.times <= last + _AROUND)
    count = int(agrees[start:end].sum())
    unlike = int((is_unlike & around).sum())
    if count < profile.share * (count + unlike):
        return None, taken
    agreeing = np.flatnonzero(agrees[start:end]) + start
    distance = float(walk.on[agreeing].mean())
    distinct = _distinct(walker.words[agreeing], profile.near)
    if distinct <= _FEW and distance > profile.scarce:
        return None, taken
    begins, ends = _ends(walker, ground, walk, speed, shift, int(agreeing[0]), int(agreeing[-1]))
    to_ground = sorted((speed * begins + shift, speed * ends + shift))
    return (
        Aligned(
            reported=_within(to_ground[0], to_ground[1], ground.duration),
            suspect=_within(begins, ends, walker.duration),
            speed=round(speed, 4),
            frames=count,
            distinct=distinct,
            distance=round(distance, 1),
        ),
        taken,
    )


def _within(start: float, end: float, duration: float) -> tuple[float, float]:
    return round(float(max(0.0, start)), 3), round(float(max(0.0, min(end, duration))), 3)


def _agrees(walk: _Walk, profile: TimelineProfile) -> npt.NDArray[np.bool_]:
    is_near = (walk.on >= 0) & (walk.on <= profile.near)
    moves_alike = (walk.on <= profile.loose) & (walk.on < profile.contrast * walk.beside)
    agrees: npt.NDArray[np.bool_] = is_near | ((walk.on >= 0) & moves_alike)
    return agrees


def _weights(times: Floats) -> Floats:
    """How long each frame stands for: until the next one, at most a second."""
    if len(times) == 1:
        return np.ones(1)
    gaps = np.clip(np.diff(times), 0.02, 1.0)
    weights: Floats = np.append(gaps, np.median(gaps))
    return weights


def _richest(gain: Floats) -> tuple[int, int]:
    """The stretch [start, end) whose gains add up to most."""
    best, best_at, total, start = 0.0, (0, 0), 0.0, 0
    for at, value in enumerate(gain.tolist()):
        if total <= 0:
            total, start = 0.0, at
        total += value
        if total > best + 1e-9:
            best, best_at = total, (start, at + 1)
    return best_at


def _ends(
    walker: Track, ground: Track, walk: _Walk, speed: float, shift: float, first: int, last: int
) -> tuple[float, float]:
    """Where the stretch begins and ends, in the walker's seconds.

    Between the last frame that agrees and the next one lies the end: at a key frame, if
    the next one is one (a cut), or where either film ends; else half-way.
    """
    begins, ends = float(walker.times[first]), float(walker.times[last])
    # What was not looked at may be guessed at only as far as what was seen bears it.
    reach = _REACH + (ends - begins) / 2
    lower = max(0.0, (0.0 - shift) / speed, begins - reach)
    upper = min(walker.duration, (ground.duration - shift) / speed, ends + reach)
    before = float(walker.times[first - 1]) if first else lower
    after = float(walker.times[last + 1]) if last + 1 < len(walker.times) else upper
    if lower >= before:
        begins = min(begins, lower)
    elif not walker.is_key[first]:
        begins = (before + begins) / 2
    if upper <= after:
        ends = max(ends, upper)
    elif walker.is_key[last + 1]:
        ends = after
    else:
        ends = (ends + after) / 2
    return begins, ends


def _distinct(words: Words, near: int) -> int:
    """How many of the frames show something that none before them does."""
    kept: list[Words] = []
    for each in words:
        if all(int(np.bitwise_count(each ^ other).sum()) > near for other in kept[-8:]):
            kept.append(each)
    return len(kept)


def _believed(
    walker: Track,
    ground: Track,
    left: npt.NDArray[np.bool_],
    ours: Counts,
    theirs: Counts,
    profile: TimelineProfile,
) -> tuple[float, float, _Walk]:
    """The line along which most agrees: of the one with most votes, the one with most at
    normal speed, and both as fitted to the pairs beside them."""
    lines = [*_lines(walker, ground, ours, theirs)]
    lines += [_fitted(walker.times[ours], ground.times[theirs], *line) for line in lines]
    weights = np.where(left, _weights(walker.times), 0.0)
    scored: list[tuple[float, tuple[float, float, _Walk]]] = []
    for speed, shift in dict.fromkeys(lines):
        walk = _walk(walker, ground, speed, shift)
        agreeing = np.where(_agrees(walk, profile), weights, 0.0)
        sharpness = np.clip((walk.beside - walk.on) / _SHARP, 0.0, 1.0)
        score = float((agreeing * sharpness).sum())
        if abs(speed - 1) < _NORMAL:
            # What does not move says nothing of the speed: then it is the usual one.
            score = _PREFERRED * score + _STILL * float(agreeing.sum())
        scored.append((score, (speed, shift, walk)))
    return max(scored, key=lambda each: each[0])[1]


def _lines(walker: Track, ground: Track, ours: Counts, theirs: Counts) -> list[tuple[float, float]]:
    """At normal speed, and at any: the speed and the shift with most votes. A frame has one
    vote for each line, and less of it the more moments of the other film it is like."""
    places = np.unique(np.stack([ours, (ground.times[theirs] / 0.5).astype(np.int64)]), axis=1)
    moments = np.bincount(places[0], minlength=len(walker.times))
    weights = 1 / np.sqrt(np.maximum(moments, 1.0))
    scored: list[tuple[float, float, float]] = []
    for speed in _SPEEDS.tolist():
        low = -speed * walker.times[-1] - _BIN
        count = int((ground.times[-1] - low) / _BIN) + 3
        votes = _votes(walker.times, ground.times, ours, theirs, weights, speed, low, _BIN, count)
        both = votes[:-1] + votes[1:]
        at = int(np.argmax(both))
        scored.append((float(both[at]), speed, low + (at + 1) * _BIN))
    best = max(scored, key=lambda each: each[0])
    return [(speed, shift) for _, speed, shift in (scored[0], best)]


def _fitted(ours: Floats, theirs: Floats, speed: float, shift: float) -> tuple[float, float]:
    """The line through the pairs that lie near it, by least squares, twice."""
    for reach in (2 * _BIN, _BIN):
        off = theirs - (speed * ours + shift)
        is_near = np.abs(off) <= reach
        x, y = ours[is_near], theirs[is_near]
        if len(x) < 2 or np.ptp(x) < 1.0:
            return speed, shift + (float(np.median(off[is_near])) if len(x) else 0.0)
        middle = float(x.mean())
        spread = float(((x - middle) ** 2).sum())
        steeper = float(((x - middle) * (y - y.mean())).sum()) / spread
        steeper = float(np.clip(steeper, _SPEEDS.min(), _SPEEDS.max()))
        speed, shift = steeper, float(y.mean()) - steeper * middle
    return speed, shift


def _walk(walker: Track, ground: Track, speed: float, shift: float) -> _Walk:
    at = speed * walker.times + shift
    on = _nearest(walker.words, at, ground.words, ground.times, _TOLERANCE)
    beside = [
        _nearest(walker.words, at + sign * step, ground.words, ground.times, _TOLERANCE)
        for step in _BESIDE
        for sign in (-1, 1)
    ]
    table = np.stack(beside).astype(np.float64)
    table[table < 0] = np.nan
    is_known = ~np.isnan(table).all(axis=0)
    middle = np.zeros(len(at))
    if is_known.any():
        middle[is_known] = np.nanmedian(table[:, is_known], axis=0)
    return _Walk(on=on, beside=middle.astype(np.int64), at=at)


@numba.njit(cache=True)
def _bits(one: np.uint64) -> np.int64:
    word = one - ((one >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@numba.njit(cache=True)
def _pairs(ours: Words, theirs: Words, near: int, most: int) -> tuple[Counts, Counts]:
    """Which of *ours* and of *theirs* are within *near* bits: two arrays of rows."""
    rows, columns = np.empty(most, np.int64), np.empty(most, np.int64)
    count = 0
    for row in range(len(ours)):
        for column in range(len(theirs)):
            apart = np.int64(0)
            for word in range(4):
                apart += _bits(ours[row, word] ^ theirs[column, word])
                if apart > near:
                    break
            if apart <= near and count < most:
                rows[count], columns[count] = row, column
                count += 1
    return rows[:count].copy(), columns[:count].copy()


@numba.njit(cache=True)
def _votes(
    ours: Floats,
    theirs: Floats,
    rows: Counts,
    columns: Counts,
    weights: Floats,
    speed: float,
    low: float,
    step: float,
    count: int,
) -> Floats:
    votes = np.zeros(count)
    voted = np.full(count, -1, np.int64)
    for at in range(len(rows)):
        row = rows[at]
        place = int((theirs[columns[at]] - speed * ours[row] - low) / step)
        if voted[place] != row:
            voted[place] = row
            votes[place] += weights[row]
    return votes


@numba.njit(cache=True)
def _nearest(ours: Words, at: Floats, theirs: Words, times: Floats, reach: float) -> Counts:
    """For each of *ours* the least distance to *theirs* around the time *at*; -1 if none.

    Around: within *reach* seconds, and the frames just before and after, which stand for
    the time between, where they are less than a second away.
    """
    found = np.full(len(at), -1, np.int64)
    for row in range(len(at)):
        after = np.searchsorted(times, at[row])
        first, last = after - 1, after
        while first > 0 and times[first - 1] >= at[row] - reach:
            first -= 1
        while last + 1 < len(times) and times[last + 1] <= at[row] + reach:
            last += 1
        for column in range(max(first, 0), min(last + 1, len(times))):
            if abs(times[column] - at[row]) > 1.0:
                continue
            apart = np.int64(0)
            for word in range(4):
                apart += _bits(ours[row, word] ^ theirs[column, word])
            if found[row] < 0 or apart < found[row]:
                found[row] = apart
    return found
