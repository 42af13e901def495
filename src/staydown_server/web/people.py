"""Who works at the desk, for administrators."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from staydown_server.accounts.models import Role, User
from staydown_server.people.invite import invite
from staydown_server.people.roles import LastAdministrator, give_role, shut_out
from staydown_server.web.moderators import administrators_only, moderator


@require_safe
@administrators_only
def people(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@administrators_only
def invite_view(request: HttpRequest) -> HttpResponse:
    """Make a link, shown once; for somebody who is known, it replaces what they sign in with."""
    email = request.POST.get("email", "").strip()[:254]
    asked = request.POST.get("role", "")
    try:
        validate_email(email)
    except ValidationError:
        return _page(request, error=_("This is not an e-mail address."), email=email)
    role = Role(asked) if asked in Role.values else None
    token = invite(email, role=role, by=str(moderator(request)))
    link = settings.PUBLIC_URL + reverse("web:sign_in", args=[token])
    return _page(request, link=link, invited=email)


@require_POST
@administrators_only
def role(request: HttpRequest, user_id: int) -> HttpResponse:
    asked = request.POST.get("role", "")
    if asked in Role.values:
        try:
            give_role(_one(user_id), Role(asked), by=moderator(request))
        except LastAdministrator:
            messages.error(request, _last())
    return redirect("web:people")


@require_POST
@administrators_only
def shut_out_view(request: HttpRequest, user_id: int) -> HttpResponse:
    try:
        shut_out(_one(user_id), by=moderator(request))
    except LastAdministrator:
        messages.error(request, _last())
    return redirect("web:people")


def _one(user_id: int) -> User:
    return get_object_or_404(User, pk=user_id)


def _last() -> str:
    return _("This is the last administrator. Make somebody else one first.")


def _page(
    request: HttpRequest, *, error: str = "", email: str = "", link: str = "", invited: str = ""
) -> HttpResponse:
    shown = {
        "people": User.objects.order_by("-is_active", "email").prefetch_related(
            "authenticator_set"
        ),
        "roles": Role.choices,
        "error": error,
        "email": email,
        "link": link,
        "invited": invited,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "web/people.html", shown, status=status)
