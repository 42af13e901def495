"""From an invitation to the desk: choosing what to sign in with."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from staydown_server.accounts.models import User
from staydown_server.accounts.sign_in import LinkSpent, use_link, user_of_link
from staydown_server.people import codes, directory, passkeys
from staydown_server.people import enrol as enrolment
from staydown_server.web.sign_in import answered, ask, let_in

TOKEN, _SECRET = "invitation", "secret of an app"


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """A button, not the link itself, goes on: mail scanners open links."""
    if request.method != "POST":
        return render(request, "web/sign_in.html")
    try:
        if settings.TRY_OUT:
            return let_in(request, use_link(token))
        user_of_link(token)
    except LinkSpent:
        return _spent(request)
    # Whoever planted a session before gets nothing by it.
    request.session.flush()
    request.session[TOKEN] = token
    return redirect("web:enrol")


@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Choose: a passkey, or a password and an app."""
    token = request.session.get(TOKEN, "")
    try:
        user = user_of_link(token)
        if request.method != "POST":
            return _form(request, user)
        user, recovery = enrolment.enrol_with_code(
            token,
            password=request.POST.get("password", "")[:1000],
            secret=request.session.get(_SECRET, ""),
            code=request.POST.get("code", "")[:20],
        )
    except LinkSpent:
        return _spent(request)
    except enrolment.EnrolError as error:
        return _form(request, user, error=enrol_sentence(error))
    let_in(request, user)
    return recovery_page(request, recovery)


@require_POST
def passkey(request: HttpRequest) -> HttpResponse:
    token = request.session.get(TOKEN, "")
    state, answer = answered(request)
    try:
        user = user_of_link(token)
        made = passkeys.read_new(state, answer)
        user = enrolment.enrol_with_passkey(token, made, name=request.POST.get("name", ""))
    except LinkSpent:
        return _spent(request)
    except (passkeys.WrongPasskey, enrolment.EnrolError) as error:
        return _form(request, user, error=enrol_sentence(error))
    return let_in(request, user)


def new_parts(request: HttpRequest, user: User) -> dict[str, Any]:
    """What an app and a passkey are made from; the app's secret is the same until it is used."""
    secret = request.session.setdefault(_SECRET, codes.new_secret())
    address = codes.address_of(secret, user)
    return {
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        # Of our own making: an address that we wrote, as squares.
        "question": ask(request, passkeys.ask_for_new(user)),
        "qr": mark_safe(codes.picture_of(address).decode()),  # noqa: S308
    }


def used_secret(request: HttpRequest) -> str:
    """The secret that was shown."""
    return str(request.session.get(_SECRET, ""))


def recovery_page(request: HttpRequest, recovery: list[str]) -> HttpResponse:
    request.session.pop(_SECRET, None)
    return render(request, "web/recovery.html", {"codes": recovery})


def enrol_sentence(error: Exception) -> str:
    if isinstance(error, enrolment.WeakPassword):
        return " ".join(error.reasons)
    sentences: dict[type[Exception], str] = {
        enrolment.WrongCode: _("The code is not that of this app. Please type the newest one."),
        enrolment.KnownPasskey: _("This passkey is on file already."),
        enrolment.LastAuthenticator: _("It is the last one: add another before you remove it."),
    }
    return sentences.get(type(error), _("The passkey could not be made. Please try again."))


def _form(request: HttpRequest, user: User, *, error: str = "") -> HttpResponse:
    shown = {
        "who": user,
        "error": error,
        "directory": directory.configured(),
        **new_parts(request, user),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "web/enrol.html", shown, status=status)


def _spent(request: HttpRequest) -> HttpResponse:
    return render(request, "web/sign_in.html", {"is_spent": True}, status=HTTPStatus.FORBIDDEN)
