"""Make a fingerprint live at the gate, or lift it, by a decision."""

from django.db import transaction
from django.utils import timezone

from staydown_server import audit, jobs
from staydown_server.cases.models import CaseItem, Decision
from staydown_server.catalogue.models import Change, Shelf
from staydown_server.gate.models import HeldMatch, KeepDown


def keep_down(row: CaseItem, *, decision: Decision) -> KeepDown | None:
    """Keep *row*'s fingerprint down, once; None if it has no fingerprint.

    From the commit on, every process's gate stops it. The catalogue is then searched once
    more: what was registered between the first sweep and this moment met no gate.
    """
    fingerprint = row.load_fingerprint()
    if fingerprint is None:
        return None
    with transaction.atomic():
        keep, is_new = KeepDown.objects.get_or_create(
            case_item=row,
            lifted_at=None,
            defaults={
                "decision": decision,
                "fingerprint": row.fingerprint,
                **KeepDown.digests(fingerprint),
            },
        )
        if is_new:
            Change.objects.create(shelf=Shelf.GATE, entry_id=keep.pk)
            # What waits for a deposit or an entry waits for its keep-down from now on.
            waiting = HeldMatch.objects.filter(held__outcome="", deposit__case_item=row)
            waiting.update(keep_down=keep, deposit=None)
            waiting = HeldMatch.objects.filter(held__outcome="", listed__case_item=row)
            waiting.update(keep_down=keep, listed=None)
            audit.record(
                "keep_down.started",
                keep,
                by=decision.actor,
                case_item=row.pk,
                decision=decision.pk,
            )
            jobs.defer("cases.sweep", case_item_id=row.pk)
            jobs.defer("sharing.publish", keep_down_id=keep.pk)
    return keep


def lift(row: CaseItem, *, decision: Decision) -> None:
    """Stop keeping *row*'s fingerprint down; partners are told."""
    with transaction.atomic():
        for keep in KeepDown.objects.filter(case_item=row, lifted_at=None):
            keep.lifted_at, keep.lifted_by = timezone.now(), decision
            keep.save()
            Change.objects.create(shelf=Shelf.GATE, entry_id=keep.pk)
            audit.record(
                "keep_down.lifted",
                keep,
                by=decision.actor,
                case_item=row.pk,
                decision=decision.pk,
            )
            jobs.defer("sharing.retract", keep_down_id=keep.pk)
            jobs.defer("review.release_uploads", keep_down_id=keep.pk)
