"""Signing in, with a passkey or with a password and a code, and out."""

import json
from http import HTTPStatus
from typing import Any

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from staydown_server.accounts.models import User
from staydown_server.people import directory, enter, passkeys
from staydown_server.web import pace

_STATE = "passkey question"


@require_http_methods(["GET", "HEAD", "POST"])
def needed(request: HttpRequest) -> HttpResponse:
    """Where somebody lands who asks for the desk without having signed in."""
    if request.method != "POST":
        return _form(request)
    try:
        user = enter.with_code(
            request.POST.get("email", "")[:254],
            request.POST.get("password", "")[:1000],
            request.POST.get("code", "")[:100],
            caller=pace.caller(request),
            turn=request.POST.get("turn", "")[:500],
        )
    except enter.WrongSignIn:
        return _form(request, error=_("That is not right. Please check all three."))
    except enter.TooManyTries as error:
        return _form(request, error=_wait_sentence(error), turn=error.wait.turn)
    return let_in(request, user)


@require_POST
def passkey(request: HttpRequest) -> HttpResponse:
    state, answer = answered(request)
    try:
        user = enter.with_passkey(state, answer, caller=pace.caller(request))
    except enter.WrongSignIn:
        return _form(request, error=_("This passkey is not one for here."))
    except enter.TooManyTries as error:
        return _form(request, error=_wait_sentence(error))
    return let_in(request, user)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("web:home")


def let_in(request: HttpRequest, user: User) -> HttpResponse:
    """Begin a session, after all that signing in takes."""
    login(request, user, backend="staydown_server.accounts.sign_in.SessionBackend")
    return redirect("web:queue")


def ask(request: HttpRequest, question: passkeys.Question) -> str:
    """The question for the browser, JSON; what its answer must fit is remembered."""
    options, request.session[_STATE] = question
    return json.dumps(options)


def answered(request: HttpRequest) -> tuple[dict[str, Any] | None, Any]:
    """What was asked, once, and what the browser answers."""
    state = request.session.pop(_STATE, None)
    try:
        return state, json.loads(request.POST.get("answer", "")[:20_000])
    except ValueError:
        return state, None


def _form(request: HttpRequest, *, error: str = "", turn: str = "") -> HttpResponse:
    shown = {
        "error": error,
        "turn": turn,
        "email": request.POST.get("email", "")[:254],
        "question": ask(request, passkeys.ask_for_any()),
        "directory": directory.configured(),
    }
    return render(request, "web/sign_in_needed.html", shown, status=HTTPStatus.UNAUTHORIZED)


def _wait_sentence(error: enter.TooManyTries) -> str:
    return ngettext(
        "There were many wrong tries. Please try again in %(seconds)s second.",
        "There were many wrong tries. Please try again in %(seconds)s seconds.",
        error.wait.seconds,
    ) % {"seconds": error.wait.seconds}
