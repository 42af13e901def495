"""Reach a host, and only a host: the one place from which requests leave the server.

An address is used only if it is on an origin that the operator registered for the host. Its
name is resolved once, the answer is checked, and the connection goes to that very answer, so
that a name that changes its mind in between leads nowhere else. Redirects are not followed.
"""

import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3

from staydown_server.accounts.models import Host
from staydown_server.catalogue.locate import on_host

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
#: For a whole answer: a host that sends a byte now and then would hold us for ever.
WHOLE_SECONDS = 120.0
_CHUNK = 65536
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class FetchError(Exception):
    """The host could not be reached; try again later."""


class Refused(FetchError):
    """We do not go to this address."""


class TooLong(FetchError):
    """The answer is longer than the caller accepts; it will be the next time, too."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(
    url: str,
    *,
    host: Host,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limit: int = 0,
) -> Answer:
    """Send one request to *host* and read at most *limit* bytes of the answer.

    Raises :class:`Refused` for an address that is not the host's, :class:`TooLong` for an
    answer of more than *limit* bytes, and :class:`FetchError` when the host cannot be reached
    or is too slow.
    """
    if not (on_host(url, host) or (url and url == host.webhook_url)):
        raise Refused("the address is not on an origin of this host")
    parts = urlsplit(url)
    name = parts.hostname or ""
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    sent = {
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": "Staydown",
        **(headers or {}),
    }
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    *others, last = _resolve(name, port, host)
    for address in (*others, last):
        pool: urllib3.HTTPConnectionPool
        if parts.scheme == "https":
            pool = urllib3.HTTPSConnectionPool(
                address, port, server_hostname=name, assert_hostname=name, timeout=timeout
            )
        else:
            pool = urllib3.HTTPConnectionPool(address, port, timeout=timeout)
        try:
            with pool:
                answer = pool.urlopen(
                    method,
                    target,
                    body=body,
                    headers=sent,
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
                return Answer(answer.status, dict(answer.headers), _read(answer, limit))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # Nothing was sent yet where there was no connection: the next address may have one.
            if isinstance(error, urllib3.exceptions.ConnectTimeoutError) and address != last:
                continue
            # The class only: the message would quote the address.
            raise FetchError(f"the host did not answer ({type(error).__name__})") from None
    raise AssertionError("the last address answers or raises")


def _resolve(name: str, port: int, host: Host) -> list[str]:
    """The addresses that *name* has and we may go to, at least one."""
    try:
        answers = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchError("the host's name could not be resolved") from error
    found = [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in answers]
    allowed = [str(address) for address in found if host.is_private or _is_public(address)]
    if not allowed:
        raise Refused("the host's name leads to a private network")
    return list(dict.fromkeys(allowed))


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried:
            # A gateway would take us to the address inside.
            return _is_public(carried)
    return address.is_global and not address.is_multicast


def _read(answer: urllib3.BaseHTTPResponse, limit: int) -> bytes:
    body = bytearray()
    deadline = time.monotonic() + WHOLE_SECONDS
    while limit and (chunk := answer.read1(_CHUNK, decode_content=False)):
        body += chunk
        if len(body) > limit:
            raise TooLong("the host's answer is longer than we accept")
        if time.monotonic() > deadline:
            raise FetchError("the host is too slow")
    answer.close()
    return bytes(body)
