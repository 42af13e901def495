"""Passkeys (WebAuthn): made for this installation's address, and only good there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from staydown_server import vault
from staydown_server.accounts.models import Authenticator, User

#: What the browser is asked, and what has to be remembered until it answers.
Question = tuple[dict[str, Any], dict[str, Any]]


class WrongPasskey(Exception):
    """What the browser sent is no passkey for here, or not one that we know."""


@dataclass(frozen=True, slots=True)
class Passkey:
    credential_id: bytes
    #: The public key and what belongs to it, as WebAuthn has it, base64url.
    credential: str


def ask_for_new(user: User) -> Question:
    """One that checks who holds it (a fingerprint, a PIN), and that needs no name typed."""
    entity = PublicKeyCredentialUserEntity(
        # Says nothing about them, and is the same for all of theirs.
        id=vault.digest(str(user.pk), purpose="passkey user")[:16],
        name=user.email,
        display_name=user.email,
    )
    options, state = _server().register_begin(
        entity,
        [_credential(each) for each in _of(user)],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options), state


def read_new(state: Mapping[str, Any] | None, answer: Any) -> Passkey:
    """The passkey that was made; raises :class:`WrongPasskey`."""
    try:
        made = _server().register_complete(state or {}, answer).credential_data
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise WrongPasskey from error
    if made is None:
        raise WrongPasskey
    return Passkey(made.credential_id, websafe_encode(bytes(made)))


def ask_for_any() -> Question:
    """Whichever the person has for here."""
    options, state = _server().authenticate_begin(
        user_verification=UserVerificationRequirement.REQUIRED
    )
    return dict(options), state


def owner_of(state: Mapping[str, Any] | None, answer: Any) -> User:
    """Whose passkey answered; raises :class:`WrongPasskey`."""
    try:
        credential_id = websafe_decode(answer["id"])
        known = Authenticator.objects.select_related("user").get(
            credential_id=credential_id, user__is_active=True
        )
        _server().authenticate_complete(state or {}, [_credential(known)], answer)
    except (
        *(ValueError, TypeError, KeyError, AttributeError, AssertionError),
        Authenticator.DoesNotExist,
    ) as error:
        raise WrongPasskey from error
    Authenticator.objects.filter(pk=known.pk).update(used_at=timezone.now())
    return known.user


def _of(user: User) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=user, kind=Authenticator.Kind.PASSKEY))


def _credential(known: Authenticator) -> AttestedCredentialData:
    return AttestedCredentialData(websafe_decode(known.content["credential"]))


def _server() -> Fido2Server:
    public = urlsplit(settings.PUBLIC_URL)
    here = f"{public.scheme}://{public.netloc}"
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=public.hostname or "", name="Staydown"),
        verify_origin=lambda origin: origin == here,
    )
