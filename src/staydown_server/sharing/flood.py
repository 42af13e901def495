"""Which of a partner's new entries wait for a person before they hold or block anything.

A partner's key may be stolen, or a partner careless: pictures that half the internet shows, or
thousands at once, would stop everybody's uploads. rules.toml has the numbers.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from staydown_server.cases.models import Decision
from staydown_server.gate import listed
from staydown_server.gate.models import KeepDown, Listed
from staydown_server.sharing.models import Partner
from staydown_server.sharing.rules import rules

_DAY = timedelta(days=1)
#: Why something waits.
BURST, POPULAR, CATALOGUE, OVERTURNED = "burst", "popular", "catalogue", "overturned"
#: Said of what a person let go live.
RELEASED = "released"


def weigh(partner: Partner, entries: Sequence[Listed], now: datetime) -> None:
    """Set the state of each of *entries*, which are new, and why it waits, if it does.

    Not inside a transaction: the catalogue is searched.
    """
    flood = rules().flood
    most = flood.most_a_day if partner.most_a_day is None else partner.most_a_day
    lately = partner.entries.filter(came_at__gt=now - _DAY).exclude(why=RELEASED)
    room = most - lately.count()
    matching = lately.filter(found__gt=0).count()
    overturned = _overturned_here(entries)
    # What comes beyond the limit is not searched for: there may be a million of it.
    within = entries[: max(0, room)]
    may_be = zip(within, listed.may_be_on_hosts(within), strict=True)
    hosted = {id(entry) for entry, may in may_be if may}
    for entry in entries:
        room -= 1
        entry.state, entry.why = Listed.State.WAITING, ""
        if entry.sha256 in overturned or entry.md5 in overturned:
            entry.why = OVERTURNED
        elif room < 0:
            entry.why = BURST
        else:
            uploaders = _found(entry) if id(entry) in hosted else 0
            matching += bool(entry.found)
            if entry.found >= flood.popular_items and uploaders >= flood.popular_uploaders:
                entry.why = POPULAR
            elif entry.found and matching > flood.matching_a_day:
                entry.why = CATALOGUE
            else:
                entry.state = Listed.State.LIVE


def pull_back(partner: Partner, now: datetime) -> list[Listed]:
    """What went live just before a burst was seen waits with it; inside the caller's
    transaction."""
    since = now - timedelta(minutes=rules().flood.pulled_back_minutes)
    young = partner.entries.filter(state=Listed.State.LIVE, came_at__gt=since)
    pulled = list(young.exclude(why=RELEASED))
    listed.end(pulled, Listed.State.WAITING, BURST)
    return pulled


def has_collapsed(partner: Partner, now: datetime) -> bool:
    """Whether it took back so much at once that somebody should ask why."""
    flood = rules().flood
    gone = partner.entries.filter(state=Listed.State.ENDED, ended_at__gt=now - _DAY)
    went = gone.exclude(why="expired").count()
    left = partner.entries.filter(state__in=[Listed.State.LIVE, Listed.State.WAITING]).count()
    return went >= flood.collapse_entries and 100 * went >= flood.collapse_percent * (went + left)


def _found(entry: Listed) -> int:
    """Note how many hosted items match *entry*; by how many uploaders they are."""
    found = listed.found_on_hosts(entry).found
    entry.found = len(found)
    return len({(each.item.host_id, each.item.uploader or each.item.pk) for each in found})


def _overturned_here(entries: Collection[Listed]) -> set[str]:
    """The digests of those that somebody here decided not to keep down."""
    digests = {digest for entry in entries for digest in (entry.sha256, entry.md5) if digest}
    told: set[str] = set()
    for field in ("sha256", "md5"):
        lifted = KeepDown.objects.filter(
            **{f"{field}__in": digests}, lifted_by__outcome=Decision.Outcome.RESTORE
        )
        stands = KeepDown.objects.filter(**{f"{field}__in": digests}, lifted_at=None)
        told |= set(lifted.values_list(field, flat=True)) - set(
            stands.values_list(field, flat=True)
        )
    return told
