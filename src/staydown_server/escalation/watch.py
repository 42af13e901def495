"""The clocks of all addressees: looks that are due, and the next stage where one ran out."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.escalation import draft
from staydown_server.escalation.facts import addresses_left
from staydown_server.escalation.models import Addressee, EscalatedSite, EscalationFile
from staydown_server.escalation.purge import erase
from staydown_server.escalation.recheck import due_looks, look
from staydown_server.escalation.rules import rules
from staydown_server.jobs import job, keep_waiting

_EACH = timedelta(minutes=10)
_Standing = Addressee.Standing


@job("escalation.watch")
def watch() -> None:
    """Look at what is due, open stages, close what was taken back; and again soon."""
    now = timezone.now()
    _close_withdrawn(now)
    for address_id in due_looks(now):
        look.defer(address_id=address_id)
    open_sites = EscalatedSite.objects.filter(file__closed_at=None)
    for site_id in open_sites.values_list("pk", flat=True):
        with transaction.atomic():
            locked = EscalatedSite.objects.select_for_update(of=("self",))
            site = locked.select_related("file__case__notice").get(pk=site_id)
            if ran_out(site, now):
                advance(site, by="system")
    old = EscalationFile.objects.filter(erased_at=None)
    for file in old.exclude(case__notice__purged_at=None):
        erase(file)
    schedule(after=_EACH)


def schedule(*, after: timedelta = timedelta(0)) -> None:
    """Have the next look at the clocks wait for its time, if none does and helpers work here."""
    if settings.ESCALATION or EscalationFile.objects.exists():
        keep_waiting(watch, after=after)


def ran_out(site: EscalatedSite, now: datetime) -> bool:
    """Whether everybody who was written to in the site's stage had their time, or refused."""
    if not addresses_left(site) or site.stage + 1 >= len(rules().stages):
        return False
    roles = rules().stages[site.stage].roles
    asked = Addressee.objects.filter(site=site, role__in=roles).exclude(asked_at=None)
    standings = [each.standing(now, is_gone=False) for each in asked]
    return bool(standings) and all(
        each in (_Standing.LATE, _Standing.REFUSED) for each in standings
    )


def go_on(site: EscalatedSite, *, by: User) -> None:
    """Somebody does not wait: nobody of this stage can be reached, or the matter is urgent."""
    with transaction.atomic():
        locked = EscalatedSite.objects.select_for_update(of=("self",))
        site = locked.select_related("file__case__notice").get(pk=site.pk)
        if site.file.closed_at is None and site.stage + 1 < len(rules().stages):
            advance(site, by=str(by))


def advance(site: EscalatedSite, *, by: str) -> None:
    """The next stage that has anybody in it, with drafts to them; inside the caller's
    transaction."""
    known = set(Addressee.objects.filter(site=site).values_list("role", flat=True))
    later = range(site.stage + 1, len(rules().stages))
    site.stage = next((at for at in later if rules().stages[at].roles & known), later[-1])
    site.save(update_fields=["stage"])
    audit.record("escalated_site.advanced", site, by=by, stage=site.stage)
    draft.propose(site)


def _close_withdrawn(now: datetime) -> None:
    taken_back = EscalationFile.objects.filter(closed_at=None)
    for file in taken_back.exclude(case__notice__withdrawn_at=None):
        with transaction.atomic():
            draft.close(file, by="person", now=now)
