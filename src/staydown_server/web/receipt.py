"""The receipt: the code that opens the status page, shown once."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from staydown_server.notices.receive import notice_of
from staydown_server.web import sealed


@require_safe
def received(request: HttpRequest) -> HttpResponse:
    """The receipt, right after a notice was sent. Reloading it does no harm; once the person
    has gone on to the status page, or ten minutes have passed, it shows the code no more."""
    code = sealed.code_to_show(request)
    notice = notice_of(code) if code else None
    if notice is None:
        return redirect("web:status")
    return render(request, "web/received.html", {"code": code, "notice": notice})


@require_safe
def save_code(request: HttpRequest) -> HttpResponse:
    """The code as a file whose name says nothing, for as long as the receipt is shown."""
    code = sealed.code_to_show(request)
    notice = notice_of(code) if code else None
    if notice is None:
        return redirect("web:status")
    lines = [
        code or "",
        settings.PUBLIC_URL + reverse("web:status"),
        f"{date_format(notice.received_at, 'DATETIME_FORMAT')} (UTC)",
    ]
    # With a mark of its encoding: what opens text files on an old computer needs it.
    text = "\ufeff" + "".join(f"{line}\r\n" for line in lines)
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="note.txt"'
    return answer
