"""Send a letter, once: by mail when a person approved it, or by a person's own hand.

The row is claimed before anything leaves. Where power fails in between, the letter stays claimed:
nobody knows whether it left, and a person decides. Nothing is sent twice.
"""

import smtplib
from email.utils import make_msgid, parseaddr
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.escalation.models import Addressee, OutgoingLetter
from staydown_server.escalation.rules import rules
from staydown_server.jobs import RetryLater, job
from staydown_server.notices import mail

_State = OutgoingLetter.State


class SendError(Exception):
    """The letter is not sent; nothing changed."""


class NoMail(SendError):
    """The installation has no mail server."""


class NoMailAddress(SendError):
    """It goes to no address that takes mail."""


class SentBefore(SendError):
    """It was approved, sent or set aside meanwhile."""


class ChangedMeanwhile(SendError):
    """It says something else than what was read."""


class NoticeTakenBack(SendError):
    """The person wants nothing more to be done."""


def approve(letter: OutgoingLetter, *, seen: str, by: User) -> None:
    """Have the *seen* version of it sent by mail. Raises a :class:`SendError`."""
    if not mail.is_offered():
        raise NoMail
    if letter.channel != "email":
        raise NoMailAddress
    try:
        validate_email(letter.recipient)
    except ValidationError as error:
        raise NoMailAddress from error
    domain = parseaddr(sender())[1].rpartition("@")[2]
    with transaction.atomic():
        approved = _as_seen(letter, seen).update(
            state=_State.APPROVED,
            approved_at=timezone.now(),
            sent_by=by,
            message_id=make_msgid(domain=domain),
        )
        if not approved:
            raise SentBefore
        audit.record("outgoing.approved", letter, by=str(by))
        send.defer(letter_id=letter.pk)


def sent_by_hand(letter: OutgoingLetter, *, seen: str, by: User) -> None:
    """A person filled in the form, posted it, or sent it from a mailbox of their own, as *seen*.

    Raises a :class:`SendError`.
    """
    now = timezone.now()
    with transaction.atomic():
        if not _as_seen(letter, seen).update(
            state=_State.SENT, approved_at=now, sent_at=now, sent_by=by, is_by_hand=True
        ):
            raise SentBefore
        audit.record("outgoing.sent", letter, by=str(by), by_hand=True)
        _start_clock(letter)


def settle(letter: OutgoingLetter, *, state: OutgoingLetter.State, by: User) -> None:
    """What somebody knows of a letter that left: it arrived, or came back. Of one that was being
    sent when power failed: it left after all (`SENT`), or did not (`DRAFT`).

    Raises :class:`SentBefore` where it is not so any more.
    """
    before = {
        _State.DELIVERED: [_State.SENT],
        _State.BOUNCED: [_State.SENT, _State.DELIVERED],
        _State.SENT: [_State.SENDING],
        _State.DRAFT: [_State.SENDING],
    }[state]
    now = timezone.now()
    with transaction.atomic():
        found = OutgoingLetter.objects.filter(pk=letter.pk, state__in=before)
        times = {"sent_at": now} if state == _State.SENT else {"settled_at": now}
        if not found.update(state=state, **times):
            raise SentBefore
        audit.record(f"outgoing.{state}", letter, by=str(by))
        if state == _State.SENT:
            _start_clock(letter)
        if state == _State.BOUNCED:
            _stop_clock(letter)


def sender() -> str:
    """From whom the mails are."""
    return settings.ESCALATION_SENDER or settings.DEFAULT_FROM_EMAIL


@job("escalation.send")
def send(letter_id: int) -> None:
    """Hand an approved letter to the mail server, once."""
    mine = OutgoingLetter.objects.filter(pk=letter_id)
    letter = mine.select_related("addressee__site__file__case__notice").first()
    if letter is None or not letter.message_id:
        return
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:
        raise RetryLater("the mail server did not answer") from error
    try:
        with transaction.atomic():
            if _is_withdrawn(letter):
                _change(letter, _State.APPROVED, _State.DISCARDED)
                return
            if not _change(letter, _State.APPROVED, _State.SENDING):
                # Sent, or set aside; or somebody was cut off while sending it.
                return
        _hand_over(letter, connection)
    finally:
        connection.close()


def _hand_over(letter: OutgoingLetter, connection: Any) -> None:
    message = EmailMessage(
        letter.subject,
        f"{letter.text}\n",
        from_email=sender(),
        to=[letter.recipient],
        headers={"Message-ID": letter.message_id},
        connection=connection,
    )
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        if any(code < 500 for code, _answer in error.recipients.values()):
            _change(letter, _State.SENDING, _State.APPROVED)
            raise RetryLater("the mail server did not take it") from error
        _change(letter, _State.SENDING, _State.BOUNCED)
        return
    except smtplib.SMTPResponseException as error:
        # It said so in words: it did not take the letter.
        _change(letter, _State.SENDING, _State.APPROVED)
        raise RetryLater("the mail server did not take it") from error
    except OSError:
        # It may have been taken before the line went dead: a person finds out.
        return
    with transaction.atomic():
        if _change(letter, _State.SENDING, _State.SENT):
            _start_clock(letter)


def _change(letter: OutgoingLetter, before: _State, after: _State) -> bool:
    """Change its state, if it is still as it was, and put that on record."""
    times = {
        _State.SENT: {"sent_at": timezone.now()},
        _State.BOUNCED: {"settled_at": timezone.now()},
    }
    with transaction.atomic():
        found = OutgoingLetter.objects.filter(pk=letter.pk, state=before)
        if not found.update(state=after, **times.get(after, {})):
            return False
        audit.record(f"outgoing.{after}", letter, by="system")
    return True


def _start_clock(letter: OutgoingLetter) -> None:
    """From now on the addressee has its time; a second letter does not lengthen it."""
    addressee = Addressee.objects.select_for_update(of=("self",))
    found = addressee.select_related("site__file").get(pk=letter.addressee_id)
    if found.asked_at is None:
        now = timezone.now()
        found.asked_at = now
        found.due_at = now + rules().time_for(found.role, found.site.file.laws)
        found.save(update_fields=["asked_at", "due_at"])
        audit.record("addressee.asked", found, by="system", letter=letter.pk)


def _stop_clock(letter: OutgoingLetter) -> None:
    """Whoever got nothing has no time to keep, unless another letter reached them."""
    others = OutgoingLetter.objects.filter(
        addressee=letter.addressee_id, state__in=[_State.SENT, _State.DELIVERED]
    )
    asked = Addressee.objects.filter(pk=letter.addressee_id).exclude(asked_at=None)
    if not others.exists() and asked.update(asked_at=None, due_at=None):
        audit.record("addressee.unreached", letter.addressee, by="system", letter=letter.pk)


def _as_seen(letter: OutgoingLetter, seen: str) -> QuerySet[OutgoingLetter]:
    """The draft, locked, if it is what somebody read."""
    found = OutgoingLetter.objects.select_for_update(of=("self",))
    now = found.select_related("addressee__site__file__case__notice").get(pk=letter.pk)
    if _is_withdrawn(now):
        raise NoticeTakenBack
    if not now.is_open:
        raise SentBefore
    if now.version != seen:
        raise ChangedMeanwhile
    return OutgoingLetter.objects.filter(pk=letter.pk, state=_State.DRAFT)


def _is_withdrawn(letter: OutgoingLetter) -> bool:
    file = letter.addressee.site.file
    return file.case.notice.withdrawn_at is not None or file.closed_at is not None
