"""To the organisation's directory and back: to sign in, with an invitation, or to add it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from staydown_server.accounts.sign_in import LinkSpent
from staydown_server.people import directory, enter
from staydown_server.people import enrol as enrolment
from staydown_server.web import pace
from staydown_server.web.enrol import TOKEN
from staydown_server.web.moderators import is_signed_in, moderator, signed_in_lately
from staydown_server.web.sign_in import let_in

_KNOWN = "directory question"


@require_safe
def go(request: HttpRequest) -> HttpResponse:
    if directory.configured() is None:
        raise Http404
    try:
        place, request.session[_KNOWN] = directory.begin()
    except directory.DirectoryError as error:
        return _not_in(request, error)
    return redirect(place)


@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """What the directory answers, once."""
    if directory.configured() is None:
        raise Http404
    known = request.session.pop(_KNOWN, None)
    answer = {name: request.GET.get(name, "")[:4000] for name in request.GET}
    try:
        vouched = directory.finish(known, answer)
        return _let(request, vouched)
    except (
        *(directory.DirectoryError, enter.WrongSignIn, enter.TooManyTries),
        *(LinkSpent, enrolment.EnrolError),
    ) as error:
        return _not_in(request, error)


def _let(request: HttpRequest, vouched: directory.Vouched) -> HttpResponse:
    if is_signed_in(request) and signed_in_lately(request):
        enrolment.add_directory(moderator(request), vouched)
        messages.success(request, _("It was added."))
        return redirect("web:account")
    if token := request.session.get(TOKEN):
        return let_in(request, enrolment.enrol_with_directory(token, vouched))
    return let_in(request, enter.with_directory(vouched, caller=pace.caller(request)))


def _not_in(request: HttpRequest, error: Exception) -> HttpResponse:
    known = directory.configured()
    name = known.name if known else ""
    sentences: dict[type[Exception], str] = {
        directory.DirectoryDown: _(
            "%(name)s does not answer. Please try again, or sign in in another way."
        ),
        directory.NotStrong: _(
            "%(name)s asked you for a password alone. The desk needs more: please set up a "
            "second step there, or sign in in another way."
        ),
        enter.WrongSignIn: _(
            "%(name)s knows you, and nobody here has joined that to an account. Open your "
            "invitation first, or ask an administrator for one."
        ),
        enter.TooManyTries: _("There were many wrong tries. Please try again in a minute."),
        LinkSpent: _("The invitation was used or is too old. Please ask for a new one."),
        enrolment.KnownAccount: _("Somebody signs in with this already."),
    }
    refused = _("%(name)s did not sign you in. Please try again, or sign in in another way.")
    messages.error(request, sentences.get(type(error), refused) % {"name": name})
    if is_signed_in(request):
        return redirect("web:account")
    return redirect("web:enrol" if request.session.get(TOKEN) else "web:sign_in_needed")
