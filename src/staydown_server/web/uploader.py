"""The uploader's page behind a secret link: the statement of reasons, and the appeal."""

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from staydown_server.gate.models import HeldUpload
from staydown_server.removal import reasons as removals
from staydown_server.removal.models import Removal
from staydown_server.review import appeal as appeals
from staydown_server.review import tell_upload as uploads
from staydown_server.review.models import Appeal


@require_http_methods(["GET", "HEAD", "POST"])
def reasons(request: HttpRequest, token: str) -> HttpResponse:
    against = removals.removal_of(token) or uploads.upload_of(token)
    if against is None:
        raise Http404
    shown = {"is_undone": against.is_undone, "text": "", **_page(against)}
    if request.method != "POST":
        return render(request, "web/reasons.html", shown)
    text = request.POST.get("text", "")
    try:
        appeals.appeal(against, text=text)
    except appeals.AppealEmpty:
        error = _("Please say why you think that the decision is wrong.")
    except appeals.AppealTooLong:
        error = _("Please shorten your text: 10,000 characters at most.")
    except appeals.AppealWaits:
        error = _("An appeal has already been sent and waits for its answer.")
    else:
        return redirect(request.path)
    shown |= {"error": error, "text": text}
    return render(request, "web/reasons.html", shown, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _page(against: Removal | HeldUpload) -> dict[str, Any]:
    """What the page says of a removal, or of the refusal of an upload."""
    if isinstance(against, Removal):
        return {
            "address": against.item.url,
            "statement": removals.statement_of_reasons(against),
            "decided_at": against.decision.decided_at,
            "appeals": Appeal.objects.filter(removal=against).order_by("pk"),
        }
    return {
        "is_upload": True,
        "statement": uploads.statement_of_reasons(against),
        "decided_at": against.refusal.decided_at,
        "appeals": Appeal.objects.filter(upload=against).order_by("pk"),
    }
