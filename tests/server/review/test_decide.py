"""Bob decides: all or nothing, with a reason, once; and what was done can be undone."""

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, mirrored, recompressed, scene
from server.story import REASON, alice_reports, bob_decides, case_of, rows_of, run_jobs
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check
from staydown_server.gate.models import KeepDown
from staydown_server.jobs.models import Job
from staydown_server.removal.models import Removal
from staydown_server.review.decide import (
    AlreadyDecided,
    NothingChosen,
    NothingToRemove,
    NothingToRestore,
    NoticeWithdrawn,
    ReasonMissing,
    StillSearching,
    decide,
    restore,
)
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db

REMOVE, KEEP = Decision.Outcome.REMOVE, Decision.Outcome.KEEP


@pytest.fixture
def case_of_three(alices_item: Item, show: Any, picture: bytes) -> Case:
    """The reported item and two copies."""
    show("smaller", recompressed(picture))
    show("mirror", mirrored(picture))
    receipt = alice_reports(alices_item.url)
    run_jobs()
    return case_of(receipt)


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Decision, KeepDown, Removal, Entry, Job))


def test_everything_can_be_decided_at_once(
    case_of_three: Case, bob: User, plaza: HostDouble
) -> None:
    """One click, three removals."""
    bob_decides(case_of_three, bob)
    run_jobs()

    assert plaza.removed == {"alices", "smaller", "mirror"}
    case_of_three.refresh_from_db()
    assert case_of_three.closed_at is not None
    assert {decision.decided_by for decision in Decision.objects.all()} == {bob}


def test_each_can_be_decided_by_itself(case_of_three: Case, bob: User, plaza: HostDouble) -> None:
    """The case stays open until the last one is."""
    first, second, third = rows_of(case_of_three)
    decide(case_of_three, [first.pk, second.pk], outcome=REMOVE, reason=REASON, by=bob)
    case_of_three.refresh_from_db()
    assert case_of_three.closed_at is None

    decide(case_of_three, [third.pk], outcome=KEEP, reason="A parody.", by=bob)

    case_of_three.refresh_from_db()
    assert case_of_three.closed_at is not None
    run_jobs()
    assert len(plaza.removed) == 2


@pytest.mark.django_db(transaction=True)
def test_a_decision_is_taken_whole_or_not_at_all(case_of_three: Case, bob: User) -> None:
    """One of three is decided already: nothing happens to the other two."""
    first, *_ = rows_of(case_of_three)
    decide(case_of_three, [first.pk], outcome=KEEP, reason=REASON, by=bob)
    before = counts()

    everything = [row.pk for row in rows_of(case_of_three)]
    with pytest.raises(AlreadyDecided):
        decide(case_of_three, everything, outcome=REMOVE, reason=REASON, by=bob)

    assert counts() == before
    assert audit.verify().is_whole


@pytest.mark.parametrize("reason", ["", " ", "\n\t"])
def test_a_decision_needs_a_reason(case: Case, bob: User, reason: str) -> None:
    """So does its undoing; and the table insists."""
    (row,) = rows_of(case)
    before = counts()
    with pytest.raises(ReasonMissing):
        decide(case, [row.pk], outcome=REMOVE, reason=reason, by=bob)
    with pytest.raises(ReasonMissing):
        restore(row, reason=reason, by=bob)

    assert counts() == before
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(case_item=row, outcome=REMOVE, reason="", decided_by=bob)


def test_choosing_nothing_decides_nothing(case: Case, bob: User, show: Any) -> None:
    """Nor a thing of another case, nor one that does not exist."""
    show("other", jpeg(scene(2)))
    receipt = alice_reports(Item.objects.get(host_item_id="other").url)
    run_jobs()
    other = case_of(receipt)
    foreign = rows_of(other)[0].pk
    mine = rows_of(case)[0].pk

    for chosen in ([], [foreign], [mine, foreign], [10**6], [mine, 10**6]):
        with pytest.raises(NothingChosen):
            decide(case, chosen, outcome=REMOVE, reason=REASON, by=bob)

    assert not Decision.objects.exists()


@pytest.mark.parametrize("state", ["locating", "sweeping"])
def test_what_is_still_searched_waits(case: Case, bob: User, state: str) -> None:
    """A decision needs to know what it is about."""
    CaseItem.objects.update(state=state)

    with pytest.raises(StillSearching):
        bob_decides(case, bob)


def test_where_nothing_was_found_there_is_nothing_to_remove(alices_item: Item, bob: User) -> None:
    """Alice must not read that it is kept down."""
    receipt = alice_reports(f"{alices_item.url} https://elsewhere.example/p/1")
    run_jobs()
    case = case_of(receipt)
    found, missing = rows_of(case)
    with pytest.raises(NothingToRemove):
        decide(case, [found.pk, missing.pk], outcome=REMOVE, reason=REASON, by=bob)

    decide(case, [found.pk], outcome=REMOVE, reason=REASON, by=bob)

    case.refresh_from_db()
    assert case.closed_at is not None


def test_a_case_in_which_nothing_was_found_waits_for_a_look(db: Any, bob: User) -> None:
    """And closes with a decision to leave it."""
    receipt = alice_reports("https://elsewhere.example/p/1")
    run_jobs()
    case = case_of(receipt)
    assert case.closed_at is None

    bob_decides(case, bob, KEEP)

    case.refresh_from_db()
    assert case.closed_at is not None


def test_a_second_decision_is_refused(case: Case, bob: User, dora: User) -> None:
    """The first stands until it is undone."""
    bob_decides(case, bob, KEEP)
    (row,) = rows_of(case)

    with pytest.raises(AlreadyDecided):
        decide(case, [row.pk], outcome=REMOVE, reason=REASON, by=dora)


@pytest.mark.django_db(transaction=True)
def test_of_two_moderators_at_once_one_decides(case: Case, bob: User, dora: User) -> None:
    """The other is told, and nothing happens twice."""
    (row,) = rows_of(case)
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def decide_now(by: User, outcome: Decision.Outcome) -> None:
        together.wait()
        try:
            decide(case, [row.pk], outcome=outcome, reason=REASON, by=by)
            outcomes.append("decided")
        except AlreadyDecided:
            outcomes.append("already")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=decide_now, args=(bob, REMOVE)),
        threading.Thread(target=decide_now, args=(dora, REMOVE)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["already", "decided"]
    assert Decision.objects.count() == KeepDown.objects.count() == Removal.objects.count() == 1
    assert audit.verify().is_whole


def test_no_decision_after_the_notice_was_taken_back(case: Case, bob: User) -> None:
    """The person's word ends it."""
    withdraw(case.notice)

    with pytest.raises(NoticeWithdrawn):
        bob_decides(case, bob)
    assert not Decision.objects.exists()


def test_undoing_lifts_and_restores(
    removed_case: Case, bob: User, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """The old decision is superseded, not altered."""
    (row,) = rows_of(removed_case)

    restore(row, reason="A mistake of mine.", by=bob)
    run_jobs()

    old, new = Decision.objects.order_by("pk")
    assert (old.outcome, old.reason) == ("remove", REASON)
    assert old.superseded_at is not None
    assert (new.outcome, new.reason, new.superseded_at) == ("restore", "A mistake of mine.", None)
    assert KeepDown.objects.get().lifted_by == new
    assert not check(fingerprint(picture), host=host).blocks
    assert plaza.removed == set()


def test_what_was_not_removed_cannot_be_put_back(removed_case: Case, case: Case, bob: User) -> None:
    """Nor twice."""
    (row,) = rows_of(removed_case)
    restore(row, reason=REASON, by=bob)

    with pytest.raises(NothingToRestore):
        restore(row, reason=REASON, by=bob)
    assert Decision.objects.count() == 2


def test_an_item_that_another_case_removed_stays_removed(
    removed_case: Case, alices_item: Item, bob: User, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """Two people reported it: one of them taking it back does not bring it back."""
    receipt = alice_reports(alices_item.url)
    run_jobs()
    second = case_of(receipt)
    bob_decides(second, bob)
    run_jobs()

    withdraw(removed_case.notice)
    run_jobs()
    assert plaza.removed == {"alices"}
    assert check(fingerprint(picture), host=host).blocks

    withdraw(second.notice)
    run_jobs()
    assert plaza.removed == set()
    assert not check(fingerprint(picture), host=host).blocks


def test_the_table_wants_one_standing_decision(case: Case, bob: User) -> None:
    """Whoever writes to it."""
    bob_decides(case, bob, KEEP)
    (row,) = rows_of(case)

    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(case_item=row, outcome=REMOVE, reason=REASON, decided_by=bob)


def test_the_table_wants_time_to_run_forward(case: Case, bob: User) -> None:
    """Nothing is superseded before it was decided."""
    from datetime import timedelta

    from django.utils import timezone

    bob_decides(case, bob, KEEP)

    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.update(superseded_at=timezone.now() - timedelta(days=1))
