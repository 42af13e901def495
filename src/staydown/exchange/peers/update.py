"""What every partner's list comes down to: under each of its keys, what stands now."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from staydown.exchange.hash_list import BadForm, Entry, Harm, Prints, Provenance
from staydown.exchange.web import Answer, Refused, WebError

Checkpoint = Mapping[str, Any]
"""How far a list was followed, as JSON's own types: store it with the updates that brought it."""


class NotUnderstood(WebError):
    """A partner's answer does not have the shape that its documentation gives."""


@dataclass(frozen=True, slots=True)
class Update:
    """Under *key* the list now holds *entry*; nothing, where it was withdrawn or deleted."""

    key: str
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of what changed, and the *checkpoint* to store with it.

    *begins_anew*: we were away for longer than the partner keeps its deletions, and fetch all
    of it again; what does not come again until *caught_up* is to be dropped then. *passed_over*
    counts, by why, the records that we can make nothing of.
    """

    updates: tuple[Update, ...]
    checkpoint: Checkpoint
    caught_up: bool
    begins_anew: bool = False
    passed_over: Mapping[str, int] = field(default_factory=Counter)


def listed(
    prints: Prints, *, partner: str, harm: Harm, confidence: int, how: str = "imported"
) -> Entry:
    """An entry of *partner*'s list."""
    if how == "deposited":
        return Entry(prints, harm, Provenance("deposited", partner), confidence)
    return Entry(prints, harm, Provenance("imported", partner, partner), confidence)


def prints_of(kind: str, hash_type: str, value: object) -> Prints | None:
    """One hash as lists name its type; None where it is none of ours or is damaged."""
    text = value.strip().lower() if isinstance(value, str) else ""
    try:
        if hash_type == "pdq" and kind == "picture":
            return Prints.from_dict({"kind": kind, "pdq": text})
        if hash_type in ("md5", "sha256"):
            return Prints.from_dict({"kind": kind, hash_type: text})
    except BadForm:
        pass
    return None


def read_answer(answer: Answer, partner: str) -> dict[str, Any]:
    """The JSON object that came. Raises `Refused` and `NotUnderstood`, neither with its text."""
    if answer.status != 200:
        raise Refused(f"{partner} answers with status {answer.status}.", answer.status)
    try:
        values = json.loads(answer.body)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise NotUnderstood(f"{partner} answers with something that is no JSON object.")
    return values
