"""Orders on their way to hosts that have no webhook: told, tried again, looked at again."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from server.host_double import HostDouble
from server.removal.fakes.base import Reply, plugged_in
from server.removal.fakes.discourse import FakeDiscourse
from server.removal.fakes.telegram import FakeTelegram
from server.story import REASON, alice_reports, bob_decides, case_of, pauses_pass, rows_of, run_jobs
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case
from staydown_server.jobs.models import Job
from staydown_server.removal.hosts import webhook
from staydown_server.removal.models import Removal
from staydown_server.removal.order import order_removal
from staydown_server.removal.verify import recheck
from staydown_server.review.decide import restore

pytestmark = pytest.mark.django_db
State, Trouble = Removal.State, Removal.Trouble


def the_removal() -> Removal:
    return Removal.objects.get()


def waiting(name: str) -> Job:
    return Job.objects.get(name=name, finished_at=None)


def in_seconds(job: Job) -> float:
    return (job.run_at - timezone.now()).total_seconds()


def lines(action: str) -> int:
    return Entry.objects.filter(action=action).count()


def test_an_order_is_carried_out_verified_and_undone(
    forums_case: Case, forum: FakeDiscourse, bob: User
) -> None:
    """From the decision to the forum and back."""
    assert run_jobs() == []
    assert the_removal().state == State.VERIFIED
    assert not forum.is_shown()

    restore(rows_of(forums_case)[0], reason=REASON, by=bob)
    assert run_jobs() == []

    assert the_removal().state == State.RESTORED
    assert forum.is_shown()
    assert audit.verify().is_whole


def test_a_refusal_is_told_once_and_ends_when_somebody_acts(
    forums_case: Case, forum: FakeDiscourse
) -> None:
    """On record and at the desk; asked again each hour, not each second."""
    host = Host.objects.get(name="discourse")
    good = dict(host.credentials)
    Host.objects.filter(pk=host.pk).update(credentials={**good, "token": "wrong"})
    for _ in range(3):
        assert run_jobs() == ["removal.carry_out"]
        assert in_seconds(waiting("removal.carry_out")) == pytest.approx(3600, abs=5)
        pauses_pass()
    assert (the_removal().state, the_removal().trouble) == (State.ORDERED, Trouble.FORBIDDEN)
    assert lines("removal.refused") == 1
    assert Entry.objects.get(action="removal.refused").facts["trouble"] == "forbidden"

    Host.objects.filter(pk=host.pk).update(credentials=good)
    assert run_jobs() == []

    assert (the_removal().state, the_removal().trouble) == (State.VERIFIED, "")


def test_a_refused_restoration_is_told_until_it_is_done(
    forums_case: Case, forum: FakeDiscourse, bob: User
) -> None:
    """The same on the way back."""
    run_jobs()
    restore(rows_of(forums_case)[0], reason=REASON, by=bob)
    good = dict(Host.objects.get(name="discourse").credentials)
    Host.objects.filter(name="discourse").update(credentials={**good, "token": "wrong"})
    assert run_jobs() == ["removal.carry_out"]
    assert the_removal().trouble == Trouble.FORBIDDEN

    Host.objects.filter(name="discourse").update(credentials=good)
    pauses_pass()
    assert run_jobs() == []

    assert (the_removal().state, the_removal().trouble) == (State.RESTORED, "")


def test_a_busy_host_is_asked_when_it_said(
    forums_case: Case, forum: FakeDiscourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before."""
    monkeypatch.setattr(forum, "answer", lambda _request: forum.too_many())

    assert run_jobs() == ["removal.carry_out"]

    assert in_seconds(waiting("removal.carry_out")) == pytest.approx(37, abs=3)
    assert the_removal().trouble == ""


def test_a_refusal_while_looking_is_told_too(
    telegram: FakeTelegram, on_show: Any, bob: User
) -> None:
    """The bot lost its right between the deletion and the look, and the message is back."""
    plugged_in(telegram)
    receipt = alice_reports(on_show(telegram).url)
    run_jobs()
    case = case_of(receipt)
    bob_decides(case, bob)
    run_jobs()
    Removal.objects.update(state=State.CARRIED_OUT)
    telegram.messages.add(42)
    telegram.lose_rights()
    Job.objects.filter(name="removal.verify").update(finished_at=None)

    assert run_jobs() == ["removal.verify"]

    assert the_removal().trouble == Trouble.FORBIDDEN
    assert the_removal().state == State.CARRIED_OUT


def test_what_cannot_be_put_back_is_said_and_left(
    telegram: FakeTelegram, on_show: Any, bob: User
) -> None:
    """No job tries for ever; the order stays open, and on record. A new removal still works."""
    plugged_in(telegram)
    item = on_show(telegram)
    receipt = alice_reports(item.url)
    run_jobs()
    case = case_of(receipt)
    bob_decides(case, bob)
    run_jobs()

    decision = restore(rows_of(case)[0], reason=REASON, by=bob)
    assert run_jobs() == []

    removal = the_removal()
    assert (removal.state, removal.trouble) == (State.RESTORE_ORDERED, Trouble.CANNOT_RESTORE)
    assert lines("removal.refused") == 1
    assert not Job.objects.filter(name="removal.carry_out", finished_at=None).exists()
    order_removal(item, decision=decision)
    assert run_jobs() == []
    assert (the_removal().state, the_removal().trouble) == (State.VERIFIED, "")


def test_a_post_with_two_pictures_comes_back_with_the_last(
    forum: FakeDiscourse, on_show: Any, bob: User
) -> None:
    """One removal was undone, the other stands: the post holds both."""
    item = on_show(forum, "201/a")
    on_show(forum, "201/b")
    # One that nobody can find at the host stands in nobody's way.
    on_show(forum, "no number")
    receipt = alice_reports(item.url)
    run_jobs()
    case = case_of(receipt)
    bob_decides(case, bob)
    run_jobs()
    assert not forum.is_shown()
    rows = {row.item.host_item_id: row for row in rows_of(case) if row.item}
    state = dict(Removal.objects.values_list("item__host_item_id", "state"))
    assert state == {"201/a": "verified", "201/b": "verified", "no number": "ordered"}

    restore(rows["201/a"], reason=REASON, by=bob)
    run_jobs()
    assert not forum.is_shown()
    assert Removal.objects.get(item__host_item_id="201/a").state == State.RESTORED
    restore(rows["201/b"], reason=REASON, by=bob)
    run_jobs()

    assert forum.is_shown()


def test_it_is_looked_at_again_after_a_day_and_a_week(
    forums_case: Case, forum: FakeDiscourse
) -> None:
    """And then no more."""
    run_jobs()
    days = []
    while job := Job.objects.filter(name="removal.recheck", finished_at=None).first():
        days.append(round(in_seconds(job) / 86_400, 2))
        pauses_pass()
        assert run_jobs() == []

    assert days == [1.0, 6.0]
    assert lines("removal.rechecked") == 2
    assert the_removal().state == State.VERIFIED
    assert audit.verify().is_whole


def test_what_came_back_is_ordered_down_again(forums_case: Case, forum: FakeDiscourse) -> None:
    """By itself, and the desk is told; then the looks begin anew."""
    run_jobs()
    verified_at = the_removal().verified_at
    forum.posts[201]["deleted_at"] = None
    pauses_pass()

    assert run_jobs() == []

    assert not forum.is_shown()
    removal = the_removal()
    assert (removal.state, removal.came_back, removal.turn) == (State.VERIFIED, 1, 2)
    # It was removed in time, and the record goes on saying so.
    assert removal.verified_at == verified_at
    assert (lines("removal.came_back"), lines("removal.rechecked")) == (1, 0)
    job = waiting("removal.recheck")
    assert in_seconds(job) == pytest.approx(86_400, abs=5)
    assert job.arguments["turn"] == 2
    assert audit.verify().is_whole


def test_a_webhook_hears_that_something_came_back(removed_case: Case, plaza: HostDouble) -> None:
    """As a new event, since it obeyed the first."""
    plaza.removed.clear()
    pauses_pass()

    assert run_jobs() == []

    assert plaza.removed == {"alices"}
    assert [event["id"].rpartition("-")[2] for event in plaza.events] == ["1", "2"]


def test_a_look_at_a_host_that_is_down_says_nothing(
    forums_case: Case, forum: FakeDiscourse
) -> None:
    """It is made later; nothing is ordered."""
    run_jobs()
    forum.close()
    pauses_pass()

    assert run_jobs() == ["removal.recheck"]

    assert (the_removal().state, the_removal().came_back) == (State.VERIFIED, 0)


def test_what_was_put_back_is_looked_at_no_more(
    forums_case: Case, forum: FakeDiscourse, bob: User
) -> None:
    """A look that was due finds the removal undone, or a later one, and leaves it."""
    run_jobs()
    job = waiting("removal.recheck")
    restore(rows_of(forums_case)[0], reason=REASON, by=bob)
    run_jobs()
    forum.requests.clear()

    recheck(**job.arguments)
    pauses_pass()
    assert run_jobs() == []

    assert forum.requests == []
    assert the_removal().state == State.RESTORED


def test_a_look_that_runs_twice_leaves_one_next_look(
    forums_case: Case, forum: FakeDiscourse
) -> None:
    """Killed just before its end, it came back twice: one order, not two."""
    run_jobs()
    job = waiting("removal.recheck")
    forum.posts[201]["deleted_at"] = None

    recheck(**job.arguments)
    recheck(**job.arguments)

    assert Job.objects.filter(name="removal.carry_out", finished_at=None).count() == 1
    assert the_removal().came_back == 1


def test_credentials_are_sealed(forum: FakeDiscourse) -> None:
    """The table holds neither the token nor the names of the settings."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM accounts_host")
        (sealed,) = cursor.fetchone()

    assert Host.objects.get().credentials["token"] == forum.secret[1]
    for part in (forum.secret[1], "token", forum.url):
        assert part.encode() not in bytes(sealed)


def test_nothing_secret_is_logged(
    telegram: FakeTelegram, on_show: Any, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor kept with a job that failed. Telegram's token is part of the address, which urllib3
    would log for an answer whose headers are broken."""
    plugged_in(telegram)
    receipt = alice_reports(on_show(telegram).url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    caplog.set_level("DEBUG")
    telegram.next.extend(2 * [Reply(500, headers={"X-Broken": "yes\r\nno colon here"})])
    telegram.lose_rights()
    run_jobs()
    pauses_pass()
    run_jobs()

    kept = repr(list(Job.objects.values())) + repr(list(Entry.objects.values()))
    assert the_removal().trouble == Trouble.FORBIDDEN
    assert telegram.secret[1] not in caplog.text
    assert telegram.secret[1] not in kept


def test_a_host_without_a_webhook_hears_of_no_uploads(forum: FakeDiscourse) -> None:
    """Nobody listens; the job that would tell it ends."""
    assert webhook.send("upload.allowed", Host.objects.get(), event_id="x") is False
    assert forum.requests == []
