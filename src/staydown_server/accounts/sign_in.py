"""What Django asks about a session, and the invitation's link."""

import secrets
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from staydown_server import vault
from staydown_server.accounts.models import SignInLink, User

LINK_LIFETIME = timedelta(hours=24)


class LinkSpent(Exception):
    """The link was used, has expired, or never was one: the three look the same."""


def new_link(user: User) -> str:
    """A one-time token for *user*; the earlier ones are worth nothing any more."""
    token = secrets.token_urlsafe(24)
    SignInLink.objects.filter(user=user, used_at=None).delete()
    SignInLink.objects.create(
        user=user, digest=_digest(token), expires_at=timezone.now() + LINK_LIFETIME
    )
    return token


def user_of_link(token: str) -> User:
    """Whose link it is, while it can be used; raises :class:`LinkSpent`."""
    link = SignInLink.objects.select_related("user").filter(
        digest=_digest(token),
        used_at=None,
        expires_at__gt=timezone.now(),
        user__is_active=True,
    )
    found = link.first()
    if found is None:
        raise LinkSpent
    return found.user


def use_link(token: str) -> User:
    """Spend the link and return its owner; raises :class:`LinkSpent`."""
    now = timezone.now()
    usable = SignInLink.objects.filter(digest=_digest(token), expires_at__gt=now)
    # Claimed by a conditional update: of two clicks at once, one signs in. It names no other
    # table: PostgreSQL, having waited for the first, looks again at the link's own row alone.
    active = User.objects.filter(is_active=True, signinlink__in=usable)
    if not active.exists() or not usable.filter(used_at=None).update(used_at=now):
        raise LinkSpent
    return SignInLink.objects.select_related("user").get(digest=_digest(token)).user


def _digest(token: str) -> bytes:
    return vault.digest(token, purpose="sign-in link")


class SessionBackend:
    """Django's session asks a backend who the user of a session is; nothing else does."""

    def authenticate(self, request: HttpRequest | None, **_credentials: object) -> None:
        return None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
