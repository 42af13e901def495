"""A list in a folder that tests publish to, and that Mallory gets her hands on."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from staydown.exchange.hash_list import (
    Change,
    Entry,
    Fetch,
    Head,
    Keys,
    Line,
    Prints,
    Provenance,
    SigningKey,
    Standing,
    State,
    Step,
    Tally,
    follow,
    from_folder,
    without_the_past,
    write_head,
    write_keys,
    write_pages,
    written_lines,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
LIST = "forum.example"


def entry(number: int, **said: object) -> Entry:
    """The entry of a picture that nobody ever took."""
    seed = hashlib.sha512(str(number).encode()).digest()
    values: dict[str, object] = {
        "prints": Prints(sha256=seed[:32].hex(), md5=seed[:16].hex(), pdq=seed[32:], quality=90),
        "harm": "intimate-unknown",
        "provenance": Provenance("reviewed", "forum.example"),
        "confidence": 90,
        **said,
    }
    return Entry(**values)  # type: ignore[arg-type]


@dataclass
class Publisher:
    """Publishes at *folder*, three lines a page."""

    folder: Path
    root: SigningKey = field(default_factory=SigningKey.new)
    signer: SigningKey = field(default_factory=SigningKey.new)
    now: datetime = NOW
    lines: list[Line] = field(default_factory=list)
    tally: Tally = field(default_factory=lambda: Tally(page_lines=3))
    heads: int = 0
    keys: int = 0
    generation: int = 1

    def __post_init__(self) -> None:
        self.rotate()

    def rotate(
        self,
        *,
        signer: SigningKey | None = None,
        root: SigningKey | None = None,
        begin_anew: bool = False,
    ) -> None:
        """Publish who signs from now on."""
        old_root, self.root = self.root, root or self.root
        self.signer, self.keys = signer or self.signer, self.keys + 1
        if begin_anew:
            self.generation, self.tally, self.lines = self.generation + 1, Tally(page_lines=3), []
        document = Keys(
            list=LIST,
            number=self.keys,
            generation=self.generation,
            root=self.root.public,
            signers=(self.signer.public,),
            signed_at=self.now,
            expires_at=self.now + YEAR,
        )
        keys = [old_root] if old_root is self.root else [old_root, self.root]
        write_keys(self.folder, self.keys, document.sign(keys))

    def publish(self, *changes: Change) -> Head:
        new = list(written_lines(changes, after=self.tally.sequence, now=self.now))
        self.lines += new
        self.tally = self.tally.after(new)
        return self.sign()

    def sign(self, **said: object) -> Head:
        standing: dict[str, int] = {}
        for line in self.lines:
            if line.op == "retract":
                del standing[line.id]
            else:
                standing[line.id] = line.sequence
        write_pages(self.folder, without_the_past(self.lines, standing), 3)
        self.heads += 1
        head = self.tally.head(
            LIST, number=self.heads, keys=self.keys, generation=self.generation, now=self.now
        )
        write_head(self.folder, head.sign(self.signer))
        return head

    def add(self, *numbers: int) -> list[str]:
        """Publish additions, and give their names."""
        changes = [Change.add(entry(number)) for number in numbers]
        self.publish(*changes)
        return [each.id for each in changes]

    @property
    def start(self) -> State:
        """Where a new follower starts, who got the first root from the publisher."""
        return State(LIST, self.root.public)


@dataclass
class Follower:
    """A platform that follows the list: what it stored, and what stands there."""

    state: State
    fetch: Fetch
    standing: Standing = field(default_factory=Standing)
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, publisher: Publisher) -> "Follower":
        return cls(publisher.start, from_folder(publisher.folder))

    def follow(
        self, now: datetime = NOW, until: Callable[[Step], bool] = lambda step: False
    ) -> None:
        for step in follow(self.state, self.fetch, now=now):
            self.standing.take(step)
            self.state = State.from_dict(step.state.to_dict())
            self.steps.append(step)
            if until(step):
                break

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.standing.entries(NOW)}
