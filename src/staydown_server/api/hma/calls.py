"""What each of these endpoints shares: the key, the parameters, and errors as HMA writes them."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from staydown_server.accounts.hosts import host_of_key
from staydown_server.accounts.models import Host
from staydown_server.api import bodies
from staydown_server.api.problems import Problem

#: Takes the request, the host and what the address names; gives JSON, or an answer.
Function = Callable[..., Any]
View = Callable[..., HttpResponse]


class Fault(Exception):
    """Answered with this status and ``{"message": ...}``."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def failed(status: int, message: str) -> HttpResponse:
    answer = JsonResponse({"message": message}, status=status)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer, Basic realm="Staydown"'
    return answer


def endpoint(scope: str, **methods: Function) -> View:
    """A view that calls one of *methods* (``GET=...``) for a host whose key may do *scope*."""

    @csrf_exempt
    def view(request: HttpRequest, **named: Any) -> HttpResponse:
        function = methods.get(request.method or "")
        if function is None:
            answer = failed(405, "This address does not take this method.")
            answer.headers["Allow"] = ", ".join(methods)
            return answer
        host = _host_of(request, scope=scope)
        if host is None:
            return failed(401, "Send a valid API key that may do this.")
        if not bodies.is_text(request.path_info):
            return failed(404, "There is nothing at this address.")
        try:
            told = function(request, host, **named)
        except Fault as fault:
            return failed(fault.status, fault.message)
        except Problem as problem:
            return failed(problem.status, problem.detail)
        return told if isinstance(told, HttpResponse) else JsonResponse(told, safe=False)

    return view


def parameter(request: HttpRequest, name: str) -> str:
    """A parameter of the address that must be there."""
    value = request.GET.get(name)
    if not value:
        raise Fault(400, f"{name} is required")
    return value


def is_true(text: str) -> bool:
    """A flag in an address, as HMA reads it."""
    if text.lower() not in ("true", "1", "false", "0"):
        raise Fault(400, "invalid boolean parameter - prefer true/false")
    return text.lower() in ("true", "1")


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body."""
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Fault(400, "The body is not valid JSON.") from None
    if not isinstance(told, dict):
        raise Fault(400, "Request input was not a dict")
    if b"\\u" in request.body and not bodies.holds_text(told):
        raise Fault(400, "The body has text that cannot be stored")
    return told


def _host_of(request: HttpRequest, *, scope: str) -> Host | None:
    kind, _, told = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        # For consoles that have nothing but an address: https://any:KEY@staydown.example
        try:
            told = base64.b64decode(told, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    elif kind.lower() != "bearer":
        return None
    return host_of_key(told.strip(), scope=scope)
