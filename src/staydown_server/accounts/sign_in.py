"""Signing in: a link, good once, handed over by whoever runs the installation."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from staydown_server import vault
from staydown_server.accounts.models import SignInLink, User

LINK_LIFETIME = timedelta(hours=24)


class LinkSpent(Exception):
    """The link was used, has expired, or never was one: the three look the same."""


def issue_link(email: str) -> str:
    """Make a one-time token for *email*, whose account is made if it is new."""
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        # One spelling: an appeal is heard by another person, not by another way to write one.
        user, _ = User.objects.get_or_create(email=email.strip().lower())
        SignInLink.objects.create(
            user=user, digest=_digest(token), expires_at=timezone.now() + LINK_LIFETIME
        )
    return token


def use_link(token: str) -> User:
    """Spend the link and return its owner; raises :class:`LinkSpent`."""
    now = timezone.now()
    # Claimed by a conditional update: of two clicks at once, one signs in.
    claimed = SignInLink.objects.filter(
        digest=_digest(token), used_at=None, expires_at__gt=now, user__is_active=True
    ).update(used_at=now)
    if not claimed:
        raise LinkSpent
    return SignInLink.objects.select_related("user").get(digest=_digest(token)).user


def _digest(token: str) -> bytes:
    return vault.digest(token, purpose="sign-in link")


class LinkBackend:
    """Django's session asks a backend who the user of a session is; nothing else does."""

    def authenticate(self, request: HttpRequest | None, **_credentials: object) -> None:
        return None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
