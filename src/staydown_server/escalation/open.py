"""Open an escalation file: which sites a case is about, besides those that are plugged in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases import open as opening
from staydown_server.cases.models import Case
from staydown_server.escalation.draft import close
from staydown_server.escalation.find import PATIENCE, find
from staydown_server.escalation.letters import language as letters_in
from staydown_server.escalation.models import (
    EscalatedAddress,
    EscalatedSite,
    EscalationFile,
)
from staydown_server.escalation.recheck import look, look_now
from staydown_server.escalation.rules import rules
from staydown_server.notices.models import Notice
from staydown_server.notices.receive import Receipt, receive
from staydown_server.notices.report import Report, urls_in
from staydown_server.providers import addresses
from staydown_server.providers.found import Group, Trouble

#: In one file: more than one person can follow.
MOST_ADDRESSES = 200


class OpenError(Exception):
    """The file cannot be opened, or added to."""


class AlreadyOpen(OpenError):
    """The case has its file."""


class NoAddress(OpenError):
    """Nothing that was typed is an address that can be asked about."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        super().__init__("no address")
        self.troubles = tuple(troubles)


class TooManyAddresses(OpenError):
    """More than one file holds."""


class NotBegun(OpenError):
    """The notice has no case: it was set aside, or taken back."""


class FileClosed(OpenError):
    """Nothing is done in it any more."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How a file is kept."""

    laws: tuple[str, ...]
    language: str
    #: Where the person lives; empty where they do not say.
    country: str = ""
    names_person: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """The file, and what in the list of addresses could not be used."""

    file: EscalationFile
    troubles: tuple[Trouble, ...]


def open_file(case: Case, text: str, choices: Choices, *, by: User) -> Opened:
    """Open the file of *case* for the addresses in *text*, and have them asked about.

    Raises an :class:`OpenError`, or :class:`~.letters.NoLanguage`, with nothing stored.
    """
    letters_in(choices.language)
    groups, troubles = _groups(text)
    with transaction.atomic():
        case = Case.objects.select_for_update().select_related("notice").get(pk=case.pk)
        if case.notice.withdrawn_at is not None or case.notice.purged_at is not None:
            raise NotBegun
        if EscalationFile.objects.filter(case=case).exists():
            raise AlreadyOpen
        file = EscalationFile.objects.create(
            case=case,
            laws=[key for key in rules().laws if key in choices.laws],
            language=choices.language,
            country=choices.country,
            names_person=choices.names_person,
            opened_by=by,
            opened_at=timezone.now(),
        )
        audit.record("escalation.opened", file, by=str(by), case=case.pk)
        _add(file, groups, by=by)
    return Opened(file, troubles)


def open_for_notice(
    report: Report, choices: Choices, *, submission: str, by: User
) -> tuple[Opened, Receipt]:
    """Take a notice down for a person, as the form does, and open its file.

    Raises what :func:`~staydown_server.notices.receive.receive` and :func:`open_file` raise, with
    nothing stored.
    """
    with transaction.atomic():
        receipt = receive(report, submission=submission)
        opening.open_case(notice_id=receipt.notice.pk)
        case = Case.objects.filter(notice=receipt.notice).first()
        if case is None:
            raise NotBegun
        # The same form, sent twice.
        known = EscalationFile.objects.filter(case=case).first()
        if known is not None:
            return Opened(known, ()), receipt
        return open_file(case, report.places, choices, by=by), receipt


def add_addresses(file: EscalationFile, text: str, *, by: User) -> tuple[Trouble, ...]:
    """More addresses for a file; those it has stay as they are. Returns what could not be used.

    Raises an :class:`OpenError` with nothing stored.
    """
    groups, troubles = _groups(text)
    with transaction.atomic():
        file = EscalationFile.objects.select_for_update().get(pk=file.pk)
        if file.closed_at is not None:
            raise FileClosed
        _add(file, groups, by=by)
    return troubles


def close_file(file: EscalationFile, *, by: User) -> None:
    """Somebody says that nothing more is done."""
    with transaction.atomic():
        close(file, by=str(by), now=timezone.now())


def open_again(file: EscalationFile, *, by: User) -> None:
    """What was gone may be back: everything is looked at once more. Raises :class:`NotBegun`."""
    with transaction.atomic():
        notice = Notice.objects.select_for_update().get(pk=file.case.notice_id)
        if notice.withdrawn_at is not None or notice.purged_at is not None:
            raise NotBegun
        if (
            not EscalationFile.objects.filter(pk=file.pk)
            .exclude(closed_at=None)
            .update(closed_at=None)
        ):
            return
        audit.record("escalation.opened_again", file, by=str(by))
        for address in EscalatedAddress.objects.filter(site__file=file):
            look_now(address, by=by)


def _groups(text: str) -> tuple[tuple[Group, ...], tuple[Trouble, ...]]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # Words around an address are no address of their own.
    groups, troubles = addresses.group(_addresses(lines))
    if not groups:
        raise NoAddress(troubles)
    if sum(len(group.urls) for group in groups) > MOST_ADDRESSES:
        raise TooManyAddresses
    return tuple(groups), tuple(troubles)


def _addresses(lines: Iterable[str]) -> list[str]:
    """What each line holds; a line without an address stands for itself, to be told about."""
    return [each for line in lines for each in (urls_in(line) or (line,))]


def _add(file: EscalationFile, groups: Iterable[Group], *, by: User) -> None:
    now = timezone.now()
    known = EscalatedAddress.objects.filter(site__file=file).count()
    for group in groups:
        site, site_is_new = EscalatedSite.objects.get_or_create(
            file=file, host=group.host, defaults={"domain": group.domain, "wanted_at": now}
        )
        if site_is_new:
            audit.record("escalated_site.added", site, by=str(by), file=file.pk)
        for url in group.urls:
            address, is_new = EscalatedAddress.objects.get_or_create(
                site=site, url=url, defaults={"look_at": now}
            )
            if is_new:
                known += 1
                audit.record("escalated_address.added", address, by=str(by), file=file.pk)
                look.defer(address_id=address.pk)
        if site_is_new:
            # The last of the first looks has it done at once.
            find.defer(after=PATIENCE, site_id=site.pk)
    if known > MOST_ADDRESSES:
        raise TooManyAddresses
