"""Step 8, the person's part: uploads that the gate held, and what was decided about them."""

from django.db import transaction
from django.db.models import Q, QuerySet

from staydown_server.accounts.models import User
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.gate import hold
from staydown_server.gate.models import HeldMatch, HeldUpload
from staydown_server.jobs import job
from staydown_server.removal.reasons import digest_of
from staydown_server.review.decide import (
    AlreadyDecided,
    ReasonMissing,
    close_if_decided,
    decide_one,
)
from staydown_server.review.tell_upload import token_of

_SYSTEM = "system"


def waiting_uploads() -> QuerySet[HeldUpload]:
    """Uploads that nobody has decided about, the oldest first."""
    waiting = HeldUpload.objects.filter(outcome="").select_related("gate_check", "host")
    return waiting.order_by("gate_check__at")


def decide_upload(
    held: HeldUpload,
    *,
    outcome: HeldUpload.Outcome,
    reason: str,
    keeps_down: bool = False,
    by: User,
) -> Decision:
    """Let the upload through, or refuse it; *keeps_down* also keeps its fingerprint down.

    The decision stands in the case of the picture that it matched. Raises a
    :class:`~staydown_server.review.decide.DecisionError` with nothing changed.
    """
    if not reason.strip():
        raise ReasonMissing
    is_refused = outcome == HeldUpload.Outcome.REFUSED
    with transaction.atomic():
        held = HeldUpload.objects.select_for_update().get(pk=held.pk)
        match = held.reason_to_wait
        if held.outcome or match is None:
            raise AlreadyDecided
        row = _place_in_case(held, match, with_fingerprint=is_refused and keeps_down)
        if is_refused:
            held.reasons_digest = digest_of(token_of(held))
        chosen = Decision.Outcome.REMOVE if is_refused else Decision.Outcome.KEEP
        decision = decide_one(row, chosen, reason.strip(), by)
        hold.settle(held, outcome, by=str(by), case_item=row)
        hit = Q(caseitem__deposit__heldmatch__held=held) | Q(caseitem__listed__heldmatch__held=held)
        for case in Case.objects.filter(hit | Q(pk=row.case_id)).distinct():
            close_if_decided(case)
    return decision


@job("review.release_uploads")
def release(
    keep_down_id: int | None = None,
    deposit_id: int | None = None,
    listed_id: int | None = None,
) -> None:
    """Let go of what waits for a reason that no longer stands: nothing that the upload
    matched is kept down, deposited or listed any more."""
    grounds = {"keep_down": keep_down_id, "deposit": deposit_id, "listed": listed_id}
    given = {f"heldmatch__{name}": key for name, key in grounds.items() if key is not None}
    waiting = HeldUpload.objects.filter(**given, outcome="")
    for held_id in waiting.values_list("pk", flat=True):
        with transaction.atomic():
            held = HeldUpload.objects.select_for_update().get(pk=held_id)
            if not held.outcome and held.reason_to_wait is None:
                hold.settle(held, HeldUpload.Outcome.ALLOWED, by=_SYSTEM)


def _place_in_case(held: HeldUpload, match: HeldMatch, *, with_fingerprint: bool) -> CaseItem:
    reported = match.reported
    return CaseItem.objects.create(
        case=reported.case,
        origin=CaseItem.Origin.HELD,
        state=CaseItem.State.READY,
        fingerprint=held.fingerprint if with_fingerprint else "",
        copy_of=reported,
        match_kind=match.kind,
        match_orientation=match.orientation,
        match_distance=match.distance,
        match_region=match.region,
        match_spans=match.spans,
    )
