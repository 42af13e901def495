"""What was done about sites that are not plugged in: the timeline of a file, and the same in one
signed package for the police or a court."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import models, transaction

from staydown_server import audit
from staydown_server.audit import rows as audit_rows
from staydown_server.audit.anchor import Anchor
from staydown_server.audit.models import Entry
from staydown_server.escalation import paper
from staydown_server.escalation.document import NoGlyph
from staydown_server.escalation.models import (
    Addressee,
    AddressSighting,
    EscalatedAddress,
    EscalatedSite,
    EscalationFile,
    OutgoingLetter,
    Reply,
)
from staydown_server.providers.models import Answer
from staydown_server.records.evidence import notice_as_it_came
from staydown_server.records.package_format import ANCHOR, AUDIT, pack, to_json

#: The line about an export is not in it, so that the same file makes the same package.
EXPORTED = "escalation.packaged"
_AT_ONCE = 500
_State = OutgoingLetter.State


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: a code, the host or addressee, and what there is to see of it."""

    at: datetime
    kind: str
    about: str
    #: The letter, if it is one.
    letter: OutgoingLetter | None = None
    sighting: AddressSighting | None = None
    reply: Reply | None = None


def events(file: EscalationFile) -> list[Event]:
    """Everything that happened, in order of time."""
    found = [Event(file.opened_at, "opened", file.case.number)]
    for site in EscalatedSite.objects.filter(file=file):
        if site.found_at:
            found.append(Event(site.found_at, "found", site.host))
    for sighting in _sightings(file):
        found.append(Event(sighting.at, "seen", sighting.address.url, sighting=sighting))
    for letter in _letters(file):
        found += _of_letter(letter)
    for reply in Reply.objects.filter(addressee__site__file=file).select_related("addressee"):
        found.append(Event(reply.noted_at, "answered", reply.addressee.name, reply=reply))
    for address in EscalatedAddress.objects.filter(site__file=file).exclude(gone_at=None):
        if address.gone_at:
            found.append(Event(address.gone_at, "gone", address.url))
    if file.closed_at:
        found.append(Event(file.closed_at, "closed", file.case.number))
    return sorted(found, key=lambda event: event.at)


def make(file: EscalationFile) -> bytes:
    """The package; the same bytes as long as the file is the same. It is checked as any evidence
    package is (`staydown records verify-package`)."""
    # One look at everything.
    with transaction.atomic():
        file = EscalationFile.objects.select_related("case__notice").get(pk=file.pk)
        lines = _lines(file)
        files = {
            "notice.json": to_json(notice_as_it_came(file.case.notice)),
            "sites.json": to_json(
                [_site(site) for site in EscalatedSite.objects.filter(file=file)]
            ),
            "timeline.json": to_json([_event(event) for event in events(file)]),
            "letters.json": to_json([_letter(letter) for letter in _letters(file)]),
            "sightings.json": to_json([_sighting(each) for each in _sightings(file)]),
            AUDIT: to_json(lines),
            **dict(_papers(file)),
        }
    last = lines[-1]
    files[ANCHOR] = Anchor(last["sequence"], last["hash"], last["at"]).to_json().encode()
    return pack(files, {"case": file.case.number, "for": "police", "of": "escalation file"})


def export(file: EscalationFile, *, by: str) -> bytes:
    """The package, and a line that says that it left."""
    package = make(file)
    with transaction.atomic():
        audit.record(EXPORTED, file, by=by, sha256=sha256(package).hexdigest())
    return package


def _of_letter(letter: OutgoingLetter) -> Iterator[Event]:
    name = letter.addressee.name
    if letter.approved_at and not letter.is_by_hand:
        yield Event(letter.approved_at, "approved", name, letter=letter)
    if letter.sent_at:
        kind = "sent_by_hand" if letter.is_by_hand else "sent"
        yield Event(letter.sent_at, kind, name, letter=letter)
    if letter.settled_at and letter.state in (_State.DELIVERED, _State.BOUNCED):
        yield Event(letter.settled_at, letter.state, name, letter=letter)


def _letters(file: EscalationFile) -> models.QuerySet[OutgoingLetter]:
    letters = OutgoingLetter.objects.filter(addressee__site__file=file)
    letters = letters.exclude(state__in=[_State.DRAFT, _State.DISCARDED])
    return letters.select_related("addressee__site__file__case", "sent_by")


def _sightings(file: EscalationFile) -> models.QuerySet[AddressSighting]:
    return AddressSighting.objects.filter(address__site__file=file).select_related("address")


def _papers(file: EscalationFile) -> Iterator[tuple[str, bytes]]:
    for letter in _letters(file):
        yield f"letters/{letter.pk}.txt", paper.as_file(letter, "txt")[0]
        try:
            yield f"letters/{letter.pk}.pdf", paper.as_file(letter, "pdf")[0]
        except NoGlyph:
            # Its text says the same.
            continue


def _event(event: Event) -> dict[str, Any]:
    values: dict[str, Any] = {
        "at": _time(event.at),
        "kind": event.kind,
        "about": event.about,
    }
    if event.letter is not None:
        values["letter"] = event.letter.pk
        values["sha256"] = sha256(event.letter.text.encode()).hexdigest()
    if event.sighting is not None:
        values["sighting"] = event.sighting.pk
        values["state"] = event.sighting.state
        values["sha256"] = sha256(to_json(event.sighting.content)).hexdigest()
    if event.reply is not None:
        values |= {"answer": event.reply.kind, "text": event.reply.text}
    return values


def _site(site: EscalatedSite) -> dict[str, Any]:
    found = site.found or {}
    sources = {pk for each in found.get("providers", ()) for pk in each["sources"]}
    return {
        "host": site.host,
        "domain": site.domain,
        "found_at": _time(site.found_at),
        "found": found,
        "addressees": [
            {
                "id": each.pk,
                "role": each.role,
                "name": each.name,
                "country": each.country,
                "contacts": each.contacts,
                "asked_at": _time(each.asked_at),
                "due_at": _time(each.due_at),
                "refused_at": _time(each.refused_at),
            }
            for each in Addressee.objects.filter(site=site)
        ],
        # As registries and name servers gave them, as long as we keep them.
        "sources": [
            {
                "id": answer.pk,
                "step": answer.step,
                "asked": answer.asked,
                "answer": answer.answer,
                "source": answer.source,
                "at": _time(answer.at),
            }
            for answer in Answer.objects.filter(pk__in=sources).order_by("pk")
        ],
    }


def _letter(letter: OutgoingLetter) -> dict[str, Any]:
    return {
        "id": letter.pk,
        "addressee": letter.addressee_id,
        "template": letter.template,
        "language": letter.language,
        "channel": letter.channel,
        "to": letter.recipient,
        "subject": letter.subject,
        "state": letter.state,
        "by": str(letter.sent_by),
        "by_hand": letter.is_by_hand,
        "message_id": letter.message_id,
        "approved_at": _time(letter.approved_at),
        "sent_at": _time(letter.sent_at),
        "sha256": sha256(letter.text.encode()).hexdigest(),
    }


def _sighting(each: AddressSighting) -> dict[str, Any]:
    return {
        "id": each.pk,
        "at": _time(each.at),
        "state": each.state,
        "content": each.content,
        "sha256": sha256(to_json(each.content)).hexdigest(),
    }


def _lines(file: EscalationFile) -> list[dict[str, Any]]:
    """Every audit line about the file and what is in it, in order; but those of its exports."""
    found: list[dict[str, Any]] = []
    subjects = [
        audit_rows.subject_of(model, key)
        for model, keys in _rows(file)
        for key in keys.values_list("pk", flat=True)
    ]
    for start in range(0, len(subjects), _AT_ONCE):
        entries = Entry.objects.filter(subject__in=subjects[start : start + _AT_ONCE])
        found += [dict(line) for line in entries.exclude(action=EXPORTED).values()]
    return sorted(found, key=lambda line: line["sequence"])


def _rows(file: EscalationFile) -> Iterator[tuple[type[models.Model], models.QuerySet[Any]]]:
    paths: dict[type[models.Model], str] = {
        EscalationFile: "pk",
        EscalatedSite: "file",
        EscalatedAddress: "site__file",
        AddressSighting: "address__site__file",
        Addressee: "site__file",
        OutgoingLetter: "addressee__site__file",
        Reply: "addressee__site__file",
    }
    for model, path in paths.items():
        yield model, model._default_manager.filter(**{path: file.pk}).order_by("pk")
    notice = file.case.notice
    yield type(notice), type(notice).objects.filter(pk=notice.pk)


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
