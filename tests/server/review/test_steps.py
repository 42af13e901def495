"""What happened and when, as Alice reads it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from server.pictures import fingerprint, recompressed
from server.story import REASON, alice_reports, bob_decides, case_of, run_jobs
from staydown_server.accounts.models import Host, User
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check
from staydown_server.notices.letters import write
from staydown_server.review.add import add_places
from staydown_server.review.appeal import answer
from staydown_server.review.ask import ask
from staydown_server.review.contest import contest
from staydown_server.review.decide import restore
from staydown_server.review.models import Appeal
from staydown_server.review.status import status_of
from staydown_server.review.steps import StepKind, steps_of
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db


def kinds(case: Case) -> list[StepKind]:
    case.notice.refresh_from_db()
    return [step.kind for step in status_of(case.notice).steps]


def test_a_removal_from_the_notice_to_the_gate(
    alices_item: Item, show: Any, picture: bytes, bob: User, host: Host
) -> None:
    """Each step once, in order, with how many things it was about."""
    show("copy", recompressed(picture))
    receipt = alice_reports(alices_item.url)
    assert [step.kind for step in steps_of(receipt.notice, None)] == [StepKind.RECEIVED]
    run_jobs()
    case = case_of(receipt)
    bob_decides(case, bob)
    run_jobs()
    for _ in range(3):
        check(fingerprint(picture), host=host)

    steps = status_of(case.notice).steps

    found = {step.kind: step for step in steps}
    assert [step.kind for step in steps if step.kind != StepKind.SEARCHED] == [
        StepKind.RECEIVED,
        StepKind.OPENED,
        StepKind.TO_REMOVE,
        StepKind.REMOVED,
        StepKind.STOPPED,
    ]
    assert steps[2].kind == StepKind.SEARCHED
    assert (steps[2].count, steps[2].searched) == (1, 2)
    assert found[StepKind.TO_REMOVE].count == 2
    assert found[StepKind.REMOVED].count == 2
    assert found[StepKind.STOPPED].count == 3
    assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_letters_refusal_and_contest(case: Case, bob: User, dora: User) -> None:
    """Both sides of each."""
    ask(case, "Which one is you?", submission="s", by=bob)
    write(case.notice, "The left one.", submission="s")
    add_places(case.notice, "https://elsewhere.example/1", submission="s")
    run_jobs()
    bob_decides(case, bob, Decision.Outcome.KEEP)
    refusal = Decision.objects.filter(case_item__state="ready").get()
    contest(case.notice, [refusal.pk], text="It is me.")
    answer(Appeal.objects.get(), outcome=Appeal.Outcome.GRANTED, reason=REASON, by=dora)
    run_jobs()
    restore(refusal.case_item, reason="Another.", by=bob)

    assert [kind for kind in kinds(case) if kind != StepKind.SEARCHED] == [
        StepKind.RECEIVED,
        StepKind.OPENED,
        StepKind.ASKED,
        StepKind.ANSWERED,
        StepKind.ADDED,
        StepKind.KEPT,
        StepKind.CONTESTED,
        StepKind.CONTEST_GRANTED,
        StepKind.TO_REMOVE,
        StepKind.REMOVED,
        StepKind.RESTORED,
    ]


def test_taking_back_is_one_step(removed_case: Case) -> None:
    """What it undid is part of it."""
    withdraw(removed_case.notice)
    run_jobs()

    assert kinds(removed_case)[-1] == StepKind.WITHDRAWN
    assert StepKind.RESTORED not in kinds(removed_case)


def test_what_somebody_else_had_removed_before_comes_after_the_decision(
    removed_case: Case, alices_item: Item, bob: User
) -> None:
    """Nothing happens before the notice came."""
    second = alice_reports(alices_item.url)
    run_jobs()
    bob_decides(case_of(second), bob)

    steps = status_of(second.notice).steps

    assert steps[0].kind == StepKind.RECEIVED
    assert StepKind.REMOVED in [step.kind for step in steps]
    assert all(step.at >= second.notice.received_at for step in steps)


def test_another_cases_removal_is_no_step_of_this_one(
    removed_case: Case, alices_item: Item, bob: User
) -> None:
    """Charlie's notice about the same item was refused: nothing about Alice's."""
    charlies = alice_reports(alices_item.url, signature="Charlie")
    run_jobs()
    bob_decides(case_of(charlies), bob, Decision.Outcome.KEEP)

    found = [step.kind for step in status_of(charlies.notice).steps]
    assert StepKind.REMOVED not in found
    assert StepKind.TO_REMOVE not in found


def test_what_comes_together_is_one_step(case: Case, bob: User) -> None:
    """A minute apart it is two."""
    for number in range(3):
        ask(case, f"{number}?", submission="s", by=bob)
    first = case.notice.letter_set.order_by("pk")[0]
    case.notice.letter_set.filter(pk=first.pk).update(
        written_at=timezone.now() - timedelta(minutes=5)
    )

    asked = [step for step in steps_of(case.notice, None) if step.kind == StepKind.ASKED]

    assert [step.count for step in asked] == [1, 2]
