"""Step 4: search everything the hosts show for copies, and bring them into the case."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from staydown import Fingerprint, Match
from staydown_server import audit, jobs
from staydown_server.cases.jurisdictions import jurisdiction
from staydown_server.cases.models import Case, CaseItem, Sweep
from staydown_server.catalogue import sweep as hosted
from staydown_server.catalogue.look import as_shown, closer
from staydown_server.catalogue.models import Item
from staydown_server.jobs import job
from staydown_server.notices.models import Notice


@job("cases.sweep", is_slow=True)
def sweep(case_item_id: int) -> None:
    """Sweep for one thing in a case. Repeating it finds what came since, and nothing twice."""
    row = CaseItem.objects.select_related("case__notice", "item__host").get(pk=case_item_id)
    fingerprint = row.load_fingerprint()
    if fingerprint is None or row.case.notice.withdrawn_at:
        return
    # A case with many copies is swept once for each of them: what it holds is not compared again.
    held = row.case.caseitem_set.exclude(item=None).values_list("item_id", flat=True)
    swept = hosted.sweep(as_shown(row.item, fingerprint), known=frozenset(held))
    # Before the transaction: hosts take their time.
    looked_at = look_closer(fingerprint, swept.found)
    with transaction.atomic():
        added = 0
        for item, match in looked_at:
            added += add_copy(row, item, match, origin=CaseItem.Origin.SWEPT)
        record = Sweep.objects.create(
            case_item=row,
            searched=swept.searched,
            through_change=swept.through_change,
            found=added,
        )
        CaseItem.objects.filter(pk=row.pk, state=CaseItem.State.SWEEPING).update(
            state=CaseItem.State.READY
        )
        audit.record(
            "sweep.finished",
            record,
            by="system",
            case_item=row.pk,
            searched=swept.searched,
            through_change=swept.through_change,
            found=added,
        )
        jobs.defer("cases.mark", case_id=row.case_id)


def look_closer(
    fingerprint: Fingerprint, found: Iterable[hosted.Found]
) -> list[tuple[Item, Match]]:
    """Those of *found* that are copies by their own pixels, too. Hosts take their time."""
    looked_at = [(each.item, closer(fingerprint, each)) for each in found]
    return [(item, match) for item, match in looked_at if match is not None]


def add_copy(row: CaseItem, item: Item, match: Match, *, origin: CaseItem.Origin) -> bool:
    """Bring *item* into the case of *row* as a copy of it, with the evidence.

    False if the item stands in the case already, or the notice was taken back meanwhile. A
    case that was closed opens again, with a clock that starts now: what came after its
    decisions needs one of its own.
    """
    notices = Notice.objects.select_for_update().filter(pk=row.case.notice_id)
    if not notices.filter(withdrawn_at=None).exists():
        return False
    copy, is_new = CaseItem.objects.get_or_create(
        case=row.case,
        item=item,
        defaults={
            "origin": origin,
            "state": CaseItem.State.READY,
            "fingerprint": item.fingerprint,
            "copy_of": row,
            "match_kind": match.kind,
            "match_orientation": match.orientation or "",
            "match_distance": match.distance,
            "match_region": match.region,
            "match_spans": [span.to_dict() for span in match.spans],
        },
    )
    if is_new:
        reopen(row.case)
        audit.record(
            "copy.found",
            copy,
            by="system",
            copy_of=row.pk,
            item=item.pk,
            kind=match.kind,
            distance=match.distance,
        )
    return is_new


def reopen(case: Case) -> None:
    """Open *case* again if it was closed, with a clock that starts now, inside the caller's
    transaction."""
    # As it is now: somebody may have decided the last of it while a host was asked.
    case = Case.objects.select_for_update().get(pk=case.pk)
    if case.closed_at is None:
        return
    case.closed_at = None
    case.deadline = timezone.now() + jurisdiction(case.jurisdiction).time_to_remove
    case.save(update_fields=["closed_at", "deadline"])
    audit.record("case.reopened", case, by="system")
