"""Let somebody in at the desk: a link that leads to what they will sign in with."""

from django.db import transaction

from staydown_server import audit
from staydown_server.accounts.models import Role, User
from staydown_server.accounts.sign_in import new_link


def invite(email: str, *, role: Role | None = None, by: str) -> str:
    """The token of a new link for *email*, whose account is made if it is new.

    Whoever has an account and lost what they sign in with is invited anew; their role stays
    unless *role* is given. The first of all is an administrator, others are moderators.
    """
    # One spelling: an appeal is heard by another person, not by another way to write one.
    email = email.strip().lower()
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email=email).first()
        is_new = user is None
        if user is None:
            first = not User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exists()
            user = User(email=email, role=Role.ADMINISTRATOR if first else Role.MODERATOR)
            user.set_unusable_password()
        if role is not None:
            user.role = role
        user.is_active = True
        user.save()
        token = new_link(user)
        audit.record("user.invited", user, by=by, role=user.role, is_new=is_new)
    return token
