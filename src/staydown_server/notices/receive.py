"""Step 1: take a notice in. Once this returns, the notice cannot be lost."""

import json
import secrets
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from staydown_server import audit, jobs, vault
from staydown_server.notices.models import Notice
from staydown_server.notices.report import Report, ReportError

#: 16 letters of 5 bits: 80 bits, far beyond guessing, short enough to copy by hand.
RECEIPT_LETTERS = 16


class AlreadyUsed(ReportError):
    """This form was sent before with other content; a fresh form is needed."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The stored notice and the code that opens its status page."""

    notice: Notice
    code: str
    is_new: bool


def new_submission() -> str:
    """A random name for one filling-in of the form: sending it twice makes one notice."""
    return secrets.token_urlsafe(18)


def receive(report: Report, *, submission: str) -> Receipt:
    """Store *report* unaltered and have its case opened.

    Sending the same report again under the same *submission* returns the first notice and
    its code. Raises :class:`Incomplete` or :class:`TooLong` with nothing stored, and
    :class:`AlreadyUsed` where *submission* already names another report.
    """
    report.check()
    # Derived, not random: a repeated submission must be answered with the same code,
    # and we keep only the code's digest.
    code = _grouped(vault.code(submission, purpose="receipt code", letters=RECEIPT_LETTERS))
    content = json.dumps(report.to_dict(), sort_keys=True, ensure_ascii=False)
    content_digest = vault.digest(content, purpose="notice content")
    submission_digest = vault.digest(submission, purpose="submission")
    try:
        with transaction.atomic():
            notice = Notice.objects.create(
                received_at=timezone.now(),
                language=report.language,
                content=report.to_dict(),
                receipt_digest=_receipt_digest(code),
                submission_digest=submission_digest,
                content_digest=content_digest,
            )
            audit.record(
                "notice.received", notice, by="person", content_digest=content_digest.hex()
            )
            jobs.defer("cases.open", notice_id=notice.pk)
    except IntegrityError:
        first = Notice.objects.get(submission_digest=submission_digest)
        if bytes(first.content_digest) != content_digest:
            raise AlreadyUsed from None
        return Receipt(first, code, is_new=False)
    return Receipt(notice, code, is_new=True)


def notice_of(code: str) -> Notice | None:
    """The notice whose receipt is *code*, however it was typed: spaces, dashes, lower case."""
    letters = "".join(letter for letter in code.upper() if letter.isalnum())[: RECEIPT_LETTERS * 2]
    # In this alphabet 0, 1 and 8 do not occur: people who read them mean O, I and B.
    letters = letters.translate(str.maketrans("018", "OIB"))
    return Notice.objects.filter(receipt_digest=_receipt_digest(_grouped(letters))).first()


def _grouped(letters: str) -> str:
    return "-".join(letters[i : i + 4] for i in range(0, len(letters), 4))


def _receipt_digest(code: str) -> bytes:
    return vault.digest(code, purpose="receipt")
