"""Letters between the person and the desk: questions, answers, more addresses."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from staydown_server import audit, vault
from staydown_server.accounts.models import User
from staydown_server.notices import mail
from staydown_server.notices.models import Letter, Notice

#: Longer than any answer; keeps one letter from filling the disk.
LONGEST_TEXT = 10_000
#: For each notice, on each side.
MOST_LETTERS = 200


class LetterError(Exception):
    """The letter cannot be taken in."""


class LetterEmpty(LetterError):
    """It says nothing."""


class LetterTooLong(LetterError):
    """It is longer than we keep; nothing was cut off."""


class TooManyLetters(LetterError):
    """So many were written about this notice that no more are kept."""


class NoticeTakenBack(LetterError):
    """The person withdrew the notice: nothing more is written about it."""


def write(
    notice: Notice,
    text: str,
    *,
    submission: str,
    by: User | None = None,
    kind: Letter.Kind = Letter.Kind.WORDS,
) -> tuple[Letter, bool]:
    """Store a letter, once, and whether it is new; *by* is nobody where the person writes.

    The same text sent again under the same *submission* is the first letter. Raises a
    :class:`LetterError` with nothing stored.
    """
    if not text.strip():
        raise LetterEmpty
    if len(text) > LONGEST_TEXT:
        raise LetterTooLong
    writer = str(by) if by else "person"
    # With the text: a form sent, then altered and sent again, is two letters.
    name = f"{notice.pk} {writer} {kind} {submission} {text}"
    digest = vault.digest(name, purpose="letter submission")
    with transaction.atomic():
        # Held until the end: the same form sent twice at once waits here.
        notice = Notice.objects.select_for_update().get(pk=notice.pk)
        first = Letter.objects.filter(submission_digest=digest).first()
        if first is not None:
            return first, False
        if notice.withdrawn_at is not None:
            raise NoticeTakenBack
        of_this_side = Letter.objects.filter(notice=notice, written_by__isnull=by is None)
        if of_this_side.count() >= MOST_LETTERS:
            raise TooManyLetters
        letter = Letter.objects.create(
            notice=notice,
            kind=kind,
            written_by=by,
            content={"text": text},
            submission_digest=digest,
        )
        audit.record("letter.written", letter, by=writer, notice=notice.pk, kind=kind.value)
        if by is not None:
            mail.announce(notice.pk)
    return letter, True


def of(notice: Notice) -> QuerySet[Letter]:
    """What was written about *notice*, in order."""
    return Letter.objects.filter(notice=notice).order_by("pk")


def unread() -> QuerySet[Letter]:
    """What people wrote and no moderator has read. Addresses are met in their case."""
    return Letter.objects.filter(written_by=None, read_at=None, kind=Letter.Kind.WORDS)


def mark_read(notice: Notice, *, by: User) -> None:
    """Take what the person wrote off the list of letters that nobody has read."""
    with transaction.atomic():
        if count := unread().filter(notice=notice).update(read_at=timezone.now()):
            audit.record("letters.read", notice, by=str(by), count=count)
