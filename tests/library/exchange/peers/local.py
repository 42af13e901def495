"""What a platform keeps of a partner's list, as whoever uses the clients stores it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from staydown.exchange.hash_list import Entry
from staydown.exchange.peers.update import Batch, Checkpoint


@dataclass
class Clock:
    time: datetime = datetime(2026, 6, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, **said: float) -> None:
        self.time += timedelta(**said)


@dataclass
class Local:
    """Stores each batch with its checkpoint; *most* batches, then the process is killed."""

    entries: dict[str, Entry] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    stale: set[str] = field(default_factory=set)
    passed_over: Counter[str] = field(default_factory=Counter)

    def take(self, batches: Iterator[Batch], most: int = 1000) -> int:
        taken = 0
        for batch in batches:
            if batch.begins_anew:
                self.stale = set(self.entries)
            for update in batch.updates:
                self.stale.discard(update.key)
                if update.entry is None:
                    self.entries.pop(update.key, None)
                else:
                    self.entries[update.key] = update.entry
            if batch.caught_up:
                for key in self.stale:
                    del self.entries[key]
                self.stale = set()
            self.checkpoint = batch.checkpoint
            self.passed_over += Counter(batch.passed_over)
            taken += 1
            if taken == most:
                break
        return taken
