"""A bank: fingerprints under names, searched together."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from staydown.fingerprint import Fingerprint, FingerprintError
from staydown.fingerprint.local import OPEN_KEY, LocalKey
from staydown.match.compare import has_local, same_file
from staydown.match.hamming import HammingIndex
from staydown.match.match import Match, identical, same
from staydown.match.threshold import PDQ_CONFIDENT, Threshold
from staydown.match.ways import LIES, usable, variants

if TYPE_CHECKING:
    from staydown.fingerprint.local import Sight
    from staydown.match.local_index import LocalIndex

_FORMAT = "staydown-bank"
_VERSION = 1
_MOST_JUDGED = 24
"""Of the pictures that PDQ calls the same, so many are searched for a replaced region."""
_MOST_A_STILL = 4
_MOST_ASKED = 400
"""So many frames of a film, spread over its length, are asked with."""


class BankError(ValueError):
    """A bank's file cannot be read; the message names the line."""


class Bank:
    """Fingerprints under ids of one's own choice (strings).

    Files are found by digest, pictures by PDQ in all eight orientations, and parts of
    pictures by the local layer, made with *key*, where both sides have it. Safe to
    share between threads.
    """

    def __init__(self, *, key: LocalKey = OPEN_KEY) -> None:
        self._lock = threading.RLock()
        self._key = key
        self._entries: dict[str, Fingerprint] = {}
        self._parts: LocalIndex | None = None
        self._part_numbers: dict[str, list[int]] = {}
        self._part_holders: dict[int, str] = {}
        # The index knows numbers: one for each frame of each entry.
        self._numbers: dict[str, range] = {}
        self._holders: dict[int, tuple[str, int]] = {}
        self._next_number = 0
        self._by_digest: dict[str, tuple[str, ...]] = {}
        self._index = HammingIndex()

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def __contains__(self, id: object) -> bool:
        with self._lock:
            return id in self._entries

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._entries))

    def get(self, id: str) -> Fingerprint | None:
        """The fingerprint kept under *id*."""
        with self._lock:
            return self._entries.get(id)

    def add(self, id: str, fingerprint: Fingerprint) -> None:
        """Keep *fingerprint* under *id*, in place of what was there."""
        self.add_many([(id, fingerprint)])

    def add_many(self, entries: Iterable[tuple[str, Fingerprint]]) -> None:
        """Keep many at once, faster than one by one."""
        latest = {id: _kept(fingerprint) for id, fingerprint in entries}
        if not all(isinstance(id, str) for id in latest):
            raise TypeError("the id of a bank's entry is a string")
        with self._lock:
            self._forget(latest)
            numbers: list[int] = []
            hashes: list[bytes] = []
            parts: list[tuple[int, bytes]] = []
            for id, fingerprint in latest.items():
                self._entries[id] = fingerprint
                parts.extend((self._next_part(id), layer) for layer in _layers(fingerprint))
                for digest in _digests(fingerprint):
                    self._by_digest[digest] = (*self._by_digest.get(digest, ()), id)
                first = self._next_number
                known = _known(fingerprint)
                self._next_number += len(known)
                self._numbers[id] = range(first, self._next_number)
                for number, (pdq, quality) in enumerate(known, start=first):
                    self._holders[number] = (id, quality)
                    numbers.append(number)
                    hashes.append(pdq)
            if numbers:
                table = np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, 32)
                self._index.add(np.array(numbers, dtype=np.uint64), table)
            if parts:
                self._local_index().add(parts)

    def remove(self, id: str) -> None:
        """Forget *id*; nothing happens when it is not there."""
        with self._lock:
            self._forget([id])

    def search(
        self, fingerprint: Fingerprint, *, threshold: Threshold = PDQ_CONFIDENT
    ) -> list[Match]:
        """Every entry that *fingerprint* matches, best first, each with its id."""
        sight = self._sight_of(fingerprint)
        matches: dict[str, Match] = {}
        films: dict[str, Fingerprint] = {}
        with self._lock:
            for digest in _digests(fingerprint):
                for id in self._by_digest.get(digest, ()):
                    if same_file(self._entries[id], fingerprint):
                        matches[id] = identical(id)
            for id, distance, way in self._alike(fingerprint, threshold):
                if fingerprint.film is not None or self._entries[id].film is not None:
                    films.setdefault(id, self._entries[id])
                else:
                    matches.setdefault(id, same(distance, LIES[way], id))
            closer = {} if sight is None else self._worth_a_look(sight, matches)
            films |= {id: entry for id, entry in closer.items() if entry.film is not None}
            films |= self._glimpsed_in(fingerprint)
        # Looking takes longest, and needs nothing that another thread may change.
        if sight is not None and closer:
            from staydown.match.part import find_part

            for id, entry in closer.items():
                if id in films:
                    continue
                found = find_part(entry, sight, self._key, whole=matches.get(id), id=id)
                if found is not None:
                    matches[id] = found
        if films:
            from staydown.match.films import search_films

            identities = {id for id, match in matches.items() if match.kind == "identical"}
            films = {id: entry for id, entry in films.items() if id not in identities}
            for match in search_films(films, fingerprint, threshold=threshold, key=self._key):
                matches[match.id or ""] = match
        return sorted(matches.values(), key=lambda match: match.rank)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the bank to *path*: JSON Lines, whole or not at all."""
        target = Path(path)
        with self._lock:
            entries = list(self._entries.items())
        fd, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                header = {"format": _FORMAT, "version": _VERSION, "entries": len(entries)}
                file.write(json.dumps(header) + "\n")
                for id, fingerprint in entries:
                    file.write(
                        json.dumps({"id": id, **fingerprint.to_dict(with_local=True)}) + "\n"
                    )
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, key: LocalKey = OPEN_KEY) -> Self:
        """Read what `save` wrote. Raises `BankError` when a line is not as written."""
        bank = cls(key=key)
        with Path(path).open("rb") as file:
            expected = _header(file.readline())
            bank.add_many(_entry(line, number) for number, line in enumerate(file, start=2))
        if len(bank) != expected:
            raise BankError(
                f"The bank's file ends early: line 1 promises {expected} entries, "
                f"and {len(bank)} follow."
            )
        return bank

    def _alike(
        self, fingerprint: Fingerprint, threshold: Threshold
    ) -> Iterator[tuple[str, int, int]]:
        """The id of each entry with a hash near one of the *fingerprint*'s, by how many bits,
        and by which of its ways to lie; nearest first, and of two ways the earlier."""
        asked = _asked(fingerprint, threshold)
        if not asked:
            return
        table = np.frombuffer(b"".join(hash for hash, _ in asked), np.uint8).reshape(-1, 32)
        rows, numbers, distances = self._index.range_search(table, threshold.max_distance)
        ways = np.array([way for _, way in asked])[rows]
        for at in np.lexsort((rows, ways, distances)):
            id, quality = self._holders[int(numbers[at])]
            if quality >= threshold.min_quality:
                yield id, int(distances[at]), int(ways[at])

    def _glimpsed_in(self, fingerprint: Fingerprint) -> dict[str, Fingerprint]:
        """The entries that a still of the film may show, by their local layer."""
        if self._parts is None or fingerprint.film is None:
            return {}
        numbers: dict[int, None] = {}
        for still in fingerprint.film.stills:
            if still.glimpse is not None and still.glimpse.key == self._key:
                found = self._parts.candidates(still.glimpse.sight, _MOST_A_STILL)
                numbers |= dict.fromkeys(found)
        ids = dict.fromkeys(self._part_holders[number] for number in numbers)
        return {id: self._entries[id] for id in list(ids)[:_MOST_JUDGED]}

    def _sight_of(self, fingerprint: Fingerprint) -> Sight | None:
        if self._parts is None or not has_local(fingerprint):
            return None
        # Geometry is compiled when it is first wanted.
        from staydown.match.part import sight_of

        return sight_of(fingerprint, self._key)

    def _worth_a_look(self, sight: Sight, matches: dict[str, Match]) -> dict[str, Fingerprint]:
        """Entries that may be shown in part, and those that may have a region replaced."""
        nearest = [id for id, match in matches.items() if match.kind == "same"]
        asked = dict.fromkeys(nearest[:_MOST_JUDGED])
        if self._parts is not None:
            for number in self._parts.candidates(sight):
                asked.setdefault(self._part_holders[number])
        is_settled = {id for id, match in matches.items() if match.kind == "identical"}
        return {id: self._entries[id] for id in asked if id not in is_settled}

    def _local_index(self) -> LocalIndex:
        if self._parts is None:
            from staydown.match.local_index import LocalIndex

            self._parts = LocalIndex()
        return self._parts

    def _next_part(self, id: str) -> int:
        number = self._next_number
        self._next_number += 1
        self._part_numbers.setdefault(id, []).append(number)
        self._part_holders[number] = id
        return number

    def _forget(self, ids: Iterable[str]) -> None:
        numbers: list[int] = []
        for id in ids:
            known = self._entries.pop(id, None)
            if known is None:
                continue
            for digest in _digests(known):
                others = tuple(each for each in self._by_digest.pop(digest) if each != id)
                if others:
                    self._by_digest[digest] = others
            numbers.extend(self._numbers.pop(id))
            for part in self._part_numbers.pop(id, []):
                del self._part_holders[part]
                self._local_index().remove([part])
        for number in numbers:
            del self._holders[number]
        if numbers:
            self._index.remove(np.array(numbers, dtype=np.uint64))


def _kept(fingerprint: Fingerprint) -> Fingerprint:
    """Its local layer made, its pixels gone: they are for asking with, never for keeping."""
    film = None if fingerprint.film is None else fingerprint.film.kept()
    return replace(fingerprint, local=fingerprint.local_layer(), glimpse=None, film=film)


def _layers(fingerprint: Fingerprint) -> list[bytes]:
    """The local layers of a picture, or of a film's stills."""
    stills = () if fingerprint.film is None else fingerprint.film.stills
    layers = (fingerprint.local, *(still.local for still in stills))
    return [layer for layer in layers if layer is not None]


def _known(fingerprint: Fingerprint) -> list[tuple[bytes, int]]:
    """The hashes that are searched, each with its quality."""
    known = [(frame.pdq, frame.quality) for frame in fingerprint.hashes]
    film = fingerprint.film
    if film is not None:
        usable_ones = np.flatnonzero(~film.is_plain)
        known += [(film.pdq[at].tobytes(), int(film.quality[at])) for at in usable_ones]
    return known


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
        if len(good) > _MOST_ASKED:
            good = good[np.linspace(0, len(good) - 1, _MOST_ASKED).astype(np.int64)]
        asked += [(film.pdq[at].tobytes(), LIES.index("original")) for at in good]
        asked += [(film.mirrored[at].tobytes(), LIES.index("mirrored")) for at in good]
    return asked


def _digests(fingerprint: Fingerprint) -> list[str]:
    # SHA-256 and MD5 differ in length: one table holds both.
    return [each for each in (fingerprint.sha256, fingerprint.md5) if each is not None]


def _header(line: bytes) -> int:
    try:
        header = json.loads(line)
        if header["format"] == _FORMAT and header["version"] == _VERSION:
            return int(header["entries"])
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise BankError(
        f"Line 1 is not the first line of a bank of version {_VERSION}: "
        "this is another kind of file, or it is damaged."
    )


def _entry(line: bytes, number: int) -> tuple[str, Fingerprint]:
    try:
        values = json.loads(line)
        fingerprint = Fingerprint.from_dict(values)
    except FingerprintError as error:
        raise BankError(f"Line {number} of the bank is damaged. {error}") from None
    except (ValueError, RecursionError):
        raise BankError(f"Line {number} of the bank is not valid JSON.") from None
    if not isinstance(values.get("id"), str):
        raise BankError(f"Line {number} of the bank has no id.")
    return values["id"], fingerprint
