"""Ask a host's JSON API, and sort its answers: obeyed, later, or not before somebody acts."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone

from staydown_server.accounts.models import Host
from staydown_server.catalogue import fetch
from staydown_server.catalogue.models import Item
from staydown_server.jobs import RetryLater
from staydown_server.removal.hosts.connector import Refusal
from staydown_server.removal.models import Removal

LARGEST_ANSWER = 1_000_000
#: A host may tell us to wait, in seconds, but not until the law's clock has run out.
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 3600.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the host answered: *data* is its JSON, or None where that cannot be read."""

    status: int
    data: Any

    def get(self, *path: str) -> Any:
        """The value at *path* in the data; None where there is none."""
        value = self.data
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value


class Api:
    """A host's API under *base*. *wait* finds in an answer how many seconds to stay away."""

    def __init__(
        self,
        host: Host,
        base: str,
        headers: Mapping[str, str] | None = None,
        *,
        wait: Callable[[Reply], Any] = lambda _reply: None,
    ) -> None:
        self._host, self._base, self._headers = host, base.rstrip("/"), dict(headers or {})
        self._wait = wait

    def ask(
        self,
        method: str,
        path: str,
        *,
        expect: tuple[int, ...],
        json_body: Any = None,
        form: list[tuple[str, str]] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> Reply:
        """Send one request; returns a reply whose status is one of *expect*.

        Raises :class:`RetryLater` for a host that is down, slow, busy or answers nonsense, and
        :class:`Refusal` for one that says no.
        """
        headers, body = dict(self._headers), b""
        if json_body is not None:
            headers["Content-Type"], body = "application/json", json.dumps(json_body).encode()
        elif form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form).encode()
        elif files is not None:
            headers["Content-Type"], body = _multipart(files)
        try:
            answer = fetch.fetch(
                self._base + path,
                host=self._host,
                method=method,
                body=body or None,
                headers=headers,
                limit=LARGEST_ANSWER,
            )
        except fetch.Refused:
            raise Refusal(Removal.Trouble.SETTINGS) from None
        except fetch.FetchError:
            # Not chained: what is above may hold an address with a token in it.
            raise RetryLater("the host did not answer") from None
        reply = Reply(answer.status, _json(answer.body))
        if reply.status in expect:
            return reply
        raise self._no(reply, answer.headers)

    def _no(self, reply: Reply, headers: Mapping[str, str]) -> Exception:
        if reply.status == 429:
            return RetryLater("the host is busy", seconds=self._seconds(reply, headers))
        if reply.status >= 500 or reply.status == 408:
            return RetryLater("the host has a fault")
        troubles = {401: Removal.Trouble.TOKEN, 403: Removal.Trouble.FORBIDDEN}
        if 300 <= reply.status < 400:
            # We follow nobody elsewhere, least of all with a token.
            return Refusal(Removal.Trouble.SETTINGS)
        return Refusal(troubles.get(reply.status, Removal.Trouble.REJECTED))

    def _seconds(self, reply: Reply, headers: Mapping[str, str]) -> float | None:
        """How long the host wants us to stay away, within reason; None where it does not say."""
        said = {name.lower(): value for name, value in headers.items()}
        candidates = (
            *(_as_seconds(said.get("retry-after")), _as_seconds(self._wait(reply))),
            _until(said.get("x-ratelimit-reset")),
        )
        found = next((seconds for seconds in candidates if seconds is not None), None)
        return None if found is None else min(max(found, SHORTEST_WAIT), LONGEST_WAIT)


def parts_of_id(item: Item, pattern: str) -> tuple[str, ...]:
    """The groups of *pattern* in the host's id of *item*. Ids come from outside and end up in
    addresses that are asked for with a token: anything else is refused."""
    match = re.fullmatch(pattern, item.host_item_id, re.ASCII)
    if match is None:
        raise Refusal(Removal.Trouble.UNKNOWN_ID)
    return match.groups()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _as_seconds(value: Any) -> float | None:
    """Seconds as a number or in digits, or a date (RFC 9110, 10.2.3)."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return _until(value)
    return seconds if seconds == seconds else None  # not a number is no answer


def _until(moment: Any) -> float | None:
    if not isinstance(moment, str):
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            then = read(moment)
        except ValueError:
            continue
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        return (then - timezone.now()).total_seconds()
    return None


def _multipart(files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """JPEG files as ``multipart/form-data`` (RFC 7578)."""
    mark = "staydown-part-7d1f0c"
    body = b"".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.jpg"\r\n'
        f"Content-Type: image/jpeg\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in files.items()
    )
    return f"multipart/form-data; boundary={mark}", body + f"--{mark}--\r\n".encode()
