"""Following a list: from what was stored last to what the publisher signs now.

What was followed is a small value, `State`. Store it in the same transaction as the lines of
the step that brought it; then a process may die anywhere, and the next one goes on where the
last stored step ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from staydown.exchange.hash_list.entry import check_name, mapping, read_time, whole, written
from staydown.exchange.hash_list.errors import (
    Altered,
    BadForm,
    Expired,
    Forked,
    OutOfOrder,
    RolledBack,
    Truncated,
    Withheld,
    WrongList,
)
from staydown.exchange.hash_list.head import Head, check_times, open_head, open_keys
from staydown.exchange.hash_list.line import (
    CHAIN_START,
    HIGHEST,
    Line,
    chained,
    read_line,
)
from staydown.exchange.hash_list.signing import LARGEST_DOCUMENT, PublicKey

Fetch = Callable[[str, int], bytes]
"""Gives the bytes at a path below the list's address, such as ``pages/3.jsonl?after=2500``, and
not more of them than the number says. Raises `Unreachable` or `NotThere`, or `TooLarge`."""

LARGEST_PAGE = 64 << 20
MOST_ROTATIONS = 256


@dataclass(frozen=True, slots=True)
class State:
    """How far a list was followed, and whom it may be signed by.

    A new follower knows the list's name and its root key, which the publisher gave it by
    another way than the list: `State(list, root)`. *withheld* are the entries seen blacked out
    that are still to be taken back.
    """

    list: str
    root: PublicKey
    keys: int = 0
    signers: tuple[PublicKey, ...] = ()
    keys_expire_at: datetime | None = None
    generation: int = 0
    head: int = 0
    signed_at: datetime | None = None
    sequence: int = 0
    chain: bytes = CHAIN_START
    withheld: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """As JSON's own types."""
        return {
            "list": self.list,
            "root": str(self.root),
            "keys": self.keys,
            "signers": [str(each) for each in self.signers],
            "keys_expire_at": None if self.keys_expire_at is None else written(self.keys_expire_at),
            "generation": self.generation,
            "head": self.head,
            "signed_at": None if self.signed_at is None else written(self.signed_at),
            "sequence": self.sequence,
            "chain": self.chain.hex(),
            "withheld": sorted(self.withheld),
        }

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Read what `to_dict` wrote; raises `BadForm`."""
        stored = mapping(values, "state")
        check_name(stored.get("list"), "list")
        try:
            return cls(
                list=stored["list"],
                root=PublicKey.read(stored["root"]),
                keys=whole(stored["keys"], "keys", 0, HIGHEST),
                signers=tuple(PublicKey.read(each) for each in stored["signers"]),
                keys_expire_at=_time(stored["keys_expire_at"], "keys_expire_at"),
                generation=whole(stored["generation"], "generation", 0, HIGHEST),
                head=whole(stored["head"], "head", 0, HIGHEST),
                signed_at=_time(stored["signed_at"], "signed_at"),
                sequence=whole(stored["sequence"], "sequence", 0, HIGHEST),
                chain=bytes.fromhex(stored["chain"]),
                withheld=frozenset(stored["withheld"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, BadForm):
                raise
            raise BadForm("The stored state of a list is damaged.") from None


@dataclass(frozen=True, slots=True)
class Step:
    """Lines that were checked, and the *state* to store with them.

    A line that is blacked out changes nothing: a later one takes its entry back or changes it
    again, or the last step is followed by `Withheld`. *begins_anew*: what was followed so far
    was another history; all of its entries that do not come again until *caught_up* are to be
    dropped then. *head* is the one followed.
    """

    lines: tuple[Line, ...]
    state: State
    head: Head
    caught_up: bool
    begins_anew: bool = False


def follow(state: State, fetch: Fetch, *, now: datetime) -> Iterator[Step]:
    """The steps from *state* to the list's newest head, one for each page and at least one.

    Nothing of a page is given before all of it was checked against the signed head. Raises a
    `ListError` that says what is wrong; the steps given before stand.
    """
    followed: Head | None = None
    while True:
        head, state, begins_anew = _open(state, fetch, now)
        if head == followed:
            raise Withheld(
                f"{len(state.withheld)} entries of the list are blacked out although it does not "
                "take them back: whoever serves it hides them. Fetch it from the publisher."
            )
        for step in _pages(state, head, fetch):
            yield replace(step, begins_anew=begins_anew)
            state, begins_anew = step.state, False
        if not state.withheld:
            return
        # Perhaps they were taken back while we read: then a newer head says so.
        followed = head


def _pages(state: State, head: Head, fetch: Fetch) -> Iterator[Step]:
    while True:
        page, last = _next_page(state.sequence, head)
        lines: tuple[Line, ...] = ()
        if last > state.sequence:
            raw = fetch(f"pages/{page}.jsonl?after={state.sequence}", LARGEST_PAGE)
            lines, state = _read_page(raw, state, head, page=page, last=last)
        if state.sequence == head.sequence:
            state = replace(state, head=head.number, signed_at=head.signed_at)
            yield Step(lines, state, head, caught_up=True)
            return
        yield Step(lines, state, head, caught_up=False)


def _open(state: State, fetch: Fetch, now: datetime) -> tuple[Head, State, bool]:
    """The newest head, checked; *state* made ready for it; and whether it begins anew."""
    head, document = open_head(fetch("head.json", LARGEST_DOCUMENT))
    if head.list != state.list:
        raise WrongList("What is served here is another list: check the address and its name.")
    if head.keys - state.keys > MOST_ROTATIONS:
        raise BadForm(f"The head names keys that are more than {MOST_ROTATIONS} rotations away.")
    ready = state
    for number in range(state.keys + 1, head.keys + 1):
        ready = _rotated(ready, fetch(f"keys/{number}.json", LARGEST_DOCUMENT), number)
    document.check(ready.signers, "head")
    # Only the keys in force must not have expired; those before them are history.
    if ready.keys_expire_at is not None and now >= ready.keys_expire_at:
        raise Expired(
            "The list's keys document has expired. Whoever serves it may hold back a newer one; "
            "ask whoever publishes the list."
        )
    check_times(head, now)
    _check_continues(ready, head)
    return head, ready, state.sequence > 0 and ready.generation != state.generation


def _rotated(state: State, raw: bytes, number: int) -> State:
    """*state* with the next keys document: the root we know must have signed it."""
    keys, document = open_keys(raw)
    if keys.list != state.list or keys.number != number:
        raise WrongList(f"What is served as keys document {number} is another one.")
    document.check([state.root], "keys document")
    # Whoever takes over shows that they hold the new root.
    document.check([keys.root], "keys document")
    if keys.generation < state.generation:
        raise RolledBack("A keys document names a generation that is over.")
    if keys.generation > state.generation:
        state = State(state.list, state.root)
    return replace(
        state,
        root=keys.root,
        keys=number,
        signers=keys.signers,
        keys_expire_at=keys.expires_at,
        generation=keys.generation,
        # Whoever held the keys before may have signed the highest number there is.
        head=0,
    )


def _check_continues(state: State, head: Head) -> None:
    """Raise `RolledBack` or `Forked` where *head* does not go on from *state*."""
    if head.keys < state.keys or head.number < state.head or head.sequence < state.sequence:
        raise RolledBack(
            "The head is older than one seen before: it is replayed. Fetch the list from the "
            "publisher; whoever serves this one is out of date, or lies."
        )
    is_same = head.sequence == state.sequence
    pages, over = divmod(state.sequence, head.page_lines)
    if (
        head.generation != state.generation
        or (head.number == state.head and not is_same)
        or (is_same and head.chain != state.chain)
        or (pages > 0 and over == 0 and head.pages[pages - 1] != state.chain)
    ):
        raise Forked(
            "The list does not continue what was followed so far: it was rewritten, or somebody "
            "else signs it too. Ask whoever publishes it. A list that begins anew says so in a "
            "keys document with a new generation."
        )


def _read_page(
    raw: bytes, state: State, head: Head, *, page: int, last: int
) -> tuple[tuple[Line, ...], State]:
    """The lines of *page* after *state*, up to number *last*, and the state after them."""
    rows = raw.split(b"\n")
    if rows.pop() or not rows:
        raise Truncated(f"Page {page} of the list ends in the middle of a line. Fetch it again.")
    known = state.sequence + 1 - read_line(rows[0])[0].sequence
    # The page may have grown since the head was signed; the next head is for what is new.
    rows = rows[max(0, known) : max(0, known) + last - state.sequence]
    lines, digests, withheld = [], [], set(state.withheld)
    for expected, row in enumerate(rows, start=state.sequence + 1):
        line, digest = read_line(row)
        if line.sequence != expected:
            raise OutOfOrder(
                f"Page {page} of the list has line {line.sequence} where {expected} must come."
            )
        lines.append(line)
        digests.append(digest)
        if line.blacked_out is None:
            withheld.discard(line.id)
        else:
            withheld.add(line.id)
    if len(lines) != last - state.sequence:
        raise Truncated(
            f"Page {page} of the list lacks lines between {state.sequence + 1} and {last}. Fetch "
            "it again; if that does not help, whoever serves it has an incomplete copy."
        )
    chain = chained(state.chain, digests)
    if chain != head.pages[page - 1]:
        raise Altered(
            f"The lines on page {page} of the list are not those that its head signs. Whoever "
            "serves it altered them, or the list was rewritten: ask whoever publishes it."
        )
    return tuple(lines), replace(state, sequence=last, chain=chain, withheld=frozenset(withheld))


def _next_page(sequence: int, head: Head) -> tuple[int, int]:
    """The number of the page with the line after *sequence*, and that page's last line."""
    page = sequence // head.page_lines + 1
    return page, min(page * head.page_lines, head.sequence)


def _time(value: object, name: str) -> datetime | None:
    return None if value is None else read_time(value, name)
