"""What is on record of one case, as values for JSON: what was reported, searched, found, decided
and done, and the audit lines about it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import Q

from staydown import Fingerprint
from staydown_server.audit import rows as audit_rows
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, CaseItem, Decision, Deposit, Sweep
from staydown_server.gate.models import Check, HeldUpload, KeepDown
from staydown_server.notices import letters
from staydown_server.notices.models import Notice
from staydown_server.removal.models import Removal
from staydown_server.review.models import Appeal
from staydown_server.sharing.models import Line

#: The line about an export is not in it, so that the same case makes the same package.
EXPORTED = "case.packaged"
_AT_ONCE = 500

Values = dict[str, Any]


class Audience(StrEnum):
    """For whom the package is: the person gets nothing about others than platforms."""

    PERSON = "person"
    POLICE = "police"


def notice_as_it_came(notice: Notice) -> Values:
    """Its content unaltered, but for the local layer of fingerprints, which never leaves."""
    content = dict(notice.content or {})
    if "fingerprints" in content:
        sent = [Fingerprint.from_dict(each) for each in content["fingerprints"]]
        content["fingerprints"] = [fingerprint.to_dict() for fingerprint in sent]
    return {
        "received_at": _time(notice.received_at),
        "withdrawn_at": _time(notice.withdrawn_at),
        "language": notice.language,
        "content": content,
        "letters": [
            {
                "kind": letter.kind,
                "from": str(letter.written_by) if letter.written_by else "person",
                "at": _time(letter.written_at),
                "content": letter.content,
            }
            for letter in letters.of(notice).select_related("written_by")
        ],
    }


def case_on_record(case: Case, audience: Audience) -> Values:
    return {
        "number": case.number,
        "jurisdiction": case.jurisdiction,
        "received_at": _time(case.received_at),
        "deadline": _time(case.deadline),
        "closed_at": _time(case.closed_at),
        "items": [_item(row, audience) for row in items_of(case, audience)],
        "appeals": [_appeal(appeal) for appeal in _appeals(case, audience)],
        "uploads_stopped": [_stopped(check, audience) for check in _checks(case)],
    }


def items_of(case: Case, audience: Audience) -> Iterable[CaseItem]:
    """The person is not told of uploads of others that a moderator looked at."""
    rows = case.caseitem_set.select_related("item__host").prefetch_related(
        "decision_set__decided_by", "sweep_set", "keepdown_set"
    )
    return rows.exclude(origin=CaseItem.Origin.HELD) if audience == Audience.PERSON else rows.all()


def lines_of(case: Case) -> list[Values]:
    """Every audit line about the case and what is in it, in order; but those of its exports."""
    found: list[Values] = []
    subjects = list(_subjects(case))
    for start in range(0, len(subjects), _AT_ONCE):
        entries = Entry.objects.filter(subject__in=subjects[start : start + _AT_ONCE])
        found += [dict(line) for line in entries.exclude(action=EXPORTED).values()]
    return sorted(found, key=lambda line: line["sequence"])


def _item(row: CaseItem, audience: Audience) -> Values:
    item = row.item
    host = {"host": item.host.name, "host_item_id": item.host_item_id} if item else {}
    addresses = {"url": item.url, "media_url": item.media_url} if item else {}
    uploader = {"uploader": item.uploader} if item and audience == Audience.POLICE else {}
    removals = Removal.objects.filter(item=item).order_by("pk") if item else []
    return {
        "id": row.pk,
        "origin": row.origin,
        "state": row.state,
        "joined_at": _time(row.created_at),
        "reported_url": row.reported_url,
        **host,
        **addresses,
        **uploader,
        "fingerprint": _shared_layers(row),
        "match": _match(row) if row.copy_of_id else None,
        "sweeps": [_sweep(sweep) for sweep in row.sweep_set.all()],
        "decisions": [_decision(decision) for decision in row.decision_set.all()],
        "keep_downs": [
            {"since": _time(keep.since), "lifted_at": _time(keep.lifted_at)}
            for keep in row.keepdown_set.all()
        ],
        "removals": [_removal(removal) for removal in removals],
    }


def _shared_layers(row: CaseItem) -> Values | None:
    """The exact and the global layer; the local one never leaves the platform."""
    known = row.load_fingerprint()
    if known is None:
        return None
    return {
        "kind": known.kind,
        "sha256": known.sha256,
        "md5": known.md5,
        "pdq": known.pdq.hex() if known.pdq else None,
        "quality": known.quality,
    }


def _match(row: CaseItem) -> Values:
    return {
        "copy_of": row.copy_of_id,
        "kind": row.match_kind,
        "orientation": row.match_orientation,
        "distance": row.match_distance,
        "region": row.match_region,
        "spans": row.match_spans,
    }


def _sweep(sweep: Sweep) -> Values:
    return {"at": _time(sweep.at), "searched": sweep.searched, "found": sweep.found}


def _decision(decision: Decision) -> Values:
    return {
        "id": decision.pk,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "manner": decision.manner,
        "by": decision.actor,
        "at": _time(decision.decided_at),
        "superseded_at": _time(decision.superseded_at),
    }


def _removal(removal: Removal) -> Values:
    return {
        "id": removal.pk,
        "decision": removal.decision_id,
        "state": removal.state,
        "ordered_at": _time(removal.ordered_at),
        "carried_out_at": _time(removal.carried_out_at),
        "verified_at": _time(removal.verified_at),
        "restored_at": _time(removal.restored_at),
    }


def _appeals(case: Case, audience: Audience) -> Iterator[Appeal]:
    of_person = Q(refusal__case_item__case=case)
    of_uploaders = Q(removal__decision__case_item__case=case) | Q(upload__case_item__case=case)
    about = of_person if audience == Audience.PERSON else of_person | of_uploaders
    yield from Appeal.objects.filter(about).select_related("decided_by").order_by("pk")


def _appeal(appeal: Appeal) -> Values:
    return {
        "decision": appeal.decision.pk,
        "from": "person" if appeal.refusal_id else "uploader",
        "received_at": _time(appeal.received_at),
        "content": appeal.content,
        "outcome": appeal.outcome,
        "answer": appeal.answer,
        "by": str(appeal.decided_by) if appeal.decided_by else None,
        "decided_at": _time(appeal.decided_at),
    }


def _checks(case: Case) -> Iterable[Check]:
    return _stopped_for(case).select_related("host", "heldupload").order_by("at", "pk")


def _stopped_for(case: Case) -> models.QuerySet[Check]:
    return Check.objects.filter(
        Q(keep_down__case_item__case=case)
        | Q(deposit__case_item__case=case)
        | Q(listed__case_item__case=case)
    )


def _stopped(check: Check, audience: Audience) -> Values:
    held = getattr(check, "heldupload", None)
    uploader = {"uploader": held.uploader} if held and audience == Audience.POLICE else {}
    return {
        "at": _time(check.at),
        "host": check.host.name,
        "verdict": check.verdict,
        "kind": check.match_kind,
        "distance": check.match_distance,
        **uploader,
    }


def _subjects(case: Case) -> Iterator[str]:
    keep_downs = KeepDown.objects.filter(case_item__case=case)
    decisions = Decision.objects.filter(case_item__case=case)
    appeals = Appeal.objects.filter(
        Q(refusal__in=decisions)
        | Q(removal__decision__in=decisions)
        | Q(upload__case_item__case=case)
    )
    removals = Removal.objects.filter(Q(decision__in=decisions) | Q(restore_decision__in=decisions))
    groups: tuple[models.QuerySet[Any], ...] = (
        Case.objects.filter(pk=case.pk),
        Notice.objects.filter(pk=case.notice_id),
        letters.of(case.notice),
        CaseItem.objects.filter(case=case),
        Sweep.objects.filter(case_item__case=case),
        decisions,
        keep_downs,
        removals,
        appeals,
        Deposit.objects.filter(notice=case.notice_id),
        _stopped_for(case),
        HeldUpload.objects.filter(gate_check__in=_stopped_for(case)),
        Line.objects.filter(keep_down__in=keep_downs),
    )
    for group in groups:
        for key in group.order_by("pk").values_list("pk", flat=True):
            yield audit_rows.subject_of(group.model, key)


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
