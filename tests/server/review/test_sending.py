"""Senders of manifestly unfounded notices: warned, then suspended; nothing is dropped."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from server.pictures import fingerprint, jpeg, scene
from server.story import REASON, alice_reports, case_of, pauses_pass, rows_of, run_jobs
from server.web.pages import text
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.audit.agreement import disagreements
from staydown_server.audit.models import Entry
from staydown_server.cases import sending as cases_sending
from staydown_server.cases.fairness import fairness
from staydown_server.cases.models import Case, Decision, Deposit, Sending
from staydown_server.cases.sending import Unfounded, sender_of, weigh
from staydown_server.notices.models import Notice
from staydown_server.notices.receive import Receipt
from staydown_server.notices.report import Kind
from staydown_server.review.appeal import answer
from staydown_server.review.contest import contest
from staydown_server.review.decide import AlreadyDecided, NotARefusal, NoticeWithdrawn, decide
from staydown_server.review.models import Appeal
from staydown_server.review.sending import open_set_aside, standing_of, waiting
from staydown_server.review.withdraw import withdraw
from staydown_server.web.words import standing_sentence

KEEP, REMOVE = Decision.Outcome.KEEP, Decision.Outcome.REMOVE
UNFOUNDED = Decision.Manner.UNFOUNDED
MALLORY = "mallory@mail.example"
START = datetime(2026, 6, 1, tzinfo=UTC)
NUMBERS = fairness().senders


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def told(*days: float) -> list[Unfounded]:
    """Notices that came on these days and were refused an hour later."""
    return [Unfounded(day(each), day(each) + timedelta(hours=1)) for each in days]


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("days", "now", "warned", "suspended"),
    [
        ((), 10, None, None),
        ((0, 1), 10, None, None),
        ((0, 1, 2), 10, day(2) + HOUR, None),
        ((0, 50, 91), 92, None, None),
        ((0, 50, 91, 92), 93, day(92) + HOUR, None),
        ((0, 1, 2, 3), 10, day(2) + HOUR, None),
        ((0, 1, 2, 3, 4), 10, day(2) + HOUR, day(34) + HOUR),
        # The suspension is over; what was sent during it is not held against anybody.
        ((0, 1, 2, 3, 4, 5, 6), 40, day(2) + HOUR, None),
        ((0, 1, 2, 3, 4, 36, 37), 40, day(2) + HOUR, day(67) + HOUR),
        # A warning lapses: it begins anew.
        ((0, 1, 2), 183, None, None),
        ((0, 1, 2, 183, 184), 185, None, None),
    ],
)
def test_a_standing_follows_from_the_refusals(
    days: tuple[float, ...], now: float, warned: datetime | None, suspended: datetime | None
) -> None:
    """Three within 90 days warn; two more, sent after the warning, suspend for 30 days."""
    assert weigh(told(*days), day(now), NUMBERS) == (warned, suspended)


def test_what_was_sent_before_the_warning_does_not_suspend() -> None:
    """Nobody knew, then, that it would count."""
    sent_at_once = [Unfounded(day(0), day(each)) for each in range(8)]

    assert weigh(sent_at_once, day(9), NUMBERS) == (day(2), None)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Alice@Mail.example", "  alice@mail.example.", True),
        ("phone +44 20 7946-0000", "+44 (20) 79460000", True),
        ("Signal:  Alice  F", "signal: alice f", True),
        ("ａlice@mail.example", "alice@mail.example", True),
        ("alice@mail.example", "alicia@mail.example", False),
        ("", "alice", False),
    ],
)
def test_a_contact_is_known_however_it_is_typed(one: str, other: str, is_same: bool) -> None:
    assert (sender_of(one) == sender_of(other)) == is_same


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """One warns, one more suspends."""
    numbers = replace(NUMBERS, unfounded=1, after_warning=1)
    changed = replace(fairness(), senders=numbers)
    monkeypatch.setattr(cases_sending, "fairness", lambda: changed)


@pytest.fixture
def mallory_sends(db: Any, show: Any) -> Any:
    """A notice of Mallory's about something of its own: ``mallory_sends(n)``."""

    def sent(number: int, *, contact: str = MALLORY) -> Receipt:
        item = show(f"item-{number}", jpeg(scene(number)))
        receipt = alice_reports(item.url, contact=contact)
        run_jobs()
        return receipt

    return sent


def refuse(receipt: Receipt, bob: User) -> list[Decision]:
    case = case_of(receipt)
    rows = [row.pk for row in rows_of(case)]
    return decide(case, rows, outcome=KEEP, reason="A landscape.", by=bob, manner=UNFOUNDED)


@pytest.fixture
def suspended(strict: None, mallory_sends: Any, bob: User) -> list[Receipt]:
    """Mallory's two notices that nobody could have meant."""
    sent = []
    for number in (1, 2):
        sent.append(mallory_sends(number))
        refuse(sent[-1], bob)
    return sent


@pytest.mark.django_db
def test_only_a_refusal_is_unfounded(mallory_sends: Any, bob: User) -> None:
    """In the step, and in the table."""
    case = case_of(mallory_sends(1))
    rows = [row.pk for row in rows_of(case)]

    with pytest.raises(NotARefusal):
        decide(case, rows, outcome=REMOVE, reason=REASON, by=bob, manner=UNFOUNDED)
    assert not Decision.objects.exists()
    with pytest.raises(IntegrityError):
        Decision.objects.create(
            case_item_id=rows[0], outcome=REMOVE, reason="x", decided_by=bob, manner=UNFOUNDED
        )


@pytest.mark.django_db
def test_refusals_alone_warn_nobody(strict: None, mallory_sends: Any, bob: User) -> None:
    """Without a moderator who calls them unfounded, however many there are."""
    for number in (1, 2, 3):
        receipt = mallory_sends(number)
        case = case_of(receipt)
        decide(case, [rows_of(case)[0].pk], outcome=KEEP, reason="Not hers.", by=bob)

    standing = standing_of(receipt.notice)
    assert (standing.warned_at, standing.suspended_until) == (None, None)
    assert standing_sentence(standing) == ""


@pytest.mark.django_db
def test_a_warning_comes_first(strict: None, mallory_sends: Any, bob: User) -> None:
    """Once, on record; the next notice is still processed at once."""
    first = mallory_sends(1)
    refuse(first, bob)

    standing = standing_of(first.notice)
    assert standing.warned_at is not None
    assert standing.suspended_until is None
    assert "set new notices aside" in standing_sentence(standing)
    assert Entry.objects.filter(action="sender.warned").count() == 1
    assert case_of(mallory_sends(2)).closed_at is None


@pytest.mark.django_db
def test_a_suspended_sender_is_stored_and_waits(
    suspended: list[Receipt], mallory_sends: Any
) -> None:
    """Acknowledged like any other, with a code; no case, and the status page can say why."""
    third = mallory_sends(3)

    assert Notice.objects.count() == 3
    assert not Case.objects.filter(notice=third.notice).exists()
    standing = standing_of(third.notice)
    assert standing.is_set_aside
    assert standing.suspended_until is not None
    assert timedelta(days=29) < standing.suspended_until - timezone.now() <= timedelta(days=30)
    assert "is stored" in standing_sentence(standing)
    assert not standing_of(suspended[0].notice).is_set_aside
    assert [each.notice for each in waiting()] == [third.notice]
    assert audit.verify().is_whole
    assert not list(disagreements())


@pytest.mark.django_db
def test_others_do_not_wait(suspended: list[Receipt], mallory_sends: Any) -> None:
    assert case_of(mallory_sends(3, contact="alice@mail.example")).closed_at is None


@pytest.mark.django_db
def test_what_waits_is_opened_when_the_suspension_is_over(
    suspended: list[Receipt], mallory_sends: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a clock that starts then: nothing was late while it stood still."""
    third = mallory_sends(3)
    pauses_pass()
    run_jobs()
    assert not Case.objects.filter(notice=third.notice).exists(), "the job alone opens nothing"

    later = timezone.now() + timedelta(days=31)
    monkeypatch.setattr(cases_sending.timezone, "now", lambda: later)
    pauses_pass()
    run_jobs()

    case = case_of(third)
    assert case.deadline - later == timedelta(hours=48)
    assert not waiting().exists()


@pytest.mark.django_db
def test_a_moderator_opens_it_from_the_queue(
    suspended: list[Receipt], mallory_sends: Any, bobs_browser: Client, bob: User
) -> None:
    """Anybody can type anybody's address. It is opened once."""
    third = mallory_sends(3)
    page = text(bobs_browser.get("/desk/"))
    assert "Set aside" in page
    sending = Sending.objects.get(notice=third.notice)

    answer = bobs_browser.post(f"/desk/set-aside/{sending.pk}/open/")

    case = case_of(third)
    assert answer.headers["Location"] == f"/desk/cases/{case.pk}/"
    assert "The sender is suspended" in text(bobs_browser.get(f"/desk/cases/{case.pk}/"))
    assert Entry.objects.get(action="notice.opened").actor == str(bob)
    with pytest.raises(AlreadyDecided):
        open_set_aside(sending, by=bob)
    pauses_pass()
    run_jobs()
    assert Case.objects.filter(notice=third.notice).count() == 1
    assert "Set aside" not in text(bobs_browser.get("/desk/"))


@pytest.mark.django_db
def test_one_that_was_taken_back_is_not_opened(
    suspended: list[Receipt], mallory_sends: Any, bob: User
) -> None:
    third = mallory_sends(3)
    withdraw(third.notice)

    assert not waiting().exists()
    with pytest.raises(NoticeWithdrawn):
        open_set_aside(Sending.objects.get(notice=third.notice), by=bob)


@pytest.mark.django_db
def test_a_deposit_of_a_suspended_sender_waits_too(
    suspended: list[Receipt], bob: User, picture: bytes
) -> None:
    """And is on the shelf once a moderator opens it; there is no case to go to."""
    made = alice_reports(
        kind=Kind.DEPOSIT, contact=MALLORY, fingerprints=(fingerprint(picture).to_dict(),)
    )
    run_jobs()
    assert not Deposit.objects.exists()

    assert open_set_aside(Sending.objects.get(notice=made.notice), by=bob) is None
    assert Deposit.objects.get().notice == made.notice


@pytest.mark.django_db
def test_a_contest_that_is_granted_lifts_the_suspension(
    suspended: list[Receipt], mallory_sends: Any, bob: User, dora: User
) -> None:
    """What waited because of it is opened at once."""
    third = mallory_sends(3)
    (refusal,) = Decision.objects.filter(case_item__case=case_of(suspended[1]))
    contest(suspended[1].notice, [refusal.pk], text="It is me.")

    answer(Appeal.objects.get(), outcome=Appeal.Outcome.GRANTED, reason="So it is.", by=dora)
    run_jobs()

    assert standing_of(third.notice).suspended_until is None
    assert case_of(third).closed_at is None
    assert Entry.objects.filter(action="sender.reinstated").count() == 1
    assert audit.verify().is_whole


@pytest.mark.django_db
def test_no_contact_stands_in_the_table(suspended: list[Receipt]) -> None:
    """Its digest only."""
    for sending in Sending.objects.all():
        assert MALLORY.encode() not in bytes(sending.sender)
        assert len(bytes(sending.sender)) == 32


@pytest.mark.django_db
def test_the_desk_marks_a_refusal(mallory_sends: Any, bobs_browser: Client) -> None:
    """With its reason; ticked beside a removal, nothing is decided."""
    case = case_of(mallory_sends(1))
    form = {"row": rows_of(case)[0].pk, "reason": "A landscape.", "unfounded": "yes"}

    refused = bobs_browser.post(f"/desk/cases/{case.pk}/decide/", {**form, "outcome": "remove"})
    assert refused.status_code == 422
    assert not Decision.objects.exists()

    bobs_browser.post(f"/desk/cases/{case.pk}/decide/", {**form, "outcome": "keep"})
    assert Decision.objects.get().manner == UNFOUNDED
    assert "manifestly unfounded" in text(bobs_browser.get(f"/desk/cases/{case.pk}/"))
