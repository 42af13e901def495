"""Tell a host the verdict on a film that it asked about, until it has heard it."""

from django.utils import timezone

from staydown_server.gate.models import LaterCheck
from staydown_server.jobs import job
from staydown_server.removal.hosts import webhook


@job("review.tell_check")
def tell_check(later_id: int) -> None:
    """Send it. If power fails after the host took it, it is sent again under the same id."""
    asked = LaterCheck.objects.select_related("host").get(pk=later_id)
    if asked.told_at is not None or asked.state == LaterCheck.State.WAITING:
        return
    told = {**asked.to_dict(), "reference": asked.reference}
    webhook.send("check.done", asked.host, event_id=f"check-{asked.name}", check=told)
    LaterCheck.objects.filter(pk=asked.pk).update(told_at=timezone.now())
