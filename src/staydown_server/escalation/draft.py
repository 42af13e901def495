"""Draft letters: what the file says now, until a person changes or sends them."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case, CaseItem
from staydown_server.escalation.facts import addresses_left, facts_for
from staydown_server.escalation.letters import Rendered, language, one_line, render
from staydown_server.escalation.models import (
    Addressee,
    EscalatedAddress,
    EscalatedSite,
    EscalationFile,
    OutgoingLetter,
)
from staydown_server.escalation.rules import rules

_State = OutgoingLetter.State
_MAKING = (_State.DRAFT, _State.APPROVED, _State.SENDING)
LONGEST_TEXT = 50_000
LONGEST_LINE = 500


class DraftError(Exception):
    """The letter cannot be drafted, or changed."""


class NotADraft(DraftError):
    """It was approved or sent meanwhile."""


class DraftEmpty(DraftError):
    """It says nothing."""


class NothingLeft(DraftError):
    """Every address of the site is gone: there is nothing to ask for."""


def propose(site: EscalatedSite) -> None:
    """Draft a letter to everybody of the site's stage who was not written to; inside the
    caller's transaction. Drafts that nobody changed say what is on file now."""
    if site.file.closed_at is not None or not addresses_left(site):
        return
    roles = rules().stages[site.stage].roles
    for addressee in Addressee.objects.filter(site=site, role__in=roles, asked_at=None):
        addressee.site = site
        if not addressee.outgoingletter_set.exists():
            _draft(addressee)
    _refresh(site)


def draft_to(addressee: Addressee, *, by: User) -> OutgoingLetter:
    """A letter to somebody now, whatever their stage: a first one, or another. The draft that
    waits, if one does. Raises :class:`NothingLeft`."""
    with transaction.atomic():
        site = EscalatedSite.objects.select_for_update(of=("self",)).get(pk=addressee.site_id)
        waiting = OutgoingLetter.objects.filter(addressee=addressee, state__in=_MAKING).first()
        if waiting is not None:
            return waiting
        if site.file.closed_at is not None or not addresses_left(site):
            raise NothingLeft
        return _draft(addressee, by=str(by))


def write(
    letter: OutgoingLetter, *, subject: str, text: str, channel: str, to: str, by: User
) -> None:
    """A person's own words, and where they go. Raises a :class:`DraftError`."""
    text, subject = text.strip()[:LONGEST_TEXT], one_line(subject)[:LONGEST_LINE]
    if not text or not subject:
        raise DraftEmpty
    with transaction.atomic():
        letter = _locked(letter)
        letter.is_edited = letter.is_edited or (text, subject) != (letter.text, letter.subject)
        letter.text, letter.subject = text, subject
        letter.channel, letter.recipient = channel, one_line(to)[:LONGEST_LINE]
        letter.save(update_fields=["is_edited", "text", "subject", "channel", "recipient"])
        audit.record("outgoing.written", letter, by=str(by))


def draft_again(letter: OutgoingLetter, *, in_language: str, by: User) -> None:
    """The template once more, as the file is now, instead of what was written.

    Raises :class:`NotADraft` or :class:`~.letters.NoLanguage`.
    """
    language(in_language)
    with transaction.atomic():
        letter = _locked(letter)
        letter.is_edited, letter.language = False, in_language
        _say(letter)
        letter.save(update_fields=["is_edited", "language", "text", "subject"])
        audit.record("outgoing.drafted", letter, by=str(by))


def discard(letter: OutgoingLetter, *, by: User) -> None:
    """This letter is not sent. Raises :class:`NotADraft`."""
    with transaction.atomic():
        letter = _locked(letter)
        letter.state = _State.DISCARDED
        letter.save(update_fields=["state"])
        audit.record("outgoing.discarded", letter, by=str(by))


def settle(site: EscalatedSite) -> None:
    """Addresses were looked at: drafts follow, and a file of which all is gone is closed; inside
    the caller's transaction."""
    if addresses_left(site):
        _refresh(site)
        return
    for letter in OutgoingLetter.objects.filter(addressee__site=site, state=_State.DRAFT):
        letter.state = _State.DISCARDED
        letter.save(update_fields=["state"])
        audit.record("outgoing.discarded", letter, by="system")
    left = EscalatedAddress.objects.filter(site__file=site.file_id)
    if not left.exclude(state=EscalatedAddress.State.GONE).exists():
        close(site.file, by="system", now=timezone.now())


def close(file: EscalationFile, *, by: str, now: datetime) -> None:
    """Nothing more is done: drafts are set aside, and nobody looks again; inside the caller's
    transaction. Once."""
    if not EscalationFile.objects.filter(pk=file.pk, closed_at=None).update(closed_at=now):
        return
    audit.record("escalation.closed", file, by=by)
    waiting = OutgoingLetter.objects.filter(
        addressee__site__file=file, state__in=[_State.DRAFT, _State.APPROVED]
    )
    for letter in waiting.select_for_update(of=("self",)):
        letter.state = _State.DISCARDED
        letter.save(update_fields=["state"])
        audit.record("outgoing.discarded", letter, by=by)
    EscalatedAddress.objects.filter(site__file=file).update(look_at=None)
    _close_case(file.case_id, by=by, now=now)


def _close_case(case_id: int, *, by: str, now: datetime) -> None:
    """A case that points at nothing on a platform of ours ends with its file: there is nothing
    to decide about in it, and what is personal is not kept for ever."""
    case = Case.objects.select_for_update().get(pk=case_id)
    here = case.caseitem_set.exclude(state=CaseItem.State.NOT_FOUND)
    if case.closed_at is None and not here.exists():
        case.closed_at = now
        case.save(update_fields=["closed_at"])
        audit.record("case.closed", case, by=by)


def _draft(addressee: Addressee, *, by: str = "system") -> OutgoingLetter:
    best = addressee.contacts[0] if addressee.contacts else {"channel": "", "value": ""}
    letter = OutgoingLetter(
        addressee=addressee,
        template=rules().template_of(addressee.role, addressee.law),
        language=addressee.site.file.language,
        channel=best["channel"],
        recipient=best["value"],
        drafted_at=timezone.now(),
    )
    _say(letter)
    letter.save(force_insert=True)
    audit.record("outgoing.drafted", letter, by=by, addressee=addressee.pk)
    return letter


def _refresh(site: EscalatedSite) -> None:
    drafts = OutgoingLetter.objects.filter(
        addressee__site=site, state=_State.DRAFT, is_edited=False
    )
    for letter in drafts.select_related("addressee__site__file__case__notice"):
        before = (letter.subject, letter.text)
        _say(letter)
        if (letter.subject, letter.text) != before:
            letter.save(update_fields=["subject", "text"])
            audit.record("outgoing.drafted", letter, by="system")


def _say(letter: OutgoingLetter) -> None:
    rendered = rendered_for(letter)
    letter.subject, letter.text = rendered.subject[:LONGEST_LINE], rendered.text


def rendered_for(letter: OutgoingLetter) -> Rendered:
    """What the template says as the file is now."""
    words = language(letter.language)
    facts = facts_for(letter.addressee, words.words)
    laws = letter.addressee.site.file.laws
    return render(words.templates[letter.template], facts, laws)


def _locked(letter: OutgoingLetter) -> OutgoingLetter:
    found = OutgoingLetter.objects.select_for_update(of=("self",))
    found = found.select_related("addressee__site__file__case__notice")
    locked = found.get(pk=letter.pk)
    if not locked.is_open:
        raise NotADraft
    return locked
