"""Who sent a notice, and whether they were warned or are suspended (DSA article 23).

A standing follows from moderators' decisions alone, and is counted anew each time: a refusal that
is turned round no longer counts. Anybody can type anybody's address, so nothing is dropped, and a
moderator can open what was set aside.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, QuerySet
from django.utils import timezone

from staydown_server import audit, jobs, vault
from staydown_server.cases.fairness import Senders, fairness
from staydown_server.cases.models import Decision, Sending
from staydown_server.notices.models import Notice

_MAIL = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+")
_FEWEST_DIGITS = 6
"""Of a telephone number."""


@dataclass(frozen=True, slots=True)
class Unfounded:
    """A notice that a moderator called manifestly unfounded: when it came, and when they did."""

    received_at: datetime
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a sender stands now; nothing where nobody has any ground for doubt."""

    warned_at: datetime | None = None
    suspended_until: datetime | None = None
    #: This notice waits for the end of the suspension: no case is open.
    is_set_aside: bool = False


def know(notice: Notice) -> Sending:
    """Remember who sent *notice*, once, inside the caller's transaction."""
    sending, _ = Sending.objects.get_or_create(
        notice=notice,
        defaults={"sender": sender_of(notice.content["contact"]), "at": notice.received_at},
    )
    return sending


def sender_of(contact: str) -> bytes:
    """The digest of a contact, however it was typed: its e-mail address, or telephone number, or
    words."""
    text = unicodedata.normalize("NFKC", contact).casefold()
    mail = _MAIL.search(text)
    digits = "".join(letter for letter in text if letter.isdecimal())
    if mail is not None:
        normal = mail.group().strip(".")
    elif len(digits) >= _FEWEST_DIGITS:
        normal = digits
    else:
        normal = " ".join(text.split())
    return vault.digest(normal, purpose="sender of a notice")


def standing_of(notice: Notice) -> Standing:
    """The standing of whoever sent *notice*, and whether it waits because of it."""
    sending = Sending.objects.filter(notice=notice).first()
    if sending is None:
        return Standing()
    now = timezone.now()
    warned_at, suspended_until = weigh(_unfounded(sending), now, fairness().senders)
    is_set_aside = sending.set_aside_until is not None and notice.withdrawn_at is None
    return Standing(warned_at, suspended_until, is_set_aside)


def set_aside(sending: Sending) -> bool:
    """Have a notice wait, if its sender is suspended; inside the caller's transaction.

    Its case is opened when the suspension is over, or when a moderator opens it.
    """
    until = standing_of(sending.notice).suspended_until
    if until is None:
        return False
    if sending.set_aside_until is None:
        audit.record("notice.set_aside", sending.notice, by="system", until=until.isoformat())
    sending.set_aside_until = until
    sending.save(update_fields=["set_aside_until"])
    jobs.defer("cases.open", after=until - timezone.now(), notice_id=sending.notice_id)
    return True


def take_back(sending: Sending) -> None:
    """A notice no longer waits; inside the caller's transaction."""
    if sending.set_aside_until is not None:
        sending.set_aside_until = None
        sending.save(update_fields=["set_aside_until"])


def weigh_again(notice: Notice, before: Standing) -> None:
    """What was decided about *notice* may have changed its sender's standing, which was *before*:
    it is put on record, and what waits for nothing any more is opened."""
    now = standing_of(notice)
    if now.warned_at and not before.warned_at:
        audit.record("sender.warned", notice, by="system")
    if now.suspended_until and not before.suspended_until:
        audit.record("sender.suspended", notice, by="system", until=now.suspended_until.isoformat())
    if before.suspended_until and not now.suspended_until:
        audit.record("sender.reinstated", notice, by="system")
        for sending in waiting().filter(sender=Sending.objects.get(notice=notice).sender):
            jobs.defer("cases.open", notice_id=sending.notice_id)


def waiting() -> QuerySet[Sending]:
    """Notices that were set aside, the oldest first."""
    aside = Sending.objects.exclude(set_aside_until=None)
    return aside.filter(notice__withdrawn_at=None).order_by("at")


def weigh(
    unfounded: Iterable[Unfounded], now: datetime, numbers: Senders
) -> tuple[datetime | None, datetime | None]:
    """When the sender was warned, and until when they are suspended, as of *now*.

    A suspension follows a warning: only notices that were sent after it count towards one.
    """
    within, lapses = timedelta(days=numbers.within_days), timedelta(days=numbers.warning_days)
    lasts = timedelta(days=numbers.suspended_days)
    warned_at: datetime | None = None
    suspended_until: datetime | None = None
    counted: list[Unfounded] = []
    for one in sorted(unfounded, key=lambda each: each.decided_at):
        if warned_at is not None and one.decided_at > warned_at + lapses:
            warned_at, counted = None, []
        if warned_at is None:
            counted = [each for each in counted if each.decided_at > one.decided_at - within]
            counted.append(one)
            if len(counted) >= numbers.unfounded:
                warned_at, counted = one.decided_at, []
        elif one.received_at > max(warned_at, suspended_until or warned_at):
            counted.append(one)
            if len(counted) >= numbers.after_warning:
                suspended_until, counted = one.decided_at + lasts, []
    if warned_at is not None and now > warned_at + lapses:
        warned_at = None
    if suspended_until is not None and now >= suspended_until:
        suspended_until = None
    return warned_at, suspended_until


def _unfounded(sending: Sending) -> list[Unfounded]:
    """The notices of one sender that stand as manifestly unfounded."""
    refused = Decision.objects.filter(
        manner=Decision.Manner.UNFOUNDED,
        superseded_at=None,
        case_item__case__notice__sending__sender=sending.sender,
    )
    notices = refused.values_list("case_item__case__notice__received_at")
    rows = notices.annotate(decided=Min("decided_at")).order_by("case_item__case__notice")
    return [Unfounded(received_at, decided_at) for received_at, decided_at in rows]
