"""What somebody will sign in with: chosen by who holds the invitation, added by who is in."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from staydown_server import audit
from staydown_server.accounts.models import Authenticator, RecoveryCode, User
from staydown_server.accounts.sign_in import use_link, user_of_link
from staydown_server.people import codes
from staydown_server.people.directory import Vouched
from staydown_server.people.passkeys import Passkey

_LONGEST_NAME = 100


class EnrolError(Exception):
    """What was chosen cannot be used."""


class WrongCode(EnrolError):
    """The app's code is not that of the secret shown, or too old."""


class WeakPassword(EnrolError):
    """Too short, or one that everybody tries; ``reasons`` are sentences."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("a weak password")
        self.reasons = reasons


class KnownPasskey(EnrolError):
    """It is on file already."""


class KnownAccount(EnrolError):
    """Somebody signs in with this account of the directory already."""


class LastAuthenticator(EnrolError):
    """Without it they could not sign in any more."""


def enrol_with_code(token: str, *, password: str, secret: str, code: str) -> tuple[User, list[str]]:
    """Whoever holds the invitation signs in with a password and an app from now on.

    Returns them, and the codes for when the app is lost, to be shown once. Raises an
    :class:`EnrolError` or :class:`~staydown_server.accounts.sign_in.LinkSpent`, and the
    invitation is as good as before.
    """
    user = user_of_link(token)
    _check_password(password, user)
    step = codes.step_of(secret, code)
    if step is None:
        raise WrongCode
    with transaction.atomic():
        user = _begin_anew(token)
        user.set_password(password)
        user.save(update_fields=["password"])
        _add_app(user, secret, step)
        audit.record("user.enrolled", user, by=str(user), kind="code")
        return user, codes.new_recovery_codes(user)


def enrol_with_passkey(token: str, passkey: Passkey, *, name: str) -> User:
    """Whoever holds the invitation signs in with *passkey* from now on. Raises as above."""
    with transaction.atomic():
        user = _begin_anew(token)
        _add_passkey(user, passkey, name)
        audit.record("user.enrolled", user, by=str(user), kind="passkey")
    return user


def enrol_with_directory(token: str, vouched: Vouched) -> User:
    """Whoever holds the invitation signs in through the directory from now on. Raises as above."""
    with transaction.atomic():
        user = _begin_anew(token)
        _add_directory(user, vouched)
        audit.record("user.enrolled", user, by=str(user), kind="directory")
    return user


def add_directory(user: User, vouched: Vouched) -> None:
    with transaction.atomic():
        _add_directory(user, vouched)


def add_code(user: User, *, password: str, secret: str, code: str) -> list[str]:
    """An app beside what they have, or in place of the one before; codes as above."""
    _check_password(password, user)
    step = codes.step_of(secret, code)
    if step is None:
        raise WrongCode
    with transaction.atomic():
        _remove(Authenticator.objects.filter(user=user, kind=Authenticator.Kind.CODE), user)
        user.set_password(password)
        user.save(update_fields=["password"])
        _add_app(user, secret, step)
        audit.record("user.password_changed", user, by=str(user))
        return codes.new_recovery_codes(user)


def add_passkey(user: User, passkey: Passkey, *, name: str) -> None:
    with transaction.atomic():
        _add_passkey(user, passkey, name)


def remove(authenticator: Authenticator) -> None:
    """Take one of several away; raises :class:`LastAuthenticator`."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=authenticator.user_id)
        theirs = Authenticator.objects.filter(user=user)
        if not theirs.exclude(pk=authenticator.pk).exists():
            raise LastAuthenticator
        if authenticator.kind == Authenticator.Kind.CODE:
            RecoveryCode.objects.filter(user=user).delete()
        _remove(theirs.filter(pk=authenticator.pk), user)


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(error.messages) from error


def _begin_anew(token: str) -> User:
    """Spend the invitation; what they had before, and where they were signed in, is over."""
    user = User.objects.select_for_update().get(pk=use_link(token).pk)
    _remove(Authenticator.objects.filter(user=user), user)
    RecoveryCode.objects.filter(user=user).delete()
    user.set_unusable_password()
    user.epoch += 1
    user.save()
    return user


def _remove(authenticators: QuerySet[Authenticator], user: User) -> None:
    for each in authenticators:
        audit.record("authenticator.removed", each, by=str(user), user=user.pk)
        each.delete()


def _add_app(user: User, secret: str, step: int) -> None:
    made = Authenticator.objects.create(
        user=user,
        kind=Authenticator.Kind.CODE,
        content={"secret": secret},
        last_step=step,
    )
    audit.record("authenticator.added", made, by=str(user), user=user.pk)


def _add_passkey(user: User, passkey: Passkey, name: str) -> None:
    if Authenticator.objects.filter(credential_id=passkey.credential_id).exists():
        raise KnownPasskey
    made = Authenticator.objects.create(
        user=user,
        kind=Authenticator.Kind.PASSKEY,
        name=name.strip()[:_LONGEST_NAME],
        content={"credential": passkey.credential},
        credential_id=passkey.credential_id,
    )
    audit.record("authenticator.added", made, by=str(user), user=user.pk)


def _add_directory(user: User, vouched: Vouched) -> None:
    if Authenticator.objects.filter(credential_id=vouched.key).exists():
        raise KnownAccount
    made = Authenticator.objects.create(
        user=user,
        kind=Authenticator.Kind.DIRECTORY,
        content={"issuer": vouched.issuer, "subject": vouched.subject},
        credential_id=vouched.key,
    )
    audit.record("authenticator.added", made, by=str(user), user=user.pk)
