"""Mail that says nothing, at most once an hour, through a real server on this machine."""

import email
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from server.mail_double import MailServer
from server.story import (
    ALICE,
    REASON,
    alice_reports,
    bob_decides,
    case_of,
    pauses_pass,
    rows_of,
    run_jobs,
)
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.notices import letters, mail
from staydown_server.notices.models import Notice, Subscription
from staydown_server.removal.models import Removal
from staydown_server.review.ask import ask
from staydown_server.review.contest import contest
from staydown_server.review.decide import restore
from staydown_server.review.models import Appeal
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db

ADDRESS = "a.f@post.example"


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address[:2]
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.DEFAULT_FROM_EMAIL = "Notes <notes@post.example>"
    yield server
    server.close()


@pytest.fixture
def notice(case: Case, server: MailServer) -> Notice:
    """Alice's, who chose mails."""
    mail.subscribe(case.notice, f" {ADDRESS} ")
    return case.notice


def an_hour_passes() -> None:
    for subscription in Subscription.objects.exclude(sent_at=None):
        subscription.sent_at = timezone.now() - mail.PAUSE
        subscription.save()
    pauses_pass()


def texts_of(message: bytes) -> dict[str, str]:
    parsed = email.message_from_bytes(message)
    body = parsed.get_payload(decode=True)
    assert isinstance(body, bytes)
    return {"subject": str(parsed["Subject"]), "from": str(parsed["From"]), "body": body.decode()}


def test_a_mail_says_nothing_readable_over_a_shoulder(
    case: Case, notice: Notice, bob: User, server: MailServer
) -> None:
    """No matter, no name, no link, no code, no case; nor where it came from."""
    ask(case, "Is this you?", submission="s", by=bob)
    run_jobs()

    (message,) = server.taken
    said = texts_of(message)
    assert said["from"] == "Notes <notes@post.example>"
    assert said["subject"] == "Something new"
    raw = (message.decode() + said["body"]).lower()
    for secret in (
        *("staydown", "notice", "picture", "image", "case", "moderator", "http", "://", "status"),
        *(ALICE.lower(), case.number.lower(), "is this you"),
    ):
        assert secret not in raw, secret
    assert server.envelopes[1].lower().startswith(f"rcpt to:<{ADDRESS}>".encode())


def test_a_mail_speaks_the_persons_language(
    case: Case, notice: Notice, bob: User, server: MailServer, settings: Any
) -> None:
    """That in which they wrote; the operator may choose the subject."""
    Notice.objects.update(language="fr")
    settings.MAIL_SUBJECT = "Bulletin"

    ask(case, "Is this you?", submission="s", by=bob)
    run_jobs()

    said = texts_of(server.taken[0])
    assert said["body"].startswith("Bonjour")
    assert said["subject"] == "Bulletin"


def test_nobody_is_written_to_who_did_not_ask_for_it(
    case: Case, bob: User, server: MailServer
) -> None:
    """Not even at the contact address of the notice."""
    ask(case, "Is this you?", submission="s", by=bob)
    bob_decides(case, bob)
    run_jobs()

    assert server.taken == []


def test_each_kind_of_news_is_announced(
    case: Case, notice: Notice, bob: User, dora: User, server: MailServer
) -> None:
    """A question, a refusal, the answer to a contest, a removal that was verified, a restoration,
    and that the notice was taken back, by whoever had the code."""

    def after() -> int:
        an_hour_passes()
        run_jobs()
        return len(server.taken)

    assert after() == 0
    ask(case, "Is this you?", submission="s", by=bob)
    assert after() == 1
    bob_decides(case, bob, Decision.Outcome.KEEP)
    assert after() == 2
    refusal = Decision.objects.get()
    contest(notice, [refusal.pk], text="It is me.")
    letters.write(notice, "Yes.", submission="s")
    assert after() == 2, "what they did themselves is no news to them"
    from staydown_server.review.appeal import answer

    answer(Appeal.objects.get(), outcome=Appeal.Outcome.GRANTED, reason=REASON, by=dora)
    run_jobs()
    assert after() == 4, "decided, and an hour later: gone"
    restore(refusal.case_item, reason="It was another.", by=bob)
    assert after() == 5
    withdraw(notice)
    assert after() == 6


def test_what_another_notice_had_removed_is_no_news(
    case: Case, notice: Notice, bob: User, server: MailServer
) -> None:
    """Alice's page says nothing of it."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    run_jobs()
    assert len(server.taken) == 1
    charlies = alice_reports(rows_of(case)[0].reported_url, signature="Charlie")
    run_jobs()

    bob_decides(case_of(charlies), bob)
    run_jobs()
    an_hour_passes()
    run_jobs()

    assert Removal.objects.get().state == Removal.State.VERIFIED
    assert len(server.taken) == 1


def test_news_that_comes_while_a_mail_is_sent_is_in_the_next_one(
    case: Case, notice: Notice, bob: User, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person may have looked in between."""
    written = mail._message

    def meanwhile(subscription: Subscription) -> Any:
        ask(case, "And this?", submission="t", by=bob)
        return written(subscription)

    ask(case, "Is this you?", submission="s", by=bob)
    with monkeypatch.context() as patched:
        patched.setattr(mail, "_message", meanwhile)
        run_jobs()
    assert len(server.taken) == 1

    an_hour_passes()
    run_jobs()

    assert len(server.taken) == 2


def test_at_most_one_an_hour(case: Case, notice: Notice, bob: User, server: MailServer) -> None:
    """What comes meanwhile is in the next one."""
    for number in range(4):
        ask(case, f"{number}?", submission="s", by=bob)
        run_jobs()
        pauses_pass()
        run_jobs()
    assert len(server.taken) == 1

    an_hour_passes()
    run_jobs()
    an_hour_passes()
    run_jobs()

    assert len(server.taken) == 2


def test_the_hour_is_waited_for_without_asking_all_the_time(
    case: Case, notice: Notice, bob: User, server: MailServer
) -> None:
    """The job sleeps until then."""
    from staydown_server.jobs.models import Job

    for number in range(2):
        ask(case, f"{number}?", submission="s", by=bob)
        run_jobs()

    waiting = Job.objects.get(name="notices.send_mail", finished_at=None)
    left = waiting.run_at - timezone.now()
    assert timedelta(minutes=59) < left <= mail.PAUSE


def test_a_mail_server_that_is_down_is_tried_again(
    case: Case, notice: Notice, bob: User, server: MailServer, settings: Any
) -> None:
    """Until it takes it; and the hour begins when it does."""
    port = settings.EMAIL_PORT
    settings.EMAIL_PORT = 1
    ask(case, "Is this you?", submission="s", by=bob)
    assert run_jobs() == ["notices.send_mail"]
    assert Subscription.objects.get().sent_at is None
    settings.EMAIL_PORT = port
    server.answer_to_rcpt = b"451 later"
    pauses_pass()
    assert run_jobs() == ["notices.send_mail"]
    server.answer_to_rcpt = b"250 ok"

    pauses_pass()
    run_jobs()

    assert len(server.taken) == 1


def test_an_address_that_takes_no_mail_is_not_tried_for_ever(
    case: Case, notice: Notice, bob: User, server: MailServer
) -> None:
    """The page asks for another."""
    server.answer_to_rcpt = b"550 nobody here"
    ask(case, "Is this you?", submission="s", by=bob)
    assert run_jobs() == []
    assert Subscription.objects.get().refused_at is not None
    server.answer_to_rcpt = b"250 ok"
    ask(case, "Hello?", submission="s", by=bob)
    assert run_jobs() == []
    assert server.taken == []

    mail.subscribe(notice, "b.f@post.example")
    an_hour_passes()
    ask(case, "Hello again?", submission="s", by=bob)
    run_jobs()

    assert len(server.taken) == 1


def test_power_that_fails_while_it_is_sent_costs_an_hour_at_most(
    case: Case, notice: Notice, bob: User, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather late than twice."""

    def dies(_subscription: Subscription) -> Any:
        raise SystemExit

    ask(case, "Is this you?", submission="s", by=bob)
    subscription = Subscription.objects.get()
    with monkeypatch.context() as patched:
        patched.setattr(mail, "_message", dies)
        with pytest.raises(SystemExit):
            mail.send(subscription_id=subscription.pk)
    run_jobs()
    assert server.taken == []

    an_hour_passes()
    run_jobs()

    assert len(server.taken) == 1


def test_stopped_is_stopped(case: Case, notice: Notice, bob: User, server: MailServer) -> None:
    """Even for what is on its way; the address is gone."""
    ask(case, "Is this you?", submission="s", by=bob)
    mail.unsubscribe(notice)
    mail.unsubscribe(notice)
    run_jobs()

    assert server.taken == []
    assert not Subscription.objects.exists()
    assert Entry.objects.filter(action="mail.stopped").count() == 1
    assert audit.verify().is_whole


def test_the_address_is_sealed(notice: Notice) -> None:
    """In the table, and in no log."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notices_subscription")
        stored = str(cursor.fetchall())
    assert "post.example" not in stored
    assert "post.example" not in str(list(Entry.objects.values()))
    assert Subscription.objects.get().address == ADDRESS


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "a@b",
        "a@post.example\nBcc: b@post.example",
        "a@post.example, b@post.example",
        "a\x00@post.example",
        f"{'x' * 250}@post.example",
        "<a@post.example>",
    ],
)
def test_what_is_no_address_is_said(case: Case, address: str) -> None:
    """And nothing is stored."""
    with pytest.raises(mail.BadAddress):
        mail.subscribe(case.notice, address)
    assert not Subscription.objects.exists()


def test_without_a_mail_server_none_is_offered(settings: Any) -> None:
    """As it comes."""
    assert not mail.is_offered()
    settings.EMAIL_HOST = "127.0.0.1"
    assert mail.is_offered()
