"""What a host tells Staydown, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from staydown.client.answers import StaydownError, Verdict
from staydown.client.uploads import File


class HasDict(Protocol):
    """A `staydown.Fingerprint`, say."""

    def to_dict(self) -> dict[str, Any]: ...


#: A fingerprint made elsewhere, in its JSON form or as an object.
Print = Mapping[str, Any] | HasDict


def plain(one: Print) -> dict[str, Any]:
    """*one* in its JSON form."""
    return dict(one) if isinstance(one, Mapping) else one.to_dict()


@dataclass(frozen=True, slots=True)
class Question:
    """What the gate is asked about, in one of three ways, and how."""

    file: File | None
    fingerprints: Sequence[Print]
    url: str
    reference: str
    uploader: str
    idempotency_key: str
    films_later: bool

    def fields(self) -> dict[str, Any]:
        told: dict[str, Any] = {"reference": self.reference, "uploader": self.uploader}
        if self.fingerprints:
            told["fingerprints"] = [plain(one) for one in self.fingerprints]
        if self.url:
            told["url"] = self.url
        return told

    def headers(self) -> dict[str, str]:
        told = {"Idempotency-Key": self.idempotency_key} if self.idempotency_key else {}
        return {**told, "Prefer": "respond-async"} if self.films_later else told


@dataclass(frozen=True, slots=True)
class Item:
    """Something that the host shows: its own *id* for it, the address of the page, that of the
    file itself, who uploaded it, and the file or its fingerprint."""

    id: str
    url: str
    file: File | None = None
    fingerprint: Print | None = None
    media_url: str = ""
    uploader: str = ""

    def about(self) -> dict[str, Any]:
        names = ("url", "file", "fingerprint", "media_url", "uploader")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of one item: the gate's verdict, or why it was not registered."""

    item: Item
    verdict: Verdict | None = None
    error: StaydownError | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person told you in a form of yours, word for word. *kind* may be ``deposit``:
    nothing is online yet, and the fingerprints are watched for."""

    signature: str
    contact: str
    good_faith: bool
    urls: Sequence[str] = ()
    fingerprints: Sequence[Print] = ()
    explanation: str = ""
    on_behalf_of: str = ""
    kind: Literal["notice", "deposit"] = "notice"
    about_minor: bool = False
    statement: str = ""

    def to_dict(self) -> dict[str, Any]:
        said = {name: getattr(self, name) for name in self.__slots__}
        prints = [plain(one) for one in self.fingerprints]
        return {**said, "urls": list(self.urls), "fingerprints": prints}
