"""What people choose about sharing one decision: whether it goes on our lists, and a second
person's agreement."""

from django.db import transaction

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.gate.models import KeepDown
from staydown_server.sharing.models import Choice
from staydown_server.sharing.publish import publish


class ChoiceError(Exception):
    """It cannot be chosen; nothing was changed."""


class SamePerson(ChoiceError):
    """Whoever decided is not the second person."""


class NotKeptDown(ChoiceError):
    """It is no longer kept down: there is nothing to share."""


def share(keep: KeepDown, shares: bool, *, by: User) -> None:
    """Share *keep* with partners, or not, from now on. What a rule withdrew is shared again."""
    with transaction.atomic():
        choice = _choice(keep)
        choice.shares = shares
        if shares:
            choice.is_withdrawn = False
        choice.save()
        audit.record("sharing.chosen", choice, by=str(by), keep_down=keep.pk, shares=shares)
        publish.defer(keep_down_id=keep.pk)


def confirm(keep: KeepDown, *, by: User) -> None:
    """A second person has looked and agrees; raises a :class:`ChoiceError`."""
    if keep.decision.decided_by_id == by.pk:
        raise SamePerson
    with transaction.atomic():
        choice = _choice(keep)
        if choice.confirmed_by_id is None:
            choice.confirmed_by = by
            choice.save()
            audit.record("sharing.confirmed", choice, by=str(by), keep_down=keep.pk)
            publish.defer(keep_down_id=keep.pk)


def _choice(keep: KeepDown) -> Choice:
    keep = KeepDown.objects.select_for_update().get(pk=keep.pk)
    if keep.lifted_at is not None:
        raise NotKeptDown
    return Choice.objects.get_or_create(keep_down=keep)[0]
