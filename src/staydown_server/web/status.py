"""The page on which the person sees where the notice stands; its code opens it."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from staydown_server.cases.jurisdictions import jurisdictions
from staydown_server.notices.receive import notice_of
from staydown_server.review import withdraw as withdrawing
from staydown_server.review.status import status_of
from staydown_server.web import sealed
from staydown_server.web.words import row_sentence


@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest) -> HttpResponse:
    """Where the notice stands; asks for the receipt code first."""
    if request.method == "POST":
        typed = request.POST.get("code", "")[:100]
        if notice_of(typed) is None:
            wrong = {"is_wrong": True}
            return render(request, "web/status_code.html", wrong, status=HTTPStatus.NOT_FOUND)
        response = redirect("web:status")
        sealed.remember_receipt(response, typed)
        return response
    code = sealed.remembered_receipt(request)
    notice = notice_of(code) if code else None
    if notice is None:
        return render(request, "web/status_code.html")
    standing = status_of(notice)
    clock = jurisdictions().get(standing.jurisdiction)
    rows = [(row, row_sentence(row)) for row in standing.rows]
    shown = {"standing": standing, "rows": rows, "clock": clock}
    return render(request, "web/status.html", shown)


@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Take the notice back, after a ticked confirmation."""
    code = sealed.remembered_receipt(request)
    notice = notice_of(code) if code else None
    if notice is not None and request.POST.get("sure"):
        withdrawing.withdraw(notice)
    return redirect("web:status")


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Close the status page on this device."""
    response = redirect("web:home")
    sealed.forget_receipt(response)
    return response
