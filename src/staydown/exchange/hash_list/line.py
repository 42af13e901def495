"""One line of a hash list, and the chain that ties each line to all before it.

A line is a JSON object in canonical form (RFC 8785), in ASCII, without fractions. What it says
of the picture is its ``content``. A line's digest is the SHA-256 of the line with its content
replaced by the content's own digest, so that a content which no longer stands can be blacked
out by anyone who serves the list, and every signature still holds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NoReturn, Self, get_args

from staydown.exchange.hash_list.entry import Entry, mapping, read_time, whole, written
from staydown.exchange.hash_list.errors import BadForm, TooLarge

Op = Literal["add", "change", "retract"]
OPS: tuple[str, ...] = get_args(Op)

Reason = Literal[
    "withdrawn", "overturned", "mistaken", "disputed", "expired", "source-retracted", "key-stolen"
]
REASONS: tuple[str, ...] = get_args(Reason)
"""Why an entry is taken back: the person withdrew, an appeal was won, it was listed by mistake,
partners dispute it, its time is over, the list it came from took it back, or someone else
had put it there with a stolen key."""

LONGEST_LINE = 1 << 20
HIGHEST = (1 << 53) - 1
"""No whole number is larger: every JSON reader takes it as it is."""
CHAIN_START = hashlib.sha256(b"staydown-hash-list 1").digest()

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_ID = re.compile(r"[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Line:
    """An addition, a change or a retraction of the entry called *id*.

    *entry* is how it stands from now on: nothing in a retraction, nor where *blacked_out*
    holds the hex digest of a content that this list no longer shows. *reason* comes with a
    retraction.
    """

    sequence: int
    at: datetime
    op: Op
    id: str
    entry: Entry | None = None
    reason: Reason | None = None
    blacked_out: str | None = None

    def __post_init__(self) -> None:
        whole(self.sequence, "sequence", 1, HIGHEST)
        if self.op not in OPS:
            raise BadForm(f"“op” must be one of {', '.join(OPS)}.")
        if not isinstance(self.id, str) or not _ID.fullmatch(self.id):
            raise BadForm("“id” must be 32 hexadecimal digits.")
        if self.op == "retract":
            if self.reason not in REASONS:
                raise BadForm(f"“reason” must be one of {', '.join(REASONS)}.")
            if self.entry is not None or self.blacked_out is not None:
                raise BadForm("A retraction has no content.")
        elif self.reason is not None:
            raise BadForm("“reason” comes with a retraction only.")
        elif (self.entry is None) == (self.blacked_out is None):
            raise BadForm("An addition or change has either “content” or “blacked_out”.")
        elif self.blacked_out is not None and not (
            isinstance(self.blacked_out, str) and _DIGEST.fullmatch(self.blacked_out)
        ):
            raise BadForm("“blacked_out” must be 64 hexadecimal digits.")

    def black_out(self) -> Self:
        """The same line without what it said of the picture. Its digest is the same."""
        if self.entry is None:
            return self
        return replace(self, entry=None, blacked_out=_hex_of(self.entry.to_dict()))

    def to_text(self) -> str:
        """The line as a list holds it, without the line's end."""
        values = self._outside()
        if self.entry is not None:
            values["content"] = self.entry.to_dict()
        return canonical(values)

    def digest(self) -> bytes:
        values = self._outside()
        if self.entry is not None:
            values["blacked_out"] = _hex_of(self.entry.to_dict())
        return hashlib.sha256(canonical(values).encode()).digest()

    def _outside(self) -> dict[str, Any]:
        values = {
            "sequence": self.sequence,
            "at": written(self.at),
            "op": self.op,
            "id": self.id,
            "reason": self.reason,
            "blacked_out": self.blacked_out,
        }
        return {name: value for name, value in values.items() if value is not None}


def read_line(raw: bytes) -> tuple[Line, bytes]:
    """The line that *raw* holds, and its digest. Raises `BadForm` and `TooLarge`.

    The digest is of what was read, names that we do not know included, so that a later
    version of the format can add some.
    """
    values = read_json(raw, LONGEST_LINE, "line")
    if canonical(values) != raw.decode():
        raise BadForm("A line of the list is not in canonical form (RFC 8785).")
    content = values.get("content")
    line = Line(
        sequence=values.get("sequence"),  # type: ignore[arg-type]
        at=read_time(values.get("at"), "at"),
        op=values.get("op"),  # type: ignore[arg-type]
        id=values.get("id"),  # type: ignore[arg-type]
        entry=None if content is None else Entry.from_dict(content),
        reason=values.get("reason"),
        blacked_out=values.get("blacked_out"),
    )
    if content is not None:
        del values["content"]
        values["blacked_out"] = _hex_of(content)
        raw = canonical(values).encode()
    return line, hashlib.sha256(raw).digest()


def chained(chain: bytes, digests: Iterable[bytes]) -> bytes:
    """The chain's value after lines with these *digests*; it begins at `CHAIN_START`."""
    for digest in digests:
        chain = hashlib.sha256(chain + digest).digest()
    return chain


def canonical(values: object) -> str:
    return _CANONICAL.encode(values)


def read_json(raw: bytes, most: int, name: str) -> dict[str, Any]:
    """The JSON object in *raw*, of whole numbers and ASCII only; raises `BadForm`, `TooLarge`."""
    if len(raw) > most:
        raise TooLarge(f"A {name} of the list is longer than {most} bytes.")
    if not raw.isascii():
        raise BadForm(f"A {name} of the list has characters that are not ASCII.")
    try:
        values = json.loads(raw, parse_float=_no_fractions, parse_constant=_no_fractions)
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadForm):
            raise
        raise BadForm(f"A {name} of the list is not valid JSON.") from None
    return mapping(values, name)


def _no_fractions(_text: str) -> NoReturn:
    raise BadForm("A list has whole numbers only.")


def _hex_of(content: object) -> str:
    return hashlib.sha256(canonical(content).encode()).hexdigest()
