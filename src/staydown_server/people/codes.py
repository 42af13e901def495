"""Codes: of an authenticator app (TOTP, RFC 6238), and those for when it is lost."""

import base64
import io
import secrets
import time
from urllib.parse import quote, urlencode

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.utils import timezone

from staydown_server import vault
from staydown_server.accounts.models import Authenticator, RecoveryCode, User

#: What every authenticator app takes for granted.
DIGITS, STEP_SECONDS = 6, 30
#: Phones' clocks differ: the code before and the next one are good, too (RFC 6238, 5.2).
_STEPS_OFF = (0, -1, 1)
RECOVERY_CODES = 10
_ISSUER = "Staydown"


def new_secret() -> str:
    """160 bits (RFC 4226, 4) in base32, as people type it where they cannot scan."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def address_of(secret: str, user: User) -> str:
    """The ``otpauth`` address that an app reads."""
    told = urlencode({"secret": secret, "issuer": _ISSUER}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{_ISSUER}:{user.email}')}?{told}"


def picture_of(address: str) -> bytes:
    """The address as a QR code, SVG."""
    picture = io.BytesIO()
    segno.make(address, error="m").save(
        picture, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return picture.getvalue()


def step_of(secret: str, code: str, *, after: int = 0) -> int | None:
    """The time step of which *code* is, if it is one of now and later than step *after*."""
    digits = "".join(code.split()).encode()
    app = TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303  RFC 6238
    now = int(time.time()) // STEP_SECONDS
    for off in _STEPS_OFF:
        is_it = secrets.compare_digest(app.generate((now + off) * STEP_SECONDS), digits)
        if is_it and now + off > after:
            return now + off
    return None


def is_right(user: User, code: str) -> bool:
    """Whether *code* is one of the user's app, or of those for when it is lost; it is used up."""
    app = Authenticator.objects.filter(user=user, kind=Authenticator.Kind.CODE).first()
    if app is None:
        return False
    step = step_of(app.content["secret"], code, after=app.last_step)
    if step is not None:
        # Of two who bring one code at once, one is let in.
        claimed = Authenticator.objects.filter(pk=app.pk, last_step__lt=step)
        return claimed.update(last_step=step, used_at=timezone.now()) == 1
    unused = RecoveryCode.objects.filter(user=user, digest=_digest(user, code), used_at=None)
    return unused.update(used_at=timezone.now()) == 1


def new_recovery_codes(user: User) -> list[str]:
    """Ten codes of 50 bits, to be shown once; the earlier ones are worth nothing any more."""
    RecoveryCode.objects.filter(user=user).delete()
    letters = [
        base64.b32encode(secrets.token_bytes(7)).decode()[:10] for _ in range(RECOVERY_CODES)
    ]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=_digest(user, code)) for code in letters
    )
    return [f"{code[:5]}-{code[5:]}" for code in letters]


def _digest(user: User, code: str) -> bytes:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return vault.digest(f"{user.pk} {plain}", purpose="recovery code")
