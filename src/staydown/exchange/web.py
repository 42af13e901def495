"""HTTP with partners: bounded, without redirects, and no key in any message.

Every credential that a partner gave is tried, the newest first, so that a key can be rotated
while both work. What an error says holds neither the address's query nor a header nor the
answer's body: keys and fingerprints live there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlencode, urlsplit

import urllib3

_EMPTY: Mapping[str, str] = MappingProxyType({})
_BUSY = (429, 503)
_TRY_AGAIN = (500, 502, 504)
_TRIES = 4
_KEY_REFUSED = (401, 403)
MOST_BYTES = 64 << 20


class _WithoutQuery(logging.Filter):
    """Takes the query out of the addresses that urllib3 logs: partners want keys in there."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                each.partition("?")[0] if isinstance(each, str) else each for each in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutQuery())


class WebError(Exception):
    """A partner could not be asked, or refused. The message says which partner, and what."""


class NoAnswer(WebError):
    """The partner is down, too slow, or talks nonsense. Ask again later."""


class KeyRefused(WebError):
    """The partner accepts none of our keys."""


class RateLimited(WebError):
    """The partner asks us to come back later: in *after* seconds, where it says so."""

    def __init__(self, message: str, after: float | None) -> None:
        super().__init__(message)
        self.after = after


class Refused(WebError):
    """The partner does not take what was asked, with the HTTP *status*."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class AnswerTooLarge(WebError):
    """The answer is larger than any honest one."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One key as a partner wants it: in headers, or in the query. Never shown."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = field(repr=False)
    etag: str | None = None


class Web:
    """One partner's server at *base*, asked with *credentials*, newest first.

    *timeout* is in seconds, for connecting and between bytes. A partner that is busy is waited
    for with *pause*, at most *most_wait* seconds at a time; beyond, `RateLimited`.
    """

    def __init__(
        self,
        base: str,
        credentials: Sequence[Credential] = (Credential(),),
        *,
        timeout: float = 60.0,
        most_wait: float = 120.0,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base = base.rstrip("/")
        self._name = urlsplit(base).netloc.rpartition("@")[2]
        self._credentials = list(credentials)
        self._most_wait = most_wait
        self._pause = pause
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(timeout), retries=False)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] = MappingProxyType({}),
        headers: Mapping[str, str] = _EMPTY,
        body: bytes | None = None,
        most: int = MOST_BYTES,
    ) -> Answer:
        """One question, asked again as long as that is harmless. Raises a `WebError`.

        Answers below 300, 304, and those from 400 on that are about the question are given back.
        """
        if not self._credentials:
            raise KeyRefused(f"We have no key to ask {self._name} this with.")
        for credential in tuple(self._credentials):
            address = f"{self.base}{path}"
            if asked := {**query, **credential.query}:
                address += f"{'&' if '?' in path else '?'}{urlencode(asked)}"
            answer = self._patiently(method, address, {**headers, **credential.headers}, body, most)
            if answer.status not in _KEY_REFUSED:
                # The one that works comes first from now on.
                self._credentials.remove(credential)
                self._credentials.insert(0, credential)
                return answer
        raise KeyRefused(f"{self._name} refuses our key: it was changed, or has ended.")

    def _patiently(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None, most: int
    ) -> Answer:
        for tried in range(1, _TRIES + 1):
            is_last = tried == _TRIES
            try:
                answer, after = self._once(method, address, headers, body, most)
            except urllib3.exceptions.HTTPError:
                # What was posted may have arrived.
                if is_last or method == "POST":
                    raise NoAnswer(f"{self._name} gives no answer.") from None
                self._pause(2.0**tried / 4)
                continue
            if answer.status in _BUSY:
                wait = after if after is not None else 2.0**tried
                if is_last or wait > self._most_wait:
                    raise RateLimited(f"{self._name} asks us to come back later.", after)
                self._pause(wait)
            elif answer.status in _TRY_AGAIN and method != "POST" and not is_last:
                self._pause(2.0**tried / 4)
            elif answer.status >= 500:
                raise NoAnswer(f"{self._name} answers with status {answer.status}.")
            elif 300 <= answer.status < 400 and answer.status != 304:
                # A redirect could send the key anywhere.
                raise Refused(f"{self._name} sends us elsewhere, and we do not go.", answer.status)
            else:
                return answer
        raise AssertionError("unreachable")

    def _once(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None, most: int
    ) -> tuple[Answer, float | None]:
        sent = {"Accept-Encoding": "gzip", "User-Agent": "staydown", **headers}
        response = self._pool.request(
            method, address, headers=sent, body=body, redirect=False, preload_content=False
        )
        try:
            raw = response.read(most + 1, decode_content=True)
        except urllib3.exceptions.HTTPError:
            response.close()
            raise
        if len(raw) > most:
            response.close()
            raise AnswerTooLarge(f"{self._name} sends more than {most} bytes at once.")
        response.release_conn()
        answer = Answer(response.status, raw, response.headers.get("ETag"))
        return answer, _seconds(response.headers.get("Retry-After"))


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdigit() else None
