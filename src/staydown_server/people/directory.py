"""Signing in through an organisation's own directory, where the operator wants that.

OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636). Whom the directory knows
is not let in by that: an account there is bound to one here by whoever holds an invitation.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from django.conf import settings
from django.core.cache import cache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

#: Public keys only: a secret that both sides have proves nothing to a third.
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
#: Ways to prove who one is, of which two, or one of the second kind alone, are strong (RFC 8176).
_ONE_OF_TWO = {"pwd", "otp", "sms", "tel", "pin", "kba"}
_STRONG = {"mfa", "mca", "hwk", "swk", "sc", "pop", "fpt", "face", "iris", "vbm"}
#: Over TLS; or on this machine, to try it out.
_SCHEMES = ("https://", "http://127.0.0.1:", "http://localhost:")
_SECONDS = 5.0
_MOST_BYTES = 300_000
_KEPT_SECONDS = 600
_LEEWAY = 60


class DirectoryError(Exception):
    """Nobody is signed in."""


class DirectoryDown(DirectoryError):
    """It does not answer, or not as a directory does."""


class DirectoryRefused(DirectoryError):
    """It did not vouch for anybody, or not in a way that we accept."""


class NotStrong(DirectoryError):
    """It asked for no more than a password."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Where it is, as who we ask it, and what people call it."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    #: It always asks for more than a password, although it does not say so.
    is_strong: bool


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the directory knows: its own name for them never goes to anybody else."""

    issuer: str
    subject: str

    @property
    def key(self) -> bytes:
        """By which the account is found here."""
        return hashlib.sha256(json.dumps([self.issuer, self.subject]).encode()).digest()


def begin() -> tuple[str, dict[str, str]]:
    """Where to send the browser, and what has to be remembered until it comes back."""
    known = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    digest = hashlib.sha256(known["verifier"].encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": _directory().client_id,
        "redirect_uri": _back(),
        "scope": "openid",
        "state": known["state"],
        "nonce": known["nonce"],
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    place = _described("authorization_endpoint")
    return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}", known


def finish(known: Mapping[str, str] | None, answer: Mapping[str, str]) -> Vouched:
    """Whom the directory vouches for; raises a :class:`DirectoryError`."""
    state = (known or {}).get("state", "")
    if not known or not secrets.compare_digest(state, answer.get("state", "")):
        raise DirectoryRefused
    if "error" in answer or not answer.get("code"):
        raise DirectoryRefused
    directory = _directory()
    told = _json(
        "POST",
        _described("token_endpoint"),
        fields={
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": _back(),
            "code_verifier": known["verifier"],
        },
        headers=_as_ourselves(directory),
    )
    claims = _claims(told.get("id_token"), known["nonce"], directory)
    if not directory.is_strong and not _is_strong(claims.get("amr")):
        raise NotStrong
    return Vouched(directory.issuer, str(claims["sub"]))


def _claims(token: Any, nonce: str, directory: Directory) -> dict[str, Any]:
    """What the token says, if it is the directory's, for us, for this very question, and new."""
    try:
        keys = KeySet.import_key_set(_json("GET", _described("jwks_uri")))  # type: ignore[arg-type]
        claims = jwt.decode(str(token), keys, algorithms=_ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            now=int(time.time()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": directory.issuer},
            aud={"essential": True, "value": directory.client_id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise DirectoryRefused from error
    if claims.get("azp", directory.client_id) != directory.client_id:
        raise DirectoryRefused
    return claims


def _is_strong(ways: Any) -> bool:
    known = {way for way in ways if isinstance(way, str)} if isinstance(ways, list) else set()
    return bool(known & _STRONG) or len(known & _ONE_OF_TWO) > 1


def configured() -> Directory | None:
    """The one of this installation, if it has one."""
    if not settings.OIDC_ISSUER:
        return None
    return Directory(
        settings.OIDC_ISSUER,
        settings.OIDC_CLIENT_ID,
        settings.OIDC_CLIENT_SECRET,
        settings.OIDC_NAME,
        settings.OIDC_IS_STRONG,
    )


def _directory() -> Directory:
    directory = configured()
    if directory is None:
        raise DirectoryRefused
    return directory


def _back() -> str:
    return f"{settings.PUBLIC_URL}/sign-in/directory/back/"


def _as_ourselves(directory: Directory) -> dict[str, str]:
    """RFC 6749, section 2.3.1: each half is encoded as in a form."""
    halves = (urlencode({"": each})[1:] for each in (directory.client_id, directory.client_secret))
    return urllib3.make_headers(basic_auth=":".join(halves))


def _described(what: str) -> str:
    """One of the places that the directory describes itself by (OpenID Connect Discovery 1.0)."""
    issuer = _directory().issuer
    key = f"directory:{hashlib.sha256(issuer.encode()).hexdigest()}"
    description = cache.get(key)
    if description is None:
        description = _json("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if description.get("issuer") != issuer:
            raise DirectoryDown
        cache.set(key, description, _KEPT_SECONDS)
    place = description.get(what)
    if not isinstance(place, str) or not place.startswith(_SCHEMES):
        raise DirectoryDown
    return place


def _json(method: str, url: str, **more: Any) -> dict[str, Any]:
    if "fields" in more:
        more |= {"encode_multipart": False}
    try:
        answer = _pool.request(
            method, url, redirect=False, retries=False, preload_content=False, **more
        )
        try:
            told = json.loads(answer.read(_MOST_BYTES))
        finally:
            answer.release_conn()
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise DirectoryDown from error
    # A code that is spent or made up.
    if answer.status == 400:
        raise DirectoryRefused
    if answer.status != 200 or not isinstance(told, dict):
        raise DirectoryDown
    return told


_pool = urllib3.PoolManager(timeout=_SECONDS)
