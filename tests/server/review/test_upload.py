"""Bob decides about uploads that wait; their host is told, and their uploader may object."""

from typing import Any

import pytest
from django.db import connection

from server.host_double import HostDouble
from server.pictures import cropped, fingerprint, with_region_replaced
from server.story import REASON, pauses_pass, rows_of, run_jobs
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import Check, HeldUpload, KeepDown
from staydown_server.gate.policy import Answer
from staydown_server.review.appeal import AppealWaits, NotTheSamePerson, answer, appeal
from staydown_server.review.decide import AlreadyDecided, DecisionError, ReasonMissing, restore
from staydown_server.review.models import Appeal
from staydown_server.review.status import status_of
from staydown_server.review.tell_upload import token_of, upload_of
from staydown_server.review.upload import decide_upload, waiting_uploads
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db

ALLOWED, REFUSED = HeldUpload.Outcome.ALLOWED, HeldUpload.Outcome.REFUSED


@pytest.fixture
def held(drawn_case: Case, host: Host, drawing: bytes) -> HeldUpload:
    """Somebody's upload: Alice's picture but for a region."""
    content = with_region_replaced(drawing)
    told = Upload("up-1", "charlie", lambda: content)
    assert check(fingerprint(content), host=host, upload=told).answer == Answer.HOLD
    return HeldUpload.objects.get()


@pytest.fixture
def refused(held: HeldUpload, bob: User) -> HeldUpload:
    """After Bob refused it, and kept that version down."""
    decide_upload(held, outcome=REFUSED, reason=REASON, keeps_down=True, by=bob)
    run_jobs()
    held.refresh_from_db()
    return held


def test_what_is_let_through_is_told(held: HeldUpload, bob: User, plaza: HostDouble) -> None:
    """By a signed event with the host's own name for it and ours."""
    decide_upload(held, outcome=ALLOWED, reason=REASON, by=bob)
    run_jobs()

    event = plaza.events[-1]
    assert event["event"] == "upload.allowed"
    assert event["upload"] == {"id": str(held.gate_check_id), "reference": "up-1"}
    assert "statement_of_reasons" not in event
    assert not waiting_uploads().exists()
    assert Entry.objects.filter(action="upload.told").count() == 1


def test_what_is_refused_is_told_with_reasons(
    refused: HeldUpload, plaza: HostDouble, drawn_case: Case
) -> None:
    """A statement of reasons that says nothing of Alice, with a link to object."""
    event = plaza.events[-1]
    statement = event["statement_of_reasons"]

    assert event["event"] == "upload.refused"
    assert (statement["decision"], statement["facts"]) == ("refused", REASON)
    assert statement["automated_decision"] is False
    assert statement["appeal_url"].endswith(f"/reasons/{token_of(refused)}/")
    assert upload_of(token_of(refused)) == refused
    assert "alice" not in str(event).lower()


def test_a_host_that_is_down_hears_of_it_later(
    held: HeldUpload, bob: User, plaza: HostDouble
) -> None:
    """Again and again, under the same id."""
    plaza.is_down = True
    decide_upload(held, outcome=ALLOWED, reason=REASON, by=bob)
    assert "review.tell_upload" in run_jobs()
    plaza.is_down = False
    pauses_pass()
    run_jobs()

    assert plaza.uploads == {"up-1": "upload.allowed"}


def test_a_host_that_knows_nothing_of_it_is_asked_once(
    held: HeldUpload, bob: User, plaza: HostDouble
) -> None:
    """Its uploader has deleted it meanwhile."""
    plaza.status = 404
    decide_upload(held, outcome=ALLOWED, reason=REASON, by=bob)

    assert run_jobs() == []
    assert Entry.objects.get(action="upload.told").facts["host_had_it"] is False


@pytest.mark.django_db(transaction=True)
def test_a_decision_that_was_turned_round_on_its_way_is_told_last(
    held: HeldUpload, bob: User, plaza: HostDouble
) -> None:
    """Refused, and let through while the host was being told."""
    decide_upload(held, outcome=REFUSED, reason=REASON, by=bob)
    turns = []

    def turned(event: dict[str, Any]) -> None:
        turns.append(event["event"])
        if len(turns) > 1:
            return
        try:
            refused = HeldUpload.objects.get()
            assert refused.case_item
            restore(refused.case_item, reason=REASON, by=bob)
        finally:
            connection.close()

    plaza.on_event = turned
    run_jobs()

    assert turns[0] == "upload.refused"
    assert turns[-1] == "upload.allowed"
    ids = [event["id"] for event in plaza.events if event["event"] == "upload.allowed"]
    assert len(set(ids)) == len(ids)


def test_one_decision_and_no_second(held: HeldUpload, bob: User, dora: User) -> None:
    """Two moderators at once: the second hears that it is decided."""
    decide_upload(held, outcome=ALLOWED, reason=REASON, by=bob)

    with pytest.raises(AlreadyDecided):
        decide_upload(held, outcome=REFUSED, reason=REASON, by=dora)
    assert Decision.objects.filter(case_item__origin="held").count() == 1


def test_a_decision_gives_its_reason(held: HeldUpload, bob: User) -> None:
    with pytest.raises(ReasonMissing):
        decide_upload(held, outcome=ALLOWED, reason=" ", by=bob)
    assert waiting_uploads().count() == 1


def test_nothing_is_decided_for_a_reason_that_went(
    held: HeldUpload, bob: User, drawn_case: Case
) -> None:
    """Alice took her notice back a moment ago: the upload is on its way out by itself."""
    withdraw(drawn_case.notice)

    with pytest.raises(DecisionError):
        decide_upload(held, outcome=REFUSED, reason=REASON, by=bob)
    run_jobs()
    held.refresh_from_db()
    assert held.outcome == "allowed"


def test_a_version_is_kept_down_only_where_bob_says_so(refused: HeldUpload) -> None:
    """By its own fingerprint, in the case of what it matched, which stays closed."""
    keep = KeepDown.objects.get(case_item=refused.case_item)

    assert keep.decision.outcome == Decision.Outcome.REMOVE
    assert refused.case_item
    assert refused.case_item.match_kind == "region-replaced"
    assert refused.case_item.case.closed_at is not None


def test_alice_is_told_of_attempts_that_were_stopped_and_of_no_others(
    held: HeldUpload, bob: User, drawn_case: Case
) -> None:
    """What waits, or was let through, is not hers to know; no row of hers tells of it."""
    rows = len(status_of(drawn_case.notice).rows)
    assert status_of(drawn_case.notice).attempts_stopped == 0

    decide_upload(held, outcome=REFUSED, reason=REASON, keeps_down=True, by=bob)

    assert status_of(drawn_case.notice).attempts_stopped == 1
    assert len(status_of(drawn_case.notice).rows) == rows


def test_a_granted_appeal_lets_the_upload_through(
    refused: HeldUpload, bob: User, dora: User, host: Host, plaza: HostDouble, drawing: bytes
) -> None:
    """Heard by another moderator; its version is kept down no more."""
    waiting = appeal(refused, text="It is me, and nobody else. Charlie")
    with pytest.raises(NotTheSamePerson):
        answer(waiting, outcome=Appeal.Outcome.GRANTED, reason=REASON, by=bob)

    answer(waiting, outcome=Appeal.Outcome.GRANTED, reason="It is Charlie.", by=dora)
    run_jobs()

    assert plaza.uploads == {"up-1": "upload.allowed"}
    assert not KeepDown.objects.filter(case_item=refused.case_item, lifted_at=None).exists()
    assert check(fingerprint(with_region_replaced(drawing)), host=host).answer == Answer.ALLOW
    with pytest.raises(AppealWaits):
        appeal(HeldUpload.objects.get(), text="Once more.")


def test_a_withdrawn_notice_lets_its_refused_uploads_through(
    refused: HeldUpload, drawn_case: Case, plaza: HostDouble
) -> None:
    """As it restores what it removed."""
    withdraw(drawn_case.notice)
    run_jobs()

    assert plaza.uploads == {"up-1": "upload.allowed"}
    assert not KeepDown.objects.filter(lifted_at=None).exists()


def test_what_waits_for_another_reason_goes_on_waiting(
    held: HeldUpload, bob: User, host: Host, plaza: HostDouble, drawing: bytes, drawn_case: Case
) -> None:
    """A second keep-down that it matched still stands."""
    other = cropped(drawing)
    check(fingerprint(other), host=host, upload=Upload("up-2", "", lambda: other))
    second = HeldUpload.objects.get(reference="up-2")
    decide_upload(second, outcome=REFUSED, reason=REASON, keeps_down=True, by=bob)
    content = with_region_replaced(drawing)
    check(fingerprint(content), host=host, upload=Upload("up-3", "", lambda: content))
    third = HeldUpload.objects.get(reference="up-3")
    assert third.heldmatch_set.count() == 2

    restore(rows_of(drawn_case)[0], reason=REASON, by=bob)
    run_jobs()

    assert plaza.uploads == {"up-1": "upload.allowed", "up-2": "upload.refused"}
    assert third.reason_to_wait
    assert (
        third.reason_to_wait.keep_down.case_item == HeldUpload.objects.get(pk=second.pk).case_item
    )
    assert Check.objects.count() == 3
