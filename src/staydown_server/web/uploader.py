"""The uploader's page behind a secret link: the statement of reasons, and the appeal."""

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from staydown_server.removal.models import Removal
from staydown_server.removal.reasons import removal_of, statement_of_reasons
from staydown_server.review import appeal as appeals
from staydown_server.review.models import Appeal


@require_http_methods(["GET", "HEAD", "POST"])
def reasons(request: HttpRequest, token: str) -> HttpResponse:
    removal = removal_of(token)
    if removal is None:
        raise Http404
    shown = {
        "removal": removal,
        "statement": statement_of_reasons(removal),
        "is_restored": removal.state in (Removal.State.RESTORE_ORDERED, Removal.State.RESTORED),
        "appeals": Appeal.objects.filter(removal=removal).order_by("pk"),
        "text": "",
    }
    if request.method != "POST":
        return render(request, "web/reasons.html", shown)
    text = request.POST.get("text", "").replace("\x00", "")
    try:
        appeals.appeal(removal, text=text)
    except appeals.AppealEmpty:
        error = _("Please say why you think that the removal is wrong.")
    except appeals.AppealTooLong:
        error = _("Please shorten your text: 10,000 characters at most.")
    except appeals.AppealWaits:
        error = _("An appeal has already been sent and waits for its answer.")
    else:
        return redirect(request.path)
    shown |= {"error": error, "text": text}
    return render(request, "web/reasons.html", shown, status=HTTPStatus.UNPROCESSABLE_ENTITY)
