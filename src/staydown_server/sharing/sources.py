"""Every partner's list in one shape, whichever its form: portions of what changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils import timezone

from staydown.exchange.hash_list import Entry, Fetch, State, bearer, follow, over_http
from staydown.exchange.peers.ncmec import NCMEC, Login
from staydown.exchange.peers.stopncii import Keys, StopNCII
from staydown.exchange.peers.threatexchange import ThreatExchange, Token
from staydown_server import vault
from staydown_server.sharing.models import Partner

_LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class News:
    """Under *key* the list has *entry* from now on; nothing where it took it back, for *why*."""

    key: str
    entry: Entry | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of what changed, and the *state* to store with it.

    *begins_anew*: what was followed so far was another history; what does not come again until
    *caught_up* is to be dropped then.
    """

    news: tuple[News, ...]
    state: Mapping[str, Any]
    caught_up: bool
    begins_anew: bool


def portions(partner: Partner) -> Iterator[Portion]:
    """What changed on *partner*'s list since its state was stored.

    Raises a `ListError` or a `WebError`; the portions given before stand.
    """
    return _of_staydown(partner) if partner.kind == Partner.Kind.STAYDOWN else _of_peer(partner)


def key_of(partner: Partner, name: str) -> str:
    """How we name the entry that *partner*'s list calls *name*.

    StopNCII names an entry by its hash: that must not outlive its withdrawal.
    """
    if partner.kind != Partner.Kind.STOPNCII and len(name) <= _LONGEST_KEY:
        return name
    return vault.digest(f"{partner} {name}", purpose="name of a listed entry").hex()


def client_of(partner: Partner) -> StopNCII | NCMEC | ThreatExchange:
    """The client for one of the field's lists; docs/partners.md says what it needs."""
    given = partner.credentials
    keys: list[dict[str, Any]] = given["keys"]
    if partner.kind == Partner.Kind.STOPNCII:
        return StopNCII([Keys(**each) for each in keys], address=partner.address, now=timezone.now)
    if partner.kind == Partner.Kind.NCMEC:
        return NCMEC([Login(**each) for each in keys], address=partner.address, now=timezone.now)
    return ThreatExchange(
        [Token(**each) for each in keys],
        group=int(given["list"]),
        # It does not say; a group is of one kind, which its members know.
        harm="other",
        address=partner.address,
        now=timezone.now,
    )


def _of_staydown(partner: Partner) -> Iterator[Portion]:
    fetch = fetch_of(partner.address, tuple(partner.credentials["keys"]))
    for step in follow(State.from_dict(partner.state), fetch, now=timezone.now()):
        news = tuple(
            News(line.id, line.entry, line.reason or "")
            for line in step.lines
            # What is blacked out is taken back, or changed again, by a later line.
            if line.blacked_out is None
        )
        yield Portion(news, step.state.to_dict(), step.caught_up, step.begins_anew)


def _of_peer(partner: Partner) -> Iterator[Portion]:
    for batch in client_of(partner).fetch(partner.state or None):
        news = tuple(
            News(key_of(partner, each.key), each.entry, "" if each.entry else "source-retracted")
            for each in batch.updates
        )
        yield Portion(news, batch.checkpoint, batch.caught_up, batch.begins_anew)


@cache
def fetch_of(address: str, keys: tuple[str, ...]) -> Fetch:
    """Kept with its connections, and with the head that came last: most rounds cost one empty
    answer."""
    return over_http(address, bearer(*keys), timeout=30.0)
