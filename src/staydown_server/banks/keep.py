"""Keep a bank: what a host imports is kept down, and lifted, by decisions on record.

Nobody here has looked at it: the decision is the host's, its provenance is "imported", and the
gate's policy for what is imported holds an upload where it would block one for a person's decision.
"""

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from staydown import Fingerprint
from staydown_server import audit, vault
from staydown_server.accounts.models import Host
from staydown_server.banks.models import Bank, Content
from staydown_server.cases.jurisdictions import strictest
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.catalogue.read import stored_form
from staydown_server.gate.models import KeepDown
from staydown_server.jobs import job
from staydown_server.notices.models import Notice
from staydown_server.notices.report import Kind, Report
from staydown_server.review.decide import NothingToRestore, decide_one, restore

#: The bank of all that was decided here: nobody but the desk changes it.
OURS = "STAYDOWN"
_NOW = timedelta(0)
_NAME = re.compile("[A-Z_][A-Z0-9_]{0,254}")


class BankError(Exception):
    """A bank cannot be changed as asked; the sentence says why."""


class BadBank(BankError):
    """What was asked for makes no bank."""


class NotYours(BankError):
    """Another host keeps it, or the desk does."""


def create(host: Host, name: str, *, enabled_ratio: float = 1.0) -> Bank:
    """A new bank of *host*; raises :class:`BankError`."""
    _check(name, enabled_ratio)
    try:
        with transaction.atomic():
            bank = Bank.objects.create(host=host, name=name, enabled_ratio=enabled_ratio)
            audit.record("bank.created", bank, by=str(host))
    except IntegrityError:
        raise NotYours("There is a bank of this name already.") from None
    return bank


def change(bank: Bank, *, name: str | None = None, enabled_ratio: float | None = None) -> None:
    """Give *bank* another name, or switch all of it on or off; raises :class:`BankError`."""
    name = bank.name if name is None else name
    ratio = bank.enabled_ratio if enabled_ratio is None else enabled_ratio
    _check(name, ratio)
    try:
        with transaction.atomic():
            bank.name, bank.enabled_ratio = name, ratio
            bank.save()
            audit.record("bank.changed", bank, by=str(bank.host), enabled=ratio > 0)
            for content in bank.content_set.select_related("case_item", "bank__host"):
                _settle(content)
    except IntegrityError:
        raise NotYours("There is a bank of this name already.") from None


def delete(bank: Bank) -> None:
    """Lift all that *bank* holds, and forget it; cases and decisions stay."""
    with transaction.atomic():
        for content in bank.content_set.select_related("case_item", "bank__host"):
            take_out(content)
        audit.record("bank.deleted", bank, by=str(bank.host))
        bank.delete()


def put_in(
    bank: Bank, fingerprint: Fingerprint, *, metadata: Mapping[str, Any] | None = None
) -> Content:
    """Import *fingerprint*: its case, its place in it, and the decision to keep it down.

    A fingerprint that is in the bank already is the one that is there.
    """
    stored = stored_form(fingerprint)
    with transaction.atomic():
        # Held, so that two who bring the same make one of it.
        bank = Bank.objects.select_for_update().select_related("host").get(pk=bank.pk)
        known = bank.content_set.filter(case_item__fingerprint=stored).first()
        if known is not None:
            return known
        row = CaseItem.objects.create(
            case=_case_of(bank),
            origin=CaseItem.Origin.IMPORTED,
            state=CaseItem.State.READY,
            fingerprint=stored,
        )
        audit.record("item.imported", row, by=str(bank.host), case=row.case_id, bank=bank.pk)
        content = Content.objects.create(case_item=row, bank=bank, metadata=dict(metadata or {}))
        _settle(content)
    return content


def take_out(content: Content) -> None:
    """Lift *content* and forget that the bank held it; its case and decisions stay."""
    with transaction.atomic():
        _lift(content, "Taken out of the bank {bank}.")
        content.delete()


def switch(content: Content, *, is_off: bool, until: datetime | None = None) -> None:
    """Switch *content* off, for good or *until* then, or on again."""
    with transaction.atomic():
        content.is_off, content.off_until = is_off, until
        content.save()
        _settle(content)
        if until is not None:
            wake.defer(after=max(until - timezone.now(), _NOW), content_id=content.pk)


@job("banks.wake", is_slow=True)
def wake(content_id: int) -> None:
    """Switch on what was off until now, unless the host changed its mind meanwhile."""
    with transaction.atomic():
        due = Content.objects.select_for_update().select_related("case_item", "bank__host")
        content = due.filter(pk=content_id, is_off=True, off_until__lte=timezone.now()).first()
        if content is not None:
            switch(content, is_off=False)


def _check(name: str, enabled_ratio: float) -> None:
    if name == OURS or not _NAME.fullmatch(name):
        raise BadBank(
            "A bank's name is written in CAPITALS_AND_UNDERSCORES, and is not "
            f"{OURS}: that is what was decided here."
        )
    if not 0 <= enabled_ratio <= 1:
        raise BadBank("The enabled_ratio is a number from 0 to 1.")


def _settle(content: Content) -> None:
    """Have *content* kept down if it and its bank are on, and lifted if not."""
    if content.is_off or content.bank.enabled_ratio == 0:
        _lift(content, "Switched off in the bank {bank}.")
        return
    row = content.case_item
    if KeepDown.objects.filter(case_item=row, lifted_at=None).exists():
        return
    # What was switched off and comes on again was restored by a decision, which this one follows.
    row.decision_set.filter(superseded_at=None).update(superseded_at=timezone.now())
    reason = f"Imported into the bank {content.bank.name} by {content.bank.host.name}."
    decide_one(row, Decision.Outcome.REMOVE, reason, content.bank.host)


def _lift(content: Content, reason: str) -> None:
    bank = content.bank
    try:
        restore(content.case_item, reason=reason.format(bank=bank.name), by=bank.host)
    except NothingToRestore:
        return


def _case_of(bank: Bank) -> Case:
    """A closed case: it opens when something that hosts show joins it."""
    now, clock = timezone.now(), strictest()
    report = Report(
        signature=f"{bank.host.name}: {bank.name}",
        places="",
        good_faith=False,
        contact="",
        kind=Kind.IMPORT,
    )
    told = json.dumps(report.to_dict(), sort_keys=True, ensure_ascii=False)
    notice = Notice.objects.create(
        received_at=now,
        language=report.language,
        content=report.to_dict(),
        # Of no code: there is nobody with a receipt.
        receipt_digest=os.urandom(32),
        submission_digest=os.urandom(32),
        content_digest=vault.digest(told, purpose="notice content"),
    )
    audit.record("notice.imported", notice, by=str(bank.host), bank=bank.pk)
    case = Case.objects.create(
        notice=notice,
        jurisdiction=clock.key,
        received_at=now,
        deadline=now + clock.time_to_remove,
        closed_at=now,
    )
    audit.record("case.opened", case, by=str(bank.host), notice=notice.pk, bank=bank.pk)
    return case
