"""What happened with a notice and when, as its sender may read it: one line for each step."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet

from staydown_server.cases.models import Case, CaseItem, Decision, Sweep
from staydown_server.gate.models import Check, HeldUpload
from staydown_server.gate.policy import Answer
from staydown_server.notices.models import Letter, Notice
from staydown_server.removal.models import Removal
from staydown_server.review.models import Appeal

#: What a moderator decided or a search found at once is one step.
TOGETHER = timedelta(minutes=1)


class StepKind(StrEnum):
    """What happened."""

    RECEIVED = "received"
    OPENED = "opened"
    ADDED = "added"
    SEARCHED = "searched"
    FOUND = "found"
    ASKED = "asked"
    ANSWERED = "answered"
    TO_REMOVE = "to_remove"
    KEPT = "kept"
    RESTORED = "restored"
    REMOVED = "removed"
    CONTESTED = "contested"
    CONTEST_GRANTED = "contest_granted"
    CONTEST_REFUSED = "contest_refused"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Step:
    """One of them: how many things it was about, and how many were searched."""

    kind: StepKind
    at: datetime
    count: int = 1
    searched: int = 0


def steps_of(notice: Notice, case: Case | None) -> tuple[Step, ...]:
    """All of them, in order; things of one kind that came together are one step."""
    steps = [Step(StepKind.RECEIVED, notice.received_at), *_of_letters(notice)]
    if notice.withdrawn_at is not None:
        steps.append(Step(StepKind.WITHDRAWN, notice.withdrawn_at))
    if case is not None:
        for of_one_kind in (_of_rows, _of_sweeps, _of_decisions, _of_removals, _of_contests):
            steps += of_one_kind(case)
        steps += _of_uploads(case)
    return _together(steps)


def stopped(case: Case) -> QuerySet[Check]:
    """Uploads that the gate blocked, or a person refused. What waits is not stopped yet."""
    is_stopped = Q(verdict=Answer.BLOCK) | Q(heldupload__outcome=HeldUpload.Outcome.REFUSED)
    of_case = Q(keep_down__case_item__case=case) | Q(deposit__case_item__case=case)
    of_case |= Q(listed__case_item__case=case)
    return Check.objects.filter(is_stopped, of_case)


def _of_letters(notice: Notice) -> Iterator[Step]:
    # Not what they say: unsealing it takes time, and is not needed here.
    told = Letter.objects.filter(notice=notice).values_list("kind", "written_by", "written_at")
    for kind, moderator, at in told:
        if kind == Letter.Kind.PLACES:
            yield Step(StepKind.ADDED, at)
        else:
            yield Step(StepKind.ASKED if moderator else StepKind.ANSWERED, at)


def _of_rows(case: Case) -> Iterator[Step]:
    rows = case.caseitem_set.order_by("created_at").values_list("origin", "created_at")
    for number, (origin, at) in enumerate(rows):
        if number == 0:
            yield Step(StepKind.OPENED, at)
        if origin == CaseItem.Origin.REGISTERED:
            yield Step(StepKind.FOUND, at)


def _of_sweeps(case: Case) -> Iterator[Step]:
    for sweep in Sweep.objects.filter(case_item__case=case):
        yield Step(StepKind.SEARCHED, sweep.at, sweep.found, sweep.searched)


def _of_decisions(case: Case) -> Iterator[Step]:
    kinds = {
        Decision.Outcome.REMOVE: StepKind.TO_REMOVE,
        Decision.Outcome.KEEP: StepKind.KEPT,
        Decision.Outcome.RESTORE: StepKind.RESTORED,
    }
    taken = Decision.objects.filter(case_item__case=case)
    # What was undone because the notice was taken back is part of that step.
    taken = taken.exclude(decided_by=None).exclude(case_item__origin=CaseItem.Origin.HELD)
    # What was undone at once never was.
    undone = Decision.objects.filter(
        case_item=OuterRef("case_item"),
        manner=Decision.Manner.UNDONE,
        superseded_at=OuterRef("superseded_at"),
    )
    taken = taken.exclude(Exists(undone))
    for outcome, at in taken.values_list("outcome", "decided_at"):
        yield Step(kinds[Decision.Outcome(outcome)], at)


def _of_removals(case: Case) -> Iterator[Step]:
    ordered = Decision.objects.filter(case_item__case=case, outcome=Decision.Outcome.REMOVE)
    decided = dict(ordered.order_by("-pk").values_list("case_item__item", "decided_at"))
    verified = Removal.objects.filter(item__in=[item for item in decided if item])
    for item, at in verified.exclude(verified_at=None).values_list("item", "verified_at"):
        # It may have been gone already, because of somebody else's notice.
        yield Step(StepKind.REMOVED, max(at or decided[item], decided[item]))


def _of_contests(case: Case) -> Iterator[Step]:
    answers = {
        Appeal.Outcome.GRANTED: StepKind.CONTEST_GRANTED,
        Appeal.Outcome.REFUSED: StepKind.CONTEST_REFUSED,
    }
    contests = Appeal.objects.filter(refusal__case_item__case=case)
    for outcome, came, answered in contests.values_list("outcome", "received_at", "decided_at"):
        yield Step(StepKind.CONTESTED, came)
        if answered is not None:
            yield Step(answers[Appeal.Outcome(outcome)], answered)


def _of_uploads(case: Case) -> Iterator[Step]:
    attempts = list(stopped(case).order_by("at").values_list("at", flat=True))
    if attempts:
        yield Step(StepKind.STOPPED, attempts[-1], len(attempts))


def _together(steps: Iterable[Step]) -> tuple[Step, ...]:
    joined: list[Step] = []
    for step in sorted(steps, key=lambda step: step.at):
        last = joined[-1] if joined else None
        if last and last.kind == step.kind and step.at - last.at < TOGETHER:
            joined[-1] = replace(
                last,
                at=step.at,
                count=last.count + step.count,
                searched=max(last.searched, step.searched),
            )
        else:
            joined.append(step)
    return tuple(joined)
