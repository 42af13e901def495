"""Alice contests a refusal, and somebody else than Bob answers."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from server.host_double import HostDouble
from server.pictures import fingerprint
from server.story import REASON, alice_reports, bob_decides, case_of, rows_of, run_jobs
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check
from staydown_server.notices.models import Notice
from staydown_server.review.appeal import (
    LONGEST_TEXT,
    AppealAnswered,
    AppealEmpty,
    AppealTooLong,
    AppealWaits,
    NotTheSamePerson,
    answer,
)
from staydown_server.review.contest import TIME_TO_CONTEST, NothingToContest, contest
from staydown_server.review.decide import NoticeWithdrawn, ReasonMissing
from staydown_server.review.models import Appeal
from staydown_server.review.queue import waiting_appeals
from staydown_server.review.status import RowState, status_of
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db

GRANTED, REFUSED = Appeal.Outcome.GRANTED, Appeal.Outcome.REFUSED
KEEP = Decision.Outcome.KEEP


@pytest.fixture
def refusal(case: Case, bob: User) -> Decision:
    """Bob left it online."""
    bob_decides(case, bob, KEEP)
    return Decision.objects.get()


@pytest.fixture
def notice(refusal: Decision) -> Notice:
    return refusal.case_item.case.notice


@pytest.fixture
def contested(notice: Notice, refusal: Decision) -> Appeal:
    contest(notice, [refusal.pk], text="It is me, in my mother’s kitchen.")
    return Appeal.objects.get()


def test_a_granted_contest_removes_and_keeps_down(
    contested: Appeal, dora: User, notice: Notice, plaza: HostDouble, host: Host, picture: bytes
) -> None:
    """By an ordinary decision of Dora's, which supersedes Bob's."""
    answer(contested, outcome=GRANTED, reason="It is her.", by=dora)
    run_jobs()

    assert plaza.removed == {"alices"}
    assert check(fingerprint(picture), host=host).blocks
    standing = Decision.objects.get(superseded_at=None)
    assert (standing.outcome, standing.decided_by, standing.reason) == (
        "remove",
        dora,
        "It is her.",
    )
    (row,) = status_of(notice).rows
    assert row.state == RowState.REMOVED
    assert row.contest == contested
    assert row.refusal_id is None
    assert audit.verify().is_whole


def test_a_refused_contest_changes_nothing(
    contested: Appeal, dora: User, notice: Notice, plaza: HostDouble
) -> None:
    """But says why, and cannot be repeated."""
    answer(contested, outcome=REFUSED, reason="It shows a statue.", by=dora)
    run_jobs()

    assert plaza.removed == set()
    (row,) = status_of(notice).rows
    assert row.state == RowState.KEPT
    assert row.contest is not None
    assert row.contest.answer == "It shows a statue."
    assert row.refusal_id is None
    with pytest.raises(AppealWaits):
        contest(notice, [contested.decision.pk], text="Once more.")


def test_whoever_refused_does_not_answer(contested: Appeal, bob: User, dora: User) -> None:
    """While there is somebody else."""
    with pytest.raises(NotTheSamePerson):
        answer(contested, outcome=GRANTED, reason=REASON, by=bob)
    assert Decision.objects.get().outcome == "keep"

    dora.is_active = False
    dora.save()
    answer(contested, outcome=REFUSED, reason=REASON, by=bob)


def test_an_answer_has_its_reason_and_comes_once(contested: Appeal, dora: User) -> None:
    """As for every appeal."""
    with pytest.raises(ReasonMissing):
        answer(contested, outcome=GRANTED, reason=" ", by=dora)
    answer(contested, outcome=REFUSED, reason=REASON, by=dora)
    with pytest.raises(AppealAnswered):
        answer(contested, outcome=GRANTED, reason=REASON, by=dora)
    assert Decision.objects.get().outcome == "keep"


def test_sent_twice_it_is_one(notice: Notice, refusal: Decision) -> None:
    """With other words the second is refused; and the table insists."""
    contest(notice, [refusal.pk], text="It is me.")
    contest(notice, [refusal.pk, refusal.pk], text="It is me.")
    with pytest.raises(AppealWaits):
        contest(notice, [refusal.pk], text="It really is me.")

    assert Appeal.objects.count() == 1
    assert Entry.objects.filter(action="appeal.received").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.create(refusal=refusal, content={"text": "x"})
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.create(content={"text": "against nothing"})


def test_several_refusals_are_contested_together_or_not_at_all(
    alices_item: Item, show: object, picture: bytes, bob: User
) -> None:
    """One text for all of them."""
    from server.pictures import recompressed

    show("copy", recompressed(picture))  # type: ignore[operator]
    receipt = alice_reports(alices_item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob, KEEP)
    first, second = Decision.objects.order_by("pk")
    Decision.objects.filter(pk=second.pk).update(
        decided_at=timezone.now() - TIME_TO_CONTEST - timedelta(days=1)
    )
    with pytest.raises(NothingToContest):
        contest(receipt.notice, [first.pk, second.pk], text="Both.")
    assert not Appeal.objects.exists()
    Decision.objects.filter(pk=second.pk).update(decided_at=timezone.now())

    contest(receipt.notice, [first.pk, second.pk], text="Both.")

    assert Appeal.objects.count() == 2


def test_a_text_is_needed_and_has_an_end(notice: Notice, refusal: Decision) -> None:
    """Nothing is cut off."""
    with pytest.raises(AppealEmpty):
        contest(notice, [refusal.pk], text=" ")
    with pytest.raises(AppealTooLong):
        contest(notice, [refusal.pk], text="x" * (LONGEST_TEXT + 1))
    contest(notice, [refusal.pk], text="x" * LONGEST_TEXT)


def test_it_can_be_contested_for_six_months(notice: Notice, refusal: Decision) -> None:
    """The longest six months, and no longer; the page knows too."""
    ago = timezone.now() - TIME_TO_CONTEST
    Decision.objects.update(decided_at=ago - timedelta(minutes=1))
    assert status_of(notice).rows[0].refusal_id is None
    with pytest.raises(NothingToContest):
        contest(notice, [refusal.pk], text="Late.")

    Decision.objects.update(decided_at=ago + timedelta(minutes=1))

    assert status_of(notice).rows[0].refusal_id == refusal.pk
    contest(notice, [refusal.pk], text="In time.")


def test_only_a_refusal_of_ones_own_notice_is_contested(
    refusal: Decision, alices_item: Item, notice: Notice
) -> None:
    """Another's number, a made-up one, and none, are the same."""
    charlies = alice_reports(alices_item.url, signature="Charlie")
    run_jobs()

    for chosen in ([refusal.pk], [999], []):
        with pytest.raises(NothingToContest):
            contest(charlies.notice, chosen, text="Mine.")
    with pytest.raises(NothingToContest):
        contest(notice, [refusal.pk, 999], text="Mine.")
    assert not Appeal.objects.exists()


def test_a_removal_and_what_was_not_found_are_no_refusals(removed_case: Case, bob: User) -> None:
    """There is nothing to contest."""
    with pytest.raises(NothingToContest):
        contest(removed_case.notice, [Decision.objects.get().pk], text="x")
    lost = alice_reports("https://elsewhere.example/1")
    run_jobs()
    bob_decides(case_of(lost), bob, KEEP)
    with pytest.raises(NothingToContest):
        contest(lost.notice, [Decision.objects.latest("pk").pk], text="x")
    assert status_of(lost.notice).rows[0].refusal_id is None


def test_a_notice_taken_back_contests_nothing(
    contested: Appeal, refusal: Decision, notice: Notice, dora: User, plaza: HostDouble
) -> None:
    """Neither before nor after; and nothing waits at the desk for it."""
    assert list(waiting_appeals()) == [contested]

    withdraw(notice)

    assert list(waiting_appeals()) == []
    with pytest.raises(NoticeWithdrawn):
        answer(contested, outcome=GRANTED, reason=REASON, by=dora)
    contested.refresh_from_db()
    assert contested.outcome == ""
    with pytest.raises(NothingToContest):
        contest(notice, [refusal.pk], text="But.")
    run_jobs()
    assert plaza.removed == set()


def test_what_was_removed_after_all_can_be_withdrawn(
    contested: Appeal, dora: User, notice: Notice, plaza: HostDouble
) -> None:
    """Like any other removal."""
    answer(contested, outcome=GRANTED, reason="It is her.", by=dora)
    run_jobs()
    withdraw(notice)
    run_jobs()

    assert plaza.removed == set()
    assert rows_of(case_of_notice(notice))[0].decision is not None


def case_of_notice(notice: Notice) -> Case:
    return Case.objects.get(notice=notice)


def test_the_words_are_sealed(contested: Appeal) -> None:
    """In the table, and in no log."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM review_appeal")
        stored = b"".join(bytes(row[0]) for row in cursor.fetchall())
    assert b"kitchen" not in stored
    assert "kitchen" not in str(list(Entry.objects.values()))
