"""Step 7: an appeal against what was decided, answered by another person.

The uploader's appeals arrive here; those of the person who sent the notice in contest.py.
"""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

import staydown
from staydown_server import audit, vault
from staydown_server.accounts.models import User
from staydown_server.cases.models import NEEDS_A_LOOK, CaseItem, Decision
from staydown_server.gate.models import HeldUpload
from staydown_server.notices import mail
from staydown_server.removal.models import Removal
from staydown_server.review.decide import ReasonMissing, overturn, restore
from staydown_server.review.models import Appeal

LONGEST_TEXT = 10_000


class AppealError(Exception):
    """The appeal cannot be taken in, or cannot be answered."""


class AppealWaits(AppealError):
    """An appeal against this waits for its answer already, or there is nothing to undo."""


class AppealEmpty(AppealError):
    """The appeal says nothing."""


class AppealTooLong(AppealError):
    """The appeal is longer than we keep."""


class NotTheSamePerson(AppealError):
    """Whoever decided does not decide the appeal against it."""


class AppealAnswered(AppealError):
    """Somebody else answered it meanwhile."""


def appeal(against: Removal | HeldUpload, *, text: str) -> Appeal:
    """Take in the uploader's objection to a removal, or to the refusal of an upload."""
    if not text.strip():
        raise AppealEmpty
    if len(text) > LONGEST_TEXT:
        raise AppealTooLong
    if against.is_undone:
        raise AppealWaits
    taken = Appeal(content={"text": text})
    if isinstance(against, Removal):
        taken.removal = against
    else:
        taken.upload = against
    try:
        with transaction.atomic():
            taken.save()
            audit.record("appeal.received", taken, by="uploader", against=str(against))
    except IntegrityError as error:
        raise AppealWaits from error
    return taken


def answer(
    waiting: Appeal, *, outcome: Appeal.Outcome, reason: str, by: User, alike: bool = False
) -> None:
    """Grant or refuse the appeal; a granted one turns round what was decided.

    With *alike*, what shows the same whole picture and was removed in the same cases is put back,
    too, whoever had uploaded it: each of them is kept down for itself.
    Raises :class:`NotTheSamePerson` while another moderator could decide: an appeal is heard
    by somebody else where there is somebody else.
    """
    if not reason.strip():
        raise ReasonMissing
    first = waiting.decision.decided_by
    others = User.objects.filter(is_active=True).exclude(pk=by.pk)
    if first == by and others.exists():
        raise NotTheSamePerson
    # Before the transaction: to compare takes its time.
    same = _same_picture(waiting) if alike and outcome == Appeal.Outcome.GRANTED else []
    with transaction.atomic():
        taken = Appeal.objects.filter(pk=waiting.pk, outcome="").update(
            outcome=outcome, answer=reason.strip(), decided_by=by, decided_at=timezone.now()
        )
        if not taken:
            raise AppealAnswered
        audit.record("appeal.answered", waiting, by=str(by), outcome=outcome.value)
        if waiting.refusal is not None:
            mail.announce(waiting.refusal.case_item.case.notice_id)
        if outcome == Appeal.Outcome.REFUSED:
            return
        if waiting.refusal is not None:
            overturn(waiting.refusal, reason=reason, by=by)
        for decision in (*_standing(waiting), *_removals().filter(case_item__in=same)):
            restore(decision.case_item, reason=reason, by=by)


def _removals() -> QuerySet[Decision]:
    standing = Decision.objects.filter(outcome=Decision.Outcome.REMOVE, superseded_at=None)
    return standing.select_related("case_item")


def _standing(granted: Appeal) -> QuerySet[Decision]:
    """The removals that a granted appeal undoes. Nothing may be left (the person withdrew
    meanwhile): it is granted all the same."""
    if granted.refusal is not None:
        return Decision.objects.none()
    if granted.removal is not None:
        # Every case that has the item removed: one left over would keep it down.
        return _removals().filter(case_item__item=granted.removal.item_id)
    return _removals().filter(case_item=granted.decision.case_item_id)


def _same_picture(granted: Appeal) -> list[CaseItem]:
    """What else was removed in the cases of a granted appeal and shows the same, whole."""
    undone = [decision.case_item for decision in _standing(granted)]
    others = _removals().filter(case_item__case__in={row.case_id for row in undone})
    return [
        other.case_item
        for other in others.exclude(case_item__in=undone)
        if any(_is_same(row, other.case_item) for row in undone)
    ]


def _is_same(one: CaseItem, other: CaseItem) -> bool:
    ours, theirs = one.load_fingerprint(), other.load_fingerprint()
    if ours is None or theirs is None:
        return False
    match = staydown.compare(ours, theirs, key=vault.local_key())
    return match is not None and match.kind not in NEEDS_A_LOOK
