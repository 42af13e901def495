"""Step 9: confirmed fingerprints go on the hash list; retractions travel the same way."""

import json
from collections.abc import Iterator
from typing import Any

from django.db import transaction

from staydown_server import audit
from staydown_server.cases.models import CaseItem
from staydown_server.gate.models import KeepDown
from staydown_server.jobs import job
from staydown_server.sharing.models import Line

#: What leaves the platform: the exact and the global layer, never a local one.
SHARED_FIELDS = ("sha256", "md5", "pdq", "quality")


@job("sharing.publish")
def publish(keep_down_id: int) -> None:
    """Put a keep-down on the list, unless it was lifted meanwhile."""
    with transaction.atomic():
        keep = KeepDown.objects.get(pk=keep_down_id)
        if keep.lifted_at is None:
            _add(keep, is_retraction=False)


@job("sharing.retract")
def retract(keep_down_id: int) -> None:
    """Take a keep-down off the list, if it ever was on it."""
    with transaction.atomic():
        keep = KeepDown.objects.get(pk=keep_down_id)
        if Line.objects.filter(keep_down=keep, is_retraction=False).exists():
            _add(keep, is_retraction=True)


def lines_after(sequence: int, *, most: int) -> Iterator[dict[str, Any]]:
    """The list from *sequence* on, at most *most* lines, in order.

    An addition that was retracted since carries no fingerprint any more: a follower that
    comes late must not learn what no longer stands.
    """
    lines = Line.objects.filter(sequence__gt=sequence).select_related("keep_down__case_item")
    for line in lines.order_by("sequence")[:most]:
        shared: dict[str, Any] = {
            "sequence": line.sequence,
            "entry": str(line.entry),
            "op": "retract" if line.is_retraction else "add",
            "at": line.at.isoformat(),
        }
        if not line.is_retraction and line.keep_down.lifted_at is None:
            fingerprint = line.keep_down.fingerprint
            shared["fingerprint"] = _shared_part(fingerprint)
            is_imported = line.keep_down.case_item.origin == CaseItem.Origin.IMPORTED
            shared["provenance"] = "imported" if is_imported else "reviewed"
        yield shared


def _add(keep: KeepDown, *, is_retraction: bool) -> None:
    published = Line.objects.filter(keep_down=keep, is_retraction=False).first()
    named = {"entry": published.entry} if published else {}
    line, is_new = Line.objects.get_or_create(
        keep_down=keep, is_retraction=is_retraction, defaults=named
    )
    if is_new:
        action = "hash_list.retracted" if is_retraction else "hash_list.published"
        audit.record(action, line, by="system", keep_down=keep.pk)


def _shared_part(fingerprint: str) -> dict[str, Any]:
    whole = json.loads(fingerprint)
    kept = ("version", "kind", *SHARED_FIELDS)
    return {name: whole[name] for name in kept if whole.get(name) is not None}
