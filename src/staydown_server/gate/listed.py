"""What partners' lists have: entries on a shelf of their own, which hold or block uploads.

They come and go by `sharing.follow`. What matches one, a *hit*, opens a case like a deposit's,
so that a person decides: nothing is removed, and nothing kept down for good, by a partner.
"""

import secrets
from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from staydown import Fingerprint, Match
from staydown.match import identical
from staydown_server import audit, jobs, vault
from staydown_server.cases.jurisdictions import strictest
from staydown_server.cases.models import Case, CaseItem, Sweep
from staydown_server.cases.sweep import add_copy, look_closer, reopen
from staydown_server.catalogue import sweep as hosted
from staydown_server.catalogue.live import LiveIndex
from staydown_server.catalogue.models import Change, Item, Shelf
from staydown_server.gate.models import Listed
from staydown_server.jobs import job
from staydown_server.notices.models import Notice
from staydown_server.notices.report import Report

#: The kind of notice that stands for an entry. No form can send it.
KIND = "partner"
_AT_ONCE = 500


def search(fingerprint: Fingerprint) -> list[tuple[Listed, Match]]:
    """The entries that *fingerprint* matches, closest first. Not inside a transaction."""
    matches, _ = live_index.search(fingerprint)
    if not matches:
        return []
    found = standing().select_related("case_item").in_bulk([int(each.id or 0) for each in matches])
    return [(found[number], match) for match in matches if (number := int(match.id or 0)) in found]


def standing() -> QuerySet[Listed]:
    """What holds or blocks uploads now."""
    in_time = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return Listed.objects.filter(in_time, state=Listed.State.LIVE).exclude(answer="leave")


def tell_indexes(entries: Iterable[Listed]) -> None:
    """Have every process's index follow what changed, inside the caller's transaction."""
    Change.objects.bulk_create(
        [Change(shelf=Shelf.LISTED, entry_id=entry.pk) for entry in entries], batch_size=_AT_ONCE
    )


def end(entries: Collection[Listed], state: Listed.State, why: str) -> None:
    """Take *entries* off the shelf, inside the caller's transaction: *state* is any but live, and
    what has ended is erased. Uploads that wait for no other reason are let go."""
    keys = [entry.pk for entry in entries]
    erased = {"fingerprint": "", "sha256": "", "md5": ""} if state == Listed.State.ENDED else {}
    for start in range(0, len(keys), _AT_ONCE):
        some = Listed.objects.filter(pk__in=keys[start : start + _AT_ONCE])
        held = some.filter(heldmatch__held__outcome="").distinct()
        for key in held.values_list("pk", flat=True):
            jobs.defer("review.release_uploads", listed_id=key)
        if erased:
            for entry in some.exclude(case_item=None).select_related("case_item"):
                _forget_in_case(entry)
        some.update(state=state, why=why, ended_at=timezone.now(), **erased)
    tell_indexes(entries)


def hit(listed_id: int) -> CaseItem | None:
    """The place in its case of an entry that something matches, inside the caller's transaction.

    The first hit opens the case, with a clock that starts now. None where the entry no longer
    stands.
    """
    entry = Listed.objects.select_for_update().get(pk=listed_id)
    if entry.case_item is not None or entry.state != Listed.State.LIVE:
        return entry.case_item
    clock, now = strictest(), timezone.now()
    notice = _notice_of(entry)
    case = Case.objects.create(
        notice=notice,
        jurisdiction=clock.key,
        received_at=now,
        deadline=now + clock.time_to_remove,
    )
    audit.record("case.opened", case, by="system", notice=notice.pk, listed=entry.pk)
    entry.case_item = CaseItem.objects.create(
        case=case,
        origin=CaseItem.Origin.REPORTED_FILE,
        state=CaseItem.State.READY,
        fingerprint=entry.fingerprint,
    )
    entry.save(update_fields=["case_item"])
    audit.record("item.reported", entry.case_item, by=entry.source, case=case.pk)
    audit.record("listed.hit", entry, by="system", case=case.pk, case_item=entry.case_item_id)
    return entry.case_item


def partner_of(case: Case) -> str:
    """Who listed what *case* is about; nothing where it is a person's."""
    entry = Listed.objects.filter(case_item__case=case).first()
    return entry.source.removeprefix("partner:") if entry else ""


@job("gate.sweep_listed", is_slow=True)
def sweep(listed_id: int) -> None:
    """Bring what hosts show already of an entry into its case, for a person to decide."""
    entry = standing().filter(pk=listed_id).first()
    if entry is None:
        return
    swept = found_on_hosts(entry)
    found = (
        look_closer(entry.load_fingerprint(), swept.found)
        if entry.fingerprint
        else [(each.item, each.match) for each in swept.found]
    )
    if not found:
        return
    with transaction.atomic():
        row = hit(entry.pk)
        if row is None:
            return
        added = sum(
            add_copy(row, item, match, origin=CaseItem.Origin.SWEPT) for item, match in found
        )
        record = Sweep.objects.create(
            case_item=row,
            searched=swept.searched,
            through_change=swept.through_change,
            found=added,
        )
        audit.record("sweep.finished", record, by="system", case_item=row.pk, found=added)
        if added:
            reopen(row.case)


def may_be_on_hosts(entries: Sequence[Listed]) -> list[bool]:
    """For which of the *entries* `found_on_hosts` could find something."""
    told = [entry.load_fingerprint() if entry.fingerprint else None for entry in entries]
    found = iter(hosted.live_index.may_match([each for each in told if each is not None]))
    # Of the others all that is known is the file's MD5.
    digests = {entry.md5 for entry, each in zip(entries, told, strict=True) if each is None}
    there = Item.objects.filter(gone_at=None, md5__in=digests).values_list("md5", flat=True)
    same = set(there) if digests else set()
    return [
        entry.md5 in same if each is None else next(found)
        for entry, each in zip(entries, told, strict=True)
    ]


def found_on_hosts(entry: Listed) -> hosted.Swept:
    """What hosts show of *entry*, which need not be stored. Not inside a transaction."""
    if entry.fingerprint:
        return hosted.sweep(entry.load_fingerprint())
    # All that is known is the file's MD5.
    items = Item.objects.select_related("host").filter(gone_at=None, md5=entry.md5)
    found = tuple(hosted.Found(item, identical(str(item.pk))) for item in items[:_AT_ONCE])
    return hosted.Swept(found, hosted.live_index.count(), 0)


def _notice_of(entry: Listed) -> Notice:
    """What stands in a case for the notice that a partner's entry is: nothing of a person."""
    blank = Report(signature=entry.source, places="", good_faith=False, contact="")
    content = {**blank.to_dict(), "kind": KIND}
    # Nobody has its code: it opens no status page.
    random = secrets.token_bytes
    notice = Notice.objects.create(
        received_at=timezone.now(),
        language="en",
        content=content,
        receipt_digest=random(32),
        submission_digest=random(32),
        content_digest=vault.digest(entry.source, purpose="notice content"),
    )
    audit.record("notice.received", notice, by=entry.source, listed=entry.pk)
    return notice


def _forget_in_case(entry: Listed) -> None:
    """Nor does its case keep what the list took back, unless somebody decided here, too."""
    row = entry.case_item
    if row is None or not row.fingerprint or row.decision is not None:
        return
    row.fingerprint = ""
    row.save(update_fields=["fingerprint"])
    audit.record("item.purged", row, by="system", case=row.case_id)


live_index = LiveIndex(Shelf.LISTED, standing)
