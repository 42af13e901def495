"""Hold an upload for a person, and remember what they decided."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from staydown import Fingerprint, Match, MediaError
from staydown.media.preview import preview
from staydown_server import audit, jobs, vault
from staydown_server.cases import deposit
from staydown_server.cases.models import CaseItem, Deposit
from staydown_server.cases.sweep import reopen
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.read import marks_of, stored_form
from staydown_server.gate import listed
from staydown_server.gate.models import Check, HeldMatch, HeldUpload, Listed

PREVIEW = "preview of a held upload"
#: A deposit, and how an upload matches it.
Hit = tuple[Deposit, Match]
#: An entry of a partner's list, and how an upload matches it.
ListedHit = tuple[Listed, Match]
_LONGEST_SIDE = 480
_MOST_MATCHES = 50


@dataclass(frozen=True, slots=True)
class Upload:
    """What a host says of an upload: its own name for it, who sent it, and the file, if any."""

    reference: str = ""
    uploader: str = ""
    #: Reads the file, which is wanted only if the upload is held.
    read_file: Callable[[], bytes] | None = field(default=None, repr=False)


def hold(
    stopped: Check,
    fingerprint: Fingerprint,
    matches: Sequence[Match],
    upload: Upload,
    *,
    hits: Sequence[Hit] = (),
    listed_hits: Sequence[ListedHit] = (),
) -> HeldUpload:
    """Have the upload wait for a person, once, with the evidence and a small sealed copy.

    What hits a deposit, or an entry of a partner's list, opens its case, or opens it again.
    *stopped* is not saved yet; it is only for an upload that did not wait before.
    """
    held = HeldUpload(
        gate_check=stopped,
        host=stopped.host,
        reference=upload.reference,
        uploader=upload.uploader,
        file_digest=_digest(fingerprint),
    )
    if earlier := _earlier(held):
        return earlier
    held.fingerprint = stored_form(fingerprint)
    _look_at_file(held, upload)
    try:
        with transaction.atomic():
            stopped.save(force_insert=True)
            held.save()
            rows = [_row(held, match, keep_down_id=int(match.id or 0)) for match in matches]
            rows += [_row(held, match, deposit_id=made.pk) for made, match in hits]
            rows += [_row(held, match, listed_id=entry.pk) for entry, match in listed_hits]
            HeldMatch.objects.bulk_create(rows[:_MOST_MATCHES])
            ground = {
                "keep_down": stopped.keep_down_id,
                "deposit": stopped.deposit_id,
                "listed": stopped.listed_id,
            }
            audit.record("upload.held", held, by=str(held.host), **ground)
            opened = [deposit.hit(made.pk) for made, _ in hits]
            opened += [listed.hit(entry.pk) for entry, _ in listed_hits]
            for row in opened:
                if row is not None:
                    reopen(row.case)
            # What it matched may have been lifted, or taken back, since the search.
            jobs.defer(
                "review.release_uploads",
                **{f"{name}_id": key for name, key in ground.items() if key is not None},
            )
    except IntegrityError:
        earlier = _earlier(held)
        if earlier is None:
            raise
        return earlier
    return held


def settle(
    held: HeldUpload, outcome: HeldUpload.Outcome, *, by: str, case_item: CaseItem | None = None
) -> None:
    """Give *held* its outcome, discard what was kept of it, and have the host told."""
    with transaction.atomic():
        held.outcome, held.closed_at = outcome, timezone.now()
        held.case_item = case_item or held.case_item
        held.fingerprint, held.preview, held.marks = "", None, []
        held.turn += 1
        held.save()
        audit.record(f"upload.{outcome.value}", held, by=by, case_item=held.case_item_id)
        jobs.defer("review.tell_upload", held_id=held.pk)


def let_through(row: CaseItem, *, by: str) -> None:
    """The refusal of the upload that *row* stands for, if it stands for one, is undone."""
    refused = HeldUpload.objects.select_for_update()
    for held in refused.filter(case_item=row, outcome=HeldUpload.Outcome.REFUSED):
        settle(held, HeldUpload.Outcome.ALLOWED, by=by)


def let_through_before(fingerprint: Fingerprint) -> dict[int, datetime]:
    """When a person let this very file through, by the case that it was held for."""
    seen = _allowed(fingerprint).order_by("closed_at")
    found = seen.values_list("case_item__case", "closed_at")
    return {case_id: at for case_id, at in found if at is not None}


def recognise(item: Item, fingerprint: Fingerprint) -> None:
    """*item* is an upload that a person let through: it takes its place in the case, where it
    is decided about, so that no later sweep brings it there once more."""
    for held in _allowed(fingerprint).filter(case_item__item=None).select_related("case_item"):
        row = held.case_item
        if row and not CaseItem.objects.filter(case=row.case_id, item=item).exists():
            row.item = item
            row.save(update_fields=["item"])
            audit.record("item.recognised", row, by="system", case=row.case_id, item=item.pk)


def _allowed(fingerprint: Fingerprint) -> QuerySet[HeldUpload]:
    return HeldUpload.objects.filter(
        file_digest=_digest(fingerprint), outcome=HeldUpload.Outcome.ALLOWED
    ).exclude(case_item=None)


def _earlier(held: HeldUpload) -> HeldUpload | None:
    """The same upload, if it waits already, or a person refused it by the same name."""
    same = HeldUpload.objects.filter(
        host=held.host, reference=held.reference, file_digest=held.file_digest
    )
    if waiting := same.filter(outcome="").first():
        return waiting
    return same.filter(outcome=HeldUpload.Outcome.REFUSED).exclude(reference="").first()


def _digest(fingerprint: Fingerprint) -> bytes:
    name = fingerprint.sha256 or json.dumps(fingerprint.to_dict())
    return vault.digest(name, purpose="file of a held upload")


def _look_at_file(held: HeldUpload, upload: Upload) -> None:
    """Keep what a person will need of the file: a small sealed copy, and its marks of origin."""
    if upload.read_file is None:
        return
    content = upload.read_file()
    held.marks = marks_of(content)
    try:
        jpeg = preview(content, longest_side=_LONGEST_SIDE, is_veiled=False)
    except MediaError:
        # It could be read a moment ago. Better held without a copy than not held.
        return
    held.preview = vault.seal(jpeg, purpose=PREVIEW)


def _row(held: HeldUpload, match: Match, **ground: int) -> HeldMatch:
    return HeldMatch(
        held=held,
        **ground,
        kind=match.kind,
        distance=match.distance,
        orientation=match.orientation,
        region=match.region,
        spans=[span.to_dict() for span in match.spans],
    )
