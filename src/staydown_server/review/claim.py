"""A case is taken by one person: nobody reads what another is deciding about."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case
from staydown_server.review.desk_rules import desk


class Taken(Exception):
    """Somebody else has the case."""


def holder(case: Case) -> User | None:
    """Who has *case* now; a claim lapses, and so does that of somebody who was shut out."""
    user = case.claimed_by
    if user is None or case.claimed_at is None or case.claimed_at <= lapsed():
        return None
    return user if user.may_review else None


def lapsed() -> datetime:
    """Claims made before this moment are over."""
    return timezone.now() - timedelta(minutes=desk().claim_minutes)


def free() -> Q:
    """Cases that nobody has."""
    gone = Q(claimed_by__is_active=False)
    return Q(claimed_by=None) | Q(claimed_at__lte=lapsed()) | gone


def take(case: Case, *, by: User, over: bool = False) -> None:
    """Give *case* to *by*; from somebody else only with *over*. Raises :class:`Taken`."""
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).select_related("claimed_by")
        case = locked.get(pk=case.pk)
        now = holder(case)
        if now is not None and now != by and not over:
            raise Taken
        case.claimed_by, case.claimed_at = by, timezone.now()
        case.save(update_fields=["claimed_by", "claimed_at"])
        if now != by:
            audit.record("case.taken", case, by=str(by), over=now.pk if now else None)
        else:
            audit.record("case.taken", case, by=str(by))


def give_back(case: Case, *, by: User) -> None:
    """Let others have it, if *by* has it."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case.pk)
        if case.claimed_by != by:
            return
        case.claimed_by = case.claimed_at = None
        case.save(update_fields=["claimed_by", "claimed_at"])
        audit.record("case.given_back", case, by=str(by))
