"""What every page of the desk begins with: who is there, and what they chose to see."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from staydown_server.accounts.models import User
from staydown_server.cases.models import CaseItem
from staydown_server.gate.models import HeldUpload
from staydown_server.review.desk_rules import desk
from staydown_server.web.errors import error_page

_BEGAN, _SEEN = "began", "seen"
#: How exactly "away" is known, in seconds: not every click writes to the database.
_NOTED_EACH = 60
_LATELY = 15 * 60
_REVEALED = "revealed"
_LOOKS = "looks"
_MOST_REVEALED = 50

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponse]


def _only(may: Callable[[User], bool]) -> Callable[[Page[P]], Page[P]]:
    def guard(page: Page[P]) -> Page[P]:
        def guarded(request: HttpRequest, /, *arguments: P.args, **named: P.kwargs) -> HttpResponse:
            if not is_signed_in(request):
                return redirect("web:sign_in_needed")
            if not may(moderator(request)):
                return error_page(request, HTTPStatus.FORBIDDEN)
            return page(request, *arguments, **named)

        return guarded

    return guard


# Strangers are sent to the sign-in page, whatever they asked for. What somebody's role does not
# allow is refused, whatever their page showed.
readers_only = _only(lambda user: user.may_read)
moderators_only = _only(lambda user: user.may_review)
seniors_only = _only(lambda user: user.may_confirm)
administrators_only = _only(lambda user: user.may_administer)


@receiver(user_logged_in)
def _begin(request: HttpRequest, **_signal: object) -> None:
    request.session[_BEGAN] = request.session[_SEEN] = int(time.time())


def is_signed_in(request: HttpRequest) -> bool:
    """Whether somebody is, and neither was away for too long nor signed in too long ago."""
    if not (isinstance(request.user, User) and request.user.may_read):
        return False
    now = time.time()
    began, seen = (request.session.get(name, 0) for name in (_BEGAN, _SEEN))
    if now > began + settings.SESSION_COOKIE_AGE or now > seen + settings.SESSION_IDLE_SECONDS:
        logout(request)
        return False
    if now > seen + _NOTED_EACH:
        request.session[_SEEN] = int(now)
    return True


def signed_in_lately(request: HttpRequest) -> bool:
    """Long enough ago, somebody else may sit there: what they sign in with stays as it is."""
    return time.time() < int(request.session.get(_BEGAN, 0)) + _LATELY


def moderator(request: HttpRequest) -> User:
    """Who asks, on a page that strangers do not see."""
    assert isinstance(request.user, User)  # noqa: S101  the guard saw to it
    return request.user


def reason_in(request: HttpRequest) -> str:
    """The reason that was typed, as it can be stored."""
    return request.POST.get("reason", "")[:5000]


def is_revealed(request: HttpRequest, thing: CaseItem | HeldUpload) -> bool:
    """Whether this session shows the picture of *thing* as it is."""
    return str(thing) in request.session.get(_REVEALED, [])


def note_look(request: HttpRequest) -> None:
    """Somebody looked at a picture as it is: after many looks, the desk suggests a break."""
    request.session[_LOOKS] = [*_looks(request), int(time.time())]


def needs_a_break(request: HttpRequest) -> bool:
    return len(_looks(request)) >= desk().break_looks


def _looks(request: HttpRequest) -> list[int]:
    """When they looked, of late."""
    since = time.time() - desk().break_minutes * 60
    return [at for at in request.session.get(_LOOKS, []) if at > since]


def remember_revealed(request: HttpRequest, *things: CaseItem | HeldUpload) -> None:
    """Show the pictures of *things* as they are, in this session."""
    note_look(request)
    seen = [*request.session.get(_REVEALED, []), *(str(each) for each in things)]
    request.session[_REVEALED] = seen[-_MOST_REVEALED:]
