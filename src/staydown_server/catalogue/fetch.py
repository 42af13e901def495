"""Reach a host, and only a host: the one place from which requests leave the server.

An address is used only if it is on an origin that the operator registered for the host. Its
name is resolved once, the answer is checked, and the connection goes to that very answer, so
that a name that changes its mind in between leads nowhere else. Redirects are not followed.
"""

import io
import ipaddress
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

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
            names: dict[str, Any] = {"server_hostname": name, "assert_hostname": name}
            pool = _SecurePool(address, port, timeout=timeout, ends_at=ends_at, **names)
        else:
            pool = _Pool(address, port, timeout=timeout, ends_at=ends_at)
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
                with closing(answer):
                    content = into or io.BytesIO()
                    _read(answer, content, limit, ends_at=ends_at)
                body_read = content.getvalue() if isinstance(content, io.BytesIO) else b""
                return Answer(answer.status, dict(answer.headers), body_read)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # Nothing was sent yet where there was no connection: the next address may have one.
            if isinstance(error, urllib3.exceptions.ConnectTimeoutError) and address != last:
                continue
            if time.monotonic() > ends_at:
                raise FetchError("the host is too slow") from None
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


class _Watched(HTTPConnection):
    """A connection that is cut when its time is over, whatever trickles in until then: neither
    the headers of an answer nor a handshake have an end of their own."""

    def __init__(self, *arguments: Any, ends_at: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ends_at = ends_at
        self._cut: threading.Timer | None = None
        self._wire: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        # A duplicate: TLS takes the first one over.
        connected = super()._new_conn()
        self._wire = connected.dup()
        self._cut = threading.Timer(max(0.0, self._ends_at - time.monotonic()), self._shut)
        self._cut.daemon = True
        self._cut.start()
        return connected

    def _shut(self) -> None:
        with suppress(OSError):
            if self._wire is not None:
                self._wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._cut is not None and self._wire is not None:
            self._cut.cancel()
            self._wire.close()
        super().close()


class _WatchedTls(_Watched, HTTPSConnection):
    """The same with TLS."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Watched


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


def _read(answer: urllib3.BaseHTTPResponse, into: IO[bytes], limit: int, *, ends_at: float) -> None:
    length = 0
    while limit and (chunk := answer.read1(_CHUNK, decode_content=False)):
        length += len(chunk)
        if length > limit:
            raise TooLong("the host's answer is longer than we accept")
        into.write(chunk)
    # What was cut off would look like the end.
    if time.monotonic() > ends_at:
        raise FetchError("the host is too slow")
