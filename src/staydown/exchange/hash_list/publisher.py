"""A list that its publisher keeps as files, without a database: for small lists and mirrors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from staydown.exchange.hash_list.errors import BadForm
from staydown.exchange.hash_list.folder import (
    from_folder,
    write_head,
    write_keys,
    write_pages,
)
from staydown.exchange.hash_list.follower import State, follow
from staydown.exchange.hash_list.head import Head, Keys, open_head, open_keys
from staydown.exchange.hash_list.line import Line
from staydown.exchange.hash_list.signing import LARGEST_DOCUMENT, SigningKey
from staydown.exchange.hash_list.standing import Standing
from staydown.exchange.hash_list.writer import (
    Change,
    Tally,
    without_the_past,
    written_lines,
)

KEYS_LAST = timedelta(days=400)
"""Within so long the owner takes the root key out and signs the next keys document."""


@dataclass(frozen=True, slots=True)
class FolderList:
    """The list in *folder* as it stands: its newest documents, and all lines in order."""

    folder: Path
    keys: Keys
    head: Head
    lines: tuple[Line, ...]
    standing: Standing

    @classmethod
    def create(
        cls, folder: Path, list: str, *, root: SigningKey, signer: SigningKey, now: datetime
    ) -> Self:
        """Begin an empty list. Raises `BadForm` where there is one already."""
        if (folder / "head.json").exists():
            raise BadForm(f"{folder} holds a list already.")
        keys = Keys(list, 1, 1, root.public, (signer.public,), now, now + KEYS_LAST)
        head = Tally().head(list, number=1, keys=1, now=now)
        write_keys(folder, 1, keys.sign([root]))
        write_head(folder, head.sign(signer))
        return cls(folder, keys, head, (), Standing())

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read and check what is there; who signs it is what its own first keys say.

        An expired head is no fault here: the next one to be signed replaces it. Raises a
        `ListError`.
        """
        fetch = from_folder(folder)
        first, _ = open_keys(fetch("keys/1.json", LARGEST_DOCUMENT))
        head, _ = open_head(fetch("head.json", LARGEST_DOCUMENT))
        keys, _ = open_keys(fetch(f"keys/{head.keys}.json", LARGEST_DOCUMENT))
        lines: list[Line] = []
        standing = Standing()
        for step in follow(State(head.list, first.root), fetch, now=head.signed_at):
            standing.take(step)
            lines += step.lines
        return cls(folder, keys, head, tuple(lines), standing)

    def publish(self, changes: Iterable[Change], *, signer: SigningKey, now: datetime) -> Self:
        """Write *changes* and a head that signs them; without changes, the head alone."""
        tally = Tally(self.head.sequence, self.head.standing, self.head.page_lines, self.head.pages)
        new = tuple(written_lines(changes, after=self.head.sequence, now=now))
        return self._written(tally.after(new), (*self.lines, *new), signer, now)

    def rotate(
        self,
        *,
        root: SigningKey,
        signer: SigningKey,
        now: datetime,
        new_root: SigningKey | None = None,
        begin_anew: bool = False,
    ) -> Self:
        """Publish that *signer* signs from now on, in *root*'s name.

        *begin_anew* after a key was stolen: all that stands is written again as a new history,
        and what is not in it goes. Take out of the list first what the thief put there.
        """
        heir = new_root or root
        keys = replace(
            self.keys,
            number=self.keys.number + 1,
            generation=self.keys.generation + begin_anew,
            root=heir.public,
            signers=(signer.public,),
            signed_at=now,
            expires_at=now + KEYS_LAST,
        )
        roots: Sequence[SigningKey] = [root] if heir is root else [root, heir]
        write_keys(self.folder, keys.number, keys.sign(roots))
        rotated = replace(self, keys=keys)
        if not begin_anew:
            return rotated.publish([], signer=signer, now=now)
        again = [Change("add", line.id, line.entry) for line in self.standing if line.entry]
        lines = tuple(written_lines(again, after=0, now=now))
        return rotated._written(
            Tally(page_lines=self.head.page_lines).after(lines), lines, signer, now
        )

    def _written(
        self, tally: Tally, lines: tuple[Line, ...], signer: SigningKey, now: datetime
    ) -> Self:
        standing = Standing()
        standing.add(lines)
        last = {line.id: line.sequence for line in standing}
        write_pages(self.folder, without_the_past(lines, last), tally.page_lines)
        head = tally.head(
            self.head.list,
            number=self.head.number + 1,
            keys=self.keys.number,
            generation=self.keys.generation,
            now=now,
        )
        write_head(self.folder, head.sign(signer))
        return replace(self, head=head, lines=lines, standing=standing)
