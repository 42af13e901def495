"""What Alice, Bob and the clock do in many tests."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import transaction
from django.utils import timezone

from staydown_server.accounts.models import Role, User
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.jobs import RetryLater, queue
from staydown_server.jobs.models import Job
from staydown_server.notices.receive import Receipt, new_submission, receive
from staydown_server.notices.report import Report
from staydown_server.people.invite import invite
from staydown_server.review.decide import decide

ALICE = "Alice Ferreira-Okafor"
ALICES_ADDRESS = "alice.ferreira@mail.example"
REASON = "Shows a person who did not consent."


def somebody(email: str, role: Role = Role.MODERATOR) -> User:
    """Somebody at the desk."""
    invite(email, role=role, by="operator")
    return User.objects.get(email=email)


def alices_report(places: str = "", **changes: Any) -> Report:
    """A complete notice of Alice's."""
    told = {
        "signature": ALICE,
        "places": places,
        "good_faith": True,
        "contact": ALICES_ADDRESS,
        "explanation": "Somebody I used to know put it there.",
    }
    return Report(**{**told, **changes})


def alice_reports(places: str = "", **changes: Any) -> Receipt:
    return receive(alices_report(places, **changes), submission=new_submission())


class PowerFailure(Exception):
    """What a test raises in the middle of a step."""


@contextmanager
def power_fails_at_the_end() -> Iterator[None]:
    """A transaction that never commits."""
    with suppress(PowerFailure), transaction.atomic():
        yield
        raise PowerFailure


def run_jobs() -> list[str]:
    """Run what is due until nothing is; names the jobs that want another try.

    A job that fails in a way it should not fails the test.
    """
    again = []
    while claimed := queue.claim():
        error = queue.run(claimed)
        if error is not None and not isinstance(error, RetryLater):
            raise error
        if error is not None:
            again.append(claimed.name)
    return again


def pauses_pass() -> None:
    """Time passes until every waiting job is due."""
    Job.objects.filter(finished_at=None).update(run_at=timezone.now())


def case_of(receipt: Receipt) -> Case:
    return Case.objects.get(notice=receipt.notice)


def rows_of(case: Case) -> list[CaseItem]:
    return list(case.caseitem_set.all())


def bob_decides(case: Case, bob: User, outcome: Decision.Outcome = Decision.Outcome.REMOVE) -> None:
    """Bob decides about all that waits in *case*."""
    waiting = [row.pk for row in rows_of(case) if row.decision is None]
    decide(case, waiting, outcome=outcome, reason=REASON, by=bob)
