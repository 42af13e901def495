"""The person contests a refusal: a decision to leave online what their notice points at.

It is free, and a moderator answers it like any other appeal (appeal.py): DSA art. 20.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from staydown_server import audit
from staydown_server.cases.models import CaseItem, Decision
from staydown_server.notices.models import Notice
from staydown_server.review.appeal import (
    LONGEST_TEXT,
    AppealEmpty,
    AppealError,
    AppealTooLong,
    AppealWaits,
)
from staydown_server.review.models import Appeal

#: DSA art. 20(1) asks for at least six months: this is how long they are at most.
TIME_TO_CONTEST = timedelta(days=184)


class NothingToContest(AppealError):
    """No refusal of this notice was chosen that can still be contested."""


#: A person saw the thing and left it online. Where nothing was found, nothing was refused; and
#: what somebody else uploaded is between them and the desk.
IS_REFUSAL = Q(outcome=Decision.Outcome.KEEP, case_item__state=CaseItem.State.READY) & ~Q(
    case_item__origin=CaseItem.Origin.HELD
)


def may_contest(decision: Decision) -> bool:
    """Whether there is still time."""
    in_time = timezone.now() <= decision.decided_at + TIME_TO_CONTEST
    return decision.superseded_at is None and in_time


def contest(notice: Notice, decision_ids: Iterable[int], *, text: str) -> None:
    """Take in what the person says against refusals of their notice: all of them, or none.

    Each can be contested once; the same text sent again is the first. Raises an
    :class:`~staydown_server.review.appeal.AppealError` with nothing stored.
    """
    if not text.strip():
        raise AppealEmpty
    if len(text) > LONGEST_TEXT:
        raise AppealTooLong
    wanted = set(decision_ids)
    with transaction.atomic():
        # Held until the end: the same form sent twice at once waits here.
        notice = Notice.objects.select_for_update().get(pk=notice.pk)
        refusals = Decision.objects.filter(IS_REFUSAL, case_item__case__notice=notice)
        chosen = list(refusals.filter(pk__in=wanted))
        if notice.withdrawn_at is not None or not chosen or len(chosen) != len(wanted):
            raise NothingToContest
        earlier = {sent.refusal_id: sent for sent in Appeal.objects.filter(refusal__in=chosen)}
        for refusal in chosen:
            first = earlier.get(refusal.pk)
            if first is not None and first.content["text"] == text:
                continue
            if first is not None:
                raise AppealWaits
            if not may_contest(refusal):
                raise NothingToContest
            taken = Appeal.objects.create(refusal=refusal, content={"text": text})
            audit.record("appeal.received", taken, by="person", against=f"decision:{refusal.pk}")
