"""The moderator asks the person something; the answer comes on their status page."""

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from staydown_server.accounts.models import User
from staydown_server.cases.models import Case
from staydown_server.notices import letters
from staydown_server.notices.models import Letter


def ask(case: Case, text: str, *, submission: str, by: User) -> Letter:
    """Write to the person, once; what they wrote before counts as read.

    Raises a :class:`~staydown_server.notices.letters.LetterError` with nothing changed.
    """
    with transaction.atomic():
        letter, _ = letters.write(case.notice, text, submission=submission, by=by)
        letters.mark_read(case.notice, by=by)
    return letter


def unread_cases() -> QuerySet[Case]:
    """Cases with something from the person that no moderator has read, the oldest first."""
    unread = letters.unread().filter(notice=OuterRef("notice"))
    return Case.objects.filter(Exists(unread)).order_by("pk")
