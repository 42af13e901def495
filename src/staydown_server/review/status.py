"""Where a notice stands, as its sender may see it: each picture in one of a few plain states."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Max, Q

from staydown_server.cases.models import Case, CaseItem, Decision, Sweep
from staydown_server.gate.models import Check, HeldUpload
from staydown_server.gate.policy import Answer
from staydown_server.notices.models import Notice
from staydown_server.removal.models import Removal


class RowState(StrEnum):
    """What has become of one picture."""

    SEARCHING = "searching"
    NOT_FOUND = "not_found"
    WAITING = "waiting"
    REMOVING = "removing"
    REMOVED = "removed"
    KEPT_DOWN = "kept_down"
    KEPT = "kept"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Row:
    """One picture of the notice, or a copy of it."""

    url: str
    is_copy: bool
    state: RowState
    reason: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole of what the person sees."""

    received_at: datetime
    case_number: str
    deadline: datetime | None
    jurisdiction: str
    is_withdrawn: bool
    searched: int
    rows: tuple[Row, ...]
    attempts_stopped: int

    @property
    def is_done(self) -> bool:
        """Nothing is left to wait for."""
        busy = {RowState.SEARCHING, RowState.WAITING, RowState.REMOVING}
        return bool(self.rows) and not any(row.state in busy for row in self.rows)


def status_of(notice: Notice) -> Status:
    """The status of *notice* as of now."""
    case = Case.objects.filter(notice=notice).first()
    if case is None:
        return Status(notice.received_at, "", None, "", notice.withdrawn_at is not None, 0, (), 0)
    # What somebody else uploaded, and a person looked at, is between them and the desk.
    rows = case.caseitem_set.exclude(origin=CaseItem.Origin.HELD)
    rows = rows.select_related("item").prefetch_related("decision_set")
    removals = {
        removal.item_id: removal
        for removal in Removal.objects.filter(item__caseitem__case=case).order_by("pk")
    }
    sweeps = Sweep.objects.filter(case_item__case=case)
    return Status(
        received_at=case.received_at,
        case_number=case.number,
        deadline=case.deadline,
        jurisdiction=case.jurisdiction,
        is_withdrawn=notice.withdrawn_at is not None,
        searched=sweeps.aggregate(most=Max("searched"))["most"] or 0,
        rows=tuple(_row(row, removals.get(row.item_id or 0)) for row in rows),
        attempts_stopped=Check.objects.filter(_stopped, keep_down__case_item__case=case).count(),
    )


#: Uploads that the gate blocked, or a person refused. What waits is not stopped yet.
_stopped = Q(verdict=Answer.BLOCK) | Q(heldupload__outcome=HeldUpload.Outcome.REFUSED)


def _row(row: CaseItem, removal: Removal | None) -> Row:
    decision = row.decision
    url = row.reported_url or (row.item.url if row.item else "")
    state, at = _state(row, decision, removal)
    return Row(url, row.copy_of_id is not None, state, decision.reason if decision else "", at)


def _state(
    row: CaseItem, decision: Decision | None, removal: Removal | None
) -> tuple[RowState, datetime | None]:
    if row.state == CaseItem.State.NOT_FOUND:
        return RowState.NOT_FOUND, decision.decided_at if decision else None
    if decision is None:
        if row.state == CaseItem.State.READY:
            return RowState.WAITING, None
        return RowState.SEARCHING, None
    if decision.outcome == Decision.Outcome.RESTORE:
        return RowState.RESTORED, decision.decided_at
    if decision.outcome == Decision.Outcome.KEEP:
        return RowState.KEPT, decision.decided_at
    if removal is None:
        return RowState.KEPT_DOWN, decision.decided_at
    if removal.state == Removal.State.VERIFIED:
        return RowState.REMOVED, removal.verified_at
    return RowState.REMOVING, removal.ordered_at
