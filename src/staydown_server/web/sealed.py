"""Small secrets carried by the person's own browser, unreadable to anybody else."""

import base64
import json
import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from staydown_server import vault

_RECEIPT = "staydown_receipt"
_RECEIPT_SECONDS = 30 * 60
# Apart from the other: this one shows the code itself, and goes when the person goes on.
_CODE = "staydown_code"
_CODE_SECONDS = 10 * 60


def pack(value: Any, *, purpose: str) -> str:
    """*value* (JSON) as sealed text for a hidden field or a cookie."""
    return base64.urlsafe_b64encode(
        vault.seal(json.dumps(value).encode(), purpose=purpose)
    ).decode()


def unpack(text: str, *, purpose: str) -> Any:
    """What :func:`pack` sealed, or None where it is not ours."""
    try:
        return json.loads(vault.unseal(base64.urlsafe_b64decode(text), purpose=purpose))
    except (vault.Unreadable, ValueError):
        return None


def remember_receipt(response: HttpResponse, code: str) -> None:
    """Let this browser open the status page for half an hour, and show the code no more."""
    _remember(response, _RECEIPT, code, _RECEIPT_SECONDS)
    forget_code(response)


def hand_over(response: HttpResponse, code: str) -> None:
    """Let this browser open the status page, and show the code until the person goes on."""
    _remember(response, _RECEIPT, code, _RECEIPT_SECONDS)
    _remember(response, _CODE, code, _CODE_SECONDS)


def forget_receipt(response: HttpResponse) -> None:
    response.delete_cookie(_RECEIPT, samesite="Strict")
    forget_code(response)


def forget_code(response: HttpResponse) -> None:
    response.delete_cookie(_CODE, samesite="Strict")


def remembered_receipt(request: HttpRequest) -> str | None:
    """The code whose status page this browser may open."""
    return _remembered(request, _RECEIPT)


def code_to_show(request: HttpRequest) -> str | None:
    """The code that was just given, for as long as it is shown."""
    return _remembered(request, _CODE)


def _remember(response: HttpResponse, name: str, code: str, seconds: int) -> None:
    response.set_cookie(
        name,
        pack([code, time.time() + seconds], purpose=f"{name} cookie"),
        max_age=seconds,
        httponly=True,
        samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _remembered(request: HttpRequest, name: str) -> str | None:
    match unpack(request.COOKIES.get(name, ""), purpose=f"{name} cookie"):
        # Ours too, and not only the browser's, to forget: a copied cookie ends as well.
        case [str(code), float(until)] if time.time() < until:
            return code
    return None
