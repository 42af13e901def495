"""Signing in: with a passkey, with a password and a code, or through the directory that an
organisation has. Nothing less opens the desk."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.hashers import check_password
from django.db import transaction
from django.utils import timezone

from staydown_server import audit
from staydown_server.accounts.models import Authenticator, User
from staydown_server.accounts.pace import Pace, Wait
from staydown_server.people import codes, passkeys
from staydown_server.people.directory import Vouched

#: Wrong tries by one network, and for one account: guessing is hopeless long before.
tries_of_callers = Pace("sign-in", at_once=20, seconds=15.0)
tries_for_accounts = Pace("sign-in to an account", at_once=10, seconds=60.0)


class WrongSignIn(Exception):
    """Which part was wrong is nobody's business."""


class TooManyTries(Exception):
    """Come back with the turn: its holder gets in, however many others try meanwhile."""

    def __init__(self, wait: Wait) -> None:
        super().__init__("too many wrong tries")
        self.wait = wait


def with_code(email: str, password: str, code: str, *, caller: str, turn: str = "") -> User:
    """Who signs in with these; raises :class:`WrongSignIn` or :class:`TooManyTries`."""
    email = email.strip().lower()
    _wait(tries_of_callers, caller, turn)
    _wait(tries_for_accounts, email, turn)
    user = User.objects.filter(email=email, is_active=True).first()
    # A stranger's address takes as long as a moderator's.
    is_known = check_password(password, user.password if user else "!")
    if user is None or not is_known or not codes.is_right(user, code):
        tries_of_callers.take(caller)
        tries_for_accounts.take(email)
        if user is not None and tries_for_accounts.wait(email) is not None:
            with transaction.atomic():
                audit.record("user.slowed_down", user, by="system")
        raise WrongSignIn
    return _signed_in(user, "code")


def with_passkey(state: Mapping[str, Any] | None, answer: Any, *, caller: str) -> User:
    """Whose passkey answered; raises as above."""
    _wait(tries_of_callers, caller, "")
    try:
        user = passkeys.owner_of(state, answer)
    except passkeys.WrongPasskey as error:
        tries_of_callers.take(caller)
        raise WrongSignIn from error
    return _signed_in(user, "passkey")


def with_directory(vouched: Vouched, *, caller: str) -> User:
    """Whose account is bound to this one of the directory; raises as above."""
    _wait(tries_of_callers, caller, "")
    known = Authenticator.objects.select_related("user").filter(
        kind=Authenticator.Kind.DIRECTORY, credential_id=vouched.key, user__is_active=True
    )
    found = known.first()
    if found is None:
        tries_of_callers.take(caller)
        raise WrongSignIn
    known.update(used_at=timezone.now())
    return _signed_in(found.user, "directory")


def _wait(pace: Pace, caller: str, turn: str) -> None:
    wait = pace.wait(caller, turn=turn)
    if wait is not None:
        raise TooManyTries(wait)


def _signed_in(user: User, kind: str) -> User:
    with transaction.atomic():
        audit.record("user.signed_in", user, by=str(user), kind=kind)
    return user
