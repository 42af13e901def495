"""The page on which the person sees where the notice stands, and writes; its code opens it."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from staydown_server.accounts.pace import Wait, wrong_codes
from staydown_server.cases.jurisdictions import jurisdictions
from staydown_server.notices import letters, mail
from staydown_server.notices.models import Notice, Subscription
from staydown_server.notices.receive import new_submission, notice_of
from staydown_server.review import withdraw as withdrawing
from staydown_server.review.add import AddError, add_places
from staydown_server.review.appeal import AppealError
from staydown_server.review.contest import contest as contest_refusals
from staydown_server.review.sending import standing_of
from staydown_server.review.status import status_of
from staydown_server.web import pace, sealed
from staydown_server.web.numbers import numbers
from staydown_server.web.words import (
    row_sentence,
    standing_sentence,
    step_sentence,
    writing_sentence,
)

#: What can be typed on the page. It is carried along while the code is asked for again.
TYPED = ("letter", "places", "objection", "address")

Page = Callable[[HttpRequest, Notice], HttpResponse]


@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest) -> HttpResponse:
    """Where the notice stands; asks for the receipt code first."""
    if request.method != "POST":
        notice = _remembered(request)
        return _page(request, notice) if notice else _ask_for_code(request)
    code = request.POST.get("code", "")[:100]
    wait = pace.wait_for(wrong_codes, request)
    if wait is not None:
        return _ask_for_code(request, code=code, wait=wait)
    notice = notice_of(code)
    if notice is None:
        wrong_codes.take(pace.caller(request))
        return _ask_for_code(request, is_wrong=True)
    # What was typed before the code was asked for is on the page again, to be sent.
    response = _page(request, notice) if _typed(request) else redirect("web:status")
    sealed.remember_receipt(response, code)
    return response


def _on_the_page(act: Page) -> Callable[[HttpRequest], HttpResponse]:
    """A form of the status page: for the notice that this browser may open, and no other."""

    @require_POST
    def guarded(request: HttpRequest) -> HttpResponse:
        notice = _remembered(request)
        return act(request, notice) if notice else _ask_for_code(request)

    return guarded


@_on_the_page
def write(request: HttpRequest, notice: Notice) -> HttpResponse:
    """Write to the desk: an answer, or anything else."""
    try:
        letters.write(notice, _text(request, "letter"), submission=_submission(request))
    except letters.LetterError as error:
        return _page(request, notice, {"letter": writing_sentence(error)})
    return _back("letters")


@_on_the_page
def add(request: HttpRequest, notice: Notice) -> HttpResponse:
    """Point at more addresses."""
    try:
        add_places(notice, _text(request, "places"), submission=_submission(request))
    except (AddError, letters.LetterError) as error:
        return _page(request, notice, {"places": writing_sentence(error)})
    return _back("pictures")


@_on_the_page
def contest(request: HttpRequest, notice: Notice) -> HttpResponse:
    """Say why a refusal is wrong."""
    chosen = numbers(request.POST.getlist("refusal"))
    try:
        contest_refusals(notice, chosen, text=_text(request, "objection"))
    except AppealError as error:
        return _page(request, notice, {"objection": writing_sentence(error)})
    return _back("pictures")


@_on_the_page
def choose_mail(request: HttpRequest, notice: Notice) -> HttpResponse:
    """Have a neutral mail sent when there is news."""
    if not mail.is_offered():
        return _back("mail")
    try:
        mail.subscribe(notice, _text(request, "address"))
    except mail.BadAddress as error:
        return _page(request, notice, {"address": writing_sentence(error)})
    return _back("mail")


@_on_the_page
def stop_mail(_request: HttpRequest, notice: Notice) -> HttpResponse:
    mail.unsubscribe(notice)
    return _back("mail")


@_on_the_page
def withdraw(request: HttpRequest, notice: Notice) -> HttpResponse:
    """Take the notice back, after a ticked confirmation."""
    if request.POST.get("sure"):
        withdrawing.withdraw(notice)
    return redirect("web:status")


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Close the status page on this device."""
    response = redirect("web:home")
    sealed.forget_receipt(response)
    return response


def _remembered(request: HttpRequest) -> Notice | None:
    code = sealed.remembered_receipt(request)
    return notice_of(code) if code else None


def _text(request: HttpRequest, name: str) -> str:
    # Browsers send line ends as two characters and count them as one.
    return request.POST.get(name, "").replace("\r\n", "\n")


def _submission(request: HttpRequest) -> str:
    return request.POST.get("submission", "")[:100]


def _typed(request: HttpRequest) -> dict[str, str]:
    typed = {name: _text(request, name) for name in TYPED}
    return {name: text for name, text in typed.items() if text}


def _back(place: str) -> HttpResponse:
    response = redirect("web:status")
    response.headers["Location"] = f"{reverse('web:status')}#{place}"
    return response


def _ask_for_code(
    request: HttpRequest, *, code: str = "", is_wrong: bool = False, wait: Wait | None = None
) -> HttpResponse:
    """The page that asks for the code. A wrong one and an unknown one are the same here."""
    typed = _typed(request)
    shown = {
        "code": code,
        "is_wrong": is_wrong,
        "wait": wait,
        "typed": typed,
        "submission": _submission(request),
        "refusals": numbers(request.POST.getlist("refusal")),
    }
    status = HTTPStatus.OK
    if wait is not None:
        status = HTTPStatus.TOO_MANY_REQUESTS
    elif is_wrong:
        status = HTTPStatus.NOT_FOUND
    elif request.method == "POST":
        status = HTTPStatus.FORBIDDEN
    response = render(request, "web/status_code.html", shown, status=status)
    if wait is not None:
        response.headers["Retry-After"] = str(wait.seconds)
    return response


def _page(
    request: HttpRequest, notice: Notice, questions: Mapping[str, str] | None = None
) -> HttpResponse:
    """The whole page, with what was typed and *questions* about it."""
    standing = status_of(notice)
    shown: dict[str, Any] = {
        "standing": standing,
        "is_late": standing.deadline and standing.deadline < timezone.now(),
        "rows": [(row, row_sentence(row)) for row in standing.rows],
        "may_contest": [row for row in standing.rows if row.refusal_id],
        "steps": [(step, step_sentence(step)) for step in standing.steps],
        "of_sender": standing_sentence(standing_of(notice)),
        "clock": jurisdictions().get(standing.jurisdiction),
        "typed": _typed(request),
        "questions": questions or {},
        "submission": _submission(request) or new_submission(),
        "refusals": numbers(request.POST.getlist("refusal")),
        "mail_is_offered": mail.is_offered(),
        "mail": Subscription.objects.filter(notice=notice).first(),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if questions else HTTPStatus.OK
    response = render(request, "web/status.html", shown, status=status)
    # The person has gone on from the receipt: it shows the code no more.
    sealed.forget_code(response)
    return response
