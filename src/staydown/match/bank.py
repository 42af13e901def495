"""A bank: fingerprints under names, searched together."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from staydown.fingerprint import Fingerprint, FingerprintError
from staydown.fingerprint.local import OPEN_KEY, LocalKey
from staydown.match.compare import same_file
from staydown.match.fingerprint_index import FingerprintIndex
from staydown.match.match import Match, identical
from staydown.match.threshold import PDQ_CONFIDENT, Threshold

_FORMAT = "staydown-bank"
_VERSION = 1


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
        self._entries: dict[str, Fingerprint] = {}
        self._numbers: dict[str, int] = {}
        self._ids: dict[int, str] = {}
        self._next_number = 0
        self._by_digest: dict[str, tuple[str, ...]] = {}
        self._index = FingerprintIndex(key=key)

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
            for id, fingerprint in latest.items():
                self._drop(id)
                self._entries[id] = fingerprint
                for digest in _digests(fingerprint):
                    self._by_digest[digest] = (*self._by_digest.get(digest, ()), id)
                if id not in self._numbers:
                    self._numbers[id] = self._next_number
                    self._ids[self._next_number] = id
                    self._next_number += 1
            self._index.add((self._numbers[id], latest[id]) for id in latest)

    def remove(self, id: str) -> None:
        """Forget *id*; nothing happens when it is not there."""
        with self._lock:
            if id in self._entries:
                self._drop(id)
                number = self._numbers.pop(id)
                del self._ids[number]
                self._index.remove([number])

    def search(
        self, fingerprint: Fingerprint, *, threshold: Threshold = PDQ_CONFIDENT
    ) -> list[Match]:
        """Every entry that *fingerprint* matches, best first, each with its id."""
        with self._lock:
            same_ones = [
                id
                for digest in _digests(fingerprint)
                for id in self._by_digest.get(digest, ())
                if same_file(self._entries[id], fingerprint)
            ]
            settled = frozenset(self._numbers[id] for id in same_ones)
        found = self._index.search(fingerprint, self._load, settled=settled, threshold=threshold)
        matches = [identical(id) for id in dict.fromkeys(same_ones)]
        with self._lock:
            for match in found:
                # It may have been removed since.
                id = self._ids.get(int(match.id or 0))
                if id is not None:
                    matches.append(replace(match, id=id))
        return sorted(matches, key=lambda match: match.rank)

    def _load(self, numbers: Sequence[int]) -> dict[int, Fingerprint]:
        with self._lock:
            ids = {number: self._ids.get(number) for number in numbers}
            return {number: self._entries[id] for number, id in ids.items() if id is not None}

    def _drop(self, id: str) -> None:
        """Forget the fingerprint of *id*, but not its number."""
        known = self._entries.pop(id, None)
        for digest in [] if known is None else _digests(known):
            others = tuple(each for each in self._by_digest.pop(digest) if each != id)
            if others:
                self._by_digest[digest] = others

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


def _kept(fingerprint: Fingerprint) -> Fingerprint:
    """Its local layer made, its pixels gone: they are for asking with, never for keeping."""
    film = None if fingerprint.film is None else fingerprint.film.kept()
    return replace(fingerprint, local=fingerprint.local_layer(), glimpse=None, film=film)


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
