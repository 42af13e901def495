"""A person sends each letter, and each leaves once, whatever fails in between."""

import email
import email.policy
import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from server.escalation.helping import addressee, everything_due_runs, letter_to
from server.notices.test_mail import MailServer
from server.story import run_jobs
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.audit.agreement import disagreements
from staydown_server.escalation import send
from staydown_server.escalation.draft import discard, draft_again, draft_to, write
from staydown_server.escalation.models import EscalationFile, OutgoingLetter
from staydown_server.jobs import RetryLater
from staydown_server.jobs.models import Job

pytestmark = pytest.mark.django_db

State = OutgoingLetter.State


@pytest.fixture
def letter(mail_server: MailServer, file: EscalationFile) -> OutgoingLetter:
    """The draft to the host."""
    return letter_to(file, "host")


def approve(letter: OutgoingLetter, bob: User) -> None:
    send.approve(letter, seen=letter.version, by=bob)


def test_nothing_leaves_without_a_person(file: EscalationFile, mail_server: MailServer) -> None:
    everything_due_runs()

    assert mail_server.taken == []


def test_an_approved_letter_is_mailed_once(
    letter: OutgoingLetter, mail_server: MailServer, bob: User, file: EscalationFile
) -> None:
    """As it was read, from the helpers; the clock begins. Its job run again sends nothing."""
    approve(letter, bob)
    run_jobs()
    send.send(letter_id=letter.pk)

    (taken,) = mail_server.taken
    message = email.message_from_bytes(taken, policy=email.policy.default)
    letter.refresh_from_db()
    assert message["To"] == "abuse@stubborn.example"
    assert message["From"] == "Help Line <help@help.example>"
    assert message["Subject"] == letter.subject
    assert message["Message-ID"] == letter.message_id
    assert letter.message_id.endswith("@help.example>")
    body = message.get_body()
    assert body is not None
    # The dot is what ended it on the line.
    assert body.get_content().splitlines() == [*letter.text.splitlines(), "."]
    assert (letter.state, letter.sent_by) == (State.SENT, bob)
    host = addressee(file, "host")
    assert host.asked_at is not None
    assert host.due_at is not None
    assert (host.due_at - host.asked_at).total_seconds() == 48 * 3600
    with pytest.raises(send.SentBefore):
        approve(letter, bob)
    assert audit.verify().is_whole
    assert not list(disagreements())


def test_what_somebody_else_changed_meanwhile_is_not_sent(
    letter: OutgoingLetter, mail_server: MailServer, bob: User, dora: User
) -> None:
    """Bob read another text."""
    seen = letter.version
    write(letter, subject="x", text="Other.", channel="email", to="x@y.example", by=dora)

    for act in (send.approve, send.sent_by_hand):
        with pytest.raises(send.ChangedMeanwhile):
            act(letter, seen=seen, by=bob)
    run_jobs()
    assert mail_server.taken == []


@pytest.mark.parametrize(
    ("channel", "to"), [("form", "https://x.example/"), ("email", "nobody"), ("", "")]
)
def test_only_a_mail_address_gets_mail(
    letter: OutgoingLetter, bob: User, channel: str, to: str
) -> None:
    write(letter, subject="x", text="x", channel=channel, to=to, by=bob)
    letter.refresh_from_db()

    with pytest.raises(send.NoMailAddress):
        approve(letter, bob)


def test_without_a_mail_server_it_goes_by_hand(file: EscalationFile, bob: User) -> None:
    letter = letter_to(file, "host")
    with pytest.raises(send.NoMail):
        approve(letter, bob)

    send.sent_by_hand(letter, seen=letter.version, by=bob)

    letter.refresh_from_db()
    assert (letter.state, letter.is_by_hand) == (State.SENT, True)
    assert addressee(file, "host").due_at is not None
    with pytest.raises(send.SentBefore):
        send.sent_by_hand(letter, seen=letter.version, by=bob)


def test_a_mail_server_that_is_down_is_asked_again(
    letter: OutgoingLetter, mail_server: MailServer, bob: User, settings: Any
) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    approve(letter, bob)
    assert run_jobs() == ["escalation.send"]
    letter.refresh_from_db()
    assert letter.state == State.APPROVED

    settings.EMAIL_PORT = port
    everything_due_runs()

    assert len(mail_server.taken) == 1


@pytest.mark.parametrize(
    ("answer", "state", "times"),
    [(b"550 nobody here", "bounced", 0), (b"450 later", "approved", 0), (b"250 ok", "sent", 1)],
)
def test_what_the_mail_server_says_is_noted(
    letter: OutgoingLetter,
    mail_server: MailServer,
    bob: User,
    file: EscalationFile,
    answer: bytes,
    state: str,
    times: int,
) -> None:
    """Whoever got nothing has no clock."""
    mail_server.answer_to_rcpt = answer
    approve(letter, bob)
    run_jobs()

    letter.refresh_from_db()
    assert (letter.state, len(mail_server.taken)) == (state, times)
    assert (addressee(file, "host").due_at is not None) == bool(times)
    assert not list(disagreements())


@pytest.mark.parametrize("left", [True, False])
def test_power_fails_while_it_is_sent(
    letter: OutgoingLetter,
    mail_server: MailServer,
    bob: User,
    file: EscalationFile,
    monkeypatch: pytest.MonkeyPatch,
    left: bool,
) -> None:
    """Nobody knows whether it left: nothing is sent again, and Bob says what became of it."""

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    approve(letter, bob)
    with monkeypatch.context() as power:
        power.setattr(send, "_hand_over", cut_off)
        with pytest.raises(KeyboardInterrupt):
            send.send(letter_id=letter.pk)
    everything_due_runs()
    everything_due_runs()

    letter.refresh_from_db()
    assert letter.state == State.SENDING
    assert mail_server.taken == []
    send.settle(letter, state=State.SENT if left else State.DRAFT, by=bob)
    letter.refresh_from_db()
    assert letter.state == ("sent" if left else "draft")
    assert (addressee(file, "host").due_at is not None) == left
    if not left:
        approve(letter, bob)
        run_jobs()
        assert len(mail_server.taken) == 1
    assert not list(disagreements())


def test_a_line_that_goes_dead_is_for_a_person(
    letter: OutgoingLetter, mail_server: MailServer, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may have taken it before."""

    def dead(_message: object) -> None:
        raise TimeoutError

    approve(letter, bob)
    monkeypatch.setattr(send.EmailMessage, "send", dead)
    run_jobs()

    letter.refresh_from_db()
    assert letter.state == State.SENDING


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_letter(
    letter: OutgoingLetter, mail_server: MailServer, bob: User
) -> None:
    """The lease of one ran out while it was still at work."""
    approve(letter, bob)
    Job.objects.all().delete()
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            send.send(letter_id=letter.pk)
        except RetryLater:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(mail_server.taken) == 1


def test_a_letter_that_came_back_gives_no_clock(
    letter: OutgoingLetter, bob: User, file: EscalationFile
) -> None:
    """Another one can be drafted; what arrived is noted, too."""
    send.sent_by_hand(letter, seen=letter.version, by=bob)
    send.settle(letter, state=State.DELIVERED, by=bob)
    send.settle(letter, state=State.BOUNCED, by=bob)

    host = addressee(file, "host")
    assert (host.asked_at, host.due_at) == (None, None)
    another = draft_to(host, by=bob)
    assert draft_to(host, by=bob) == another, "one draft at a time"
    assert "It could not be delivered" not in another.text or another.template != "host"
    with pytest.raises(send.SentBefore):
        send.settle(letter, state=State.DELIVERED, by=bob)
    assert not list(disagreements())


def test_a_draft_can_be_set_aside_and_made_again(
    letter: OutgoingLetter, bob: User, file: EscalationFile
) -> None:
    write(letter, subject="x", text="Mine.", channel="email", to="x@y.example", by=bob)
    draft_again(letter, in_language="fr", by=bob)
    letter.refresh_from_db()
    assert (letter.language, letter.is_edited) == ("fr", False)
    assert "Merci de nous dire" in letter.text

    discard(letter, by=bob)

    letter.refresh_from_db()
    assert letter.state == State.DISCARDED
    with pytest.raises(send.SentBefore):
        approve(letter, bob)
    assert timezone.now() > letter.drafted_at
