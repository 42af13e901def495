"""Small secrets carried by the person's own browser, unreadable to anybody else."""

import base64
import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from staydown_server import vault

_RECEIPT = "staydown_receipt"
_RECEIPT_SECONDS = 30 * 60


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
    """Let this browser open the status page for half an hour."""
    response.set_cookie(
        _RECEIPT,
        pack(code, purpose="receipt cookie"),
        max_age=_RECEIPT_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def forget_receipt(response: HttpResponse) -> None:
    response.delete_cookie(_RECEIPT, samesite="Strict")


def remembered_receipt(request: HttpRequest) -> str | None:
    code = unpack(request.COOKIES.get(_RECEIPT, ""), purpose="receipt cookie")
    return code if isinstance(code, str) else None
