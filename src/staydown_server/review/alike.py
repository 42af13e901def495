"""The same picture in several cases: many people report what spreads, and each is answered."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import F, QuerySet

from staydown_server.cases.models import Case, CaseItem
from staydown_server.review.queue import undecided_rows


def undecided() -> QuerySet[CaseItem]:
    """Things that wait for a decision and are ready for one."""
    return undecided_rows().filter(state=CaseItem.State.READY)


def rows_alike(case: Case, row_ids: Collection[int]) -> QuerySet[CaseItem]:
    """What waits in other open cases and is one of the very items of these rows."""
    items = CaseItem.objects.filter(pk__in=row_ids).exclude(item=None).values("item")
    others = undecided().filter(
        item__in=items, case__closed_at=None, case__notice__withdrawn_at=None
    )
    return others.exclude(case=case).order_by("pk")


def cases_alike(case_ids: Collection[int]) -> dict[int, list[Case]]:
    """By the id of each of these cases, the other open cases that show one of its items."""
    pairs = (
        CaseItem.objects.filter(case__closed_at=None, item__caseitem__case__in=case_ids)
        .exclude(case=F("item__caseitem__case"))
        .order_by()
        .values_list("item__caseitem__case", "case")
        .distinct()
    )
    found: dict[int, list[int]] = defaultdict(list)
    for one, other in pairs:
        found[one].append(other)
    cases = Case.objects.in_bulk({each for others in found.values() for each in others})
    return {
        one: sorted((cases[each] for each in others), key=lambda case: (case.deadline, case.pk))
        for one, others in found.items()
    }
