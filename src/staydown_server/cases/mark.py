"""Marks: reasons for a moderator to look twice. A mark changes nothing else."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Q

import staydown
from staydown import Fingerprint
from staydown_server import audit, vault
from staydown_server.cases.fairness import Marks, fairness
from staydown_server.cases.models import Case, CaseItem, Decision, Mark, Sending
from staydown_server.jobs import job


@job("cases.mark", is_slow=True)
def mark(case_id: int) -> None:
    """Count what is known of a case now. Repeating it replaces its marks."""
    case = Case.objects.select_related("notice").get(pk=case_id)
    counted = dict(_reasons(case, fairness().marks))
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case_id)
        known = dict(case.mark_set.values_list("kind", "count"))
        case.mark_set.exclude(kind__in=counted).delete()
        for kind, count in counted.items():
            Mark.objects.update_or_create(case=case, kind=kind, defaults={"count": count})
            if kind not in known:
                audit.record("case.marked", case, by="system", kind=kind.value, count=count)


def _reasons(case: Case, numbers: Marks) -> Iterator[tuple[Mark.Kind, int]]:
    if (count := _unrelated(case, numbers.unrelated_uploaders)) >= numbers.unrelated_uploaders:
        yield Mark.Kind.UNRELATED, count
    if count := _old(case, timedelta(days=numbers.old_days)):
        yield Mark.Kind.OLD, count
    if (count := _uploaders_of_copies(case)) >= numbers.popular_uploaders:
        yield Mark.Kind.POPULAR, count
    if count := _refused_before(case):
        yield Mark.Kind.REFUSED_BEFORE, count
    within = timedelta(hours=numbers.many_notices_hours)
    if (count := _notices_of_sender(case, within)) >= numbers.many_notices:
        yield Mark.Kind.MANY_NOTICES, count


def _unrelated(case: Case, most: int) -> int:
    """How many reported items of as many uploaders show different things; at most *most*."""
    reported = case.caseitem_set.filter(origin=CaseItem.Origin.REPORTED_URL)
    uploaders: set[tuple[int, str]] = set()
    shown: list[Fingerprint] = []
    for row in reported.exclude(item=None).select_related("item"):
        uploader = (row.item.host_id, row.item.uploader) if row.item else (0, "")
        fingerprint = row.load_fingerprint()
        if not uploader[1] or uploader in uploaders or fingerprint is None:
            continue
        if not any(_match(fingerprint, other) for other in shown):
            uploaders.add(uploader)
            shown.append(fingerprint)
        if len(shown) == most:
            break
    return len(shown)


def _match(one: Fingerprint, other: Fingerprint) -> bool:
    return staydown.compare(one, other, key=vault.local_key()) is not None


def _old(case: Case, age: timedelta) -> int:
    """How many reported items were on show here so long before the notice came."""
    before = case.notice.received_at - age
    reported = case.caseitem_set.filter(origin=CaseItem.Origin.REPORTED_URL)
    return reported.filter(item__registered_at__lt=before).count()


def _uploaders_of_copies(case: Case) -> int:
    """By how many uploaders there are copies of one thing in the case: of the most copied one."""
    copies = case.caseitem_set.exclude(copy_of=None).exclude(item__uploader="")
    counts = (
        copies.order_by()
        .values("copy_of")
        .annotate(uploaders=Count("item__uploader", distinct=True))
    )
    return max((each["uploaders"] for each in counts), default=0)


def _refused_before(case: Case) -> int:
    """How many things in the case somebody decided to leave online in another case."""
    elsewhere = Decision.objects.filter(
        outcome=Decision.Outcome.KEEP,
        superseded_at=None,
        case_item__state=CaseItem.State.READY,
    ).exclude(Q(case_item__case=case) | Q(case_item__origin=CaseItem.Origin.HELD))
    again = Q(pk__in=[])
    for column in ("item", "reported_url", "fingerprint"):
        refused = elsewhere.exclude(**{f"case_item__{column}": None if column == "item" else ""})
        again |= Q(**{f"{column}__in": refused.values(f"case_item__{column}")})
    return case.caseitem_set.filter(again).count()


def _notices_of_sender(case: Case, within: timedelta) -> int:
    """How many notices the sender of this one sent in the time before it, with this one."""
    sending = Sending.objects.filter(notice=case.notice).first()
    if sending is None:
        return 0
    theirs = Sending.objects.filter(sender=sending.sender, at__lte=sending.at)
    return theirs.filter(at__gt=sending.at - within).count()
