"""Tell a host what became of an upload that it holds back, until it has heard it."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from staydown_server import audit, vault
from staydown_server.gate.models import HeldUpload
from staydown_server.jobs import job
from staydown_server.removal.hosts import webhook
from staydown_server.removal.reasons import GROUND, digest_of


@job("review.tell_upload")
def tell_upload(held_id: int) -> None:
    """Send the outcome that stands now. If power fails after the host took it, it is sent again
    under the same id, and the host answers that it is done."""
    held = HeldUpload.objects.select_related("host", "gate_check").get(pk=held_id)
    if held.told_turn == held.turn:
        return
    is_refused = held.outcome == HeldUpload.Outcome.REFUSED
    details = {"statement_of_reasons": statement_of_reasons(held)} if is_refused else {}
    had_it = webhook.send(
        f"upload.{held.outcome}",
        held.host,
        event_id=f"upload-{held.pk}-{held.turn}",
        upload={"id": str(held.gate_check_id), "reference": held.reference},
        **details,
    )
    with transaction.atomic():
        # Only what we sent: it may have been turned round meanwhile.
        same = HeldUpload.objects.filter(pk=held.pk, turn=held.turn, told_turn__lt=held.turn)
        if same.update(told_turn=held.turn):
            audit.record("upload.told", held, by="system", turn=held.turn, host_had_it=had_it)
        elif HeldUpload.objects.filter(pk=held.pk, turn__gt=held.turn).exists():
            # The host may have heard the newer outcome first: it is said once more.
            HeldUpload.objects.filter(pk=held.pk).update(turn=F("turn") + 1)
            tell_upload.defer(held_id=held.pk)


def statement_of_reasons(held: HeldUpload) -> dict[str, Any]:
    """What was decided about a refused upload, on which facts and ground, and how to object.

    Says nothing about the person who sent the notice.
    """
    decision = held.refusal
    return {
        "decision": "refused",
        "facts": decision.reason,
        "ground": GROUND,
        "found_by": "check of the upload",
        "automated_detection": True,
        "automated_decision": False,
        "decided_at": decision.decided_at.isoformat(),
        "appeal_url": settings.PUBLIC_URL + reverse("web:reasons", args=[token_of(held)]),
    }


def token_of(held: HeldUpload) -> str:
    """The secret of the uploader's link, derived so that it can be sent again."""
    return vault.code(f"upload {held.pk}", purpose="reasons link", letters=26)


def upload_of(token: str) -> HeldUpload | None:
    """The refused upload that a link is about."""
    return HeldUpload.objects.filter(reasons_digest=digest_of(token)).first()
