"""How Staydown is asked: every rule of it, and no input or output.

Each conversation is a generator that yields what is to be done next and is sent what came of
it, so that `Staydown` and `AsyncStaydown` share all of it but the doing.
"""

import logging
import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, TypeVar

import httpx

from staydown.client.answers import NotFound, Refused, Unreachable
from staydown.client.breaker import Breaker

T = TypeVar("T")
log = logging.getLogger("staydown.client")

#: Waits before the second and the third try, in seconds; up to twice that, so that the
#: processes of a host do not come back all at once.
BACKOFF = (0.1, 0.4)
#: How long a Staydown that took too long over something may take to say that it lives.
PROBE_SECONDS = 2.0
_ABOUT_WHAT_WAS_SENT = frozenset({400, 409, 413, 415, 422})
_A_PROXY_WITHOUT_ITS_SERVER = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Send:
    """A request; the answer is an `httpx.Response`, the errors are those of httpx."""

    method: str
    path: str
    fields: Mapping[str, str] | None = None
    file: BinaryIO | None = None
    json: Mapping[str, Any] | None = None
    query: Mapping[str, int] | None = None
    headers: Mapping[str, str] | None = None
    #: Seconds for each read and write; None for the client's own.
    patience: float | None = None
    #: Nobody waits for it: ask once, whether or not Staydown was down a moment ago.
    in_background: bool = False

    def arguments(self) -> dict[str, Any]:
        """What httpx takes."""
        wanted: dict[str, Any] = {
            "data": self.fields,
            "files": {"file": ("file", self.file)} if self.file else None,
            "json": self.json,
            "params": self.query,
            "headers": self.headers,
        }
        if self.patience is not None:
            wanted["timeout"] = httpx.Timeout(self.patience, connect=PROBE_SECONDS)
        given = {name: value for name, value in wanted.items() if value is not None}
        return {"method": self.method, "url": self.path, **given}


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Something that may wait for the disk."""

    call: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Tell:
    """The host's own code, which may be a coroutine function."""

    call: Callable[..., Any]
    arguments: tuple[Any, ...]


Step = Send | Pause | Work | Tell
Steps = Generator[Step, Any, T]


def ask(send: Send, breaker: Breaker) -> Steps[httpx.Response]:
    """Send it and return the answer, be it good or bad. Raises `Unreachable`.

    It is sent again when the connection broke or a proxy had no server behind it: whatever
    Staydown is asked may be asked twice. A time-out is not repeated, for somebody waits.
    """
    why = "resting"
    for wait in (*BACKOFF, None):
        if not (send.in_background or breaker.may_try()):
            raise Unreachable(why)
        try:
            answer: httpx.Response = yield send
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            breaker.failed()
            is_over, why = isinstance(error, httpx.ConnectTimeout), "down"
        except httpx.TransportError as error:
            if not (yield from _is_alive()):
                breaker.failed(is_dead=True)
            is_over = isinstance(error, httpx.TimeoutException)
            why = "slow" if is_over else "down"
        else:
            is_its_own = "problem+json" in answer.headers.get("content-type", "")
            if is_its_own or answer.status_code not in _A_PROXY_WITHOUT_ITS_SERVER:
                breaker.worked()
                return answer
            breaker.failed()
            is_over, why = False, f"status-{answer.status_code}"
        if is_over or wait is None or send.in_background:
            raise Unreachable(why)
        yield Pause(wait * (1 + random.random()))  # noqa: S311  no secret
    raise AssertionError  # the last wait is None


def _is_alive() -> Steps[bool]:
    # A file that takes long, or breaks the process that reads it, must not have the gate
    # count as down for all others: whoever made one could have anything let through.
    try:
        answer: httpx.Response = yield Send("GET", "/livez", patience=PROBE_SECONDS)
    except httpx.TransportError:
        return False
    return answer.is_success


def object_in(answer: httpx.Response, *, method: str) -> dict[str, Any]:
    """The JSON object in a good answer; {} in an empty one.

    Raises `Refused` where Staydown does not take what was sent, else `Unreachable`.
    """
    status = answer.status_code
    said = _json_of(answer)
    if answer.is_success:
        if said is None:
            raise Unreachable("not-json")
        return said
    if status in (401, 403):
        log.error("Staydown refuses the API key: give the client a valid one.")
        raise Unreachable("key-refused")
    if said is not None and status in _ABOUT_WHAT_WAS_SENT:
        raise Refused(status, said)
    if said is not None and status == httpx.codes.NOT_FOUND and method != "POST":
        raise NotFound(status, said)
    raise Unreachable(f"status-{status}")


def _json_of(answer: httpx.Response) -> dict[str, Any] | None:
    if not answer.content:
        return {}
    try:
        said = answer.json()
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def patiently(send: Send, seconds: float) -> Send:
    """The same, when nobody waits for it."""
    return replace(send, patience=seconds, in_background=True)
