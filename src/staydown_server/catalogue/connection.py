"""One request to an address that was checked: what all that leaves the server goes through.

Whoever asks has resolved the name once and kept the answers that we may go to; the connection
goes to one of those very answers, so that a name that changes its mind in between leads nowhere
else. Redirects are not followed here: each is an address to be checked anew.
"""

import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_match_hostname import CertificateError

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
_CHUNK = 65536
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class FetchError(Exception):
    """The host could not be reached; try again later."""


class Refused(FetchError):
    """We do not go to this address."""


class TooLong(FetchError):
    """The answer is longer than the caller accepts; it will be the next time, too."""


class TooSlow(FetchError):
    """Nothing came, or not all of it in the time that there was."""


class NotTrusted(FetchError):
    """The host's certificate is not valid for its name; nothing was asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    #: The IP address that answered.
    address: str
    #: Of the host, DER; empty without TLS.
    certificate: bytes


def ask(
    url: str,
    addresses: Sequence[str],
    *,
    ends_at: float,
    wants: Callable[[int, Mapping[str, str]], int],
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    into: IO[bytes] | None = None,
    checks_certificate: bool = True,
) -> Answer:
    """Send one request for *url* to the first of *addresses* that takes a connection.

    *wants* is given the status and the headers, and says how many bytes of the body to read at
    most; they are written *into* a file where one is given. It is over at *ends_at*, a time of
    `time.monotonic`. Raises :class:`TooLong`, :class:`TooSlow`, :class:`NotTrusted` and
    :class:`FetchError`.
    """
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
    certificates: list[bytes] = []
    *_others, last = addresses
    for address in addresses:
        pool: urllib3.HTTPConnectionPool
        if parts.scheme == "https":
            options: dict[str, Any] = {"server_hostname": name, "saw": certificates.append}
            if checks_certificate:
                options["assert_hostname"] = name
            else:
                options |= {"assert_hostname": False, "cert_reqs": ssl.CERT_NONE}
            pool = _SecurePool(address, port, timeout=timeout, ends_at=ends_at, **options)
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
                    limit = wants(answer.status, answer.headers)
                    _read(answer, content, limit, ends_at=ends_at)
                body_read = content.getvalue() if isinstance(content, io.BytesIO) else b""
                certificate = certificates[-1] if certificates else b""
                return Answer(answer.status, dict(answer.headers), body_read, address, certificate)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # Nothing was sent yet where there was no connection: the next address may have one.
            if isinstance(error, urllib3.exceptions.ConnectTimeoutError) and address != last:
                continue
            raise _said(error, ends_at) from None
    raise AssertionError("the last address answers or raises")


def _said(error: Exception, ends_at: float) -> FetchError:
    if time.monotonic() > ends_at:
        return TooSlow("the host is too slow")
    # The class only: the message would quote the address.
    sentence = f"the host did not answer ({type(error).__name__})"
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError | CertificateError):
        return NotTrusted(sentence)
    # Of which urllib3 says that it is a timeout, too.
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return FetchError(sentence)
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return TooSlow(sentence)
    return FetchError(sentence)


def public(addresses: Iterable[IPAddress], *, and_in: Sequence[IPNetwork] = ()) -> list[str]:
    """Those of *addresses* that are on the public internet, or in the networks *and_in*; each
    once, in their order."""
    kept = [
        str(each)
        for each in addresses
        if is_public(each) or any(each in network for network in and_in)
    ]
    return list(dict.fromkeys(kept))


def is_public(address: IPAddress) -> bool:
    """Whether *address* is on the public internet, and so is what it may stand for."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried:
            # A gateway would take us to the address inside.
            return is_public(carried)
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
    """The same with TLS; *saw* is called with the host's certificate."""

    def __init__(self, *arguments: Any, saw: Callable[[bytes], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._saw = saw

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, ssl.SSLSocket):
            self._saw(self.sock.getpeercert(binary_form=True) or b"")
        # Where it was not checked, the caller wanted that and says so: no warning for each.
        self.is_verified = True


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
        raise TooSlow("the host is too slow")
