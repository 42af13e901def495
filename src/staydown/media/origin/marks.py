"""What a file says about how it was made, as values.

Nothing here repeats a stranger's sentences: a prompt or a comment may describe the
person in the picture. Words out of a file get this far only if they are in a known
vocabulary, or are a short name of a tool or an organisation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Self, cast, get_args

Kind = Literal["c2pa", "iptc", "generator"]

State = Literal[
    "trusted", "untrusted", "tampered", "invalid", "unreadable", "remote", "unchecked", "too-long"
]
"""What checking a C2PA manifest came to; ``docs/origin.md`` explains each."""

SOURCE_TYPES = frozenset(
    (
        # http://cv.iptc.org/newscodes/digitalsourcetype/, and its retired terms
        *("digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print"),
        *("humanEdits", "minorHumanEdits", "algorithmicallyEnhanced", "digitalCreation"),
        *("digitalArt", "dataDrivenMedia", "trainedAlgorithmicMedia", "algorithmicMedia"),
        *("screenCapture", "virtualRecording", "composite", "compositeCapture"),
        *("compositeSynthetic", "compositeWithTrainedAlgorithmicMedia", "softwareImage"),
        # http://c2pa.org/digitalsourcetype/
        *("empty", "trainedAlgorithmicData"),
    )
)
"""The terms of IPTC's and C2PA's digital source type."""

AI_SOURCE_TYPES = frozenset(
    ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic")
)
"""Those that say: made, wholly or in part, by a trained model."""

AT_MOST = 16
"""More types, tools or actions than these are not listed."""

_TERMS = {term.lower(): term for term in SOURCE_TYPES}
# No colon, no @, no line break: neither an address nor a sentence with a speaker.
_NAME = re.compile(r"\w[\w .,()+&/'’·-]{0,63}")
_ACTION = re.compile(r"c2pa\.[a-z_.-]{1,40}")


class MarkError(ValueError):
    """The value is not a mark; the message says which part."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that a file says about its origin.

    `kind` is where it says so: a C2PA manifest, IPTC's digital source type, or a mark
    that a generator leaves in its own way. `source_types` are terms of `SOURCE_TYPES`.
    `generators` names the tools, a manifest's claim generator first; `has_prompt` says
    that the text which a person typed into one is in the file (it is not kept).

    For C2PA only: `state`; `issuer`, the organisation in the signing certificate (what
    c2pa-python calls by this name; vouched for by nobody unless `state` is trusted);
    `signed_at`, from the signature's time stamp; `actions`, the actions and assertions
    that say AI was used.
    """

    kind: Kind
    state: State | None = None
    source_types: tuple[str, ...] = ()
    generators: tuple[str, ...] = ()
    has_prompt: bool = False
    issuer: str | None = None
    signed_at: datetime | None = None
    actions: tuple[str, ...] = ()

    @property
    def says_ai(self) -> bool:
        """Whether it says that a trained model made the picture, or a part of it."""
        says_so = AI_SOURCE_TYPES.intersection(self.source_types)
        return self.kind == "generator" or bool(says_so or self.actions)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; what is not said is left out."""
        values: dict[str, Any] = {
            "kind": self.kind,
            "state": self.state,
            "source_types": list(self.source_types),
            "generators": list(self.generators),
            "has_prompt": self.has_prompt,
            "issuer": self.issuer,
            "signed_at": self.signed_at.isoformat() if self.signed_at else None,
            "actions": list(self.actions),
        }
        return {name: value for name, value in values.items() if value}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The mark that `to_dict` wrote; `MarkError` for anything else."""
        kind, state = values.get("kind"), values.get("state")
        if kind not in get_args(Kind):
            raise MarkError("kind must be one of " + ", ".join(get_args(Kind)) + ".")
        if state is not None and state not in get_args(State):
            raise MarkError("state must be one of " + ", ".join(get_args(State)) + ".")
        issuer = values.get("issuer")
        if issuer is not None and short_name(issuer) != issuer:
            raise MarkError("issuer must be a short name.")
        signed_at = values.get("signed_at")
        if signed_at is not None and moment(signed_at) is None:
            raise MarkError("signed_at must be a time with its zone.")
        return cls(
            kind=cast(Kind, kind),
            state=state,
            source_types=_known(values, "source_types", source_type),
            generators=_known(values, "generators", short_name),
            has_prompt=values.get("has_prompt", False) is True,
            issuer=issuer,
            signed_at=moment(signed_at),
            actions=_known(values, "actions", action),
        )


def source_type(value: object) -> str | None:
    """The term of `SOURCE_TYPES` that *value* (its address, or the bare term) names."""
    if not isinstance(value, str):
        return None
    return _TERMS.get(re.split(r"[/:]", value.strip().rstrip("/"))[-1].lower())


def short_name(value: object) -> str | None:
    """*value* as the name of a tool or an organisation; None if it is not like one."""
    if not isinstance(value, str) or len(value) > 4 * 64:
        return None
    name = " ".join(value.split())
    return name if _NAME.fullmatch(name) else None


def action(value: object) -> str | None:
    """*value* if it is one of C2PA's own labels, such as ``c2pa.created``."""
    return value if isinstance(value, str) and _ACTION.fullmatch(value) else None


def moment(value: object) -> datetime | None:
    """An ISO 8601 time with its zone, in UTC, to the second."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.astimezone(UTC).replace(microsecond=0) if at and at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def listed(values: Iterable[str | None]) -> tuple[str, ...]:
    """*values* once each, in their order, without None, and `AT_MOST` of them."""
    return tuple(dict.fromkeys(value for value in values if value is not None))[:AT_MOST]


def _known(values: Mapping[str, Any], name: str, check: Any) -> tuple[str, ...]:
    given = values.get(name, ())
    if not isinstance(given, list | tuple) or len(given) > AT_MOST:
        raise MarkError(f"{name} must be a list of at most {AT_MOST}.")
    if any(check(each) != each for each in given):
        raise MarkError(f"{name} must hold known terms or short names.")
    return tuple(given)
