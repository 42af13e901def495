"""What a valid notice holds, and which question to ask for what is missing.

The four elements are those of 47 U.S.C. 223a(a)(1)(B); what other laws ask for is in the
statement, and ``regimes.toml`` says where.
"""

import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from staydown_server.notices.regimes import may_be_nameless

# Invisible characters come along when an address is copied out of a chat.
_REST = r"[^\s<>\"'\]\[{}|\\^`«»“”‘’\u200b-\u200f\u2060\ufeff]"
# What people leave out: "https://". Then there must be a path, or it could be any word with a dot.
_NAME = r"(?<![\w@.:/-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}(?::[0-9]{1,5})?/"
_URL = re.compile(rf"https?://{_REST}+|{_NAME}{_REST}+|(?<![\w@.:/-])www\.{_REST}+", re.IGNORECASE)
#: Keyboards of other scripts have these.
_WIDE = str.maketrans("：／．？＝＆（）", ":/.?=&()")
_TRAILING = ".,;:!?…"

#: Longer than anything anyone needs to say; keeps one notice from filling the disk.
LONGEST_TEXT = 20_000
LONGEST_LINE = 500
MOST_PLACES = 200


class Kind(StrEnum):
    """What a report asks for."""

    NOTICE = "notice"
    #: Nothing is online yet: the fingerprints are watched for.
    DEPOSIT = "deposit"
    #: Nobody told us: a host brought a fingerprint along (banks/). Not what anyone can send.
    IMPORT = "import"


class Element(StrEnum):
    """What a notice must hold to be valid."""

    SIGNATURE = "signature"
    PICTURES = "pictures"
    #: Of a deposit: what is not online has no address.
    FINGERPRINTS = "fingerprints"
    ON_BEHALF_OF = "on_behalf_of"
    GOOD_FAITH = "good_faith"
    CONTACT = "contact"


class ReportError(Exception):
    """A report cannot be taken in as it is."""


class Incomplete(ReportError):
    """Something the law asks for is missing; ask for it, and keep the rest."""

    def __init__(self, missing: tuple[Element, ...]) -> None:
        super().__init__("missing: " + ", ".join(missing))
        self.missing = missing


class TooMany(ReportError):
    """More places than one notice can hold; nothing was cut off."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} places")
        self.limit = limit


class TooLong(ReportError):
    """A text is longer than we keep; nothing was cut off."""

    def __init__(self, field_name: str, limit: int) -> None:
        super().__init__(f"{field_name} is longer than {limit} characters")
        self.field_name, self.limit = field_name, limit


@dataclass(frozen=True, slots=True)
class Report:
    """What the person typed, letter by letter, and fingerprints of the files they chose."""

    signature: str
    places: str
    good_faith: bool
    contact: str
    explanation: str = ""
    on_behalf_of: str = ""
    language: str = "en"
    kind: Kind = Kind.NOTICE
    #: Signed for somebody else, who is named in *on_behalf_of*.
    for_another: bool = False
    #: The picture shows somebody under 18.
    about_minor: bool = False
    #: What was signed: the text above the tick, as it was shown.
    statement: str = ""
    #: Fingerprints of files, in their JSON form. The files themselves are not kept.
    fingerprints: tuple[dict[str, Any], ...] = field(default=())

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses in *places*, each once, whatever was pasted around them."""
        return urls_in(self.places)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "fingerprints": list(self.fingerprints)}

    def check(self) -> None:
        """Raise :class:`TooLong`, :class:`TooMany` or :class:`Incomplete`; or say nothing."""
        for name, limit in (
            ("places", LONGEST_TEXT),
            ("explanation", LONGEST_TEXT),
            ("signature", LONGEST_LINE),
            ("on_behalf_of", LONGEST_LINE),
            ("contact", LONGEST_LINE),
            ("statement", LONGEST_TEXT),
        ):
            if len(getattr(self, name)) > limit:
                raise TooLong(name, limit)
        if len(self.urls) + len(self.fingerprints) > MOST_PLACES:
            raise TooMany(MOST_PLACES)
        nameless = self.about_minor and may_be_nameless()
        is_deposit = self.kind == Kind.DEPOSIT
        present = {
            Element.SIGNATURE: _says(self.signature) or nameless,
            Element.PICTURES: bool(self.urls or self.fingerprints) or is_deposit,
            Element.FINGERPRINTS: bool(self.fingerprints) or not is_deposit,
            Element.GOOD_FAITH: self.good_faith,
            Element.CONTACT: _says(self.contact) or nameless,
            Element.ON_BEHALF_OF: _says(self.on_behalf_of) or not self.for_another,
        }
        missing = tuple(element for element, is_there in present.items() if not is_there)
        if missing:
            raise Incomplete(missing)


def urls_in(text: str) -> tuple[str, ...]:
    """The http(s) addresses in *text*, in order, each once; ``https://`` may be missing."""
    found = (_without_tail(match.group()) for match in _URL.finditer(text.translate(_WIDE)))
    whole = (url if "://" in url else f"https://{url}" for url in found)
    return tuple(dict.fromkeys(whole))


def _says(text: str) -> bool:
    """Whether there is anything to see: a space, or a character without a width, is not."""
    return any(letter.isprintable() and not letter.isspace() for letter in text)


def _without_tail(url: str) -> str:
    """*url* without the marks of the sentence that it ended."""
    url = url.rstrip(_TRAILING)
    # A bracket that closes nothing in the address was opened before it.
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(_TRAILING)
    return url
