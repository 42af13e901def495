"""Look at a reported address, once, because a person said so.

Nothing else on the host is touched: no page is searched, no picture on it fetched. The file is
read into a nameless one, which is gone when its fingerprint is made; what stays is the
fingerprint, what the host said of itself, and when.
"""

import hashlib
import ssl
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

import staydown
from staydown import Fingerprint
from staydown.fingerprint.files import Look
from staydown.media.errors import DecoderUnavailable
from staydown_server.catalogue.connection import Answer
from staydown_server.catalogue.read import fingerprint_file
from staydown_server.providers import known
from staydown_server.providers.addresses import NotAnAddress, normalise
from staydown_server.providers.found import (
    ByHand,
    Certificate,
    Reason,
    Sighting,
    Step,
    Trouble,
)
from staydown_server.providers.registry_objects import one_line
from staydown_server.providers.visit import NotTrusted, NotVisited, follow, lower, visit

#: For all of it: a film is long, and hosts are slow.
WHOLE_SECONDS = 900.0
#: What is kept of an answer's headers, beside those that tell of a delivery network.
HEADERS = frozenset(
    {
        *("age", "cache-control", "content-length", "content-type", "date", "etag", "expires"),
        *("last-modified", "location", "retry-after", "server", "via", "x-cache"),
        *("x-powered-by", "x-served-by"),
    }
)
_LONGEST_VALUE = 500
_ASK = {"Accept": "*/*", "Accept-Encoding": "identity"}
_PAGES = ("text/html", "application/xhtml+xml")

_BY_STATUS = {
    401: (Reason.REFUSED, ByHand.OPEN_IT),
    403: (Reason.REFUSED, ByHand.OPEN_IT),
    404: (Reason.GONE, ByHand.NOTHING),
    410: (Reason.GONE, ByHand.NOTHING),
    429: (Reason.RATE_LIMITED, ByHand.ASK_LATER),
    451: (Reason.REFUSED, ByHand.OPEN_IT),
}
_BY_REASON = {
    Reason.PRIVATE_NETWORK: ByHand.LEAVE_IT_OUT,
    Reason.ONION: ByHand.LEAVE_IT_OUT,
    Reason.TIMEOUT: ByHand.ASK_LATER,
    Reason.UNREACHABLE: ByHand.ASK_LATER,
    Reason.NO_SUCH_NAME: ByHand.CORRECT_THE_ADDRESS,
    Reason.NO_ADDRESS: ByHand.CORRECT_THE_ADDRESS,
    Reason.NOT_AN_ADDRESS: ByHand.CORRECT_THE_ADDRESS,
    Reason.NOT_HTTP: ByHand.CORRECT_THE_ADDRESS,
    Reason.TOO_LONG: ByHand.CORRECT_THE_ADDRESS,
}


def look(url: str, *, closely: Look = "reported") -> Sighting:
    """What is at *url* now.

    Redirects are followed, at most five, each checked like the first. *closely* is how a film
    is looked at, see ``docs/video.md``: "upload" is enough to see again what is known. A host
    whose certificate is not valid is looked at all the same, and the sighting says so.
    """
    at = timezone.now()
    try:
        address, _ = normalise(url)
    except NotAnAddress as error:
        return _nothing(url, at, (), error.reason)
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        seen = _Visit(file)
        try:
            answer, chain = follow(address, seen.ask)
        except NotVisited as error:
            return _nothing(address, at, error.chain, error.reason)
        return seen.sighting(address, at, answer, chain, closely)


class _Visit:
    """The requests of one look."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._ends_at = time.monotonic() + WHOLE_SECONDS
        self._trusted = True
        self._is_too_large = False

    def ask(self, url: str) -> Answer:
        try:
            answer = self._visit(url, checks_certificate=True)
            self._trusted = True
        except NotTrusted:
            # The handshake failed, and nothing was asked. Nothing of ours is sent that somebody
            # in between could use, and what they show is on file as not trusted.
            answer = self._visit(url, checks_certificate=False)
            self._trusted = False
        return answer

    def _visit(self, url: str, *, checks_certificate: bool) -> Answer:
        return visit(
            url,
            ends_at=self._ends_at,
            wants=self._wants,
            headers=_ASK,
            into=self._file,
            checks_certificate=checks_certificate,
        )

    def _wants(self, status: int, headers: Mapping[str, str]) -> int:
        """How many bytes to read: of a page none."""
        said = lower(headers)
        length = said.get("content-length", "")
        self._is_too_large = length.isdecimal() and int(length) > settings.FILM_LIMIT
        is_file = status == 200 and not _is_page(said) and not self._is_too_large
        return settings.FILM_LIMIT if is_file else 0

    def sighting(
        self,
        url: str,
        at: datetime,
        answer: Answer,
        chain: tuple[str, ...],
        closely: Look,
    ) -> Sighting:
        headers = lower(answer.headers)
        troubles: list[Trouble] = []
        if answer.certificate and not self._trusted:
            troubles.append(_trouble(Reason.CERTIFICATE, ByHand.NOTHING, url))
        fingerprint, digest = None, ""
        if answer.status != 200:
            failed = ByHand.ASK_LATER if answer.status >= 500 else ByHand.OPEN_IT
            reason, by_hand = _BY_STATUS.get(answer.status, (Reason.FAILED, failed))
            troubles.append(_trouble(reason, by_hand, url))
        elif self._is_too_large:
            troubles.append(_trouble(Reason.TOO_LARGE, ByHand.OPEN_IT, url))
        elif _is_page(headers):
            troubles.append(_trouble(Reason.A_PAGE, ByHand.GIVE_THE_PICTURES_ADDRESS, url))
        else:
            digest = self._digest()
            fingerprint, trouble = self._fingerprint(url, closely)
            troubles += trouble
        if urlsplit(chain[-1]).hostname != urlsplit(url).hostname:
            troubles.append(_trouble(Reason.ELSEWHERE, ByHand.ADD_THAT_ADDRESS, chain[-1]))
        certificate = None
        if answer.certificate:
            certificate = Certificate(
                ssl.DER_cert_to_PEM_cert(answer.certificate),
                hashlib.sha256(answer.certificate).hexdigest(),
                self._trusted,
            )
        return Sighting(
            url=url,
            at=at,
            status=answer.status,
            chain=chain,
            address=answer.address,
            headers=_kept(headers),
            content_type=one_line(headers.get("content-type", ""), _LONGEST_VALUE),
            sha256=digest,
            certificate=certificate,
            fingerprint=fingerprint,
            troubles=tuple(troubles),
        )

    def _digest(self) -> str:
        self._file.flush()
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()  # type: ignore[arg-type]

    def _fingerprint(
        self, url: str, closely: Look
    ) -> tuple[Fingerprint | None, tuple[Trouble, ...]]:
        try:
            # It has no name but this.
            return fingerprint_file(f"/proc/self/fd/{self._file.fileno()}", look=closely), ()
        except DecoderUnavailable:
            return None, (_trouble(Reason.FAILED, ByHand.ASK_LATER, url),)
        except staydown.MediaError:
            return None, (_trouble(Reason.NOT_A_PICTURE, ByHand.OPEN_IT, url),)


def _is_page(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() in _PAGES


def _kept(headers: Mapping[str, str]) -> Mapping[str, str]:
    telling = {name for cdn in known.cdns() for name, _ in cdn.headers}
    return MappingProxyType(
        {
            name: one_line(value, _LONGEST_VALUE)
            for name, value in headers.items()
            if name in HEADERS or name in telling
        }
    )


def _nothing(url: str, at: datetime, chain: tuple[str, ...], reason: Reason) -> Sighting:
    by_hand = _BY_REASON.get(reason, ByHand.OPEN_IT)
    troubles = (_trouble(reason, by_hand, url),)
    nothing: Mapping[str, str] = MappingProxyType({})
    return Sighting(url, at, None, chain, "", nothing, "", "", None, None, troubles)


def _trouble(reason: Reason, by_hand: ByHand, about: str) -> Trouble:
    return Trouble(Step.LOOK, reason, by_hand, about)
