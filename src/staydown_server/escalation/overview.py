"""How files stand, at a moment: who is on time, late and done."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet

from staydown_server.escalation.models import (
    Addressee,
    EscalatedAddress,
    EscalatedSite,
    EscalationFile,
    OutgoingLetter,
    Reply,
)

_Standing = Addressee.Standing


@dataclass(frozen=True, slots=True)
class Asked:
    """One addressee, how they stand, and what was written and answered."""

    addressee: Addressee
    standing: _Standing
    letters: tuple[OutgoingLetter, ...]
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class SiteView:
    site: EscalatedSite
    addresses: tuple[EscalatedAddress, ...]
    asked: tuple[Asked, ...]

    #: What the last look at an address could not see, by the address's key.
    troubles: Mapping[int, Sequence[Mapping[str, str]]]
    #: The keys of addresses where no look ever saw anything: they may be mistyped.
    never_seen: frozenset[int]

    @property
    def is_gone(self) -> bool:
        return all(each.state == EscalatedAddress.State.GONE for each in self.addresses)


@dataclass(frozen=True, slots=True)
class FileView:
    file: EscalationFile
    sites: tuple[SiteView, ...]

    def count(self, standing: _Standing) -> int:
        """Addressees who stand so."""
        standings = Counter(each.standing for site in self.sites for each in site.asked)
        return standings[standing]

    @property
    def on_time(self) -> int:
        return self.count(_Standing.ON_TIME)

    @property
    def late(self) -> int:
        return self.count(_Standing.LATE) + self.count(_Standing.REFUSED)

    @property
    def done(self) -> int:
        """Of those who were written to."""
        return sum(
            each.standing == _Standing.DONE and each.addressee.asked_at is not None
            for site in self.sites
            for each in site.asked
        )

    @property
    def to_send(self) -> int:
        """Letters that wait for a person."""
        waiting = (OutgoingLetter.State.DRAFT, OutgoingLetter.State.SENDING)
        letters = (a for site in self.sites for each in site.asked for a in each.letters)
        return sum(letter.state in waiting for letter in letters)

    @property
    def gone(self) -> int:
        return sum(a.state == EscalatedAddress.State.GONE for s in self.sites for a in s.addresses)

    @property
    def addresses(self) -> int:
        return sum(len(site.addresses) for site in self.sites)


def newest_first() -> QuerySet[EscalationFile]:
    """Open files first."""
    files = EscalationFile.objects.select_related("case")
    return files.order_by(F("closed_at").desc(nulls_first=True), "-pk")


def view(file: EscalationFile, now: datetime) -> FileView:
    return views([file], now)[0]


def views(files: Iterable[EscalationFile], now: datetime) -> list[FileView]:
    """How each of *files* stands at *now*, in a handful of queries."""
    shown = list(files)
    sites = EscalatedSite.objects.filter(file__in=shown).prefetch_related(
        "escalatedaddress_set__addresssighting_set",
        "addressee_set__outgoingletter_set",
        "addressee_set__reply_set__noted_by",
    )
    by_file: dict[int, list[SiteView]] = {}
    for site in sites:
        by_file.setdefault(site.file_id, []).append(_site_view(site, now))
    return [FileView(file, tuple(by_file.get(file.pk, ()))) for file in shown]


def _site_view(site: EscalatedSite, now: datetime) -> SiteView:
    addresses = tuple(site.escalatedaddress_set.all())
    is_gone = all(each.state == EscalatedAddress.State.GONE for each in addresses)
    asked = tuple(
        Asked(
            each,
            each.standing(now, is_gone=is_gone),
            tuple(each.outgoingletter_set.all()),
            tuple(each.reply_set.all()),
        )
        for each in site.addressee_set.all()
    )
    troubles = {each.pk: _troubles(each) for each in addresses}
    never_seen = frozenset(each.pk for each in addresses if not _was_seen(each))
    return SiteView(site, addresses, asked, troubles, never_seen)


def _was_seen(address: EscalatedAddress) -> bool:
    nothing = (EscalatedAddress.State.GONE, EscalatedAddress.State.UNSEEN)
    return any(each.state not in nothing for each in address.addresssighting_set.all())


def _troubles(address: EscalatedAddress) -> Sequence[Mapping[str, str]]:
    last = list(address.addresssighting_set.all())[-1:]
    return last[0].content.get("troubles", ()) if last else ()
