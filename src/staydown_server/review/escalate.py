"""Cases that need a senior: somebody asks for one, or the clock does when nobody acted."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, QuerySet
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases.jurisdictions import jurisdictions
from staydown_server.cases.models import Case
from staydown_server.jobs import RetryLater, job, keep_waiting
from staydown_server.notices import mail
from staydown_server.review.desk_rules import desk

_EACH = timedelta(minutes=10)
LONGEST_NOTE = 5000


def escalate(case: Case, *, note: str, by: User) -> None:
    """Ask for a senior, who reads the *note*."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case.pk)
        case.escalated_at, case.escalation = timezone.now(), note.strip()[:LONGEST_NOTE]
        case.save(update_fields=["escalated_at", "escalation"])
        audit.record("case.escalated", case, by=str(by))
        tell.defer(case_id=case.pk)


def calm(case: Case, *, by: User) -> None:
    """A senior has seen to it."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case.pk)
        if case.escalated_at is None:
            return
        case.escalated_at, case.escalation = None, ""
        case.save(update_fields=["escalated_at", "escalation"])
        audit.record("case.calmed", case, by=str(by))


def passed_marks(case: Case, now: datetime) -> int:
    """How many of the clock's marks *case* has passed."""
    whole = case.deadline - case.received_at
    return sum(case.deadline - whole * mark <= now for mark in desk().marks)


@job("review.watch_clocks")
def watch() -> None:
    """Escalate the open cases that have little time left, each once; and look again soon."""
    now = timezone.now()
    for case_id in _urgent(now).values_list("pk", flat=True):
        with transaction.atomic():
            case = Case.objects.select_for_update().get(pk=case_id)
            if case.closed_at is None and case.clock_escalated_at is None:
                case.clock_escalated_at = now
                case.escalated_at = case.escalated_at or now
                case.save(update_fields=["escalated_at", "clock_escalated_at"])
                audit.record("case.escalated", case, by="system")
                tell.defer(case_id=case.pk)
    schedule(after=_EACH)


def schedule(*, after: timedelta = timedelta(0)) -> None:
    """Have the next look at the clocks wait for its time, if none does."""
    keep_waiting(watch, after=after)


def _urgent(now: datetime) -> QuerySet[Case]:
    longest = max(clock.time_to_remove for clock in jurisdictions().values())
    last = desk().marks[-1]
    left = ExpressionWrapper(F("deadline") - F("received_at"), DurationField())
    begins = ExpressionWrapper(F("deadline") - left * last, DateTimeField())
    waiting = Case.objects.filter(closed_at=None, clock_escalated_at=None)
    # The first condition is the index's.
    soon = waiting.filter(deadline__lte=now + longest * last)
    return soon.annotate(begins=begins).filter(begins__lte=now).order_by("deadline")


@job("review.tell_seniors")
def tell(case_id: int) -> None:
    """One mail to all seniors about one case, without a word about what is in it."""
    if not mail.is_offered():
        return
    case = Case.objects.get(pk=case_id)
    if case.escalated_at is None or case.closed_at is not None:
        return
    seniors = [user for user in User.objects.filter(is_active=True) if user.may_confirm]
    text = f"{case.number} needs a senior moderator: {settings.PUBLIC_URL}/desk/cases/{case.pk}/\n"
    try:
        EmailMessage(f"Staydown: {case.number}", text, bcc=[user.email for user in seniors]).send()
    except OSError as error:
        raise RetryLater("the mail server did not take it") from error
