"""What Alice sees, and what her taking it back undoes."""

from typing import Any

import pytest

from server.host_double import HostDouble
from server.pictures import fingerprint, recompressed
from server.story import REASON, alice_reports, bob_decides, case_of, pauses_pass, rows_of, run_jobs
from staydown.exchange.hash_list import SigningKey
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check
from staydown_server.gate.models import KeepDown
from staydown_server.notices.receive import Receipt
from staydown_server.review.decide import restore
from staydown_server.review.queue import open_cases, waiting_appeals
from staydown_server.review.status import RowState, Status, status_of
from staydown_server.review.withdraw import withdraw
from staydown_server.sharing import audiences
from staydown_server.sharing.models import Line

pytestmark = pytest.mark.django_db


def states(status: Status) -> list[RowState]:
    return [row.state for row in status.rows]


def test_before_anything_happened_the_status_says_received(alices_item: Item) -> None:
    """The notice is there, its case is not yet."""
    receipt = alice_reports(alices_item.url)

    status = status_of(receipt.notice)

    assert status.received_at == receipt.notice.received_at
    assert (status.case_number, status.deadline, status.rows) == ("", None, ())
    assert not status.is_done


def test_each_step_can_be_seen(
    alices_item: Item, bob: User, plaza: HostDouble, picture: bytes, host: Host
) -> None:
    """Searching, waiting, removing, removed; and what the gate stopped since."""
    from staydown_server.cases.open import open_case

    receipt = alice_reports(alices_item.url)
    open_case(notice_id=receipt.notice.pk)
    assert states(status_of(receipt.notice)) == [RowState.SEARCHING]
    run_jobs()
    case = case_of(receipt)
    assert states(status_of(receipt.notice)) == [RowState.WAITING]
    assert status_of(receipt.notice).deadline == case.deadline
    plaza.is_down = True
    bob_decides(case, bob)
    run_jobs()
    assert states(status_of(receipt.notice)) == [RowState.REMOVING]
    assert not status_of(receipt.notice).is_done
    plaza.is_down = False
    pauses_pass()
    run_jobs()
    check(fingerprint(recompressed(picture)), host=host)

    status = status_of(receipt.notice)

    assert states(status) == [RowState.REMOVED]
    assert status.is_done
    assert status.attempts_stopped == 1
    assert status.searched == 1
    assert status.rows[0].reason == REASON
    assert status.rows[0].at is not None


def test_what_stays_says_why(case: Case, bob: User) -> None:
    """A refusal carries its reason."""
    bob_decides(case, bob, Decision.Outcome.KEEP)

    status = status_of(case.notice)
    assert states(status) == [RowState.KEPT]
    assert status.rows[0].reason == REASON
    assert status.is_done


def test_what_was_put_back_says_so(removed_case: Case, bob: User) -> None:
    """With the reason of the restoration."""
    restore(rows_of(removed_case)[0], reason="It was their own.", by=bob)

    status = status_of(removed_case.notice)
    assert states(status) == [RowState.RESTORED]
    assert status.rows[0].reason == "It was their own."


def test_a_file_of_alices_is_kept_down_without_an_item(
    db: Any, bob: User, picture: bytes, host: Host
) -> None:
    """Nowhere on show yet: uploads of it are stopped all the same."""
    receipt = alice_reports("", fingerprints=(fingerprint(picture).to_dict(),))
    run_jobs()
    bob_decides(case_of(receipt), bob)
    run_jobs()

    assert states(status_of(receipt.notice)) == [RowState.KEPT_DOWN]
    assert check(fingerprint(picture), host=host).blocks


def test_what_was_not_found_says_so(db: Any, bob: User) -> None:
    """Whatever Bob decides: never that it was removed."""
    receipt = alice_reports("https://elsewhere.example/p/1")
    run_jobs()
    assert states(status_of(receipt.notice)) == [RowState.NOT_FOUND]

    bob_decides(case_of(receipt), bob, Decision.Outcome.KEEP)

    assert states(status_of(receipt.notice)) == [RowState.NOT_FOUND]


def test_copies_are_shown_as_copies(alices_item: Item, show: Any, picture: bytes) -> None:
    """With their own address."""
    show("copy", recompressed(picture))
    receipt = alice_reports(alices_item.url)
    run_jobs()

    rows = status_of(receipt.notice).rows
    assert [(row.is_copy, row.url.rpartition("/")[2]) for row in rows] == [
        (False, "alices"),
        (True, "copy"),
    ]


def test_taking_it_back_undoes_everything(
    alices_item: Item, show: Any, picture: bytes, bob: User, host: Host, plaza: HostDouble
) -> None:
    """Removals, keep-downs and what partners were told."""
    audiences.begin("forum.example", root=SigningKey.new())
    show("copy", recompressed(picture))
    receipt = alice_reports(alices_item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    run_jobs()
    assert plaza.removed == {"alices", "copy"}

    withdraw(receipt.notice)
    run_jobs()

    assert plaza.removed == set()
    assert not KeepDown.objects.filter(lifted_at=None).exists()
    assert not check(fingerprint(picture), host=host).blocks
    said = Line.objects.order_by("sequence").values_list("op", "reason")
    assert list(said) == [*[("add", "")] * 2, *[("retract", "withdrawn")] * 2]
    receipt.notice.refresh_from_db()
    assert status_of(receipt.notice).is_withdrawn
    assert audit.verify().is_whole


def test_taking_it_back_twice_is_taking_it_back(removed_case: Case, plaza: HostDouble) -> None:
    """The second time nothing happens."""
    withdraw(removed_case.notice)
    run_jobs()
    events = len(plaza.events)

    withdraw(removed_case.notice)
    run_jobs()

    assert len(plaza.events) == events


def test_a_case_taken_back_leaves_the_queue(case: Case) -> None:
    """Nobody has to decide about it."""
    assert list(open_cases()) == [case]

    withdraw(case.notice)

    assert list(open_cases()) == []


def test_the_queue_shows_the_least_time_left_first(
    alices_item: Item, settings: Any, bob: User
) -> None:
    """And how much of each case waits."""
    slow = alice_reports(alices_item.url)
    run_jobs()
    settings.JURISDICTIONS = ("in",)
    fast = alice_reports(f"{alices_item.url} https://elsewhere.example/1")
    run_jobs()

    first, second = open_cases()

    assert [first, second] == [case_of(fast), case_of(slow)]
    assert (second.things, second.undecided) == (1, 1)  # type: ignore[attr-defined]
    bob_decides(case_of(slow), bob)
    assert list(open_cases()) == [case_of(fast)]


def test_waiting_appeals_come_oldest_first(removed_case: Case, bob: User) -> None:
    """Until they are answered."""
    from staydown_server.removal.models import Removal
    from staydown_server.review.appeal import answer, appeal
    from staydown_server.review.models import Appeal

    waiting = appeal(Removal.objects.get(), text="Mine.")
    assert list(waiting_appeals()) == [waiting]

    answer(waiting, outcome=Appeal.Outcome.REFUSED, reason=REASON, by=bob)

    assert list(waiting_appeals()) == []


def test_a_late_case_is_late(case: Case) -> None:
    """Until it is closed."""
    from datetime import timedelta

    from django.utils import timezone

    assert not case.is_late
    case.deadline = timezone.now() - timedelta(seconds=1)
    assert case.is_late
    case.closed_at = timezone.now()
    assert not case.is_late


def test_another_notice_sees_its_own_case_only(removed_case: Case, receipt: Receipt) -> None:
    """Charlie's notice about the same item shows nothing of Alice's decision."""
    charlies = alice_reports(rows_of(removed_case)[0].reported_url, signature="Charlie")
    run_jobs()

    status = status_of(charlies.notice)
    assert states(status) == [RowState.WAITING]
    assert status.rows[0].reason == ""
    assert status.case_number != removed_case.number
