"""E-mail that says only that there is news: read over a shoulder, it could be about anything.

It names neither the matter nor the code, holds no link, and comes at most once an hour.
"""

import smtplib
from datetime import timedelta
from email.utils import make_msgid, parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from staydown_server import audit
from staydown_server.jobs import RetryLater, job
from staydown_server.notices.models import Notice, Subscription

#: The least time between two mails about one notice.
PAUSE = timedelta(hours=1)
#: RFC 5321, section 4.5.3.1.3: what fits into a path of 256 with its brackets.
LONGEST_ADDRESS = 254


class BadAddress(Exception):
    """No mail can be sent to this address."""


def is_offered() -> bool:
    """Whether the installation has a mail server."""
    return bool(settings.EMAIL_HOST)


def subscribe(notice: Notice, address: str) -> None:
    """Write to *address* when the status page has news, instead of to any other.

    Raises :class:`BadAddress`.
    """
    address = address.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise BadAddress from error
    if len(address) > LONGEST_ADDRESS:
        raise BadAddress
    with transaction.atomic():
        # `sent_at` stays: changing the address does not make mails come more often.
        Subscription.objects.update_or_create(
            notice=notice, defaults={"address": address, "refused_at": None}
        )
        audit.record("mail.chosen", notice, by="person")


def unsubscribe(notice: Notice) -> None:
    """Write no more, and forget the address."""
    with transaction.atomic():
        if Subscription.objects.filter(notice=notice).delete()[0]:
            audit.record("mail.stopped", notice, by="person")


def announce(notice_id: int) -> None:
    """There is news for the sender of a notice: inside the caller's transaction."""
    chosen = Subscription.objects.select_for_update().filter(notice=notice_id, refused_at=None)
    subscription = chosen.first()
    if subscription is None:
        return
    is_queued = subscription.news_at is not None
    subscription.news_at = timezone.now()
    subscription.save(update_fields=["news_at"])
    if not is_queued:
        send.defer(subscription_id=subscription.pk)


@job("notices.send_mail")
def send(subscription_id: int) -> None:
    """Send one mail for all the news since the last one.

    If power fails while it is sent, the hour is taken and it is sent again after it.
    """
    waiting = Subscription.objects.filter(pk=subscription_id).exclude(news_at=None)
    subscription = waiting.select_related("notice").first()
    if subscription is None:
        return
    now = timezone.now()
    is_due = Q(sent_at=None) | Q(sent_at__lte=now - PAUSE)
    if not waiting.filter(is_due).update(sent_at=now):
        rest = PAUSE - (now - (subscription.sent_at or now))
        raise RetryLater("a mail went out less than an hour ago", seconds=rest.total_seconds())
    same = waiting.filter(sent_at=now)
    try:
        _message(subscription).send()
    except smtplib.SMTPRecipientsRefused as error:
        if any(code < 500 for code, _answer in error.recipients.values()):
            same.update(sent_at=subscription.sent_at)
            raise RetryLater("the mail server did not take it") from error
        same.update(refused_at=now, news_at=None)
        return
    except OSError as error:
        same.update(sent_at=subscription.sent_at)
        raise RetryLater("the mail server did not take it") from error
    if not same.filter(news_at=subscription.news_at).update(news_at=None):
        raise RetryLater("there is newer news", seconds=PAUSE.total_seconds())


def _message(subscription: Subscription) -> EmailMessage:
    with translation.override(subscription.notice.language):
        subject = settings.MAIL_SUBJECT or _("Something new")
        text = _(
            "Hello,\n\nthere is something new for you, in the place that you know.\n\n"
            "You can stop these messages there."
        )
    # Not the machine's own name, which would say where this comes from.
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    headers = {"Message-ID": make_msgid(domain=domain), "Auto-Submitted": "auto-generated"}
    return EmailMessage(subject, text, to=[subscription.address], headers=headers)
