"""What every page of the desk begins with: who is there, and what they chose to see."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from staydown_server.accounts.models import User
from staydown_server.cases.models import CaseItem
from staydown_server.gate.models import HeldUpload

_REVEALED = "revealed"
_MOST_REVEALED = 50

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponse]


def moderators_only(page: Page[P]) -> Page[P]:
    """Strangers are sent to the sign-in page, whatever they asked for."""

    def guarded(request: HttpRequest, /, *arguments: P.args, **named: P.kwargs) -> HttpResponse:
        if not (isinstance(request.user, User) and request.user.may_review):
            return redirect("web:sign_in_needed")
        return page(request, *arguments, **named)

    return guarded


def moderator(request: HttpRequest) -> User:
    """Who asks, on a page for moderators only."""
    assert isinstance(request.user, User)  # noqa: S101  moderators_only saw to it
    return request.user


def reason_in(request: HttpRequest) -> str:
    """The reason that was typed, as it can be stored."""
    return request.POST.get("reason", "").replace("\x00", "")[:5000]


def is_revealed(request: HttpRequest, thing: CaseItem | HeldUpload) -> bool:
    """Whether this session shows the picture of *thing* as it is."""
    return str(thing) in request.session.get(_REVEALED, [])


def remember_revealed(request: HttpRequest, *things: CaseItem | HeldUpload) -> None:
    """Show the pictures of *things* as they are, in this session."""
    seen = [*request.session.get(_REVEALED, []), *(str(each) for each in things)]
    request.session[_REVEALED] = seen[-_MOST_REVEALED:]
