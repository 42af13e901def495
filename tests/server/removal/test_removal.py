"""Removals: ordered once, carried out whatever happens, and verified by looking."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction

from server.host_double import HostDouble
from server.pictures import fingerprint, mirrored
from server.story import REASON, alice_reports, bob_decides, case_of, pauses_pass, rows_of, run_jobs
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check
from staydown_server.jobs import RetryLater
from staydown_server.jobs.models import Job
from staydown_server.removal import reasons
from staydown_server.removal.carry_out import carry_out
from staydown_server.removal.hosts import webhook
from staydown_server.removal.models import Removal
from staydown_server.removal.order import order_removal, order_restore
from staydown_server.removal.verify import verify
from staydown_server.review.decide import restore

pytestmark = pytest.mark.django_db


def the_removal() -> Removal:
    return Removal.objects.get()


def kinds(plaza: HostDouble) -> list[str]:
    return [event["event"] for event in plaza.events]


def test_a_removal_is_ordered_carried_out_and_verified(
    removed_case: Case, plaza: HostDouble
) -> None:
    """One event, obeyed; and we looked ourselves, at the page and at the file."""
    removal = the_removal()

    assert removal.state == Removal.State.VERIFIED
    assert removal.ordered_at < removal.carried_out_at < removal.verified_at  # type: ignore[operator]
    assert kinds(plaza) == ["item.remove"]
    assert plaza.removed == {"alices"}
    assert {"/p/alices", "/f/alices.jpg"} <= set(plaza.requests)


def test_an_order_is_given_once(removed_case: Case, alices_item: Item) -> None:
    """A second order is the first one: hosts throttle repeats."""
    removal = the_removal()
    before = Job.objects.count()

    assert order_removal(alices_item, decision=removal.decision) == removal
    assert Job.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_the_gate_blocks_before_the_host_hears_of_it(
    case: Case, bob: User, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """A copy uploaded again between the two steps meets the gate already."""
    answers = []

    def upload_again(_event: dict[str, Any]) -> None:
        try:
            answers.append(check(fingerprint(mirrored(picture)), host=host).blocks)
        finally:
            connection.close()

    plaza.on_event = upload_again
    bob_decides(case, bob)

    run_jobs()

    assert answers == [True]


def test_a_host_that_is_down_is_asked_until_it_obeys(
    case: Case, bob: User, plaza: HostDouble
) -> None:
    """The order waits; the keep-down does not."""
    plaza.is_down = True
    bob_decides(case, bob)
    for _ in range(3):
        assert run_jobs() == ["removal.carry_out"]
        assert the_removal().state == Removal.State.ORDERED
        pauses_pass()

    plaza.is_down = False
    assert run_jobs() == []

    assert the_removal().state == Removal.State.VERIFIED


@pytest.mark.parametrize("status", [301, 400, 401, 403, 429, 500, 503])
def test_an_answer_that_is_no_yes_is_no_yes(
    case: Case, bob: User, plaza: HostDouble, status: int
) -> None:
    """The order is sent again."""
    plaza.status = status
    bob_decides(case, bob)

    assert run_jobs() == ["removal.carry_out"]
    assert the_removal().state == Removal.State.ORDERED


def test_an_item_that_its_uploader_deleted_is_removed(
    case: Case, bob: User, plaza: HostDouble
) -> None:
    """The host knows it no more: that ends the order, and looking proves it."""
    plaza.files.clear()
    plaza.status = 404
    bob_decides(case, bob)

    assert run_jobs() == []

    assert the_removal().state == Removal.State.VERIFIED
    assert Entry.objects.get(action="removal.carried_out").facts["host_had_it"] is False


def test_a_host_that_says_done_and_still_serves_is_found_out(
    case: Case, bob: User, plaza: HostDouble
) -> None:
    """Each look is counted; verified is what no longer serves."""
    plaza.is_lying = True
    bob_decides(case, bob)
    for looks in (1, 2, 3):
        assert run_jobs() == ["removal.verify"]
        assert the_removal().still_served == looks
        assert the_removal().state == Removal.State.CARRIED_OUT
        pauses_pass()

    plaza.removed.add("alices")
    run_jobs()

    assert the_removal().state == Removal.State.VERIFIED
    assert kinds(plaza) == ["item.remove"]


@pytest.mark.parametrize("status", [200, 301, 302, 401, 403, 429, 500, 503])
def test_only_gone_is_gone(case: Case, bob: User, plaza: HostDouble, status: int) -> None:
    """Turning our request away is no proof that everybody else is turned away."""
    plaza.answers["/f/alices.jpg"] = (status, {}, b"")
    bob_decides(case, bob)

    assert run_jobs() == ["removal.verify"]
    assert the_removal().state == Removal.State.CARRIED_OUT


@pytest.mark.parametrize("status", [404, 410, 451])
def test_gone_is_gone(case: Case, bob: User, plaza: HostDouble, status: int) -> None:
    """Not found, gone, or gone for legal reasons."""
    plaza.answers["/f/alices.jpg"] = plaza.answers["/p/alices"] = (status, {}, b"")
    bob_decides(case, bob)

    assert run_jobs() == []
    assert the_removal().state == Removal.State.VERIFIED


def test_a_host_that_is_down_when_we_look_proves_nothing(
    removed_case: Case, plaza: HostDouble
) -> None:
    """It serves nothing now, but it comes back with what it had."""
    Removal.objects.update(state=Removal.State.CARRIED_OUT, verified_at=None)
    plaza.is_down = True

    with pytest.raises(RetryLater):
        verify(removal_id=the_removal().pk)

    assert the_removal().state == Removal.State.CARRIED_OUT
    assert the_removal().still_served == 0


def test_a_killed_worker_sends_the_same_event_again(removed_case: Case, plaza: HostDouble) -> None:
    """Power failed after the host took it: the id tells the host that it is done already."""
    Removal.objects.update(state=Removal.State.ORDERED)

    carry_out(removal_id=the_removal().pk)

    assert [event["id"] for event in plaza.events] == [plaza.events[0]["id"]] * 2
    assert plaza.removed == {"alices"}


def test_repeating_a_finished_step_does_nothing(removed_case: Case, plaza: HostDouble) -> None:
    """Neither an event nor a line."""
    before = Entry.objects.count()

    carry_out(removal_id=the_removal().pk)
    verify(removal_id=the_removal().pk)

    assert len(plaza.events) == 1
    assert Entry.objects.count() == before


def test_a_restored_item_is_shown_again(removed_case: Case, bob: User, plaza: HostDouble) -> None:
    """The removal was a quarantine."""
    (row,) = rows_of(removed_case)
    restore(row, reason=REASON, by=bob)

    run_jobs()

    assert kinds(plaza) == ["item.remove", "item.restore"]
    assert plaza.removed == set()
    assert the_removal().state == Removal.State.RESTORED
    assert audit.verify().is_whole


def test_an_order_that_is_turned_round_in_time_ends_restored(
    case: Case, bob: User, plaza: HostDouble
) -> None:
    """The host was down, and Bob changed his mind: what stands is what is carried out."""
    plaza.is_down = True
    bob_decides(case, bob)
    run_jobs()
    (row,) = rows_of(case)
    restore(row, reason=REASON, by=bob)
    plaza.is_down = False
    pauses_pass()

    run_jobs()

    assert the_removal().state == Removal.State.RESTORED
    assert plaza.removed == set()


def test_restoring_twice_orders_once(removed_case: Case, bob: User, plaza: HostDouble) -> None:
    """The second order finds it done."""
    (row,) = rows_of(removed_case)
    decision = restore(row, reason=REASON, by=bob)
    run_jobs()

    order_restore(the_removal(), decision=decision)
    run_jobs()

    assert kinds(plaza) == ["item.remove", "item.restore"]


def test_an_item_can_be_removed_again_by_a_new_case(
    removed_case: Case, bob: User, alices_item: Item, plaza: HostDouble
) -> None:
    """After a restoration, a new notice leads to a new removal."""
    (row,) = rows_of(removed_case)
    restore(row, reason=REASON, by=bob)
    run_jobs()

    second = case_of(alice_reports_again(alices_item))
    bob_decides(second, bob)
    run_jobs()

    assert [removal.state for removal in Removal.objects.order_by("pk")] == ["restored", "verified"]
    assert plaza.removed == {"alices"}


def alice_reports_again(item: Item) -> Any:
    receipt = alice_reports(item.url)
    run_jobs()
    return receipt


def test_a_removal_ordered_again_before_it_was_put_back_holds(
    removed_case: Case, bob: User, alices_item: Item, plaza: HostDouble
) -> None:
    """Another case decides while the host has not put it back yet."""
    second = case_of(alice_reports_again(alices_item))
    (row,) = rows_of(removed_case)
    plaza.is_down = True
    restore(row, reason=REASON, by=bob)
    run_jobs()
    bob_decides(second, bob)
    plaza.is_down = False
    pauses_pass()

    run_jobs()

    assert the_removal().state == Removal.State.VERIFIED
    assert plaza.removed == {"alices"}
    assert the_removal().decision.case_item.case == second


def test_the_table_refuses_a_second_open_removal(removed_case: Case, alices_item: Item) -> None:
    """An item is removed once."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Removal.objects.create(item=alices_item, decision=the_removal().decision)


def test_the_table_refuses_a_removal_without_a_decision(alices_item: Item) -> None:
    """Somebody decided, or nothing happens."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Removal.objects.create(item=alices_item, decision_id=None)


@pytest.mark.parametrize("state", ["restore_ordered", "restored"])
def test_the_table_refuses_a_restoration_without_a_decision(removed_case: Case, state: str) -> None:
    """The same for the way back."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Removal.objects.update(state=state)


def test_nothing_that_a_removal_rests_on_can_be_deleted(removed_case: Case) -> None:
    """Not the item, not the decision, not the case."""
    from django.db.models import ProtectedError

    for thing in (the_removal().item, the_removal().decision, removed_case):
        with pytest.raises(ProtectedError):
            thing.delete()


def test_a_webhooks_signature_covers_where_and_what(
    removed_case: Case, plaza: HostDouble, host: Host
) -> None:
    """Verified by a library of the standard; altered in the least, it fails."""
    from staydown_server.removal.hosts.webhook import signed_headers

    body = b'{"event": "item.remove"}'
    headers = signed_headers(host, body, nonce="remove-1-1")

    assert plaza.is_signed(headers, body)
    assert not plaza.is_signed(headers, body + b" ")
    assert not plaza.is_signed(headers, body, url=plaza.webhook_url + "?x=1")
    assert not plaza.is_signed(headers, body, url=plaza.webhook_url.replace("http", "https"))
    for name in ("Content-Digest", "Signature", "Signature-Input"):
        assert not plaza.is_signed({**headers, name: headers[name].replace("=", "x", 1)}, body)
    assert not plaza.is_signed({**headers, "Content-Type": "text/plain"}, body)
    plaza.secret = "another secret"
    assert not plaza.is_signed(headers, body)


def test_the_event_says_what_the_contract_says(
    removed_case: Case, plaza: HostDouble, alices_item: Item
) -> None:
    """The host's own id, and the statement of reasons for its user."""
    (event,) = plaza.events
    assert event["event"] == "item.remove"
    assert event["item"] == {"id": "alices", "url": alices_item.url}
    statement = event["statement_of_reasons"]
    assert statement["facts"] == REASON
    assert statement["automated_decision"] is False
    assert statement["automated_detection"] is False
    assert statement["decided_at"]
    assert statement["ground"] == reasons.GROUND
    assert "/reasons/" in statement["appeal_url"]


def test_the_uploader_learns_nothing_about_alice(removed_case: Case, plaza: HostDouble) -> None:
    """Neither her name, nor her address, nor her words."""
    from server.story import ALICE, ALICES_ADDRESS

    told = repr(plaza.events)
    for secret in (ALICE, ALICES_ADDRESS, "used to know"):
        assert secret not in told


def test_a_copy_is_said_to_have_been_found_by_a_search(
    alices_item: Item, show: Any, picture: bytes, bob: User, plaza: HostDouble
) -> None:
    """DSA article 17: whether automated means were used."""
    show("copy", picture)
    case = case_of(alice_reports_again(alices_item))
    bob_decides(case, bob)
    run_jobs()

    by_item = {event["item"]["id"]: event["statement_of_reasons"] for event in plaza.events}
    assert by_item["alices"]["automated_detection"] is False
    assert by_item["copy"]["automated_detection"] is True


def test_a_reasons_link_opens_its_removal_alone(removed_case: Case) -> None:
    """And cannot be guessed from a number."""
    token = reasons.token_of(the_removal())

    assert reasons.removal_of(token) == the_removal()
    assert reasons.removal_of(token[:-1]) is None
    assert reasons.removal_of("") is None
    assert reasons.removal_of(str(the_removal().pk)) is None
    assert token.encode() not in bytes(the_removal().reasons_digest or b"")


def test_each_step_left_its_line(removed_case: Case) -> None:
    """In order, and whole."""
    lines = Entry.objects.exclude(action="user.invited").order_by("sequence")
    actions = list(lines.values_list("action", flat=True))
    wanted = [
        *("item.registered", "notice.received", "case.opened", "item.located", "sweep.finished"),
        *("decision.taken", "keep_down.started", "removal.ordered", "case.closed"),
        *("sweep.finished", "removal.carried_out", "removal.verified"),
    ]
    assert sorted(actions) == sorted(wanted)
    assert actions[:9] == wanted[:9]
    assert audit.verify().is_whole


@pytest.fixture(autouse=True)
def no_connection_left() -> Iterator[None]:
    yield
    close_old_connections()


def test_a_decision_to_keep_removes_nothing(case: Case, bob: User, plaza: HostDouble) -> None:
    """The host is not even asked."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    run_jobs()

    assert plaza.events == []
    assert not Removal.objects.exists()


def test_orders_that_cross_on_the_way_end_with_the_one_that_stands(
    case: Case, bob: User, plaza: HostDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restoration overtakes the removal on its way to the host: it is said once more."""
    bob_decides(case, bob)
    removal = Removal.objects.get()
    send, crossed = webhook.send, []

    def slow_send(event: str, *arguments: Any, **named: Any) -> bool:
        if event == "item.remove" and not crossed:
            crossed.append(event)
            restore(case.caseitem_set.get(), reason="A mistake.", by=bob)
            carry_out(removal_id=removal.pk)
        return send(event, *arguments, **named)

    monkeypatch.setattr(webhook, "send", slow_send)
    carry_out(removal_id=removal.pk)
    assert kinds(plaza) == ["item.restore", "item.remove"]
    run_jobs()

    assert kinds(plaza)[-1] == "item.restore"
    assert len({event["id"] for event in plaza.events}) == 3
    removal.refresh_from_db()
    assert removal.state == Removal.State.RESTORED
