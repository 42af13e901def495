"""Whether the decisions that stand are the last ones: a superseded decision has a successor,
taken in the same moment. No line of the log is about the older of the two."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, Subquery

from staydown_server.cases.models import Decision

#: Of one transaction.
_A_MOMENT = timedelta(minutes=1)


def faults() -> Iterator[str]:
    """A sentence for each decision that stands, or does not, without reason in the table."""
    later = Decision.objects.filter(case_item=OuterRef("case_item"), pk__gt=OuterRef("pk"))
    next_at = Subquery(later.order_by("pk").values("decided_at")[:1])
    decisions = Decision.objects.annotate(is_last=~Exists(later), next_at=next_at)
    superseded_then = Q(
        superseded_at__gte=F("next_at") - _A_MOMENT, superseded_at__lte=F("next_at") + _A_MOMENT
    )
    right = Q(is_last=True, superseded_at=None) | (Q(is_last=False) & superseded_then)
    wrong = decisions.exclude(pk__in=decisions.filter(right).values("pk"))
    for key in wrong.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=2000):
        yield f"decision:{key} was altered: whether it stands does not follow from the others"
