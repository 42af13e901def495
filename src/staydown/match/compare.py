"""Two fingerprints: do they show the same picture, or film?"""

from __future__ import annotations

from staydown.fingerprint import Fingerprint
from staydown.fingerprint.local import OPEN_KEY, LocalKey
from staydown.match.match import Match, identical, same
from staydown.match.threshold import PDQ_CONFIDENT, Threshold
from staydown.match.ways import LIES, usable, variants


def compare(
    reported: Fingerprint,
    suspect: Fingerprint,
    *,
    threshold: Threshold = PDQ_CONFIDENT,
    key: LocalKey = OPEN_KEY,
) -> Match | None:
    """The match between a *reported* picture or film and a *suspect* one; None if there is none.

    *key* is the one that the local layers were made with.
    """
    if same_file(reported, suspect):
        return identical()
    if reported.film is not None or suspect.film is not None:
        # Time lines, too, are compiled when they are first wanted.
        from staydown.match.films import compare_films

        return compare_films(reported, suspect, threshold=threshold, key=key)
    whole = _whole(reported, suspect, threshold)
    if not (has_local(reported) and has_local(suspect)):
        return whole
    # Geometry is compiled when it is first wanted; most of a platform's processes
    # never want it.
    from staydown.match.part import find_part, sight_of

    sight = sight_of(suspect, key)
    return whole if sight is None else find_part(reported, sight, key, whole=whole)


def _whole(reported: Fingerprint, suspect: Fingerprint, threshold: Threshold) -> Match | None:
    targets = [int.from_bytes(each.pdq) for each in usable(reported, threshold)]
    nearest = min(
        (
            ((int.from_bytes(variant) ^ target).bit_count(), way)
            for frame in usable(suspect, threshold)
            for way, variant in enumerate(variants(frame))
            for target in targets
        ),
        default=None,
    )
    if nearest is None or nearest[0] > threshold.max_distance:
        return None
    distance, way = nearest
    return same(distance, LIES[way])


def same_file(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether both are of the same bytes, by SHA-256, or by MD5 where one lacks that."""
    if one.sha256 is not None and other.sha256 is not None:
        return one.sha256 == other.sha256
    return one.md5 is not None and one.md5 == other.md5


def has_local(fingerprint: Fingerprint) -> bool:
    """Whether there is a local layer, or what one is made of."""
    return fingerprint.local is not None or fingerprint.glimpse is not None
