"""An entry of a hash list: which fingerprints, what harm, and who stands behind it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self, get_args

from staydown.exchange.hash_list.errors import BadForm
from staydown.exchange.hash_list.prints import Prints

Harm = Literal["intimate-real", "intimate-synthetic", "intimate-unknown", "child-abuse", "other"]
HARMS: tuple[str, ...] = get_args(Harm)
"""What is shown: an intimate image that is real, made by a machine, or nobody said which;
sexual abuse of a child (partners' lists); or something else that a partner lists."""

How = Literal["reviewed", "reviewed-by-two", "deposited", "imported"]
HOWS: tuple[str, ...] = get_args(How)
"""How an entry came to be: a person looked, two did, the person shown deposited it and nobody
else has looked, or it was taken over from another list."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_NONCE = re.compile(r"[0-9a-f]{32}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who confirmed an entry, and how.

    *by* names the organisation that stands behind it, and *source* the list that it was
    imported from: names as of domains, in lower case, and never a person's.
    """

    how: How
    by: str
    source: str | None = None

    def __post_init__(self) -> None:
        if self.how not in HOWS:
            raise BadForm(f"“how” must be one of {', '.join(HOWS)}.")
        check_name(self.by, "by")
        if (self.source is not None) != (self.how == "imported"):
            raise BadForm("“source” comes with what was imported, and with nothing else.")
        if self.source is not None:
            check_name(self.source, "source")

    def to_dict(self) -> dict[str, Any]:
        values = {"how": self.how, "by": self.by}
        return values if self.source is None else {**values, "source": self.source}

    @classmethod
    def from_dict(cls, values: object) -> Self:
        fields = mapping(values, "provenance")
        return cls(fields.get("how"), fields.get("by"), fields.get("source"))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a list says of one picture or film.

    *confidence* is a whole number from 0 to 100: how sure the list is that a match is to be
    taken down. After *expires_at* (UTC) the entry does not stand any more. *nonce* is random:
    without it, the digest of a line that was blacked out would tell whoever has the picture
    that it once was on the list.
    """

    prints: Prints
    harm: Harm
    provenance: Provenance
    confidence: int
    expires_at: datetime | None = None
    nonce: str = field(default_factory=lambda: secrets.token_hex(16), repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.harm not in HARMS:
            raise BadForm(f"“harm” must be one of {', '.join(HARMS)}.")
        whole(self.confidence, "confidence", 0, 100)
        if not isinstance(self.nonce, str) or not _NONCE.fullmatch(self.nonce):
            raise BadForm("“nonce” must be 32 hexadecimal digits.")

    def stands_at(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at

    def to_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "fingerprint": self.prints.to_dict(),
            "harm": self.harm,
            "provenance": self.provenance.to_dict(),
            "confidence": self.confidence,
            "nonce": self.nonce,
        }
        if self.expires_at is not None:
            values["expires_at"] = written(self.expires_at)
        return values

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Read what `to_dict` wrote, or someone else did; raises `BadForm`."""
        fields = mapping(values, "content")
        expires_at = fields.get("expires_at")
        return cls(
            prints=Prints.from_dict(fields.get("fingerprint")),
            harm=fields.get("harm"),  # type: ignore[arg-type]
            provenance=Provenance.from_dict(fields.get("provenance")),
            confidence=fields.get("confidence"),  # type: ignore[arg-type]
            expires_at=None if expires_at is None else read_time(expires_at, "expires_at"),
            nonce=fields.get("nonce"),  # type: ignore[arg-type]
        )


def check_name(value: object, name: str) -> None:
    """Refuse what is no name of an organisation or a list."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise BadForm(
            f"“{name}” must be a name of at most 64 small letters, digits, dots, dashes and "
            "underscores, such as forum.example."
        )


def mapping(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadForm(f"“{name}” must be a JSON object.")
    return value


def whole(value: object, name: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise BadForm(f"“{name}” must be a whole number from {low} to {high}.")
    return value


def read_time(value: object, name: str) -> datetime:
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise BadForm(f"“{name}” must be a time in UTC, such as 2026-01-31T18:00:00Z.")


def written(time: datetime) -> str:
    """*time* as the format writes it: UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
