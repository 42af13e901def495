"""Reach a host, and only a host: the one place from which requests leave the server.

An address is used only if it is on an origin that the operator registered for the host. Its
name is resolved once, the answer is checked, and the connection goes to that very answer, so
that a name that changes its mind in between leads nowhere else. Redirects are not followed.
"""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3

from staydown_server.accounts.models import Host
from staydown_server.catalogue.locate import on_host

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
_CHUNK = 65536


class FetchError(Exception):
    """The host could not be reached; try again later."""


class Refused(FetchError):
    """We do not go to this address."""


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

    Raises :class:`Refused` for an address that is not the host's, :class:`FetchError` when
    the host cannot be reached, is too slow, or answers more than *limit* bytes.
    """
    if not (on_host(url, host) or url == host.webhook_url):
        raise Refused("the address is not on an origin of this host")
    parts = urlsplit(url)
    name = parts.hostname or ""
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    address = _resolve(name, port, host)
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    sent = {
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": "Staydown",
        **(headers or {}),
    }
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
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
        # The class only: the message would quote the address.
        raise FetchError(f"the host did not answer ({type(error).__name__})") from None


def _resolve(name: str, port: int, host: Host) -> str:
    try:
        answers = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchError("the host's name could not be resolved") from error
    for *_, place in answers:
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if address.is_global or host.is_private:
            return str(address)
    raise Refused("the host's name leads to a private network")


def _read(answer: urllib3.BaseHTTPResponse, limit: int) -> bytes:
    body = b""
    if limit:
        for chunk in answer.stream(_CHUNK, decode_content=False):
            body += chunk
            if len(body) > limit:
                raise FetchError("the host's answer is longer than we accept")
    answer.close()
    return body
