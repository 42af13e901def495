"""What a person decides about entries that wait (`flood.py`), and about a partner's collapse."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, QuerySet

from staydown_server import audit, jobs
from staydown_server.accounts.models import User
from staydown_server.gate import listed
from staydown_server.gate.models import Listed
from staydown_server.sharing import flood, opinions
from staydown_server.sharing.models import Partner, Verdict

_AT_ONCE = 500


def waiting(partner: Partner) -> list[tuple[str, int]]:
    """How many entries of *partner* wait, by why."""
    rows = _waiting(partner).values("why").annotate(count=Count("pk")).order_by("why")
    return [(row["why"], row["count"]) for row in rows]


def release(partner: Partner, why: str, *, by: User, only: Iterable[int] | None = None) -> int:
    """Let what waits for this reason go live, or *only* those with these ids. How many."""
    count = 0
    while some := list(_waiting(partner, why, only)[:_AT_ONCE]):
        with transaction.atomic():
            Listed.objects.filter(pk__in=[entry.pk for entry in some]).update(
                state=Listed.State.LIVE, why=flood.RELEASED, ended_at=None
            )
            listed.tell_indexes(some)
            for entry in some:
                jobs.defer("gate.sweep_listed", listed_id=entry.pk)
            audit.record("list.released", partner, by=str(by), why=why, entries=len(some))
        count += len(some)
    return count


def refuse(partner: Partner, why: str, *, by: User, only: Iterable[int] | None = None) -> int:
    """Never let it hold or block anything here; the partner is told that it is wrong."""
    count = 0
    while some := list(_waiting(partner, why, only)[:_AT_ONCE]):
        with transaction.atomic():
            listed.end(some, Listed.State.REFUSED, why)
            opinions.say(some, Verdict.WRONG)
            audit.record("list.refused_entries", partner, by=str(by), why=why, entries=len(some))
        count += len(some)
    return count


def see_collapse(partner: Partner, *, by: User) -> None:
    """Somebody has looked at what it took back at once."""
    with transaction.atomic():
        if (
            Partner.objects.filter(pk=partner.pk)
            .exclude(collapsed_at=None)
            .update(collapsed_at=None)
        ):
            audit.record("list.collapse_seen", partner, by=str(by))


def _waiting(
    partner: Partner, why: str | None = None, only: Iterable[int] | None = None
) -> QuerySet[Listed]:
    rows = partner.entries.filter(state=Listed.State.WAITING).order_by("pk")
    if why is not None:
        rows = rows.filter(why=why)
    return rows if only is None else rows.filter(pk__in=list(only))
