"""How long removals took at sites that are not plugged in, by whom was written to: counts and
hours alone, nothing about anybody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.utils import timezone

from staydown_server.escalation.models import Addressee, EscalatedAddress

#: The bars of "how long it took", in hours; the last one is open.
TOOK = (24, 48, 96, 168, 336, 720)


@dataclass(frozen=True, slots=True)
class Removals:
    """Of what went after a kind of provider was written to, as the last one: how many
    addresses, and the hours from that letter until they were seen to be gone."""

    role: str
    count: int
    median_hours: float


@dataclass(frozen=True, slots=True)
class Course:
    by_role: tuple[Removals, ...]
    #: How many went under each of `TOOK` hours after the first letter, and later.
    took: tuple[int, ...]
    #: Gone before anybody was written to.
    unasked: int
    #: Still there, after somebody was.
    left: int


def course(days: int) -> Course:
    """Of addresses that went in the last *days*, until now."""
    now = timezone.now()
    gone = EscalatedAddress.objects.filter(gone_at__gte=now - timedelta(days=days), gone_at__lt=now)
    hours: dict[str, list[float]] = {}
    took = [0] * (len(TOOK) + 1)
    unasked = 0
    for address in gone.select_related("site").prefetch_related("site__addressee_set"):
        assert address.gone_at is not None  # noqa: S101  the query says so
        asked = _asked_before(address, address.gone_at)
        if not asked:
            unasked += 1
            continue
        first, last = asked[0][0], asked[-1]
        hours.setdefault(last[1], []).append(_hours(address.gone_at - last[0]))
        since = _hours(address.gone_at - first)
        took[sum(since >= mark for mark in TOOK)] += 1
    left = EscalatedAddress.objects.exclude(state=EscalatedAddress.State.GONE)
    asked_about = left.filter(site__file__closed_at=None, site__addressee__asked_at__isnull=False)
    return Course(
        tuple(
            Removals(role, len(hours[role]), median(hours[role]))
            for role in Addressee.Role.values
            if role in hours
        ),
        tuple(took),
        unasked,
        asked_about.distinct().count(),
    )


def _asked_before(address: EscalatedAddress, end: datetime) -> list[tuple[datetime, str]]:
    """When who was written to about the address before it went."""
    return sorted(
        (each.asked_at, each.role)
        for each in address.site.addressee_set.all()
        if each.asked_at is not None and each.asked_at <= end
    )


def _hours(took: timedelta) -> float:
    return took.total_seconds() / 3600
