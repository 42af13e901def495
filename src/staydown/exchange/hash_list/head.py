"""The two signed documents of a list: its head, and the keys that may sign heads.

The head says how far the list goes and which lines that takes in. The keys say who signs
heads. They are signed themselves with the root key, which its owner keeps off-line: whoever
breaks into the publisher's server gets a key that the next keys document dismisses. Both
ideas are The Update Framework's (its root and timestamp roles); see
``docs/decisions/0009-hash-list.md``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from staydown.exchange.hash_list.entry import check_name, read_time, whole, written
from staydown.exchange.hash_list.errors import BadForm, Expired, FromTheFuture, UnknownVersion
from staydown.exchange.hash_list.line import CHAIN_START, HIGHEST
from staydown.exchange.hash_list.signing import (
    Document,
    PublicKey,
    SigningKey,
    read_document,
    signed,
)

VERSION = 1
HEAD = "staydown-hash-list-head"
KEYS = "staydown-hash-list-keys"
PAGE_LINES = 1000
MOST_PAGE_LINES = 10_000
MOST_PAGES = 100_000
MOST_SIGNERS = 16
CLOCKS_APART = timedelta(minutes=10)
_CHAIN = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Head:
    """How far a list goes. *number* grows with each head; *keys* is the number of the keys
    document in force.

    *sequence* is the last line's, the cursor of whoever has followed it all. Lines come in
    pages of *page_lines*; *pages* holds the chain's value after each page, the last one being
    the root of all. *standing* is how many entries stand. A *generation* is a history: a new
    one begins where the publisher had to begin anew.
    """

    list: str
    number: int
    keys: int
    generation: int
    sequence: int
    standing: int
    page_lines: int
    pages: tuple[bytes, ...]
    signed_at: datetime
    expires_at: datetime

    @property
    def chain(self) -> bytes:
        return self.pages[-1] if self.pages else CHAIN_START

    def sign(self, key: SigningKey) -> bytes:
        values = {
            "version": VERSION,
            "list": self.list,
            "number": self.number,
            "keys": self.keys,
            "generation": self.generation,
            "sequence": self.sequence,
            "standing": self.standing,
            "page_lines": self.page_lines,
            "pages": [each.hex() for each in self.pages],
            "signed_at": written(self.signed_at),
            "expires_at": written(self.expires_at),
        }
        return signed(values, HEAD, [key])

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Raises `BadForm` and `UnknownVersion`."""
        check_version(values)
        check_name(values.get("list"), "list")
        sequence = whole(values.get("sequence"), "sequence", 0, HIGHEST)
        page_lines = whole(values.get("page_lines"), "page_lines", 1, MOST_PAGE_LINES)
        pages = values.get("pages")
        if not isinstance(pages, list) or len(pages) > MOST_PAGES:
            raise BadForm(f"“pages” must be a list of at most {MOST_PAGES} digests.")
        if len(pages) != -(-sequence // page_lines):
            raise BadForm("The head has more or fewer pages than its lines fill.")
        if not all(isinstance(each, str) and _CHAIN.fullmatch(each) for each in pages):
            raise BadForm("Each of “pages” must be 64 hexadecimal digits.")
        return cls(
            list=values["list"],
            number=whole(values.get("number"), "number", 1, HIGHEST),
            keys=whole(values.get("keys"), "keys", 1, HIGHEST),
            generation=whole(values.get("generation"), "generation", 1, HIGHEST),
            sequence=sequence,
            standing=whole(values.get("standing"), "standing", 0, sequence),
            page_lines=page_lines,
            pages=tuple(bytes.fromhex(each) for each in pages),
            signed_at=read_time(values.get("signed_at"), "signed_at"),
            expires_at=read_time(values.get("expires_at"), "expires_at"),
        )


@dataclass(frozen=True, slots=True)
class Keys:
    """Who may sign heads from now on.

    *number* grows by one with each document. *root* signs the next one. A *generation* higher
    than before says that followers shall forget what they have and begin anew: what came with
    a stolen key goes that way.
    """

    list: str
    number: int
    generation: int
    root: PublicKey
    signers: tuple[PublicKey, ...]
    signed_at: datetime
    expires_at: datetime

    def sign(self, keys: Sequence[SigningKey]) -> bytes:
        """Sign with the root before this one and, where that is another, this one's too."""
        values = {
            "version": VERSION,
            "list": self.list,
            "number": self.number,
            "generation": self.generation,
            "root": str(self.root),
            "signers": [str(each) for each in self.signers],
            "signed_at": written(self.signed_at),
            "expires_at": written(self.expires_at),
        }
        return signed(values, KEYS, keys)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Raises `BadForm` and `UnknownVersion`."""
        check_version(values)
        check_name(values.get("list"), "list")
        signers = values.get("signers")
        if not isinstance(signers, list) or not 1 <= len(signers) <= MOST_SIGNERS:
            raise BadForm(f"“signers” must be a list of 1 to {MOST_SIGNERS} public keys.")
        return cls(
            list=values["list"],
            number=whole(values.get("number"), "number", 1, HIGHEST),
            generation=whole(values.get("generation"), "generation", 1, HIGHEST),
            root=PublicKey.read(values.get("root")),
            signers=tuple(PublicKey.read(each) for each in signers),
            signed_at=read_time(values.get("signed_at"), "signed_at"),
            expires_at=read_time(values.get("expires_at"), "expires_at"),
        )


def open_head(raw: bytes) -> tuple[Head, Document]:
    """What a head says, and the document, of which nothing is checked yet."""
    document = read_document(raw, HEAD)
    return Head.from_dict(document.values), document


def open_keys(raw: bytes) -> tuple[Keys, Document]:
    document = read_document(raw, KEYS)
    return Keys.from_dict(document.values), document


def check_times(head: Head, now: datetime) -> None:
    """Raise `Expired` or `FromTheFuture`."""
    if now >= head.expires_at:
        raise Expired(
            "The list's head has expired. Whoever serves it may hold back a newer one: fetch it "
            "from the publisher, or ask there whether the list has ended."
        )
    if head.signed_at > now + CLOCKS_APART:
        raise FromTheFuture(
            "The list's head was signed later than now: check this machine's clock."
        )


def check_version(values: dict[str, Any]) -> None:
    version = values.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadForm("“version” must be a whole number from 1.")
    if version != VERSION:
        raise UnknownVersion(
            f"The list has version {version} of the format; this program reads {VERSION}. "
            "Install a newer one."
        )
