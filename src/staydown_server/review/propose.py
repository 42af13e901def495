"""The rule of two: a removal that hits many waits until a senior has confirmed it."""

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import Role, User
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.review.alike import rows_alike
from staydown_server.review.decide import DecisionError, ReasonMissing, decide
from staydown_server.review.models import Proposal


class AlreadyProposed(DecisionError):
    """A proposal for this case waits already."""


class NotYours(DecisionError):
    """Whoever proposed it does not confirm it, and only seniors do."""


class Settled(DecisionError):
    """Somebody else answered it meanwhile."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What removing some rows takes down: how many items, of how many uploaders."""

    items: int
    uploaders: int

    @property
    def is_wide(self) -> bool:
        """Whether a second person has to confirm it."""
        return bool(self.items >= settings.TWO_PERSONS_FROM)


def reach(rows: Collection[int]) -> Reach:
    """Of the rows with these ids."""
    shown = CaseItem.objects.filter(pk__in=rows).exclude(item=None)
    uploaders = shown.values_list("item__host", "item__uploader").distinct()
    return Reach(shown.count(), uploaders.count())


def second_persons(user: User) -> bool:
    """Whether somebody else could confirm what *user* proposes."""
    seniors = User.objects.filter(is_active=True, role__in=[Role.SENIOR, Role.ADMINISTRATOR])
    return seniors.exclude(pk=user.pk).exists()


def decide_or_propose(
    case: Case,
    row_ids: Collection[int],
    *,
    outcome: Decision.Outcome,
    manner: Decision.Manner = Decision.Manner.PLAIN,
    reason: str,
    alike: bool = False,
    by: User,
) -> Proposal | list[Decision]:
    """Decide, or leave it to a senior where the removal hits many and there is one."""
    rows = set(row_ids)
    everywhere = rows | ({row.pk for row in rows_alike(case, rows)} if alike else set())
    is_wide = outcome == Decision.Outcome.REMOVE and reach(everywhere).is_wide
    if not is_wide or not second_persons(by):
        return decide(case, rows, outcome=outcome, manner=manner, reason=reason, alike=alike, by=by)
    if not reason.strip():
        raise ReasonMissing
    try:
        with transaction.atomic():
            proposal = Proposal.objects.create(
                case=case,
                rows=sorted(rows),
                outcome=outcome,
                manner=manner,
                is_alike=alike,
                reason=reason.strip(),
                proposed_by=by,
            )
            audit.record("proposal.made", proposal, by=str(by), case=case.pk)
    except IntegrityError as error:
        raise AlreadyProposed from error
    return proposal


def confirm(proposal: Proposal, *, by: User) -> list[Decision]:
    """Take the decision; raises a :class:`DecisionError`, and the proposal goes on waiting."""
    _check(proposal, by)
    with transaction.atomic():
        _settle(proposal, by, is_confirmed=True)
        return decide(
            proposal.case,
            proposal.rows,
            outcome=Decision.Outcome(proposal.outcome),
            manner=Decision.Manner(proposal.manner),
            reason=proposal.reason,
            alike=proposal.is_alike,
            by=proposal.proposed_by,
            is_confirmed=True,
        )


def refuse(proposal: Proposal, *, by: User) -> None:
    """Nothing is decided; also whoever proposed it may take it back."""
    if proposal.proposed_by != by:
        _check(proposal, by)
    with transaction.atomic():
        _settle(proposal, by, is_confirmed=False)


def _check(proposal: Proposal, by: User) -> None:
    if by == proposal.proposed_by or not by.may_confirm:
        raise NotYours


def _settle(proposal: Proposal, by: User, *, is_confirmed: bool) -> None:
    taken = Proposal.objects.filter(pk=proposal.pk, settled_at=None).update(
        settled_at=timezone.now(), settled_by=by, is_confirmed=is_confirmed
    )
    if not taken:
        raise Settled
    name = "proposal.confirmed" if is_confirmed else "proposal.refused"
    audit.record(name, proposal, by=str(by), case=proposal.case_id)
