"""One request to an address out there, and what came of it.

The name is resolved, each answer is checked, and the connection goes to one that is on the
public internet; a redirect is an address that is checked like the first.
"""

from collections.abc import Callable, Mapping
from typing import IO
from urllib.parse import urljoin, urlsplit

from django.conf import settings

from staydown_server.catalogue import connection
from staydown_server.providers import names
from staydown_server.providers.addresses import NotAnAddress, normalise
from staydown_server.providers.found import Reason

MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


class NotVisited(Exception):
    """There is no answer; *reason* says why, *chain* which addresses were asked."""

    def __init__(self, reason: Reason, chain: tuple[str, ...] = ()) -> None:
        super().__init__(reason.value)
        self.reason, self.chain = reason, chain


class NotTrusted(NotVisited):
    """The host's certificate is not valid for its name; nothing was asked."""


def visit(
    url: str,
    *,
    ends_at: float,
    wants: Callable[[int, Mapping[str, str]], int],
    headers: Mapping[str, str],
    into: IO[bytes] | None = None,
    checks_certificate: bool = True,
) -> connection.Answer:
    """Ask for *url*, once, without following a redirect. See `connection.ask`.

    Raises :class:`NotVisited`.
    """
    host = urlsplit(url).hostname or ""
    try:
        found = names.addresses_of(host, fresh=names.FRESH_TO_GO).addresses
    except names.NotResolved as error:
        raise NotVisited(error.reason) from None
    addresses = connection.public(found, and_in=settings.LOOKUP_NETWORKS)
    if not addresses:
        raise NotVisited(Reason.PRIVATE_NETWORK)
    try:
        answer = connection.ask(
            url,
            addresses,
            ends_at=ends_at,
            wants=wants,
            headers=headers,
            into=into,
            checks_certificate=checks_certificate,
        )
    except connection.NotTrusted:
        raise NotTrusted(Reason.CERTIFICATE) from None
    except connection.TooLong:
        raise NotVisited(Reason.TOO_LARGE) from None
    except connection.TooSlow:
        raise NotVisited(Reason.TIMEOUT) from None
    except connection.FetchError:
        raise NotVisited(Reason.UNREACHABLE) from None
    return answer


def follow(
    url: str, ask: Callable[[str], connection.Answer]
) -> tuple[connection.Answer, tuple[str, ...]]:
    """What *url* leads to, asking for each address on the way once; and those addresses.

    Raises :class:`NotVisited`.
    """
    chain: tuple[str, ...] = ()
    while True:
        chain = (*chain, url)
        try:
            answer = ask(url)
            target = lower(answer.headers).get("location", "")
            if answer.status not in _REDIRECTS or not target:
                return answer, chain
            if len(chain) > MOST_REDIRECTS:
                raise NotVisited(Reason.REDIRECTS)
            url = normalise(urljoin(url, target))[0]
            if url in chain:
                raise NotVisited(Reason.REDIRECTS)
        except NotVisited as error:
            error.chain = chain
            raise
        except (NotAnAddress, ValueError) as error:
            reason = error.reason if isinstance(error, NotAnAddress) else Reason.WRONG_ANSWER
            raise NotVisited(reason, chain) from None


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """*headers* with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}
