"""What an addressee answered, noted by a person; it may stop their clock, or ask for a look."""

from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.escalation.models import Addressee, EscalatedAddress, Reply
from staydown_server.escalation.recheck import look_now

LONGEST_TEXT = 20_000


class NotAsked(Exception):
    """Nobody wrote to them."""


def note(addressee: Addressee, *, kind: Reply.Kind, text: str, by: User) -> Reply:
    """Note an answer. Who says that it is removed is believed after a look; who refuses has no
    clock any more, and the next stage is due.

    Raises :class:`NotAsked`.
    """
    with transaction.atomic():
        locked = Addressee.objects.select_for_update().get(pk=addressee.pk)
        if not locked.outgoingletter_set.exclude(approved_at=None).exists():
            raise NotAsked
        reply = Reply.objects.create(
            addressee=locked,
            kind=kind,
            text=text.strip()[:LONGEST_TEXT],
            noted_by=by,
            noted_at=timezone.now(),
        )
        audit.record("reply.noted", reply, by=str(by), addressee=locked.pk, kind=kind.value)
        if kind == Reply.Kind.REFUSED and locked.refused_at is None:
            locked.refused_at = reply.noted_at
            locked.save(update_fields=["refused_at"])
            audit.record("addressee.refused", locked, by=str(by))
        if kind == Reply.Kind.REMOVED:
            left = EscalatedAddress.objects.filter(site=locked.site_id)
            for address in left.exclude(state=EscalatedAddress.State.GONE):
                look_now(address, by=by)
    return reply
