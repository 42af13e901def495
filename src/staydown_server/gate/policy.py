"""The gate's answer to each match, by its kind and by what it matched, from policy.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from django.conf import settings

from staydown.exchange.hash_list import HOWS
from staydown.match.match import MatchKind
from staydown_server.gate.provenance import Provenance


class Answer(StrEnum):
    """What the host should do with an upload, mildest first."""

    ALLOW = "allow"
    HOLD = "hold"
    BLOCK = "block"


#: The answer to what matches a deposit, whatever the kind of match.
DEPOSIT = "deposit"
_SOURCE = "source"

Answers = Mapping[str, Answer]


class PolicyError(Exception):
    """The policy cannot be used; the sentence says why, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Policy:
    """An answer to each kind of match, and others by how far what was matched was reviewed, and
    by the bank that it came from: the narrower one counts."""

    answers: Answers
    by_review: Mapping[str, Answers] = field(default_factory=dict)
    by_source: Mapping[str, Answers] = field(default_factory=dict)

    def answer(self, kind: str, provenance: Provenance) -> Answer:
        """To an upload that matches in this way what has that *provenance*."""
        for narrower in (
            self.by_source.get(provenance.source, {}),
            self.by_review.get(provenance.how, {}),
        ):
            if kind in narrower:
                return narrower[kind]
        return self.answers[kind]


@cache
def policy() -> Policy:
    """The policy of this installation; raises :class:`PolicyError`."""
    if not settings.GATE_POLICY:
        return read(resources.files(__package__).joinpath("policy.toml").read_text("utf-8"))
    try:
        return read(Path(settings.GATE_POLICY).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"STAYDOWN_GATE_POLICY cannot be read ({error})") from error


def read(text: str) -> Policy:
    """The policy in *text*: TOML with an answer to each kind of match and to deposits, and tables
    of what differs."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"the gate's policy is not well-formed ({error})") from error
    kinds = get_args(MatchKind)
    narrower = {name: told.pop(name, {}) for name in (*HOWS, _SOURCE)}
    if not all(isinstance(table, dict) for table in narrower.values()):
        raise PolicyError(f"in the gate's policy, {', '.join(narrower)} are tables")
    for kind in (*kinds, DEPOSIT):
        if told.get(kind) not in list(Answer):
            raise _no_answer(kind)
    answers = _answers(told, (*kinds, DEPOSIT))
    # No person has decided about what somebody deposited.
    if answers[DEPOSIT] == Answer.BLOCK:
        raise PolicyError(
            "the gate's policy blocks what matches a deposit, which nobody has decided about: "
            'write deposit = "hold"'
        )
    sources = narrower.pop(_SOURCE)
    return Policy(
        answers,
        {name: _answers(table, kinds) for name, table in narrower.items()},
        {name: _answers(table, kinds) for name, table in sources.items()},
    )


def _answers(told: Any, kinds: tuple[str, ...]) -> Answers:
    if not isinstance(told, dict):
        raise PolicyError("in the gate's policy, each source has a table of its own")
    if unknown := sorted(set(told) - set(kinds)):
        raise PolicyError(f"the gate's policy answers {unknown[0]!r}, which is no kind of match")
    for kind, answer in told.items():
        if answer not in list(Answer):
            raise _no_answer(kind)
    # The rule against collateral damage: it may be the innocent footage that a fake was made of.
    if told.get("region-replaced") == Answer.BLOCK:
        raise PolicyError(
            "the gate's policy blocks 'region-replaced': such a picture may show somebody else, "
            'so a person must look; write region-replaced = "hold"'
        )
    return {kind: Answer(answer) for kind, answer in told.items()}


def _no_answer(kind: str) -> PolicyError:
    choices = ", ".join(Answer)
    return PolicyError(f"the gate's policy must answer {kind!r} with one of {choices}")
