"""Addresses as people type them: one spelling for each, grouped by their host."""

import ipaddress
import re
from collections.abc import Iterable
from functools import cache
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

import idna
from django.conf import settings
from publicsuffixlist import PublicSuffixList

from staydown_server.catalogue.connection import IPAddress, public
from staydown_server.providers.found import ByHand, Group, Reason, Step, Trouble

LONGEST = 2000
_ASCII_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}")
_LONGEST_NAME = 253
#: How addresses are written so that nobody opens them by mistake.
_DEFANGED = (("hxxp", "http"), ("[.]", "."), ("(.)", "."), ("[dot]", "."), ("[:]", ":"))
#: "mailto:a" has a scheme, "example.com:8080/a" and "localhost:80" have none.
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://|[a-zA-Z][a-zA-Z0-9+-]*:(?!\d+(/|$))")
# RFC 6761, RFC 6762, RFC 8375, and what ICANN set aside: names of machines nearby.
_NEARBY = ("localhost", "local", "internal", "home.arpa", "lan", "intranet", "private")
_PORTS = {"http": 80, "https": 443}
#: Of a line, what is repeated in a trouble.
_MOST_SHOWN = 200


class NotAnAddress(Exception):
    """It cannot be asked for; *reason* says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def group(lines: Iterable[str]) -> tuple[tuple[Group, ...], tuple[Trouble, ...]]:
    """The addresses in *lines*, one a line, by host; and the lines that are none.

    Hosts and addresses come in the order in which they were first named. Empty lines are
    passed over. No name is looked up.
    """
    hosts: dict[str, dict[str, list[str]]] = {}
    troubles = []
    for line in lines:
        typed = line.strip()
        if not typed:
            continue
        try:
            url, host = normalise(typed)
        except NotAnAddress as error:
            by_hand = ByHand.CORRECT_THE_ADDRESS
            if error.reason in (Reason.PRIVATE_NETWORK, Reason.ONION):
                by_hand = ByHand.LEAVE_IT_OUT
            troubles.append(Trouble(Step.ADDRESS, error.reason, by_hand, typed[:_MOST_SHOWN]))
            continue
        hosts.setdefault(host, {}).setdefault(url, []).append(typed)
    groups = tuple(
        Group(host, domain_of(host), tuple(urls), {url: tuple(urls[url]) for url in urls})
        for host, urls in hosts.items()
    )
    return groups, tuple(troubles)


def normalise(text: str) -> tuple[str, str]:
    """*text* as the one address that it means, and its host; raises :class:`NotAnAddress`.

    The host is written as the DNS has it (UTS 46, as browsers do), what is no ASCII is
    percent-encoded, a default port and the fragment go, and so do a name and a password before
    the host. Without a scheme https is meant.
    """
    address = text.strip().strip("<>\"'«»“”").strip()
    for written, meant in _DEFANGED:
        address = address.replace(written, meant)
    if not address or any(letter.isspace() or ord(letter) < 32 for letter in address):
        raise NotAnAddress(Reason.NOT_AN_ADDRESS)
    if len(address) > LONGEST:
        raise NotAnAddress(Reason.TOO_LONG)
    address = _with_scheme(address)
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise NotAnAddress(Reason.NOT_AN_ADDRESS) from None
    if parts.scheme not in _PORTS:
        raise NotAnAddress(Reason.NOT_HTTP)
    host = _host(parts)
    written = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[parts.scheme]:
        if port == 0:
            raise NotAnAddress(Reason.NOT_AN_ADDRESS)
        written += f":{port}"
    url = urlunsplit(
        (parts.scheme, written, _spelt(parts.path) or "/", _spelt(parts.query, also="?"), "")
    )
    if len(url) > LONGEST:
        raise NotAnAddress(Reason.TOO_LONG)
    return url, host


def domain_of(host: str) -> str:
    """The domain that somebody registered, under which *host* is; empty for an IP address.

    Sites that many share, such as ``github.io``, are public suffixes too, but not in a
    registry: there, and in RDAP, the domain is the one that the company registered.
    """
    if is_ip(host):
        return ""
    return _suffixes().privatesuffix(host) or ""


def is_ip(host: str) -> bool:
    """Whether *host* is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _with_scheme(address: str) -> str:
    if address.startswith("//"):
        return f"https:{address}"
    return address if _SCHEME.match(address) else f"https://{address}"


def _host(parts: SplitResult) -> str:
    name = parts.hostname or ""
    if ":" in name:
        if "%" in name:
            raise NotAnAddress(Reason.NOT_AN_ADDRESS)
        return _reachable(ipaddress.IPv6Address(name))
    name = _in_dns(name).removesuffix(".")
    last = name.rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):
        # Browsers read 127.1, 0x7f.1 and 2130706433 as addresses; whoever means one writes it.
        try:
            return _reachable(ipaddress.IPv4Address(name))
        except ValueError:
            raise NotAnAddress(Reason.NOT_AN_ADDRESS) from None
    if last == "onion":
        raise NotAnAddress(Reason.ONION)
    if any(name == nearby or name.endswith(f".{nearby}") for nearby in _NEARBY):
        raise NotAnAddress(Reason.PRIVATE_NETWORK)
    if "." not in name:
        raise NotAnAddress(Reason.NOT_AN_ADDRESS)
    return name


def _reachable(address: IPAddress) -> str:
    if not public([address], and_in=settings.LOOKUP_NETWORKS):
        raise NotAnAddress(Reason.PRIVATE_NETWORK)
    return str(address)


def _in_dns(name: str) -> str:
    if not name.isascii() or "xn--" in name:
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            raise NotAnAddress(Reason.NOT_AN_ADDRESS) from None
    name = name.lower()
    if len(name) > _LONGEST_NAME or not _ASCII_NAME.fullmatch(name.removesuffix(".")):
        raise NotAnAddress(Reason.NOT_AN_ADDRESS)
    return name


def _spelt(part: str, *, also: str = "") -> str:
    return quote(part, safe="/~!$&'()*+,;=:@%[]" + also)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)
