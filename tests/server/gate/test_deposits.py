"""Alice deposits fingerprints before anything is online: what matches waits for a person."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, mirrored, recompressed, scene
from server.story import REASON, alice_reports, bob_decides, case_of, rows_of, run_jobs
from server.web.pages import text
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.audit.agreement import disagreements
from staydown_server.audit.models import Entry
from staydown_server.cases import deposit
from staydown_server.cases.jurisdictions import jurisdiction
from staydown_server.cases.models import Case, CaseItem, Decision, Deposit, Sweep
from staydown_server.cases.open import open_case
from staydown_server.catalogue.live import LiveIndex
from staydown_server.catalogue.models import Item, Shelf
from staydown_server.gate.admit import Wanted, admit
from staydown_server.gate.check import check, judge
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import Check, HeldUpload, KeepDown
from staydown_server.gate.policy import DEPOSIT, Answer, Policy, PolicyError, policy, read
from staydown_server.jobs.models import Job
from staydown_server.notices.receive import Receipt
from staydown_server.notices.report import Kind
from staydown_server.records.report import report
from staydown_server.removal.models import Removal
from staydown_server.review.decide import AlreadyDecided, NoticeWithdrawn, decide
from staydown_server.review.status import RowState, status_of
from staydown_server.review.upload import decide_upload
from staydown_server.review.withdraw import withdraw
from staydown_server.web.evidence import evidence_of_match

pytestmark = pytest.mark.django_db

ALLOWED, REFUSED = HeldUpload.Outcome.ALLOWED, HeldUpload.Outcome.REFUSED
REMOVE, KEEP = Decision.Outcome.REMOVE, Decision.Outcome.KEEP


def alice_deposits(*files: bytes) -> Receipt:
    """As her browser sends them: without a local layer, and without the files."""
    told = tuple(fingerprint(file).to_dict() for file in files)
    receipt = alice_reports(kind=Kind.DEPOSIT, fingerprints=told)
    run_jobs()
    return receipt


def upload(content: bytes, host: Host, *, reference: str = "up-1") -> Any:
    """Plaza asks about an upload."""
    told = Upload(reference=reference, uploader="mallory", read_file=lambda: content)
    return check(fingerprint(content), host=host, upload=told)


@pytest.fixture
def register(host: Host, plaza: HostDouble) -> Any:
    """Register a file as Plaza would: ``register("id", content)``."""

    def registered(item_id: str, content: bytes) -> Any:
        plaza.show(item_id, content)
        wanted = Wanted(item_id, plaza.page(item_id), fingerprint(content), plaza.file(item_id))
        return admit(host, wanted)

    return registered


@pytest.fixture
def deposited(host: Host, picture: bytes) -> Receipt:
    """The picture is deposited, and on show nowhere."""
    return alice_deposits(picture)


@pytest.fixture
def held(deposited: Receipt, host: Host, picture: bytes) -> HeldUpload:
    """Mallory tries to upload it."""
    upload(recompressed(picture), host)
    run_jobs()
    return HeldUpload.objects.get()


def the_record_is_whole() -> bool:
    return audit.verify().is_whole and not list(disagreements())


def test_a_deposit_opens_no_case(deposited: Receipt, show: Any) -> None:
    """There is no clock, but it is on the shelf, and what was searched is on record."""
    made = Deposit.objects.get()
    assert not Case.objects.exists()
    assert (made.notice, made.case_item, made.ended_at) == (deposited.notice, None, None)
    assert made.swept_at is not None
    assert made.expires_at - made.deposited_at == timedelta(days=365)
    assert Entry.objects.filter(action="deposit.swept").count() == 1

    open_case(notice_id=deposited.notice.pk)

    assert Deposit.objects.count() == 1
    assert the_record_is_whole()


def test_an_upload_of_it_is_held_and_opens_the_case(
    deposited: Receipt, host: Host, picture: bytes
) -> None:
    """The clock starts at the hit. The host is not told that somebody deposited anything."""
    Deposit.objects.update(deposited_at=timezone.now() - timedelta(days=100))

    verdict = upload(mirrored(picture), host)

    assert (verdict.answer, verdict.matches) == (Answer.HOLD, ())
    case = case_of(deposited)
    hours = jurisdiction(case.jurisdiction).time_to_remove
    assert case.deadline - timezone.now() > hours - timedelta(minutes=1)
    assert case.deadline - case.received_at == hours
    (row,) = rows_of(case)
    assert row.deposit == Deposit.objects.get()
    match = HeldUpload.objects.get().reason_to_wait
    assert match
    assert (match.keep_down, match.reported) == (None, row)
    assert "mirrored" in evidence_of_match(match).sentence
    assert not KeepDown.objects.exists()


def test_it_never_blocks_even_the_same_file(deposited: Receipt, host: Host, picture: bytes) -> None:
    """Nobody decided; and the table refuses it."""
    verdict = upload(picture, host)

    assert verdict.answer == Answer.HOLD
    stopped = Check.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Check.objects.filter(pk=stopped.pk).update(verdict="block")
    with pytest.raises(PolicyError, match="deposit"):
        read(
            "\n".join(f'{kind} = "block"' for kind in policy().answers if kind != "region-replaced")
            + '\nregion-replaced = "hold"'
        )


def test_an_operator_may_wait_for_the_registration(
    deposited: Receipt, host: Host, picture: bytes, register: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With "allow" nothing is held; the case opens once it is on show."""
    from staydown_server.gate import check as module

    monkeypatch.setattr(
        module, "policy", lambda: Policy({**policy().answers, DEPOSIT: Answer.ALLOW})
    )
    assert upload(picture, host).answer == Answer.ALLOW
    assert not Case.objects.exists()

    register("shown", picture)

    assert case_of(deposited).closed_at is None


def test_what_is_registered_joins_the_case(
    deposited: Receipt, register: Any, picture: bytes, bob: User
) -> None:
    """It stays on show until a person decides; then it is removed and kept down like any other."""
    item, _, verdict = register("shown", recompressed(picture))

    assert verdict.answer == Answer.HOLD
    case = case_of(deposited)
    own, copy = rows_of(case)
    assert (copy.item, copy.copy_of, copy.origin) == (item, own, CaseItem.Origin.REGISTERED)
    assert not Removal.objects.exists()

    decide(case, [copy.pk], outcome=REMOVE, reason=REASON, by=bob)
    run_jobs()

    case.refresh_from_db()
    assert case.closed_at is not None, "the deposit itself goes on waiting"
    assert Removal.objects.get().state == Removal.State.VERIFIED
    assert Deposit.objects.get().ended_at is None
    assert judge(fingerprint(recompressed(picture))).blocks
    assert the_record_is_whole()


def test_what_was_online_already_is_found_at_once(
    alices_item: Item, show: Any, picture: bytes
) -> None:
    """By the sweep that a deposit begins with."""
    show("copy", recompressed(picture))
    show("other", jpeg(scene(2)))

    receipt = alice_deposits(picture)

    own, *copies = rows_of(case_of(receipt))
    assert {row.item.host_item_id for row in copies if row.item} == {"alices", "copy"}
    assert {row.copy_of for row in copies} == {own}
    assert Sweep.objects.get().searched == 3
    assert the_record_is_whole()


def test_others_are_not_held(deposited: Receipt, host: Host, register: Any) -> None:
    """Nor open a case."""
    assert upload(jpeg(scene(2)), host).answer == Answer.ALLOW
    assert register("other", jpeg(scene(3)))[2].answer == Answer.ALLOW
    assert not Case.objects.exists()


def test_a_deposit_taken_back_matches_nothing_from_that_moment(
    deposited: Receipt, host: Host, picture: bytes
) -> None:
    """In the next question already, in this process and in others."""
    assert judge(fingerprint(picture)).answer == Answer.HOLD
    elsewhere = LiveIndex(Shelf.DEPOSIT, lambda: Deposit.objects.filter(ended_at=None))
    assert elsewhere.search(fingerprint(recompressed(picture)))[0]

    withdraw(deposited.notice)

    assert upload(picture, host).answer == Answer.ALLOW
    assert deposit.live_index.search(fingerprint(picture))[0] == []
    assert elsewhere.search(fingerprint(recompressed(picture)))[0] == []
    assert not Case.objects.exists()


def test_what_was_held_is_let_go_when_the_deposit_is_taken_back(
    deposited: Receipt, held: HeldUpload, bob: User
) -> None:
    """Between the hit and the decision: nothing is left to decide."""
    case = case_of(deposited)
    withdraw(deposited.notice)

    with pytest.raises(AlreadyDecided):
        decide_upload(held, outcome=REFUSED, reason=REASON, by=bob)
    with pytest.raises(NoticeWithdrawn):
        decide(case, [rows_of(case)[0].pk], outcome=REMOVE, reason=REASON, by=bob)
    run_jobs()

    held.refresh_from_db()
    case.refresh_from_db()
    assert held.outcome == ALLOWED
    assert case.closed_at is not None
    assert the_record_is_whole()


def test_a_deposit_taken_back_between_the_search_and_the_hold_holds_nothing(
    deposited: Receipt, host: Host, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens no case, and the upload is let go."""
    from staydown_server.gate import check as module

    def judged(one: Any) -> Any:
        verdict = judge(one)
        withdraw(deposited.notice)
        return verdict

    monkeypatch.setattr(module, "judge", judged)
    upload(picture, host)
    run_jobs()

    assert not Case.objects.exists()
    assert HeldUpload.objects.get().outcome == ALLOWED


def test_a_file_that_was_let_through_is_not_held_again(
    deposited: Receipt, held: HeldUpload, host: Host, picture: bytes, bob: User
) -> None:
    """The case closes with it; another version opens it again, with a new clock."""
    decide_upload(held, outcome=ALLOWED, reason="Somebody else.", by=bob)

    case = case_of(deposited)
    assert case.closed_at is not None
    assert upload(recompressed(picture), host, reference="up-2").answer == Answer.ALLOW

    assert upload(picture, host, reference="up-3").answer == Answer.HOLD
    case.refresh_from_db()
    assert case.closed_at is None


def test_a_refused_upload_is_blocked_by_the_decision(
    held: HeldUpload, host: Host, picture: bytes, bob: User
) -> None:
    """And kept down, if the moderator says so."""
    decide_upload(held, outcome=REFUSED, reason=REASON, keeps_down=True, by=bob)

    assert judge(fingerprint(recompressed(picture))).blocks
    assert HeldUpload.objects.get().refusal.decided_by == bob
    assert the_record_is_whole()


def test_a_deposit_that_is_refused_ends(
    deposited: Receipt, held: HeldUpload, host: Host, picture: bytes, bob: User
) -> None:
    """A moderator decided that it is not what it says: it holds nothing any more."""
    case = case_of(deposited)
    decide(case, [rows_of(case)[0].pk], outcome=KEEP, reason="A famous painting.", by=bob)
    run_jobs()

    held.refresh_from_db()
    case.refresh_from_db()
    assert held.outcome == ALLOWED
    assert case.closed_at is not None
    assert upload(picture, host, reference="up-2").answer == Answer.ALLOW


def test_a_deposit_that_is_confirmed_keeps_what_waits(
    deposited: Receipt, held: HeldUpload, host: Host, picture: bytes, bob: User
) -> None:
    """From then on it is a keep-down, and what it held waits for that."""
    case = case_of(deposited)
    decide(case, [rows_of(case)[0].pk], outcome=REMOVE, reason=REASON, by=bob)
    run_jobs()

    held.refresh_from_db()
    match = held.reason_to_wait
    assert held.outcome == ""
    assert match
    assert match.keep_down == KeepDown.objects.get()
    assert judge(fingerprint(picture)).blocks
    decide_upload(held, outcome=REFUSED, reason=REASON, by=bob)
    assert the_record_is_whole()


def test_the_same_file_deposited_and_reported(
    alices_item: Item, host: Host, picture: bytes, bob: User, register: Any
) -> None:
    """Two cases; the decision in one leaves the other to a person. What is kept down blocks."""
    reported = alice_reports(alices_item.url)
    deposited = alice_deposits(picture)
    run_jobs()
    assert [row.item for row in rows_of(case_of(deposited))] == [None, alices_item]

    bob_decides(case_of(reported), bob, KEEP)
    assert upload(picture, host).answer == Answer.HOLD, "kept online there, undecided here"

    bob_decides(case_of(deposited), bob)
    run_jobs()
    assert upload(picture, host, reference="up-2").answer == Answer.BLOCK
    assert the_record_is_whole()


def test_a_hit_while_the_moderator_decides_opens_the_case_again(
    deposited: Receipt, register: Any, picture: bytes, host: Host, bob: User
) -> None:
    """Bob's page did not show it: it has a clock of its own, and a decision."""
    register("first", picture)
    case = case_of(deposited)
    seen = [row.pk for row in rows_of(case) if row.item]
    upload(recompressed(picture), host)

    decide(case, seen, outcome=REMOVE, reason=REASON, by=bob)
    case.refresh_from_db()
    assert case.closed_at is None, "an upload waits for the deposit"

    decide_upload(HeldUpload.objects.get(), outcome=REFUSED, reason=REASON, by=bob)
    case.refresh_from_db()
    assert case.closed_at is not None
    register("second", mirrored(picture))
    case.refresh_from_db()
    assert case.closed_at is None


def test_a_hit_while_a_host_was_asked_opens_the_closed_case_again(
    deposited: Receipt, register: Any, picture: bytes, show: Any, bob: User
) -> None:
    """Whoever adds a copy looks at the case as it is now, not as it was before the look."""
    from staydown_server.cases.sweep import add_copy

    register("first", picture)
    case = case_of(deposited)
    own, copy = CaseItem.objects.select_related("case").filter(case=case)
    decide(case_of(deposited), [copy.pk], outcome=REMOVE, reason=REASON, by=bob)
    assert own.case.closed_at is None, "as the sweep read it, before Bob decided"
    late = show("late", recompressed(picture))
    (match,) = [match for _, match in deposit.search(fingerprint(recompressed(picture)))]

    assert add_copy(own, late, match, origin=CaseItem.Origin.SWEPT)

    case.refresh_from_db()
    assert case.closed_at is None


def test_an_expired_deposit_holds_nothing(deposited: Receipt, host: Host, picture: bytes) -> None:
    """Depositing the same file again renews it."""
    Deposit.objects.update(expires_at=timezone.now())
    assert upload(picture, host).answer == Answer.ALLOW

    alice_deposits(picture)

    assert upload(picture, host).answer == Answer.HOLD


def test_a_deposit_is_stored_without_a_local_layer(deposited: Receipt) -> None:
    """It came from outside; nothing made with our key is asked of it."""
    assert Deposit.objects.get().load_fingerprint().local is None


def test_a_sweep_that_is_repeated_adds_nothing(alices_item: Item, picture: bytes) -> None:
    """Killed after its end, it runs again."""
    receipt = alice_deposits(picture)
    Job.objects.filter(name="cases.sweep_deposit").update(finished_at=None)

    run_jobs()

    assert len(rows_of(case_of(receipt))) == 2


def test_the_desk_shows_where_it_comes_from(
    deposited: Receipt, held: HeldUpload, register: Any, picture: bytes, bobs_browser: Client
) -> None:
    """In the queue, in the case, and beside the upload. The deposit is not ticked: it goes on
    waiting."""
    register("shown", picture)
    case = case_of(deposited)
    own, copy = rows_of(case)

    queue = text(bobs_browser.get("/desk/"))
    page = text(bobs_browser.get(f"/desk/cases/{case.pk}/"))
    upload_page = text(bobs_browser.get(f"/desk/uploads/{held.pk}/"))

    assert re.search(rf"{case.number}</a>.*?<span class=\"tag\">Deposit</span>", queue, re.DOTALL)
    assert "It comes from a deposit" in page
    assert f'id="choose-{own.pk}" name="row" value="{own.pk}" form="decide">' in page
    assert f'id="choose-{copy.pk}" name="row" value="{copy.pk}" form="decide" checked>' in page
    assert case.number in upload_page
    assert bobs_browser.post(f"/desk/uploads/{held.pk}/reveal/").status_code == 302
    answer = bobs_browser.post(
        f"/desk/uploads/{held.pk}/decide/", {"outcome": "refused", "reason": REASON}
    )
    assert answer.status_code == 302
    assert status_of(deposited.notice).attempts_stopped == 1


def test_the_person_reads_that_it_goes_on_waiting(
    deposited: Receipt, register: Any, picture: bytes, bob: User
) -> None:
    """Beside what becomes of the copy; and then nothing is left to wait for."""
    register("shown", picture)
    standing = status_of(deposited.notice)
    assert [row.state for row in standing.rows] == [RowState.WATCHED, RowState.WAITING]
    assert not standing.is_done

    case = case_of(deposited)
    decide(case, [rows_of(case)[1].pk], outcome=KEEP, reason=REASON, by=bob)

    standing = status_of(deposited.notice)
    assert [row.state for row in standing.rows] == [RowState.WATCHED, RowState.KEPT]
    assert standing.is_done


def test_the_numbers_of_the_year_can_be_made(held: HeldUpload) -> None:
    """What a deposit held has no keep-down, and breaks no report."""
    assert report(timezone.now().year)["total"]["notices_received"] == 1
