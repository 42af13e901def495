"""Step 7, the uploader's side: an appeal against a removal, answered by a person."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases.models import Decision
from staydown_server.removal.models import Removal
from staydown_server.review.decide import ReasonMissing, restore
from staydown_server.review.models import Appeal

LONGEST_TEXT = 10_000


class AppealError(Exception):
    """The appeal cannot be taken in, or cannot be answered."""


class AppealWaits(AppealError):
    """An appeal against this removal waits for its answer already."""


class AppealEmpty(AppealError):
    """The appeal says nothing."""


class AppealTooLong(AppealError):
    """The appeal is longer than we keep."""


class NotTheSamePerson(AppealError):
    """Whoever ordered the removal does not decide the appeal against it."""


class AppealAnswered(AppealError):
    """Somebody else answered it meanwhile."""


def appeal(removal: Removal, *, text: str) -> Appeal:
    """Take in the uploader's objection."""
    if not text.strip():
        raise AppealEmpty
    if len(text) > LONGEST_TEXT:
        raise AppealTooLong
    if removal.state in (Removal.State.RESTORE_ORDERED, Removal.State.RESTORED):
        raise AppealWaits
    try:
        with transaction.atomic():
            taken = Appeal.objects.create(removal=removal, content={"text": text})
            audit.record("appeal.received", taken, by="uploader", removal=removal.pk)
    except IntegrityError as error:
        raise AppealWaits from error
    return taken


def answer(waiting: Appeal, *, outcome: Appeal.Outcome, reason: str, by: User) -> None:
    """Grant or refuse the appeal; a granted one restores the item.

    Raises :class:`NotTheSamePerson` while another moderator could decide: an appeal is heard
    by somebody else where there is somebody else.
    """
    if not reason.strip():
        raise ReasonMissing
    first = waiting.removal.decision.decided_by
    others = User.objects.filter(is_active=True).exclude(pk=by.pk)
    if first == by and others.exists():
        raise NotTheSamePerson
    with transaction.atomic():
        taken = Appeal.objects.filter(pk=waiting.pk, outcome="").update(
            outcome=outcome, answer=reason.strip(), decided_by=by, decided_at=timezone.now()
        )
        if not taken:
            raise AppealAnswered
        audit.record("appeal.answered", waiting, by=str(by), outcome=outcome.value)
        if outcome == Appeal.Outcome.GRANTED:
            # Every case that has the item removed: one left over would keep it down. None may
            # be left (the person withdrew meanwhile): the appeal is granted all the same.
            standing = Decision.objects.filter(
                case_item__item=waiting.removal.item_id,
                outcome=Decision.Outcome.REMOVE,
                superseded_at=None,
            )
            for decision in standing.select_related("case_item"):
                restore(decision.case_item, reason=reason, by=by)
