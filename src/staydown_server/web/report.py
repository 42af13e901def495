"""Pages for the person in the picture: home, the notice form, the receipt."""

from http import HTTPStatus

from django.core.files import File
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

import staydown
from staydown_server.catalogue.read import fingerprint_bytes, fingerprint_file
from staydown_server.notices.receive import AlreadyUsed, new_submission, notice_of, receive
from staydown_server.notices.report import Element, Incomplete, Report, TooLong
from staydown_server.web import sealed
from staydown_server.web.words import media_sentence, missing_sentence

_KEPT = "fingerprints kept in the form"
_MOST_FILES = 20
_TEXTS = ("places", "explanation", "on_behalf_of", "signature", "contact")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "web/home.html")


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The notice form. What is missing is asked for; what was given is kept."""
    if request.method != "POST":
        filled = {"places": request.GET.get("url", "")[:2000], "submission": new_submission()}
        return render(request, "web/report.html", {"filled": filled})

    filled = {name: request.POST.get(name, "").replace("\x00", "") for name in _TEXTS}
    filled["good_faith"] = request.POST.get("good_faith", "")
    filled["submission"] = request.POST.get("submission", "")[:100] or new_submission()
    kept = sealed.unpack(request.POST.get("kept", ""), purpose=_KEPT) or []
    questions: dict[str, str] = {}
    for upload in request.FILES.getlist("files"):
        if len(kept) >= _MOST_FILES:
            questions["files"] = _("At most 20 files can be added to one notice.")
            break
        try:
            # Sealed on its way through the form: nobody else can bring a local layer.
            kept.append(_fingerprint(upload).to_dict(with_local=True))
        except staydown.MediaError as error:
            questions["files"] = _("%(file)s: %(sentence)s") % {
                "file": upload.name,
                "sentence": media_sentence(error),
            }
    told = Report(
        **{name: filled[name] for name in _TEXTS},
        good_faith=bool(filled["good_faith"]),
        language=get_language() or "en",
        fingerprints=tuple(kept),
    )
    try:
        told.check()
        if not questions:
            return _acknowledge(told, filled["submission"])
    except Incomplete as error:
        # A file that could not be read is asked about once, not twice.
        missing = [e for e in error.missing if not (e == Element.PICTURES and questions)]
        questions |= {element: missing_sentence(element) for element in missing}
    except TooLong as error:
        questions[error.field_name] = ngettext(
            "This is longer than we can keep: %(limit)s character at most.",
            "This is longer than we can keep: %(limit)s characters at most.",
            error.limit,
        ) % {"limit": error.limit}
    except AlreadyUsed:
        filled["submission"] = new_submission()
        questions["form"] = _(
            "A first version of this form has already reached us. If you want to send this one "
            "as well, send it once more."
        )
    shown = {
        "filled": filled,
        "questions": questions,
        "kept": sealed.pack(kept, purpose=_KEPT) if kept else "",
        "kept_count": len(kept),
    }
    return render(request, "web/report.html", shown, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_safe
def received(request: HttpRequest) -> HttpResponse:
    """The receipt, right after a notice was sent."""
    code = sealed.remembered_receipt(request)
    notice = notice_of(code) if code else None
    if notice is None:
        return redirect("web:status")
    return render(request, "web/received.html", {"code": code, "notice": notice})


def _fingerprint(upload: "File[bytes]") -> staydown.Fingerprint:
    temporary_file_path = getattr(upload, "temporary_file_path", None)
    if temporary_file_path:
        return fingerprint_file(temporary_file_path(), look="reported")
    return fingerprint_bytes(upload.read(), look="reported")


def _acknowledge(told: Report, submission: str) -> HttpResponse:
    receipt = receive(told, submission=submission)
    response = HttpResponseRedirect(reverse("web:received"))
    sealed.remember_receipt(response, receipt.code)
    return response
