"""Prevention: fingerprints that people leave with us before anything is online.

They stand on a shelf of their own. What matches one, a *hit*, is at most held at the gate, and
opens a case, so that a person decides: nothing is removed, blocked or kept down by a deposit.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from staydown import Fingerprint, Match
from staydown_server import audit, jobs
from staydown_server.cases.jurisdictions import strictest
from staydown_server.cases.models import Case, CaseItem, Deposit, Sweep
from staydown_server.cases.retention import retention_here
from staydown_server.cases.sweep import add_copy, look_closer
from staydown_server.catalogue import sweep as hosted
from staydown_server.catalogue.live import LiveIndex
from staydown_server.catalogue.models import Change, Shelf
from staydown_server.catalogue.read import stored_form
from staydown_server.jobs import job
from staydown_server.notices.models import Notice


def deposit(notice: Notice) -> None:
    """Put the fingerprints of *notice* on the shelf, once, inside the caller's transaction."""
    now = timezone.now()
    for place, told in enumerate(notice.content["fingerprints"]):
        fingerprint = Fingerprint.from_dict(told)
        made, is_new = Deposit.objects.get_or_create(
            notice=notice,
            place=place,
            defaults={
                "fingerprint": stored_form(fingerprint),
                **Deposit.digests(fingerprint),
                "deposited_at": now,
                "expires_at": now + retention_here().deposit,
            },
        )
        if is_new:
            Change.objects.create(shelf=Shelf.DEPOSIT, entry_id=made.pk)
            audit.record("deposit.made", made, by="person", notice=notice.pk)
            sweep_deposit.defer(deposit_id=made.pk)


@job("cases.sweep_deposit", is_slow=True)
def sweep_deposit(deposit_id: int) -> None:
    """Search the catalogue for what was deposited: it may be online already.

    What is registered from now on meets the shelf.
    """
    made = waiting().filter(pk=deposit_id).first()
    if made is None:
        return
    fingerprint = made.load_fingerprint()
    swept = hosted.sweep(fingerprint)
    found = look_closer(fingerprint, swept.found)
    with transaction.atomic():
        row = hit(made.pk) if found else None
        count = 0
        if row is not None:
            for item, match in found:
                count += add_copy(row, item, match, origin=CaseItem.Origin.SWEPT)
            record = Sweep.objects.create(
                case_item=row,
                searched=swept.searched,
                through_change=swept.through_change,
                found=count,
            )
            audit.record("sweep.finished", record, by="system", case_item=row.pk, found=count)
        made = Deposit.objects.select_for_update().get(pk=deposit_id)
        made.swept_at, made.searched = timezone.now(), swept.searched
        made.save(update_fields=["swept_at", "searched"])
        audit.record(
            "deposit.swept",
            made,
            by="system",
            searched=swept.searched,
            through_change=swept.through_change,
            found=count,
        )


def search(fingerprint: Fingerprint) -> list[tuple[Deposit, Match]]:
    """The deposits that *fingerprint* matches, closest first. Not inside a transaction."""
    matches, _ = live_index.search(fingerprint)
    if not matches:
        return []
    found = waiting().select_related("case_item").in_bulk([int(match.id or 0) for match in matches])
    return [(found[number], match) for match in matches if (number := int(match.id or 0)) in found]


def hit(deposit_id: int) -> CaseItem | None:
    """The place in its case of a deposit that something matches, inside the caller's transaction.

    The first hit opens the case, with a clock that starts now. None where the notice was taken
    back meanwhile, or the deposit has ended.
    """
    # The notice first, as everybody who takes it back or adds a copy does.
    notice_id = Deposit.objects.values_list("notice", flat=True).get(pk=deposit_id)
    notices = Notice.objects.select_for_update().filter(pk=notice_id)
    if not notices.filter(withdrawn_at=None).exists():
        return None
    made = Deposit.objects.select_for_update().get(pk=deposit_id)
    if made.case_item is not None:
        return made.case_item
    if made.ended_at is not None:
        return None
    clock, now = strictest(), timezone.now()
    case, is_new = Case.objects.get_or_create(
        notice_id=notice_id,
        defaults={
            "jurisdiction": clock.key,
            "received_at": now,
            "deadline": now + clock.time_to_remove,
            "about_minor": bool(made.notice.content.get("about_minor")),
        },
    )
    if is_new:
        audit.record("case.opened", case, by="system", notice=notice_id, deposit=made.pk)
    made.case_item = CaseItem.objects.create(
        case=case,
        origin=CaseItem.Origin.REPORTED_FILE,
        state=CaseItem.State.READY,
        fingerprint=made.fingerprint,
    )
    made.save(update_fields=["case_item"])
    audit.record("item.reported", made.case_item, by="person", case=case.pk)
    audit.record("deposit.hit", made, by="system", case=case.pk, case_item=made.case_item_id)
    return made.case_item


def end(deposits: QuerySet[Deposit], *, by: str) -> None:
    """Take *deposits* off the shelf, inside the caller's transaction; uploads that wait for no
    other reason are let go."""
    for made in deposits.select_for_update().filter(ended_at=None):
        made.ended_at = timezone.now()
        made.save(update_fields=["ended_at"])
        Change.objects.create(shelf=Shelf.DEPOSIT, entry_id=made.pk)
        audit.record("deposit.ended", made, by=by)
        jobs.defer("review.release_uploads", deposit_id=made.pk)


def expired(now: datetime) -> QuerySet[Deposit]:
    """The deposits whose time is over at *now*. A case that is open is decided first."""
    return Deposit.objects.filter(
        Q(case_item=None) | Q(case_item__case__closed_at__isnull=False),
        ended_at=None,
        expires_at__lte=now,
    )


def waiting() -> QuerySet[Deposit]:
    """What stands on the shelf now."""
    return Deposit.objects.filter(
        ended_at=None, expires_at__gt=timezone.now(), notice__withdrawn_at=None
    )


live_index = LiveIndex(Shelf.DEPOSIT, waiting)
