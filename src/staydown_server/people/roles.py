"""Give somebody another role, shut them out, let them in again."""

from django.db import transaction

from staydown_server import audit
from staydown_server.accounts.models import Role, SignInLink, User


class LastAdministrator(Exception):
    """Somebody has to be able to invite the next one."""


def give_role(user: User, role: Role, *, by: User) -> None:
    """It counts from their next click on; raises :class:`LastAdministrator`."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if user.role == role:
            return
        if role != Role.ADMINISTRATOR:
            _leave_one(user)
        user.role = role
        user.save(update_fields=["role"])
        audit.record("user.role_given", user, by=str(by), role=role.value)


def shut_out(user: User, *, by: User) -> None:
    """End their sessions and invitations at once; raises :class:`LastAdministrator`."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if not user.is_active:
            return
        _leave_one(user)
        user.is_active = False
        user.epoch += 1
        user.save(update_fields=["is_active", "epoch"])
        SignInLink.objects.filter(user=user, used_at=None).delete()
        audit.record("user.shut_out", user, by=str(by))


def _leave_one(user: User) -> None:
    others = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=user.pk)
    if user.may_administer and not others.exists():
        raise LastAdministrator
