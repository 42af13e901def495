"""Reach a host, and only a host: what the server asks of platforms goes through here.

An address is used only if it is on an origin that the operator registered for the host. Its
name is resolved once, the answer is checked, and the connection goes to that very answer; see
`connection`. Redirects are not followed.
"""

import ipaddress
import socket
import time
from collections.abc import Mapping
from typing import IO
from urllib.parse import urlsplit

from staydown_server.accounts.models import Host
from staydown_server.catalogue.connection import (
    Answer,
    FetchError,
    Refused,
    TooLong,
    ask,
    public,
)
from staydown_server.catalogue.locate import on_host

__all__ = ["Answer", "FetchError", "Refused", "TooLong", "fetch"]

#: For a whole answer: a host that sends a byte now and then would hold us for ever.
WHOLE_SECONDS = 120.0


def fetch(
    url: str,
    *,
    host: Host,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limit: int = 0,
    seconds: float = WHOLE_SECONDS,
    into: IO[bytes] | None = None,
) -> Answer:
    """Send one request to *host* and read at most *limit* bytes of the answer, which are
    written *into* a file where one is given.

    Raises :class:`Refused` for an address that is not the host's, :class:`TooLong` for an
    answer of more than *limit* bytes, and :class:`FetchError` when the host cannot be reached
    or takes more than so many *seconds*.
    """
    ends_at = time.monotonic() + seconds
    if not (on_host(url, host) or (url and url == host.webhook_url)):
        raise Refused("the address is not on an origin of this host")
    return ask(
        url,
        _resolve(url, host),
        ends_at=ends_at,
        wants=lambda _status, _headers: limit,
        method=method,
        body=body,
        headers=headers,
        into=into,
    )


def _resolve(url: str, host: Host) -> list[str]:
    """The addresses that the name in *url* has and we may go to, at least one."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    try:
        answers = socket.getaddrinfo(parts.hostname or "", port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchError("the host's name could not be resolved") from error
    found = [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in answers]
    allowed = list(dict.fromkeys(map(str, found))) if host.is_private else public(found)
    if not allowed:
        raise Refused("the host's name leads to a private network")
    return allowed
