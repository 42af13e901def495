"""Purge: what is personal goes when its time is over (`cases/retention.toml`), notices first.

Content is erased where rows hang on it; the rows stay, and the audit log with them. Each thing
goes in a transaction of its own, with its line, so that a purge can be cut off anywhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import SignInLink
from staydown_server.cases import deposit
from staydown_server.cases.jurisdictions import jurisdictions
from staydown_server.cases.models import Case, CaseItem, Deposit, Sending
from staydown_server.cases.retention import retention, retention_here
from staydown_server.catalogue import sweep as catalogue
from staydown_server.catalogue.models import Change
from staydown_server.gate import check as gate
from staydown_server.gate import listed
from staydown_server.gate.models import GivenAnswer, HeldUpload, KeepDown, LaterCheck
from staydown_server.jobs import job, keep_waiting
from staydown_server.jobs.models import Job
from staydown_server.notices.models import Letter, Notice, Subscription
from staydown_server.providers.models import Answer as LookupAnswer
from staydown_server.review.models import Appeal

_DAY = timedelta(days=1)
_AT_ONCE = 500

Due = Callable[[datetime], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is due at a time, and how one of it goes, inside a transaction."""

    name: str
    due: Due
    #: None: the rows are deleted, and no line speaks of them.
    erase: Callable[[Any, datetime], None] | None = None


@job("review.purge", is_slow=True)
def purge_daily() -> None:
    """Purge, and have it done again tomorrow."""
    run()
    schedule(after=_DAY)


def schedule(*, after: timedelta = timedelta(0)) -> None:
    """Have the next purge wait for its time, if none does."""
    keep_waiting(purge_daily, after=after)


def plan() -> dict[str, int]:
    """How much of what would go now: a dry run."""
    now = timezone.now()
    return {rule.name: rule.due(now).count() for rule in RULES}


def run() -> dict[str, int]:
    """Purge what is due now; how much of what has gone."""
    now = timezone.now()
    return {rule.name: sum(_purge(rule, now)) for rule in RULES}


def _purge(rule: Rule, now: datetime) -> Iterator[int]:
    last: Any = None
    while keys := _some(rule.due(now), last):
        last = keys[-1]
        if rule.erase is None:
            yield rule.due(now).model._base_manager.filter(pk__in=keys).delete()[0]
            continue
        for key in keys:
            with transaction.atomic():
                # As it is now: the case may have been opened again since.
                row = rule.due(now).select_for_update(of=("self",)).filter(pk=key).first()
                if row is not None:
                    rule.erase(row, now)
                    yield 1


def _some(due: QuerySet[Any], last: Any) -> list[Any]:
    """The next keys after *last*."""
    later = due if last is None else due.filter(pk__gt=last)
    return list(later.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])


def _notices(now: datetime) -> QuerySet[Notice]:
    """Notices that nobody has to know any longer: the case is closed and past every appeal, or
    there never was one."""
    over = Q(pk__in=[])
    for key in jurisdictions():
        kept = retention(key, *settings.JURISDICTIONS).after_closing
        over |= Q(case__jurisdiction=key, case__closed_at__lt=now - kept)
    here = now - retention_here().after_closing
    deposits = Deposit.objects.filter(notice=OuterRef("pk"))
    alive = deposits.filter(Q(ended_at=None) | Q(ended_at__gte=here))
    over |= Q(case=None, withdrawn_at__lt=here)
    over |= Q(case=None) & Exists(deposits) & ~Exists(alive)
    asked = Appeal.objects.filter(_in_case_of(OuterRef("pk")), outcome="")
    return Notice.objects.filter(over, purged_at=None).exclude(
        Q(case__legal_hold=True)
        # A deposit of an old case may still be waiting, and needs its notice.
        | Exists(deposits.filter(ended_at=None))
        | Exists(asked)
    )


def _in_case_of(notice: Notice | OuterRef) -> Q:
    """Appeals against what was decided there."""
    return (
        Q(removal__decision__case_item__case__notice=notice)
        | Q(upload__case_item__case__notice=notice)
        | Q(refusal__case_item__case__notice=notice)
    )


def _erase_notice(notice: Notice, now: datetime) -> None:
    for letter in Letter.objects.filter(notice=notice):
        letter.content = {"text": ""}
        letter.save(update_fields=["content"])
        audit.record("letter.purged", letter, by="system")
    Subscription.objects.filter(notice=notice).delete()
    Sending.objects.filter(notice=notice).delete()
    for sent in Appeal.objects.filter(_in_case_of(notice)):
        sent.content = {"text": ""}
        sent.save(update_fields=["content"])
        audit.record("appeal.purged", sent, by="system")
    for row in CaseItem.objects.filter(case__notice=notice):
        _erase_row(row)
    for case in Case.objects.filter(notice=notice):
        # What somebody wrote to a senior.
        if case.escalation:
            case.escalation = ""
            case.save(update_fields=["escalation"])
            audit.record("case.purged", case, by="system")
    for made in Deposit.objects.filter(notice=notice):
        _erase_deposit(made, now)
    # The same names, so that whatever reads it finds nothing rather than an error.
    notice.content = {name: _empty(name, value) for name, value in notice.content.items()}
    notice.purged_at = now
    notice.save(update_fields=["content", "purged_at"])
    audit.record("notice.purged", notice, by="system")


def _empty(name: str, value: Any) -> Any:
    return value if name in ("kind", "language") else type(value)()


def _erase_row(row: CaseItem) -> None:
    """The address that the person typed, and the fingerprint of a file that only they have."""
    is_kept_down = KeepDown.objects.filter(case_item=row, lifted_at=None).exists()
    is_theirs = row.origin == CaseItem.Origin.REPORTED_FILE and not is_kept_down
    if not row.reported_url and not (is_theirs and row.fingerprint):
        return
    row.reported_url = ""
    row.fingerprint = "" if is_theirs else row.fingerprint
    row.save(update_fields=["reported_url", "fingerprint"])
    audit.record("item.purged", row, by="system", case=row.case_id)


def _old_pictures(now: datetime) -> QuerySet[HeldUpload]:
    """Held uploads whose picture was kept long enough. They are held all the same."""
    before = now - retention_here().held_upload
    old = HeldUpload.objects.filter(outcome="", gate_check__at__lt=before)
    return old.exclude(preview=None, marks=[]).exclude(pk__in=_held_by_law())


def _erase_picture(held: HeldUpload, _now: datetime) -> None:
    held.preview, held.marks = None, []
    held.save(update_fields=["preview", "marks"])
    audit.record("upload.purged", held, by="system")


def _old_uploads(now: datetime) -> QuerySet[HeldUpload]:
    """Uploads that were decided about, past every appeal: who sent them."""
    before = now - retention_here().after_closing
    decided = HeldUpload.objects.filter(closed_at__lt=before).exclude(uploader="", reference="")
    asked = Appeal.objects.filter(upload=OuterRef("pk"), outcome="")
    decided = decided.filter(told_turn=F("turn")).exclude(Exists(asked))
    return decided.exclude(pk__in=_held_by_law())


def _erase_uploader(held: HeldUpload, _now: datetime) -> None:
    held.uploader = held.reference = ""
    held.save(update_fields=["uploader", "reference"])
    audit.record("upload.purged", held, by="system")


def _held_by_law() -> QuerySet[Any]:
    """Uploads in, or held for, a case under legal hold."""
    held = Case.objects.filter(legal_hold=True)
    found = HeldUpload.objects.filter(
        Q(case_item__case__in=held)
        | Q(heldmatch__keep_down__case_item__case__in=held)
        | Q(heldmatch__deposit__case_item__case__in=held)
        | Q(heldmatch__listed__case_item__case__in=held)
    )
    return found.values("pk")


def _ended_deposits(now: datetime) -> QuerySet[Deposit]:
    """Deposits that ended long enough ago, by whatever."""
    before = now - retention_here().ended_deposit
    ended = Deposit.objects.filter(ended_at__lt=before).exclude(fingerprint="")
    return ended.exclude(case_item__case__legal_hold=True)


def _erase_deposit(made: Deposit, _now: datetime) -> None:
    if made.fingerprint:
        made.fingerprint = made.sha256 = made.md5 = ""
        made.save(update_fields=["fingerprint", "sha256", "md5"])
        audit.record("deposit.purged", made, by="system")


def _end_deposit(made: Deposit, _now: datetime) -> None:
    deposit.end(Deposit.objects.filter(pk=made.pk), by="system")


def _passed_changes(now: datetime) -> QuerySet[Change]:
    """Changes that every process has passed and no snapshot needs."""
    before = now - retention_here().change
    passed = Q(pk__in=[])
    for index in (*(catalogue.live_index, gate.live_index, deposit.live_index, listed.live_index),):
        passed |= Q(pk__in=index.passed(before).values("pk"))
    return Change.objects.filter(passed)


def _finished_jobs(now: datetime) -> QuerySet[Job]:
    return Job.objects.filter(finished_at__lt=now - retention_here().job)


def _old_answers(now: datetime) -> QuerySet[GivenAnswer]:
    return GivenAnswer.objects.filter(at__lt=now - retention_here().answer)


def _old_lookups(now: datetime) -> QuerySet[LookupAnswer]:
    return LookupAnswer.objects.filter(at__lt=now - retention_here().lookup)


def _told_checks(now: datetime) -> QuerySet[LaterCheck]:
    return LaterCheck.objects.filter(done_at__lt=now - retention_here().answer).exclude(
        told_at=None
    )


#: What people told us goes first.
RULES = (
    Rule("notices", _notices, _erase_notice),
    Rule("expired deposits", deposit.expired, _end_deposit),
    Rule("fingerprints of ended deposits", _ended_deposits, _erase_deposit),
    Rule("pictures of held uploads", _old_pictures, _erase_picture),
    Rule("uploaders of held uploads", _old_uploads, _erase_uploader),
    Rule("sessions", lambda now: Session.objects.filter(expire_date__lt=now)),
    Rule("sign-in links", lambda now: SignInLink.objects.filter(expires_at__lt=now)),
    Rule("finished jobs", _finished_jobs),
    Rule("answers under a key", _old_answers),
    Rule("answers of name servers and registries", _old_lookups),
    Rule("films that were checked later", _told_checks),
    Rule("changes of the indexes", _passed_changes),
)
