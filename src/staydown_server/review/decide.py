"""Step 5: a moderator decides about one, several or all things in a case.

One transaction holds the decision, the audit line, the keep-down and the order of removal.
"""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.cases import deposit, sending
from staydown_server.cases.models import Case, CaseItem, Decision, Deposit
from staydown_server.gate import hold, keep_down, listed
from staydown_server.gate.models import HeldUpload, Listed
from staydown_server.notices import mail
from staydown_server.notices.models import Notice
from staydown_server.removal.models import Removal
from staydown_server.removal.order import order_removal, order_restore
from staydown_server.review import claim
from staydown_server.review.alike import rows_alike


class DecisionError(Exception):
    """The decision cannot be taken; nothing was changed."""


class ReasonMissing(DecisionError):
    """A decision gives its reason."""


class NothingChosen(DecisionError):
    """No undecided thing of this case was chosen."""


class AlreadyDecided(DecisionError):
    """Somebody else decided about one of them meanwhile."""


class StillSearching(DecisionError):
    """One of them is still being located or swept."""


class NothingToRemove(DecisionError):
    """Nothing was found at one of the addresses: there is nothing to remove there."""


class NoticeWithdrawn(DecisionError):
    """The person took the notice back meanwhile."""


class NotARefusal(DecisionError):
    """Only a refusal can say that a notice was manifestly unfounded."""


class TakenByAnother(DecisionError):
    """Another moderator has taken the case."""


class NothingToRestore(DecisionError):
    """No removal stands for it."""


def decide(
    case: Case,
    row_ids: Iterable[int],
    *,
    outcome: Decision.Outcome,
    reason: str,
    by: User,
    manner: Decision.Manner = Decision.Manner.PLAIN,
    alike: bool = False,
    is_confirmed: bool = False,
) -> list[Decision]:
    """Decide about the rows of *case* with the given ids: all of them, or none.

    With *alike*, the same is decided about the very same items where they wait in other open
    cases. *is_confirmed* says that a second person wants it too: then it does not matter who has
    taken the case.
    A refusal may say that reporting them was manifestly unfounded: nobody could have done it in
    good faith. Such refusals warn and suspend a sender (`cases.sending`).
    Raises a :class:`DecisionError` that says why, with nothing changed.
    """
    if not reason.strip():
        raise ReasonMissing
    wanted = set(row_ids)
    try:
        with transaction.atomic():
            if Notice.objects.exclude(withdrawn_at=None).filter(pk=case.notice_id).exists():
                raise NoticeWithdrawn
            rows = list(case.caseitem_set.select_for_update().filter(pk__in=wanted))
            if not rows or len(rows) != len(wanted):
                raise NothingChosen
            if manner and _OUTCOME_OF[manner] != outcome:
                raise NotARefusal
            has_it = claim.holder(Case.objects.select_related("claimed_by").get(pk=case.pk))
            if has_it not in (None, by) and not is_confirmed:
                raise TakenByAnother
            if any(row.state in _UNFINISHED for row in rows):
                raise StillSearching
            if outcome == Decision.Outcome.REMOVE and not all(row.fingerprint for row in rows):
                raise NothingToRemove
            standing = sending.standing_of(case.notice)
            decisions = [
                decide_one(row, outcome, reason.strip(), by, manner=manner) for row in rows
            ]
            sending.weigh_again(case.notice, standing)
            close_if_decided(case)
            mail.announce(case.notice_id)
            if alike:
                decisions += _decide_alike(case, wanted, outcome, reason.strip(), by, manner)
    except IntegrityError as error:
        raise AlreadyDecided from error
    return decisions


def restore(row: CaseItem, *, reason: str, by: User | Host | None) -> Decision:
    """Undo a removal: lift the keep-down, have the host put the item back, tell partners.

    *by* is nobody where the person withdrew their notice, a host where it had imported it.
    """
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        undone = Decision.objects.filter(
            case_item=row, outcome=Decision.Outcome.REMOVE, superseded_at=None
        ).update(superseded_at=timezone.now())
        if not undone:
            raise NothingToRestore
        decision = Decision.objects.create(
            case_item=row,
            outcome=Decision.Outcome.RESTORE,
            reason=reason.strip(),
            **_who(by),
        )
        audit.record(
            "decision.taken", decision, by=decision.actor, case_item=row.pk, outcome="restore"
        )
        keep_down.lift(row, decision=decision)
        # Another case may have had the same item removed: then it stays removed.
        elsewhere = Decision.objects.filter(
            case_item__item=row.item, outcome=Decision.Outcome.REMOVE, superseded_at=None
        )
        if row.item and not elsewhere.exists():
            for removal in Removal.objects.filter(item=row.item):
                order_restore(removal, decision=decision)
        hold.let_through(row, by=decision.actor)
        if row.origin != CaseItem.Origin.HELD:
            mail.announce(row.case.notice_id)
    return decision


def overturn(refusal: Decision, *, reason: str, by: User) -> Decision:
    """Turn a decision to leave something online round: it is removed and kept down."""
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        row = CaseItem.objects.select_related("case__notice").get(pk=refusal.case_item_id)
        if row.case.notice.withdrawn_at is not None:
            raise NoticeWithdrawn
        if not row.fingerprint:
            raise NothingToRemove
        standing = sending.standing_of(row.case.notice)
        turned = Decision.objects.filter(
            pk=refusal.pk, outcome=Decision.Outcome.KEEP, superseded_at=None
        ).update(superseded_at=timezone.now())
        if not turned:
            raise AlreadyDecided
        decision = decide_one(row, Decision.Outcome.REMOVE, reason.strip(), by)
        sending.weigh_again(row.case.notice, standing)
    return decision


def close_if_decided(case: Case) -> None:
    """Close *case* once nothing in it waits for a decision.

    Where nothing was found there is nothing to decide about, unless nothing was found at all:
    then somebody looks at the case before it closes. What was deposited goes on waiting while
    what hit it is decided.
    """
    # As it is now: something may have joined it, or opened it again, meanwhile.
    case.refresh_from_db(fields=["closed_at"])
    waiting = Deposit.objects.filter(case_item__case=case, ended_at=None)
    if HeldUpload.objects.filter(outcome="", heldmatch__deposit__in=waiting).exists():
        return
    rows = case.caseitem_set.prefetch_related("decision_set").select_related("deposit", "listed")
    hits = [row for row in rows if not hasattr(row, "deposit") and not hasattr(row, "listed")]
    found = [row for row in hits if row.state != CaseItem.State.NOT_FOUND] or hits
    if all(row.decision for row in found) and case.closed_at is None:
        case.closed_at = timezone.now()
        case.save(update_fields=["closed_at"])
        audit.record("case.closed", case, by="system")


def _who(by: User | Host | None) -> dict[str, Any]:
    """A person at the desk, the host that imported it, or nobody."""
    return {"importer": by} if isinstance(by, Host) else {"decided_by": by}


_UNFINISHED = (CaseItem.State.LOCATING, CaseItem.State.SWEEPING)
_OUTCOME_OF = {
    Decision.Manner.REMOVE_ONLY: Decision.Outcome.REMOVE,
    Decision.Manner.NOT_VALID: Decision.Outcome.KEEP,
    Decision.Manner.UNFOUNDED: Decision.Outcome.KEEP,
    Decision.Manner.UNDONE: Decision.Outcome.RESTORE,
}


def _decide_alike(
    case: Case,
    row_ids: Collection[int],
    outcome: Decision.Outcome,
    reason: str,
    by: User,
    manner: Decision.Manner,
) -> list[Decision]:
    """The same about the same items in other cases, inside the caller's transaction."""
    # Whether a notice was valid or sent in good faith is a question of each.
    manner = manner if outcome == Decision.Outcome.REMOVE else Decision.Manner.PLAIN
    rows = list(rows_alike(case, row_ids).select_for_update().select_related("case"))
    decisions = [decide_one(row, outcome, reason, by, manner=manner) for row in rows]
    for other in {row.case for row in rows}:
        close_if_decided(other)
        mail.announce(other.notice_id)
    return decisions


def decide_one(
    row: CaseItem,
    outcome: Decision.Outcome,
    reason: str,
    by: User | Host,
    *,
    manner: Decision.Manner = Decision.Manner.PLAIN,
) -> Decision:
    """Decide about *row*, inside the caller's transaction, with all that follows."""
    decision = Decision.objects.create(
        case_item=row, outcome=outcome, reason=reason, manner=manner, **_who(by)
    )
    audit.record(
        "decision.taken", decision, by=decision.actor, case_item=row.pk, outcome=outcome.value
    )
    if outcome == Decision.Outcome.REMOVE:
        # Keep down before removing: a copy uploaded again between the two steps must
        # already meet the gate.
        if manner != Decision.Manner.REMOVE_ONLY:
            keep_down.keep_down(row, decision=decision)
        if row.item:
            order_removal(row.item, decision=decision)
    # After the keep-down, which takes over what waits for the deposit.
    deposit.end(Deposit.objects.filter(case_item=row), by=decision.actor)
    if outcome == Decision.Outcome.KEEP:
        entries = Listed.objects.filter(case_item=row, state=Listed.State.LIVE)
        listed.end(list(entries), Listed.State.REFUSED, "decided")
    return decision
