"""Where a notice stands, as its sender may see it: each picture in one of a few plain states."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Max, Sum

from staydown_server.cases.models import Case, CaseItem, Decision, Deposit, Sweep
from staydown_server.notices import letters
from staydown_server.notices.models import Letter, Notice
from staydown_server.notices.report import Kind
from staydown_server.removal.models import Removal
from staydown_server.review.contest import may_contest
from staydown_server.review.models import Appeal
from staydown_server.review.steps import Step, steps_of, stopped


class RowState(StrEnum):
    """What has become of one picture."""

    SEARCHING = "searching"
    NOT_FOUND = "not_found"
    WAITING = "waiting"
    #: Of a deposit: what turns up like it is decided about, and it goes on waiting.
    WATCHED = "watched"
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
    # What the person said against its refusal, with the answer if there is one.
    contest: Appeal | None = None
    # The refusal that they may still contest.
    refusal_id: int | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole of what the person sees."""

    received_at: datetime
    case_number: str
    deadline: datetime | None
    jurisdiction: str
    is_withdrawn: bool
    # Fingerprints that wait, with nothing online: no case is open.
    is_deposit: bool
    # How much the largest search went through, when the last one ended, and what all found.
    searched: int
    searched_at: datetime | None
    copies_found: int
    rows: tuple[Row, ...]
    attempts_stopped: int
    steps: tuple[Step, ...]
    letters: tuple[Letter, ...]

    @property
    def is_done(self) -> bool:
        """Nothing is left to wait for."""
        busy = {RowState.SEARCHING, RowState.WAITING, RowState.REMOVING}
        return bool(self.rows) and not any(row.state in busy for row in self.rows)


def status_of(notice: Notice) -> Status:
    """The status of *notice* as of now."""
    case = Case.objects.filter(notice=notice).first()
    searches = Sweep.objects.filter(case_item__case__notice=notice).aggregate(
        most=Max("searched"), last=Max("at"), found=Sum("found")
    )
    return Status(
        received_at=notice.received_at,
        case_number=case.number if case else "",
        deadline=case.deadline if case else None,
        jurisdiction=case.jurisdiction if case else "",
        is_withdrawn=notice.withdrawn_at is not None,
        is_deposit=case is None and notice.content.get("kind") == Kind.DEPOSIT,
        searched=searches["most"] or 0,
        searched_at=searches["last"],
        copies_found=searches["found"] or 0,
        rows=_rows(case) if case else (),
        attempts_stopped=stopped(case).count() if case else 0,
        steps=steps_of(notice, case),
        letters=tuple(letters.of(notice)),
    )


def _rows(case: Case) -> tuple[Row, ...]:
    # What somebody else uploaded, and a person looked at, is between them and the desk.
    rows = case.caseitem_set.exclude(origin=CaseItem.Origin.HELD)
    rows = rows.select_related("item").prefetch_related("decision_set")
    removals = {
        removal.item_id: removal
        for removal in Removal.objects.filter(item__caseitem__case=case).order_by("pk")
    }
    contests = {
        contest.decision.case_item_id: contest
        for contest in Appeal.objects.filter(refusal__case_item__case=case)
        .select_related("refusal")
        .order_by("pk")
    }
    return tuple(_row(row, removals.get(row.item_id or 0), contests.get(row.pk)) for row in rows)


def _row(row: CaseItem, removal: Removal | None, contest: Appeal | None) -> Row:
    decision = row.decision
    url = row.reported_url or (row.item.url if row.item else "")
    state, at = _state(row, decision, removal)
    is_contestable = state == RowState.KEPT and contest is None
    return Row(
        url,
        row.copy_of_id is not None,
        state,
        decision.reason if decision else "",
        at,
        contest,
        decision.pk if decision and is_contestable and may_contest(decision) else None,
    )


def _state(
    row: CaseItem, decision: Decision | None, removal: Removal | None
) -> tuple[RowState, datetime | None]:
    if row.state == CaseItem.State.NOT_FOUND:
        return RowState.NOT_FOUND, decision.decided_at if decision else None
    if decision is None:
        if Deposit.objects.filter(case_item=row).exists():
            return RowState.WATCHED, None
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
