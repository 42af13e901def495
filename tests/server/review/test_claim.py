"""A case is taken by one; the same pictures are decided together; many take two persons."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from server.host_double import HostDouble
from server.pictures import fingerprint
from server.story import (
    REASON,
    alice_reports,
    bob_decides,
    case_of,
    rows_of,
    run_jobs,
    somebody,
)
from staydown_server import audit
from staydown_server.accounts.models import Host, Role, User
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check
from staydown_server.people.roles import shut_out
from staydown_server.review import claim, propose
from staydown_server.review.decide import DecisionError, NotARefusal, TakenByAnother, decide
from staydown_server.review.models import Proposal
from staydown_server.review.propose import NotYours, Settled, decide_or_propose

pytestmark = pytest.mark.django_db

REMOVE, KEEP = Decision.Outcome.REMOVE, Decision.Outcome.KEEP
Manner = Decision.Manner


def fresh(case: Case) -> Case:
    return Case.objects.select_related("claimed_by").get(pk=case.pk)


def everything_in(case: Case) -> list[int]:
    return [row.pk for row in rows_of(case)]


@pytest.fixture
def senior(db: None) -> User:
    return somebody("sue@desk.example", Role.SENIOR)


@pytest.fixture
def cases_of_two(alices_item: Item) -> tuple[Case, Case]:
    """Two people reported the same item."""
    receipts = [
        alice_reports(alices_item.url, contact=f"{name}@mail.example") for name in ("a", "b")
    ]
    run_jobs()
    one, other = (case_of(receipt) for receipt in receipts)
    return one, other


def test_a_case_is_taken_by_one(case: Case, bob: User, dora: User) -> None:
    """Another may take it over, on record; with what is not theirs nobody decides."""
    claim.take(case, by=bob)
    with pytest.raises(claim.Taken):
        claim.take(case, by=dora)
    with pytest.raises(TakenByAnother):
        bob_decides(case, dora)
    assert not Decision.objects.exists()

    claim.take(case, by=dora, over=True)
    assert claim.holder(fresh(case)) == dora
    claim.give_back(case, by=bob)
    assert claim.holder(fresh(case)) == dora, "it is not Bob's to give back"
    bob_decides(case, dora)

    assert Decision.objects.get().decided_by == dora
    assert audit.verify().is_whole


def test_a_claim_lapses(case: Case, bob: User, dora: User) -> None:
    """Somebody went home, or was shut out."""
    claim.take(case, by=bob)
    long_ago = timezone.now() - timedelta(hours=3)
    Case.objects.update(claimed_at=long_ago)
    assert claim.holder(fresh(case)) is None
    assert Case.objects.filter(claim.free()).exists()

    claim.take(case, by=dora)
    assert not Case.objects.filter(claim.free()).exists()
    shut_out(dora, by=somebody("carol@desk.example", Role.ADMINISTRATOR))
    assert claim.holder(fresh(case)) is None
    assert Case.objects.filter(claim.free()).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_it_at_once_one_has_it(case: Case, bob: User, dora: User) -> None:
    """Each in a thread of their own."""
    start, taken = threading.Barrier(2), []

    def takes(user: User) -> None:
        start.wait()
        try:
            claim.take(case, by=user)
            taken.append(user)
        except claim.Taken:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=takes, args=[user]) for user in (bob, dora)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == 1
    assert claim.holder(fresh(case)) == taken[0]


def test_the_same_item_is_decided_in_all_its_cases(
    cases_of_two: tuple[Case, Case], bob: User, plaza: HostDouble
) -> None:
    """Where that is wanted; each of them closes, and the host is asked once."""
    one, other = cases_of_two
    decide(one, everything_in(one), outcome=REMOVE, reason=REASON, by=bob, alike=True)
    run_jobs()

    assert fresh(one).closed_at is not None
    assert fresh(other).closed_at is not None
    assert plaza.removed == {"alices"}
    assert {row.decision.outcome for row in rows_of(other) if row.decision} == {"remove"}


def test_another_case_is_left_alone_where_that_is_not_wanted(
    cases_of_two: tuple[Case, Case], bob: User
) -> None:
    """Each person gets an answer of their own."""
    one, other = cases_of_two
    bob_decides(one, bob)

    assert fresh(other).closed_at is None


def test_removed_only_means_not_kept_down(
    case: Case, bob: User, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """The item goes; the next upload of it is allowed."""
    decide(
        case, everything_in(case), outcome=REMOVE, manner=Manner.REMOVE_ONLY, reason=REASON, by=bob
    )
    run_jobs()

    assert plaza.removed == {"alices"}
    assert check(fingerprint(picture), host=host).answer == "allow"


def test_a_manner_fits_its_outcome(case: Case, bob: User) -> None:
    """In the code and in the table."""
    for outcome, manner in ((KEEP, Manner.REMOVE_ONLY), (REMOVE, Manner.NOT_VALID)):
        with pytest.raises(NotARefusal):
            decide(case, everything_in(case), outcome=outcome, manner=manner, reason=REASON, by=bob)
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.create(
                case_item_id=everything_in(case)[0],
                outcome=outcome,
                manner=manner,
                reason="x",
                decided_by=bob,
            )


def test_what_hits_many_takes_two_persons(
    case: Case, bob: User, senior: User, settings: Any, plaza: HostDouble
) -> None:
    """Nothing happens before a senior has confirmed it; then it is Bob's decision."""
    settings.TWO_PERSONS_FROM = 1
    taken = decide_or_propose(case, everything_in(case), outcome=REMOVE, reason=REASON, by=bob)
    assert isinstance(taken, Proposal)
    run_jobs()
    assert not Decision.objects.exists()
    assert not plaza.removed
    with pytest.raises(propose.AlreadyProposed):
        decide_or_propose(case, everything_in(case), outcome=REMOVE, reason=REASON, by=bob)
    for stranger in (bob, somebody("dora@desk.example")):
        with pytest.raises(NotYours):
            propose.confirm(taken, by=stranger)

    propose.confirm(taken, by=senior)
    run_jobs()

    assert Decision.objects.get().decided_by == bob
    assert plaza.removed == {"alices"}
    with pytest.raises(Settled):
        propose.refuse(taken, by=senior)
    assert audit.verify().is_whole


def test_a_proposal_is_refused_or_taken_back(
    case: Case, bob: User, senior: User, settings: Any
) -> None:
    """Then the case waits as before."""
    settings.TWO_PERSONS_FROM = 1
    for by in (senior, bob):
        taken = decide_or_propose(case, everything_in(case), outcome=REMOVE, reason=REASON, by=bob)
        assert isinstance(taken, Proposal)
        propose.refuse(taken, by=by)

    assert not Decision.objects.exists()
    assert not Proposal.objects.filter(settled_at=None).exists()


def test_nobody_confirms_their_own_in_the_table_either(case: Case, senior: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.create(
            case=case, rows=[], outcome="remove", reason="x", proposed_by=senior,
            settled_by=senior, settled_at=timezone.now(), is_confirmed=True,
        )  # fmt: skip


def test_a_confirmation_that_comes_too_late_decides_nothing(
    case: Case, bob: User, senior: User, settings: Any
) -> None:
    """Somebody decided meanwhile: the proposal waits, to be refused."""
    settings.TWO_PERSONS_FROM = 1
    taken = decide_or_propose(case, everything_in(case), outcome=REMOVE, reason=REASON, by=bob)
    assert isinstance(taken, Proposal)
    decide(case, everything_in(case), outcome=KEEP, reason=REASON, by=senior)

    with pytest.raises(DecisionError):
        propose.confirm(taken, by=senior)

    assert Decision.objects.get().outcome == KEEP
    assert Proposal.objects.get().settled_at is None


def test_where_nobody_else_could_confirm_one_person_decides(
    case: Case, bob: User, settings: Any
) -> None:
    """A small platform has one moderator."""
    settings.TWO_PERSONS_FROM = 1

    taken = decide_or_propose(case, everything_in(case), outcome=REMOVE, reason=REASON, by=bob)

    assert not isinstance(taken, Proposal)
    assert Decision.objects.get().outcome == REMOVE
