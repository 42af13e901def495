"""What can be found out about an address: values, without a network or a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from staydown import Fingerprint


class Role(StrEnum):
    """What a provider does for a site."""

    HOST = "host"
    HOSTING = "hosting"
    CDN = "cdn"
    REGISTRAR = "registrar"
    REGISTRY = "registry"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach somebody, and who says so."""

    #: "email", "form" or "post".
    channel: str
    #: The address.
    value: str
    #: "abuse", "ncii", "dsa", "legal" or "general".
    purpose: str
    #: "rdap", or the name of the data file.
    source: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody without whom the site would not be reached."""

    role: Role
    name: str
    #: What registries call it: "asn", "network", "handle", "domain", ...
    identifiers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    #: ISO 3166-1 alpha-2; empty where nobody says.
    country: str = ""
    contacts: tuple[Contact, ...] = ()
    #: Primary keys of the `models.Answer` rows that say all this.
    sources: tuple[int, ...] = ()


class Step(StrEnum):
    """Where something went wrong."""

    ADDRESS = "address"
    DNS = "dns"
    #: Who holds the IP address.
    NETWORK = "network"
    #: Its autonomous system.
    SYSTEM = "system"
    #: The domain, its registrar and registry.
    DOMAIN = "domain"
    MAIL = "mail"
    CONTACT = "contact"
    LOOK = "look"


class Reason(StrEnum):
    """What went wrong."""

    NOT_AN_ADDRESS = "not-an-address"
    NOT_HTTP = "not-http"
    TOO_LONG = "too-long"
    PRIVATE_NETWORK = "private-network"
    ONION = "onion"
    NO_SUCH_NAME = "no-such-name"
    NO_ADDRESS = "no-address"
    NOT_FOUND = "not-found"
    NO_SERVER = "no-server"
    RATE_LIMITED = "rate-limited"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    WRONG_ANSWER = "wrong-answer"
    NO_CONTACT = "no-contact"
    BEHIND_CDN = "behind-cdn"
    ELSEWHERE = "elsewhere"
    REDIRECTS = "redirects"
    REFUSED = "refused"
    GONE = "gone"
    FAILED = "failed"
    CERTIFICATE = "certificate"
    A_PAGE = "a-page"
    NOT_A_PICTURE = "not-a-picture"
    TOO_LARGE = "too-large"


class ByHand(StrEnum):
    """What a person can do instead."""

    CORRECT_THE_ADDRESS = "correct-the-address"
    LEAVE_IT_OUT = "leave-it-out"
    ASK_LATER = "ask-later"
    LOOK_UP_THE_NETWORK = "look-up-the-network"
    LOOK_UP_THE_DOMAIN = "look-up-the-domain"
    LOOK_FOR_A_CONTACT = "look-for-a-contact"
    ASK_THE_CDN = "ask-the-cdn"
    OPEN_IT = "open-it"
    GIVE_THE_PICTURES_ADDRESS = "give-the-pictures-address"
    ADD_THAT_ADDRESS = "add-that-address"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be done, and what a person can do instead: three codes, see
    ``docs/providers.md``; whoever shows them puts them in words."""

    step: str
    reason: str
    by_hand: str
    #: What it is about: the line that was typed, a name, an IP address.
    about: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Addresses of one host."""

    #: As the DNS has it: lower case, IDNA, without a dot at the end; or an IP address.
    host: str
    #: The domain that somebody registered; empty for an IP address, or where there is none.
    domain: str
    #: Each once, in the order in which they came, as they are to be asked for.
    urls: tuple[str, ...]
    #: The lines that meant each of them, as they were typed: more than one is a repetition.
    typed: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Site:
    """A group, and who serves it."""

    host: str
    domain: str
    urls: tuple[str, ...]
    #: The host's IP addresses.
    addresses: tuple[str, ...]
    providers: tuple[Provider, ...]
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that the last host of a look showed."""

    pem: str
    #: Of its DER form, hexadecimal.
    sha256: str
    #: Whether it is valid for the host's name, signed by somebody whom this machine trusts.
    trusted: bool


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an address answered when it was looked at once."""

    url: str
    at: datetime
    #: The HTTP status; None where nobody answered.
    status: int | None
    #: Every address that was asked, the reported one first.
    chain: tuple[str, ...]
    #: The IP address that answered last; empty where nobody did.
    address: str
    headers: Mapping[str, str]
    content_type: str
    #: Of the bytes; empty where no file was read.
    sha256: str
    certificate: Certificate | None
    #: Of a picture or film; its pixels are not kept anywhere.
    fingerprint: Fingerprint | None
    troubles: tuple[Trouble, ...]
