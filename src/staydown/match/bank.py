"""A bank: fingerprints under names, searched together."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from staydown.fingerprint import Fingerprint, FingerprintError
from staydown.match.compare import LIES, can_be_matched, same_file, variants
from staydown.match.hamming import HammingIndex
from staydown.match.match import Match, identical, same
from staydown.match.threshold import PDQ_CONFIDENT, Threshold

_FORMAT = "staydown-bank"
_VERSION = 1


class BankError(ValueError):
    """A bank's file cannot be read; the message names the line."""


class Bank:
    """Fingerprints under ids of one's own choice (strings).

    Files are found by digest, pictures by PDQ in all eight orientations. Safe to
    share between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._entries: dict[str, Fingerprint] = {}
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._next_number = 0
        self._by_digest: dict[str, set[str]] = {}
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
        latest = dict(entries)
        if not all(isinstance(id, str) for id in latest):
            raise TypeError("the id of a bank's entry is a string")
        with self._lock:
            numbers: list[int] = []
            hashes: list[bytes] = []
            for id, fingerprint in latest.items():
                number = self._forget(id)
                self._entries[id] = fingerprint
                for digest in _digests(fingerprint):
                    self._by_digest.setdefault(digest, set()).add(id)
                if fingerprint.pdq is None:
                    if number is not None:
                        self._index.remove(_one(number))
                    continue
                if number is None:
                    number = self._next_number
                    self._next_number += 1
                self._numbers[id] = number
                self._names[number] = id
                numbers.append(number)
                hashes.append(fingerprint.pdq)
            if numbers:
                table = np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, 32)
                self._index.add(np.array(numbers, dtype=np.uint64), table)

    def remove(self, id: str) -> None:
        """Forget *id*; nothing happens when it is not there."""
        with self._lock:
            number = self._forget(id)
            if number is not None:
                self._index.remove(_one(number))

    def search(
        self, fingerprint: Fingerprint, *, threshold: Threshold = PDQ_CONFIDENT
    ) -> list[Match]:
        """Every entry that *fingerprint* matches, best first, each with its id."""
        with self._lock:
            matches: dict[str, Match] = {}
            for digest in _digests(fingerprint):
                for id in self._by_digest.get(digest, ()):
                    if same_file(self._entries[id], fingerprint):
                        matches[id] = identical(id)
            if can_be_matched(fingerprint, threshold):
                for match in self._alike(fingerprint, threshold):
                    matches.setdefault(match.id or "", match)
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
                    file.write(json.dumps({"id": id, **fingerprint.to_dict()}) + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote. Raises `BankError` when a line is not as written."""
        bank = cls()
        with Path(path).open("rb") as file:
            expected = _header(file.readline())
            bank.add_many(_entry(line, number) for number, line in enumerate(file, start=2))
        if len(bank) != expected:
            raise BankError(
                f"The bank's file ends early: line 1 promises {expected} entries, "
                f"and {len(bank)} follow."
            )
        return bank

    def _alike(self, fingerprint: Fingerprint, threshold: Threshold) -> Iterator[Match]:
        asked = np.frombuffer(b"".join(variants(fingerprint)), np.uint8).reshape(-1, 32)
        rows, numbers, distances = self._index.range_search(asked, threshold.max_distance)
        # Nearest first; of two ways to lay the suspect at one distance, the earlier.
        for at in np.lexsort((rows, distances)):
            id = self._names[int(numbers[at])]
            if can_be_matched(self._entries[id], threshold):
                yield same(int(distances[at]), LIES[rows[at]], id)

    def _forget(self, id: str) -> int | None:
        """Take *id* out of everything but the index; its number there, if it has one."""
        known = self._entries.pop(id, None)
        if known is None:
            return None
        for digest in _digests(known):
            holders = self._by_digest[digest]
            holders.discard(id)
            if not holders:
                del self._by_digest[digest]
        number = self._numbers.pop(id, None)
        if number is not None:
            del self._names[number]
        return number


def _one(number: int) -> npt.NDArray[np.uint64]:
    return np.array([number], dtype=np.uint64)


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
