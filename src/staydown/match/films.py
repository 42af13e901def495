"""Films against films, pictures against films, and films against pictures, as matches."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from staydown.fingerprint import Fingerprint
from staydown.fingerprint.film import Film
from staydown.fingerprint.local import LocalKey, Sight
from staydown.fingerprint.pdq import dihedral_from_bits
from staydown.match.film_part import (
    FILM_PART_CONFIDENT,
    Sighting,
    believed,
    find_film_part,
    kept_stills,
    look,
)
from staydown.match.match import UNRELATED, Match, Span
from staydown.match.part import evidence_of, kept_of, sight_of
from staydown.match.region import RegionVerdict, look_for_region
from staydown.match.threshold import Threshold
from staydown.match.timeline import TIMELINE_CONFIDENT, Aligned, Track, align
from staydown.match.ways import LIES, usable, variants

Bytes = npt.NDArray[np.uint8]

_WHOLE = 0.8
"""A span of this share of both films, or more, makes them the same."""
_MOMENT = 0.5
_REPLACED = 1 / 3
"""Of the stills believed, so many have a region replaced. Of untouched copies 1 in 100 has."""
_MANY = 5
_MOST_GUESSED = 256


def compare_films(
    reported: Fingerprint,
    suspect: Fingerprint,
    *,
    threshold: Threshold,
    key: LocalKey,
    closely: bool = True,
    id: str | None = None,
) -> Match | None:
    """The match of two fingerprints of which one at least is of a film; None if there is none.

    Unless it is to look *closely*, what hashes call the same is not searched for replaced
    regions, which takes seconds a film.
    """
    if reported.film is not None and suspect.film is not None:
        whole = _by_hashes(reported.film, suspect.film, threshold, id)
        if whole is not None and not closely:
            return whole
        if not reported.film.stills or not suspect.film.stills:
            return whole
        found = find_film_part(reported.film, suspect.film, key)
        return _of_sightings(found, reported.film, suspect.film, key, whole, id)
    if reported.film is not None:
        return _picture_in(reported.film, suspect, threshold, key, id)
    if suspect.film is not None:
        return _film_of(reported, suspect.film, threshold, key, id)
    return None


def search_films(
    entries: Iterable[tuple[str, Fingerprint]],
    suspect: Fingerprint,
    *,
    threshold: Threshold,
    key: LocalKey,
    closely: bool = True,
) -> list[Match]:
    """The matches of *suspect* among *entries*, by their ids; one of the two is a film.

    What many films share with it, a single picture for a moment, carries no match.
    """
    matches: list[Match] = []
    thin: list[Match] = []
    for id, entry in entries:
        match = compare_films(entry, suspect, threshold=threshold, key=key, closely=closely, id=id)
        if match is None:
            continue
        (thin if is_thin(match, entry.film, suspect.film) else matches).append(match)
    return matches if len(thin) > _MANY else matches + thin


def _by_hashes(reported: Film, suspect: Film, threshold: Threshold, id: str | None) -> Match | None:
    profile = replace(
        TIMELINE_CONFIDENT, near=threshold.max_distance, quality=threshold.min_quality
    )
    kept = Track.of(reported, reported.pdq, profile.quality)
    laid = [("original", suspect, suspect.pdq), ("mirrored", suspect, suspect.mirrored)]
    for orientation, film, hashes in itertools.chain(laid, _turned(suspect)):
        found = align(kept, Track.of(film, hashes, profile.quality), profile)
        if found:
            return _match_of(found, orientation, reported, suspect, id)
    return None


def _turned(film: Film) -> Iterator[tuple[str, Film, Bytes]]:
    """Some of the film's frames laid the six other ways: guesses, made of bits."""
    rows = np.unique(np.linspace(0, len(film) - 1, min(len(film), _MOST_GUESSED)).astype(np.int64))
    some = replace(film, packed=film.frames[rows].tobytes())
    guesses = [dihedral_from_bits(each.tobytes()) for each in some.pdq]
    for at, lie in enumerate(LIES):
        if guesses and lie not in ("original", "mirrored"):
            laid = b"".join(each[at] for each in guesses)
            yield lie, some, np.frombuffer(laid, np.uint8).reshape(-1, 32)


def _match_of(
    found: Sequence[Aligned], orientation: str, reported: Film, suspect: Film, id: str | None
) -> Match:
    spans = tuple(
        Span(each.reported, each.suspect, each.speed, each.frames, each.distinct) for each in found
    )
    frames = sum(each.frames for each in found)
    distance = round(sum(each.distance * each.frames for each in found) / frames)
    is_whole = min(_covered(spans, reported, suspect)) >= _WHOLE
    return Match(
        kind="same" if is_whole else "part",
        score=round(1 - distance / UNRELATED, 4),
        distance=distance,
        orientation=orientation,
        spans=spans,
        id=id,
    )


def _covered(spans: Sequence[Span], reported: Film, suspect: Film) -> tuple[float, float]:
    """The shares of both films that the spans cover."""
    kept = sum(each.reported[1] - each.reported[0] for each in spans)
    shown = sum(each.suspect[1] - each.suspect[0] for each in spans)
    return kept / max(reported.duration, 0.04), shown / max(suspect.duration, 0.04)


def is_thin(match: Match, reported: Film | None, suspect: Film | None) -> bool:
    """Whether two films share but a single picture for a small part of both: what a title
    card or a logo that many films have looks like."""
    if reported is None or suspect is None or match.region is not None:
        return False
    is_single = sum(each.distinct for each in match.spans) <= 1
    return is_single and max(_covered(match.spans, reported, suspect)) < _MOMENT


def _of_sightings(
    found: list[Sighting],
    reported: Film,
    suspect: Film,
    key: LocalKey,
    whole: Match | None,
    id: str | None,
) -> Match | None:
    if not found:
        return whole
    best = max(found, key=lambda each: each.agreement)
    verdicts = [look_for_region(each.kept, each.sight, each.judgement, key) for each in found]
    replaced = [
        (each, verdict)
        for each, verdict in zip(found, verdicts, strict=True)
        if verdict is not None and verdict.kind == "replaced"
    ]
    covered = sum(each is not None and each.kind == "covered" for each in verdicts)
    # The mark of a swapped face comes back from still to still; not in all of them, for on
    # its way it passes over what is too plain to tell.
    is_replaced = len(replaced) >= max(2, len(found) * _REPLACED, covered + 1)
    if whole is not None and not is_replaced:
        return whole
    shown, verdict = (
        max(replaced, key=lambda pair: pair[0].agreement) if is_replaced else (best, None)
    )
    region = evidence_of(shown.kept, shown.sight, shown.judgement, verdict)
    if is_replaced:
        region["moments"] = [_moment(each, verdict) for each, verdict in replaced]
    span = _span_of(found, reported, suspect)
    return Match(
        kind="region-replaced" if is_replaced else "part",
        score=shown.judgement.score,
        distance=whole.distance if whole else None,
        orientation="mirrored" if shown.judgement.fit.variant == "mirrored" else "original",
        region=region,
        spans=whole.spans if whole else (span,),
        id=id,
    )


def _moment(sighting: Sighting, verdict: RegionVerdict) -> dict[str, object]:
    """Where the region lies at one moment: it follows what it covers."""
    return {
        "reported": round(sighting.reported, 3),
        "suspect": round(sighting.suspect, 3),
        "outline": [list(corner) for corner in verdict.outline],
        "share": verdict.share,
    }


def _span_of(found: list[Sighting], reported: Film, suspect: Film) -> Span:
    """From the first sighting to the last, and half-way to the stills on either side that
    show nothing of the reported film."""
    first, last = found[0], found[-1]
    times = [still.time for still in suspect.stills]
    before = max((time for time in times if time < first.suspect), default=0.0)
    after = min((time for time in times if time > last.suspect), default=suspect.duration)
    begins = 0.0 if before == 0.0 and times[0] >= first.suspect else (before + first.suspect) / 2
    ends = suspect.duration if last.suspect >= times[-1] else (last.suspect + after) / 2
    # It cannot show what the reported film does not hold.
    begins = max(begins, first.suspect - first.reported)
    ends = min(ends, last.suspect + reported.duration - last.reported)
    kept = first.reported - (first.suspect - begins), last.reported + (ends - last.suspect)
    return Span(
        reported=(round(max(0.0, kept[0]), 3), round(min(kept[1], reported.duration), 3)),
        suspect=(round(begins, 3), round(max(begins, ends), 3)),
        frames=len(found),
        distinct=len(found),
    )


def _picture_in(
    reported: Film, suspect: Fingerprint, threshold: Threshold, key: LocalKey, id: str | None
) -> Match | None:
    """A picture that shows a moment of a reported film."""
    nearest = _nearest(reported, suspect, threshold)
    if nearest is not None:
        distance, orientation, moment = nearest
        span = Span(reported=moment, suspect=(0.0, 0.0))
        return _moment_match(distance, orientation, span, id)
    sight = sight_of(suspect, key)
    if sight is None or not sight.has_pixels:
        return None
    sighting = look_in(reported, sight, key)
    if sighting is None:
        return None
    span = Span(reported=(round(sighting.reported, 3),) * 2, suspect=(0.0, 0.0))
    return Match(
        kind="part",
        score=sighting.judgement.score,
        orientation="mirrored" if sighting.judgement.fit.variant == "mirrored" else "original",
        region=evidence_of(sighting.kept, sight, sighting.judgement, None),
        spans=(span,),
        id=id,
    )


def look_in(reported: Film, sight: Sight, key: LocalKey) -> Sighting | None:
    """The sighting of a reported film in one picture; None unless it is sure by itself."""
    moments = reported.moments_with(key)
    stills = kept_stills(reported, key)
    best = look(stills, moments, 0.0, sight, key, FILM_PART_CONFIDENT)
    sure = believed([] if best is None else [best], FILM_PART_CONFIDENT)
    return sure[0] if sure else None


def _film_of(
    reported: Fingerprint, suspect: Film, threshold: Threshold, key: LocalKey, id: str | None
) -> Match | None:
    """A film that shows a reported picture at some moment."""
    nearest = _nearest(suspect, reported, threshold)
    if nearest is not None:
        distance, orientation, moment = nearest
        # The picture was turned to meet the film: the film lies the other way round.
        back = {"rotated-90": "rotated-270", "rotated-270": "rotated-90"}
        span = Span(reported=(0.0, 0.0), suspect=moment)
        return _moment_match(distance, back.get(orientation, orientation), span, id)
    kept = kept_of(reported, key)
    if kept is None:
        return None
    best: Sighting | None = None
    for still in suspect.stills:
        if still.glimpse is None or still.glimpse.key != key:
            continue
        sighting = look(
            [(0.0, kept)], None, still.time, still.glimpse.sight, key, FILM_PART_CONFIDENT
        )
        if sighting is not None and (best is None or sighting.agreement > best.agreement):
            best = sighting
    if best is None or not believed([best], FILM_PART_CONFIDENT):
        return None
    return Match(
        kind="part",
        score=best.judgement.score,
        orientation="mirrored" if best.judgement.fit.variant == "mirrored" else "original",
        region=evidence_of(kept, best.sight, best.judgement, None),
        spans=(Span(reported=(0.0, 0.0), suspect=(round(best.suspect, 3),) * 2),),
        id=id,
    )


def _nearest(
    film: Film, picture: Fingerprint, threshold: Threshold
) -> tuple[int, str, tuple[float, float]] | None:
    """The least distance of a picture's hashes, laid every way, to the film's frames: bits,
    how the picture lies, and the time for which the film shows it."""
    track = Track.of(film, film.pdq, threshold.min_quality)
    best: tuple[int, str, tuple[float, float]] | None = None
    for frame in usable(picture, threshold):
        for way, variant in enumerate(variants(frame)):
            apart = np.bitwise_count(track.words ^ np.frombuffer(variant, np.uint64)).sum(axis=1)
            if not len(apart) or apart.min() > threshold.max_distance:
                continue
            at = int(np.argmin(apart))
            if best is None or apart[at] < best[0]:
                near = np.flatnonzero(apart <= threshold.max_distance)
                moment = _around(track.times[near], float(track.times[at]))
                best = int(apart[at]), LIES[way], moment
    return best


def _around(times: npt.NDArray[np.float64], at: float) -> tuple[float, float]:
    """The stretch of *times* without a gap of more than a second in which *at* lies."""
    starts = np.flatnonzero(np.diff(times, prepend=-np.inf) > 1.0)
    first = starts[np.searchsorted(times[starts], at, "right") - 1]
    later = starts[starts > first]
    last = later[0] - 1 if len(later) else len(times) - 1
    return round(float(times[first]), 3), round(float(times[last]), 3)


def _moment_match(distance: int, orientation: str, span: Span, id: str | None) -> Match:
    score = round(max(0.0, 1 - distance / UNRELATED), 4)
    return Match(
        kind="part", score=score, distance=distance, orientation=orientation, spans=(span,), id=id
    )
