"""The clock asks for a senior when nobody acts; so can anybody. The purge obeys a legal hold."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from server.story import bob_decides, run_jobs, somebody
from staydown_server import audit
from staydown_server.accounts.models import Role, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case
from staydown_server.jobs.models import Job
from staydown_server.review.desk_rules import DeskError, read
from staydown_server.review.escalate import calm, escalate, passed_marks, watch
from staydown_server.review.legal_hold import hold_by_law

pytestmark = pytest.mark.django_db


def left(case: Case, hours: float) -> None:
    """So many of its 48 hours are left."""
    deadline = timezone.now() + timedelta(hours=hours)
    Case.objects.filter(pk=case.pk).update(
        deadline=deadline, received_at=deadline - timedelta(hours=48)
    )
    case.refresh_from_db()


@pytest.mark.parametrize(("hours", "marks"), [(25, 0), (23, 1), (7, 1), (5, 2), (-1, 2)])
def test_a_case_passes_the_marks_of_its_clock(case: Case, hours: float, marks: int) -> None:
    left(case, hours)

    assert passed_marks(case, timezone.now()) == marks


def test_the_clock_asks_for_a_senior_once(case: Case, bob: User, settings: object) -> None:
    """By mail where there is a mail server; and it looks again soon."""
    settings.EMAIL_HOST = "mail.example"  # type: ignore[attr-defined]
    sue = somebody("sue@desk.example", Role.SENIOR)
    left(case, 7)
    watch()
    case.refresh_from_db()
    assert case.escalated_at is None

    left(case, 5)
    watch()
    watch()
    run_jobs()

    case.refresh_from_db()
    assert case.escalated_at is not None
    assert Entry.objects.filter(action="case.escalated").count() == 1
    (sent,) = mail.outbox
    assert (sent.bcc, case.number in sent.body) == ([sue.email], True)
    waiting = Job.objects.filter(name="review.watch_clocks", finished_at=None)
    assert waiting.count() == 1
    calm(case, by=sue)
    watch()
    case.refresh_from_db()
    assert case.escalated_at is None, "a senior has seen to it"


def test_a_decided_case_needs_nobody(case: Case, bob: User) -> None:
    left(case, 5)
    bob_decides(case, bob)
    watch()

    case.refresh_from_db()
    assert case.escalated_at is None


def test_somebody_asks_for_a_senior(case: Case, bob: User) -> None:
    """What they write is sealed, and gone when it is seen to."""
    escalate(case, note="Is this the same person?", by=bob)
    case.refresh_from_db()
    assert case.escalation == "Is this the same person?"
    calm(case, by=somebody("sue@desk.example", Role.SENIOR))
    case.refresh_from_db()

    assert (case.escalated_at, case.escalation) == (None, "")
    assert audit.verify().is_whole


def test_a_legal_hold_is_on_record(case: Case, bob: User) -> None:
    """Once for each change."""
    for is_held in (True, True, False):
        hold_by_law(case, is_held, by=bob)

    actions = Entry.objects.filter(action__startswith="case.h").values_list("action", flat=True)
    assert list(actions.order_by("sequence")) == ["case.held_by_law", "case.hold_ended"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[clock]\nmarks = [0.1, 0.5]\n[claims]\nminutes = 1\n[breaks]\nlooks = 1\nminutes = 1\n"
        "[undo]\nminutes = 1",
        "[clock]\nmarks = [0.5]\n[claims]\nminutes = 0\n[breaks]\nlooks = 1\nminutes = 1\n"
        "[undo]\nminutes = 1",
    ],
)
def test_numbers_that_cannot_be_used_are_told(text: str) -> None:
    with pytest.raises(DeskError, match="desk"):
        read(text)
