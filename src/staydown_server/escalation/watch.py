"""The clocks of all addressees: looks that are due, and the next stage where one ran out."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.escalation import draft
from staydown_server.escalation.facts import addresses_left
from staydown_server.escalation.models import (
    Addressee,
    AddressSighting,
    EscalatedAddress,
    EscalatedSite,
    EscalationFile,
)
from staydown_server.escalation.purge import erase
from staydown_server.escalation.recheck import due_looks, look
from staydown_server.escalation.rules import rules
from staydown_server.jobs import job, keep_waiting

_EACH = timedelta(minutes=10)


@job("escalation.watch")
def watch() -> None:
    """Look at what is due, attend to clocks that ran out, close what was taken back; and again
    soon."""
    now = timezone.now()
    _close_withdrawn(now)
    for address_id in due_looks(now):
        look.defer(address_id=address_id)
    for site in EscalatedSite.objects.filter(file__closed_at=None).select_related("file"):
        if ran_out(site, now) is not None:
            attend.defer(site_id=site.pk)
    old = EscalationFile.objects.filter(erased_at=None)
    for file in old.exclude(case__notice__purged_at=None):
        erase(file)
    schedule(after=_EACH)


def schedule(*, after: timedelta = timedelta(0)) -> None:
    """Have the next look at the clocks wait for its time, if none does and helpers work here."""
    if settings.ESCALATION or EscalationFile.objects.exists():
        keep_waiting(watch, after=after)


@job("escalation.attend")
def attend(site_id: int) -> None:
    """Open the next stage of a site whose clock ran out, if the content is there even now: its
    letters say so."""
    now = timezone.now()
    with transaction.atomic():
        locked = EscalatedSite.objects.select_for_update(of=("self",))
        site = locked.select_related("file__case__notice").get(pk=site_id)
        since = ran_out(site, now)
        if since is None or site.file.closed_at is not None:
            return
        unseen = [each for each in addresses_left(site) if not _looked_at(each, since)]
        for address in unseen:
            EscalatedAddress.objects.filter(pk=address.pk).update(look_at=now)
            look.defer(address_id=address.pk)
        if not unseen:
            advance(site, by="system")


def ran_out(site: EscalatedSite, now: datetime) -> datetime | None:
    """Since when everybody who was written to in the site's stage had their time, or refused;
    None where somebody still has it, or nobody was written to."""
    if not addresses_left(site) or site.stage + 1 >= len(rules().stages):
        return None
    roles = rules().stages[site.stage].roles
    asked = Addressee.objects.filter(site=site, role__in=roles).exclude(asked_at=None)
    ends = [each.refused_at or each.due_at for each in asked]
    last = max((end for end in ends if end is not None), default=None)
    return last if last is not None and last <= now else None


def _looked_at(address: EscalatedAddress, since: datetime) -> bool:
    return AddressSighting.objects.filter(address=address, at__gte=since).exists()


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
