"""A bank in this process's memory that follows the database's change sequence.

It is brought up to date before every search, so that what was committed before the search
began, by whichever process, is found by it.
"""

import threading
from collections.abc import Callable, Iterable, Iterator

from staydown import Bank, Fingerprint, Match
from staydown_server import vault
from staydown_server.catalogue.models import Change, Shelf

_PORTION = 500

#: All entries of a shelf, or those with the given ids, as (id, fingerprint in JSON).
Entries = Callable[[Iterable[int] | None], Iterable[tuple[int, str]]]


class LiveBank:
    """One shelf's fingerprints, searchable. Safe to use from many threads."""

    def __init__(self, shelf: Shelf, entries: Entries) -> None:
        self._shelf = shelf
        self._entries = entries
        self._lock = threading.Lock()
        self._bank: Bank | None = None
        self._sequence = 0

    def search(self, fingerprint: Fingerprint) -> tuple[list[Match], int, int]:
        """The matches, best first, how many entries were searched, and up to which change."""
        with self._lock:
            bank = self._follow()
            return bank.search(fingerprint), len(bank), self._sequence

    def _follow(self) -> Bank:
        # The sequence is read before the entries: an entry may then be newer than the number
        # says, and meeting its change once more later does no harm.
        if self._bank is None:
            last = Change.objects.filter(shelf=self._shelf).order_by("-sequence").first()
            bank = Bank(key=vault.local_key())
            bank.add_many(_read(self._entries(None)))
            self._bank, self._sequence = bank, last.sequence if last else 0
            return bank
        changes = Change.objects.filter(shelf=self._shelf, sequence__gt=self._sequence)
        # Of several changes to one entry the last one holds.
        latest = {change.entry_id: change for change in changes.order_by("sequence")}
        if not latest:
            return self._bank
        added = {entry_id for entry_id, change in latest.items() if change.is_added}
        for entry_id in latest.keys() - added:
            self._bank.remove(str(entry_id))
        wanted = sorted(added)
        # In portions: a statement takes so many parameters, and a host may have registered
        # all that it has since the last search.
        for start in range(0, len(wanted), _PORTION):
            self._bank.add_many(_read(self._entries(wanted[start : start + _PORTION])))
        self._sequence = max(change.sequence for change in latest.values())
        return self._bank


def _read(entries: Iterable[tuple[int, str]]) -> Iterator[tuple[str, Fingerprint]]:
    for entry_id, fingerprint in entries:
        yield str(entry_id), Fingerprint.from_json(fingerprint)
