"""A film found in another by its local layer: cropped, framed, drawn upon, or a part of
what the other shows.

The stills of the suspect are fitted to those of the reported film by keypoints, as
pictures are. A fit says where in the frame, and roughly when. Then the suspect's pixels,
laid into the reported frame, are compared with the tiles of every moment of the reported
film, which says when to a frame. What moves must agree as well: a film of the same room
shares all that stands still.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from staydown.fingerprint.film import Film
from staydown.fingerprint.local import LocalFingerprint, LocalFormError, LocalKey, Sight
from staydown.fingerprint.local.moments import Moments
from staydown.fingerprint.local.tiles import signatures_of_frame
from staydown.match.aligned import Aligned, lay_over, pyramid
from staydown.match.judge import Judgement, judge
from staydown.match.local_index import LocalIndex

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FilmPartProfile:
    """Where the lines lie; agreement runs from 0 (chance) to 1, over the tiles compared.

    One still is believed from *alone* on, when with it a share, *beside*, of what was seen
    in that place around that time agrees from *together* on. Two are from *together* on, when
    they say the same of place and time (but for a *drift* of so many seconds, and as many
    more a second), with keypoints as near as *nearness* in all, and with them a *share* of
    what was seen there. Where at least *few* tiles move, those must agree by *moving*. Of two
    films of which one frame each is known, nobody can tell what moves: *single* is asked of it.
    """

    alone: float
    single: float
    beside: float
    together: float
    nearness: float
    share: float
    few: int
    moving: float
    drift: float


FILM_PART_CONFIDENT = FilmPartProfile(
    alone=0.79,
    single=0.86,
    beside=0.5,
    together=0.68,
    nearness=8.0,
    share=0.7,
    few=8,
    moving=0.6,
    drift=0.12,
)
_FITS_A_STILL = 4
_AROUND = 2.5
_APART = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """That the suspect at one time shows the reported film at another, in seconds.

    *kept* is the reported film at that moment; *agreement* that of all tiles compared,
    *moving* that of those that move (None where too few do).
    """

    reported: float
    suspect: float
    kept: LocalFingerprint
    sight: Sight
    judgement: Judgement
    agreement: float
    moving: float | None


def find_film_part(
    reported: Film,
    suspect: Film,
    key: LocalKey,
    profile: FilmPartProfile = FILM_PART_CONFIDENT,
) -> list[Sighting]:
    """The sightings that are believed, in the suspect's order of time; none if no copy."""
    stills = kept_stills(reported, key)
    if not stills:
        return []
    try:
        moments = reported.moments_with(key)
    except LocalFormError:
        moments = None
    index = LocalIndex()
    index.add((at, local.to_bytes(key)) for at, (_, local) in enumerate(stills))
    seen = []
    for still in suspect.stills:
        if still.glimpse is None or still.glimpse.key != key:
            continue
        sight = still.glimpse.sight
        candidates = [stills[at] for at in index.candidates(sight, _FITS_A_STILL)]
        best = look(candidates, moments, still.time, sight, key, profile)
        if best is not None:
            seen.append(best)
    if len(suspect.stills) == 1 and moments is not None and len(moments.times) == 1:
        profile = replace(profile, alone=profile.single)
    return believed(seen, profile)


def kept_stills(reported: Film, key: LocalKey) -> list[tuple[float, LocalFingerprint]]:
    """The stills of a reported film that were made with *key*, with their times."""
    found = []
    for still in reported.stills:
        if still.glimpse is not None and still.glimpse.key == key:
            found.append((still.time, still.glimpse.local))
        elif still.local is not None:
            try:
                found.append((still.time, LocalFingerprint.from_bytes(still.local, key)))
            except LocalFormError:
                continue
    return found


def look(
    candidates: list[tuple[float, LocalFingerprint]],
    moments: Moments | None,
    time: float,
    sight: Sight,
    key: LocalKey,
    profile: FilmPartProfile,
) -> Sighting | None:
    """The best sighting of one of the *candidates* in *sight*, seen at *time*."""
    best: Sighting | None = None
    for at, local in candidates:
        found = judge(local, sight, key)
        if found is None or found.aligned is None:
            continue
        sighting = _at_its_moment(
            moments, at, local, time, sight, found, found.aligned, key, profile
        )
        if best is None or sighting.agreement > best.agreement:
            best = sighting
    return best


def _at_its_moment(
    moments: Moments | None,
    at: float,
    local: LocalFingerprint,
    time: float,
    sight: Sight,
    found: Judgement,
    laid: Aligned,
    key: LocalKey,
    profile: FilmPartProfile,
) -> Sighting:
    if moments is None or not len(moments.times):
        textured = laid.textured()
        off = laid.off[textured]
        agreement = float((16 - off).mean() / 16) if len(off) else 0.0
        return Sighting(at, time, local, sight, found, agreement, None)
    tiles, shown = signatures_of_frame(laid.frame.astype(np.float32), key)
    off = np.bitwise_count(moments.tiles ^ tiles).astype(np.int64)
    compared = laid.inside & (moments.contrast >= 3) & (shown >= 2)
    count = compared.sum(axis=(1, 2))
    agreements = np.where(compared, 16 - off, 0).sum(axis=(1, 2)) / (16 * np.maximum(count, 1))
    moment = int(np.argmax(agreements))
    kept = replace(local, tiles=moments.tiles[moment], contrast=moments.contrast[moment])
    inverted = found.fit.variant == "inverted"
    aligned = lay_over(kept, found.fit.matrix, pyramid(sight.grey), key, inverted=inverted)
    moves = compared[moment] & _moving(moments, moment)
    moving = None
    if moves.sum() >= profile.few:
        moving = float((16 - off[moment][moves]).mean() / 16)
    return Sighting(
        reported=float(moments.times[moment]),
        suspect=time,
        kept=kept,
        sight=sight,
        judgement=replace(found, aligned=aligned),
        agreement=float(agreements[moment]),
        moving=moving,
    )


def _moving(moments: Moments, moment: int) -> npt.NDArray[np.bool_]:
    """The tiles, (16, 16), that change around the *moment*."""
    around = np.abs(moments.times - moments.times[moment]) <= _AROUND
    changes = np.bitwise_count(moments.tiles[around] ^ moments.tiles[moment])
    moves: npt.NDArray[np.bool_] = np.quantile(changes.astype(np.float64), 0.75, axis=0) >= 7
    return moves


def believed(seen: list[Sighting], profile: FilmPartProfile) -> list[Sighting]:
    """Those that are sure by themselves, and those that bear one another out."""
    # Another film of the same room begins and ends alike, and not what is between: what was
    # seen and does not agree speaks against it.
    agreeing = [each for each in seen if _agrees(each, profile)]
    sure = {
        at
        for at, each in enumerate(agreeing)
        if each.agreement >= profile.alone
        and len(_around(each, each, agreeing)) >= profile.beside * len(_around(each, each, seen))
    }
    for at, one in enumerate(agreeing):
        for after, other in enumerate(agreeing[at + 1 :], at + 1):
            if _bear_out(one, other, seen, agreeing, profile):
                sure |= {at, after}
    return [agreeing[at] for at in sorted(sure)]


def _agrees(sighting: Sighting, profile: FilmPartProfile) -> bool:
    has_moved = sighting.moving is None or sighting.moving >= profile.moving
    return has_moved and sighting.agreement >= profile.together


def _bear_out(
    one: Sighting,
    other: Sighting,
    seen: list[Sighting],
    agreeing: list[Sighting],
    profile: FilmPartProfile,
) -> bool:
    """Whether two sightings, some time apart, tell of one film in one place, running at one
    speed; and most of what was *seen* there around that time with them."""
    if min(one.judgement.fit.nearness, other.judgement.fit.nearness) < profile.nearness:
        return False
    if other.suspect - one.suspect < _APART:
        return False
    with_one = [each for each in _around(one, other, agreeing) if _is_in_step(one, each, profile)]
    return other in with_one and len(with_one) >= profile.share * len(_around(one, other, seen))


def _around(first: Sighting, last: Sighting, among: list[Sighting]) -> list[Sighting]:
    """Those *among* these that were seen in the place of the *first*, around the time from it
    to the *last*."""
    earliest, latest = first.suspect - _AROUND, last.suspect + _AROUND
    return [each for each in among if earliest <= each.suspect <= latest and _is_there(first, each)]


def _is_in_step(one: Sighting, other: Sighting, profile: FilmPartProfile) -> bool:
    passed = other.suspect - one.suspect
    gone = other.reported - one.reported
    return abs(gone - passed) <= profile.drift * (1 + abs(passed))


def _is_there(one: Sighting, other: Sighting) -> bool:
    """Whether both lay the reported film in the same place of the suspect's frame."""
    corners = np.array([[0.0, 0.0, 1], [one.kept.width, one.kept.height, 1]])
    places = [corners @ each.judgement.fit.matrix.T for each in (one, other)]
    apart = np.abs(places[0] - places[1])[:, :2].max()
    return bool(apart <= 0.05 * max(one.sight.width, one.sight.height))
