"""What somebody at the desk signs in with."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from staydown_server.accounts.models import Authenticator
from staydown_server.people import directory, passkeys
from staydown_server.people import enrol as enrolment
from staydown_server.web.enrol import enrol_sentence, new_parts, recovery_page, used_secret
from staydown_server.web.moderators import (
    P,
    Page,
    moderator,
    readers_only,
    signed_in_lately,
)
from staydown_server.web.sign_in import answered


def _lately(page: Page[P]) -> Page[P]:
    """A desk left open must not become somebody else's for good."""

    def guarded(request: HttpRequest, /, *arguments: P.args, **named: P.kwargs) -> HttpResponse:
        if not signed_in_lately(request):
            messages.error(request, _("Please sign in once more to change this."))
            return redirect("web:account")
        return page(request, *arguments, **named)

    return guarded


@require_safe
@readers_only
def account(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@readers_only
@_lately
def code(request: HttpRequest) -> HttpResponse:
    """A new password and a new app."""
    user = moderator(request)
    try:
        recovery = enrolment.add_code(
            user,
            password=request.POST.get("password", "")[:1000],
            secret=used_secret(request),
            code=request.POST.get("code", "")[:20],
        )
    except enrolment.EnrolError as error:
        return _page(request, error=enrol_sentence(error))
    # Their other sessions end with the old password; this one goes on.
    update_session_auth_hash(request, user)
    return recovery_page(request, recovery)


@require_POST
@readers_only
@_lately
def passkey(request: HttpRequest) -> HttpResponse:
    try:
        made = passkeys.read_new(*answered(request))
        enrolment.add_passkey(moderator(request), made, name=request.POST.get("name", ""))
    except (passkeys.WrongPasskey, enrolment.EnrolError) as error:
        return _page(request, error=enrol_sentence(error))
    messages.success(request, _("The passkey was added."))
    return redirect("web:account")


@require_POST
@readers_only
@_lately
def remove(request: HttpRequest, authenticator_id: int) -> HttpResponse:
    theirs = get_object_or_404(Authenticator, pk=authenticator_id, user=moderator(request))
    try:
        enrolment.remove(theirs)
    except enrolment.EnrolError as error:
        return _page(request, error=enrol_sentence(error))
    messages.success(request, _("It was removed."))
    return redirect("web:account")


def _page(request: HttpRequest, *, error: str = "") -> HttpResponse:
    user = moderator(request)
    shown = {
        "error": error,
        "authenticators": Authenticator.objects.filter(user=user),
        "directory": directory.configured(),
        "is_lately": signed_in_lately(request),
        **new_parts(request, user),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "web/account.html", shown, status=status)
