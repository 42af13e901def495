"""Anchors: where the chain stood, signed, to be kept elsewhere and held against it later.

The key keeps an intruder from making the chain anew; an anchor also finds a database that was
put back to an earlier state, as a whole.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from staydown_server.audit import chain, signature

_FORMAT = "staydown audit anchor 1"
_PURPOSE = "audit anchor"


class AnchorError(Exception):
    """An anchor cannot be made, or cannot be used."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One line of the chain: its number, its hash, and when it was added (ISO 8601)."""

    sequence: int
    hash: str
    at: str

    def to_json(self) -> str:
        """Signed with this installation's key."""
        signed = {
            **asdict(self),
            "key": signature.public_key(),
            "signature": signature.sign(self._message(), purpose=_PURPOSE),
        }
        return json.dumps({"format": _FORMAT, **signed}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, *, key: str) -> "Anchor":
        """Raises :class:`AnchorError` unless the owner of the public *key* signed it."""
        try:
            values: dict[str, Any] = json.loads(text)
            if values["format"] != _FORMAT:
                raise AnchorError("this is an anchor of another format")
            anchor = cls(int(values["sequence"]), str(values["hash"]), str(values["at"]))
            signed = str(values["signature"])
        except (ValueError, TypeError, KeyError) as error:
            raise AnchorError("this is no anchor: `staydown audit anchor` makes one") from error
        if not signature.is_signed(anchor._message(), signed, key=key, purpose=_PURPOSE):
            raise AnchorError("this anchor was altered, or another installation made it")
        return anchor

    def _message(self) -> bytes:
        return json.dumps([self.sequence, self.hash, self.at]).encode()


def make() -> Anchor:
    """An anchor of the last line; raises :class:`AnchorError`."""
    from staydown_server.audit.models import Entry

    end = chain.end()
    if end is None:
        raise AnchorError("the audit log does not end as it should: run `staydown audit verify`")
    sequence, last = end
    if not sequence:
        raise AnchorError("the audit log has no line yet")
    return Anchor(sequence, last, Entry.objects.get(sequence=sequence).at)
