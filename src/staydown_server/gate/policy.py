"""The gate's answer to each kind of match, from policy.toml."""

import tomllib
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import get_args

from staydown.match.match import MatchKind


class Answer(StrEnum):
    """What the host should do with an upload, mildest first."""

    ALLOW = "allow"
    HOLD = "hold"
    BLOCK = "block"


#: The answer to what matches a deposit, whatever the kind of match.
DEPOSIT = "deposit"


class PolicyError(Exception):
    """The policy cannot be used; the sentence says why, and what to write instead."""


@cache
def policy() -> dict[str, Answer]:
    """The policy of this installation; raises :class:`PolicyError`."""
    return read(resources.files(__package__).joinpath("policy.toml").read_text("utf-8"))


def read(text: str) -> dict[str, Answer]:
    """The policy in *text*, TOML with an answer to each kind of match, and to deposits."""
    kinds = (*get_args(MatchKind), DEPOSIT)
    try:
        answers = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"gate/policy.toml is not well-formed ({error})") from error
    for kind in kinds:
        if answers.get(kind) not in list(Answer):
            choices = ", ".join(Answer)
            raise PolicyError(f"gate/policy.toml must answer {kind!r} with one of {choices}")
    if unknown := sorted(set(answers) - set(kinds)):
        raise PolicyError(f"gate/policy.toml answers {unknown[0]!r}, which is no kind of match")
    # No person has decided about what somebody deposited.
    if answers[DEPOSIT] == Answer.BLOCK:
        raise PolicyError(
            "gate/policy.toml blocks what matches a deposit, which nobody has decided about: "
            'write deposit = "hold"'
        )
    # The rule against collateral damage: it may be the innocent footage that a fake was made of.
    if answers["region-replaced"] == Answer.BLOCK:
        raise PolicyError(
            "gate/policy.toml blocks 'region-replaced': such a picture may show somebody else, "
            'so a person must look; write region-replaced = "hold"'
        )
    return {kind: Answer(answer) for kind, answer in answers.items()}
