"""Which of very many fingerprints match another one, without keeping them in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np
import numpy.typing as npt

from staydown.fingerprint import Fingerprint
from staydown.fingerprint.film import Film
from staydown.fingerprint.local import LocalKey
from staydown.match.compare import has_local
from staydown.match.hamming import HammingIndex
from staydown.match.match import Match, same
from staydown.match.snapshot import NewSnapshot, Snapshot
from staydown.match.threshold import PDQ_CONFIDENT, Threshold
from staydown.match.ways import LIES, usable, variants

if TYPE_CHECKING:
    from staydown.fingerprint.local import Sight
    from staydown.match.local_index import LocalIndex

T = TypeVar("T")
R = TypeVar("R")

Load = Callable[[Sequence[int]], Mapping[int, Fingerprint]]
"""The fingerprints kept under some numbers; those that are there no more are left out."""

MOST_ENTRIES = 1 << 43
_MOST_JUDGED = 24
"""Of the pictures that PDQ calls the same, so many are searched for a replaced region."""
_MOST_GLIMPSED = 24
"""So many of the pictures that share keypoints with it are compared."""
_MOST_A_STILL = 4
_MOST_ASKED = 800
"""So many frames of a film, spread over its length, are asked with. Of four a second, four in
five meet a copy that has one hash a second (``docs/video.md``)."""
_WORTH_A_THREAD = 64
"""So many queries are worth being shared among threads."""
_MOST_STILLS = 16
"""So many of its stills, spread as well, are asked with by who does not look closely."""
_PORTION = 64
"""So many films are in memory at a time."""

# A hash's number says whose it is, which frame's, and how good: 43, 14 and 7 bits.
_QUALITY_BITS, _FRAME_BITS = 7, 14
_ENTRY_SHIFT = _QUALITY_BITS + _FRAME_BITS
_FIRST_OF_FILM = 1 << 13
"""The frames of films are numbered from here on, those of pictures from 0."""


@dataclass(frozen=True, slots=True)
class _Near:
    """Which entries have a hash near one of the suspect's."""

    pictures: dict[int, tuple[int, int]]
    """By how many bits, and in which way to lie; nearest first."""
    films: dict[int, None]


class FingerprintIndex:
    """The hashes and local layers of entries under numbers below 2**43.

    `search` loads the few fingerprints that it must look at. Made for one *key* of the local
    layer. Safe to share between threads: searches wait for nobody.
    """

    def __init__(self, *, key: LocalKey, frames_apart: float = 0.0) -> None:
        """*frames_apart*, in seconds, thins the hashes of films: a closely hashed film still
        finds copies that have one a second, and they take a tenth of the memory."""
        self._key = key
        self._frames_apart = frames_apart
        self._hashes = HammingIndex()
        self._parts: LocalIndex | None = None

    def add(self, entries: Iterable[tuple[int, Fingerprint]]) -> None:
        """Index *entries*, in place of what was there under their numbers."""
        latest = dict(entries)
        if not latest:
            return
        ids: list[npt.NDArray[np.uint64]] = []
        hashes: list[npt.NDArray[np.uint8]] = []
        parts: list[tuple[int, bytes]] = []
        for entry, fingerprint in latest.items():
            numbers, table = _numbered(entry, fingerprint, self._frames_apart)
            ids.append(numbers)
            hashes.append(table)
            first = entry << _ENTRY_SHIFT
            parts += [(first + at, layer) for at, layer in enumerate(_layers(fingerprint))]
        ranges = _ranges(latest)
        if parts or self._parts is not None:
            self._local_index().add(parts, in_place_of=ranges)
        self._hashes.add(np.concatenate(ids), np.concatenate(hashes), in_place_of=ranges)

    def remove(self, entries: Iterable[int]) -> None:
        """Forget *entries*; those that are not there are passed over."""
        ranges = _ranges(entries)
        self._hashes.remove_ranges(ranges)
        if self._parts is not None:
            self._parts.remove_ranges(ranges)

    def search(
        self,
        fingerprint: Fingerprint,
        load: Load,
        *,
        settled: frozenset[int] = frozenset(),
        threshold: Threshold = PDQ_CONFIDENT,
        closely: bool = True,
    ) -> list[Match]:
        """The matches of *fingerprint*, each with its entry's number for an id, in no order.

        Entries that are *settled*, identical files, are not looked at. Unless it is to look
        *closely*, films are compared by their hashes where those agree, and else by a few
        stills: much sooner, for one who looks at each that is found afterwards.
        """
        near = self._near(fingerprint, threshold)
        matches = {
            entry: same(distance, LIES[way], str(entry))
            for entry, (distance, way) in near.pictures.items()
            if entry not in settled
        }
        films = dict(near.films)
        sight = self._sight_of(fingerprint)
        if sight is not None:
            asked = dict.fromkeys(list(matches)[:_MOST_JUDGED])
            asked |= self._glimpsed(sight, _MOST_GLIMPSED, settled)
            for entry, kept in load(list(asked)).items():
                if kept.film is not None:
                    films[entry] = None
                    continue
                # Geometry is compiled when it is first wanted.
                from staydown.match.part import find_part

                whole = matches.get(entry)
                found = find_part(kept, sight, self._key, whole=whole, id=str(entry))
                if found is not None:
                    matches[entry] = found
        suspect = fingerprint if closely else _with_few_stills(fingerprint)
        films |= self._glimpsed_in(suspect, settled)
        return [
            *matches.values(),
            *self._search_films(films, settled, suspect, load, threshold, closely),
        ]

    def may_match(
        self, fingerprints: Sequence[Fingerprint], *, threshold: Threshold = PDQ_CONFIDENT
    ) -> npt.NDArray[np.bool_]:
        """Which of the *fingerprints* `search` would have to compare with anything, bool[n]: for
        long lists, of which few match. One look at the index for all of them."""
        may = np.array([self._has_parts_for(each) for each in fingerprints], bool)
        asked = [[hash for hash, _ in _asked(each, threshold)] for each in fingerprints]
        table = np.frombuffer(b"".join(hash for each in asked for hash in each), np.uint8)
        if len(table):
            rows, _, _ = self._range_search(table.reshape(-1, 32), threshold.max_distance)
            owners = np.repeat(np.arange(len(asked)), [len(each) for each in asked])
            may[owners[rows]] = True
        return may

    def write(self, snapshot: NewSnapshot) -> None:
        self._hashes.write(snapshot)
        if self._parts is not None:
            self._parts.write(snapshot)

    @classmethod
    def read(cls, snapshot: Snapshot, *, key: LocalKey, frames_apart: float = 0.0) -> Self:
        """The index that `write` put into *snapshot*; raises `SnapshotError`."""
        index = cls(key=key, frames_apart=frames_apart)
        index._hashes = HammingIndex.read(snapshot)
        if snapshot.under("parts/"):
            from staydown.match.local_index import LocalIndex

            index._parts = LocalIndex.read(snapshot)
        return index

    def _near(self, fingerprint: Fingerprint, threshold: Threshold) -> _Near:
        near = _Near({}, {})
        asked = _asked(fingerprint, threshold)
        if not asked:
            return near
        table = np.frombuffer(b"".join(hash for hash, _ in asked), np.uint8).reshape(-1, 32)
        rows, numbers, distances = self._range_search(table, threshold.max_distance)
        quality = numbers & np.uint64((1 << _QUALITY_BITS) - 1)
        frames = (numbers >> np.uint64(_QUALITY_BITS)) & np.uint64((1 << _FRAME_BITS) - 1)
        entries = numbers >> np.uint64(_ENTRY_SHIFT)
        is_film = (frames >= _FIRST_OF_FILM) | (fingerprint.film is not None)
        is_good = quality >= threshold.min_quality
        near.films.update(dict.fromkeys(np.unique(entries[is_film & is_good]).tolist()))
        ways = np.array([way for _, way in asked])[rows]
        good = np.flatnonzero(is_good & ~is_film)
        # Nearest first, and of two ways the earlier.
        for at in good[np.lexsort((rows[good], ways[good], distances[good]))]:
            near.pictures.setdefault(int(entries[at]), (int(distances[at]), int(ways[at])))
        return near

    def _range_search(
        self, table: npt.NDArray[np.uint8], radius: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
        count = os.cpu_count() or 1 if len(table) >= _WORTH_A_THREAD else 1
        parts = np.array_split(table, count)
        starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
        found = _in_threads(lambda part: self._hashes.range_search(part, radius), parts)
        rows = [each[0] + start for each, start in zip(found, starts, strict=True)]
        numbers, distances = ([each[at] for each in found] for at in (1, 2))
        return np.concatenate(rows), np.concatenate(numbers), np.concatenate(distances)

    def _search_films(
        self,
        films: Iterable[int],
        settled: frozenset[int],
        suspect: Fingerprint,
        load: Load,
        threshold: Threshold,
        closely: bool,
    ) -> list[Match]:
        wanted = [each for each in films if each not in settled]
        if not wanted:
            return []
        from staydown.match.films import search_films

        loaded = (
            (str(entry), kept)
            for start in range(0, len(wanted), _PORTION)
            for entry, kept in load(wanted[start : start + _PORTION]).items()
        )
        return search_films(loaded, suspect, threshold=threshold, key=self._key, closely=closely)

    def _has_parts_for(self, fingerprint: Fingerprint) -> bool:
        film = fingerprint.film
        if self._parts is None:
            return False
        return has_local(fingerprint) or (film is not None and len(film.stills) > 0)

    def _sight_of(self, fingerprint: Fingerprint) -> Sight | None:
        if self._parts is None or not has_local(fingerprint):
            return None
        from staydown.match.part import sight_of

        return sight_of(fingerprint, self._key)

    def _glimpsed(self, sight: Sight, most: int, settled: frozenset[int]) -> dict[int, None]:
        """The entries that *sight* may show, likeliest first; *settled* ones take no place."""
        if self._parts is None:
            return {}
        likely = self._parts.candidates(sight, most + len(settled))
        found = dict.fromkeys(each >> _ENTRY_SHIFT for each in likely)
        return dict.fromkeys([each for each in found if each not in settled][:most])

    def _glimpsed_in(self, fingerprint: Fingerprint, settled: frozenset[int]) -> dict[int, None]:
        """The entries that a still of the film may show."""
        if self._parts is None or fingerprint.film is None:
            return {}
        sights = [
            still.glimpse.sight
            for still in fingerprint.film.stills
            if still.glimpse is not None and still.glimpse.key == self._key
        ]
        found: dict[int, None] = {}
        for entries in _in_threads(
            lambda sight: self._glimpsed(sight, _MOST_A_STILL, settled), sights
        ):
            found |= entries
        return dict.fromkeys(list(found)[:_MOST_JUDGED])

    def _local_index(self) -> LocalIndex:
        if self._parts is None:
            from staydown.match.local_index import LocalIndex

            self._parts = LocalIndex()
        return self._parts


def _in_threads(function: Callable[[T], R], arguments: Sequence[T]) -> list[R]:
    """What *function* gives for each: the index's loops need no interpreter."""
    if len(arguments) < 2:
        return [function(each) for each in arguments]
    with ThreadPoolExecutor(min(len(arguments), os.cpu_count() or 1)) as pool:
        return list(pool.map(function, arguments))


def _with_few_stills(fingerprint: Fingerprint) -> Fingerprint:
    film = fingerprint.film
    if film is None:
        return fingerprint
    few = tuple(film.stills[at] for at in _spread(len(film.stills), _MOST_STILLS))
    return replace(fingerprint, film=replace(film, stills=few))


def _spread(count: int, most: int) -> npt.NDArray[np.int64]:
    """At most *most* of the numbers below *count*, evenly spread."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).astype(np.int64)


def _ranges(entries: Iterable[int]) -> npt.NDArray[np.uint64]:
    """(n, 2): the first and the last number that each entry's hashes and parts may have."""
    firsts = np.array(sorted(entries), np.uint64) << np.uint64(_ENTRY_SHIFT)
    return np.stack([firsts, firsts | np.uint64((1 << _ENTRY_SHIFT) - 1)], axis=1)


def _numbered(
    entry: int, fingerprint: Fingerprint, frames_apart: float
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint8]]:
    """The hashes that are searched, (n, 32), and the number of each."""
    hashes = [np.frombuffer(frame.pdq, np.uint8) for frame in fingerprint.hashes]
    quality = [frame.quality for frame in fingerprint.hashes]
    frames = list(range(len(hashes)))
    film = fingerprint.film
    if film is not None:
        kept = _apart(film, frames_apart)
        hashes += list(film.pdq[kept])
        quality += film.quality[kept].tolist()
        frames += (kept + _FIRST_OF_FILM).tolist()
    numbers = np.uint64(entry << _ENTRY_SHIFT) | np.array(frames, np.uint64) << np.uint64(
        _QUALITY_BITS
    )
    table = np.array(hashes, np.uint8).reshape(-1, 32)
    return numbers | np.array(quality, np.uint64), table


def _apart(film: Film, seconds: float) -> npt.NDArray[np.int64]:
    """Frames that are not plain, the best of each stretch of so many *seconds*."""
    good = np.flatnonzero(~film.is_plain)
    if not seconds:
        return good
    stretch = (film.times[good] / seconds).astype(np.int64)
    order = np.lexsort((-film.quality[good].astype(np.int64), stretch))
    _, first = np.unique(stretch[order], return_index=True)
    return good[order[first]]


def _layers(fingerprint: Fingerprint) -> list[bytes]:
    """The local layers of a picture, or of a film's stills."""
    stills = () if fingerprint.film is None else fingerprint.film.stills
    layers = (fingerprint.local_layer(), *(still.local_layer() for still in stills))
    return [layer for layer in layers if layer is not None]


def _asked(fingerprint: Fingerprint, threshold: Threshold) -> list[tuple[bytes, int]]:
    """The hashes to ask with, each with the number of its way to lie (see `LIES`)."""
    asked = [
        (variant, way)
        for frame in usable(fingerprint, threshold)
        for way, variant in enumerate(variants(frame))
    ]
    film = fingerprint.film
    if film is not None:
        good = np.flatnonzero((film.quality >= threshold.min_quality) & ~film.is_plain)
        good = good[_spread(len(good), _MOST_ASKED)]
        asked += [(film.pdq[at].tobytes(), LIES.index("original")) for at in good]
        asked += [(film.mirrored[at].tobytes(), LIES.index("mirrored")) for at in good]
    return asked
