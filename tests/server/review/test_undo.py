"""A slip of the hand: undone while nothing is carried out, and the thing is undecided again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from server.host_double import HostDouble
from server.pictures import fingerprint
from server.story import bob_decides, rows_of, run_jobs
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.cases.models import Case, Decision
from staydown_server.gate.check import check
from staydown_server.removal.models import Removal
from staydown_server.review.steps import steps_of
from staydown_server.review.undo import TooLate, undo, undoable

pytestmark = pytest.mark.django_db


@pytest.fixture
def slowly(settings: Any) -> None:
    """Orders wait a moment, as they do outside of tests."""
    settings.UNDO_SECONDS = 60


def test_a_removal_is_undone_before_it_is_carried_out(
    slowly: None, case: Case, bob: User, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """The host never hears of it, nothing is kept down, and the case is open again."""
    bob_decides(case, bob)
    assert undoable(case).count() == 1

    assert undo(case, by=bob) == 1
    run_jobs()

    case.refresh_from_db()
    assert case.closed_at is None
    assert [row.decision for row in rows_of(case)] == [None]
    assert check(fingerprint(picture), host=host).answer == "allow"
    assert not plaza.removed
    assert "to_remove" not in [step.kind for step in steps_of(case.notice, case)]
    assert audit.verify().is_whole


def test_what_was_undone_is_decided_anew(
    slowly: None, case: Case, bob: User, plaza: HostDouble, settings: Any
) -> None:
    """As if it had never been."""
    bob_decides(case, bob)
    undo(case, by=bob)
    settings.UNDO_SECONDS = 0
    bob_decides(case, bob)
    run_jobs()

    assert plaza.removed == {"alices"}
    assert Removal.objects.exclude(state=Removal.State.RESTORED).get().state == "verified"


def test_a_refusal_is_undone_for_a_while(case: Case, bob: User) -> None:
    """Then it can only be contested."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    Decision.objects.update(decided_at=timezone.now() - timedelta(minutes=11))
    with pytest.raises(TooLate):
        undo(case, by=bob)
    Decision.objects.update(decided_at=timezone.now())

    assert undo(case, by=bob) == 1
    assert [row.decision for row in rows_of(case)] == [None]


def test_what_the_host_has_done_is_not_undone(removed_case: Case, bob: User) -> None:
    """It can be put back."""
    with pytest.raises(TooLate):
        undo(removed_case, by=bob)
    assert Decision.objects.get().superseded_at is None
