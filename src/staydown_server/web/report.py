"""Pages for the person in the picture: home, the notice form, the receipt."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.files import File
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

import staydown
from staydown import Fingerprint
from staydown_server.accounts.pace import Wait, notices
from staydown_server.catalogue.read import fingerprint_bytes, fingerprint_file, from_outside
from staydown_server.notices.receive import AlreadyUsed, new_submission, receive
from staydown_server.notices.regimes import may_be_nameless
from staydown_server.notices.report import Element, Incomplete, Kind, Report, TooLong, TooMany
from staydown_server.web import pace, sealed
from staydown_server.web.helplines import helplines
from staydown_server.web.statement import statement
from staydown_server.web.words import media_sentence, missing_sentence

_KEPT = "fingerprints kept in the form"
_MOST_FILES = 20
#: Of the largest form, what its fields may need beside a file, in bytes.
_ROOM_FOR_TEXT = 2_000_000
_TEXTS = ("places", "explanation", "on_behalf_of", "signature", "contact")
_TICKS = ("good_faith", "about_minor")

Questions = dict[str, str]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "web/home.html", {"helplines": helplines()})


@require_safe
def leave_quickly(_request: HttpRequest) -> HttpResponse:
    """Away from here, to a page that everybody visits; this browser forgets the receipt."""
    response = redirect(settings.LEAVE_TO)
    sealed.forget_receipt(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The notice form. What is missing is asked for; what was given is kept."""
    if request.method != "POST":
        filled = {"places": request.GET.get("url", "")[:2000], "submission": new_submission()}
        filled["kind"] = Kind.DEPOSIT if "deposit" in request.GET else Kind.NOTICE
        return _form(request, filled)

    filled = {name: request.POST.get(name, "") for name in _TEXTS}
    filled |= {name: request.POST.get(name, "")[:10] for name in (*_TICKS, "standing")}
    filled["kind"] = Kind.DEPOSIT if request.POST.get("kind") == Kind.DEPOSIT else Kind.NOTICE
    filled["submission"] = request.POST.get("submission", "")[:100] or new_submission()
    kept, questions = _kept(request)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        return _in_another_language(request, chosen, filled, kept)
    told = _report(filled, kept, shown_in=request.POST.get("shown_in", ""))
    try:
        told.check()
        if not questions:
            wait = pace.wait_for(notices, request)
            if wait is not None:
                return _form(request, filled, kept, wait=wait, status=HTTPStatus.TOO_MANY_REQUESTS)
            notices.take(pace.caller(request))
            return _acknowledge(told, filled["submission"])
    except Incomplete as error:
        # A file that could not be read is asked about once, not twice.
        about_files = (Element.PICTURES, Element.FINGERPRINTS)
        missing = [e for e in error.missing if not (e in about_files and questions)]
        questions |= {element: missing_sentence(element) for element in missing}
        if Element.PICTURES in missing and filled["places"].strip():
            questions[Element.PICTURES] = _no_link()
    except TooLong as error:
        questions[error.field_name] = ngettext(
            "This is longer than we can keep: %(limit)s character at most.",
            "This is longer than we can keep: %(limit)s characters at most.",
            error.limit,
        ) % {"limit": error.limit}
    except TooMany:
        questions["places"] = _("One notice takes 200 links and files at most. Send another one?")
    except AlreadyUsed:
        filled["submission"] = new_submission()
        questions["form"] = _(
            "We already have a notice from you, and it is being dealt with. This one differs: "
            "press Send to add it."
        )
    return _form(request, filled, kept, questions=questions, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _report(filled: Mapping[str, str], kept: list[dict[str, Any]], *, shown_in: str) -> Report:
    """What was told. What was signed is what was read, whatever another tab chose meanwhile."""
    known = shown_in in dict(settings.LANGUAGES)
    with translation.override(shown_in if known else get_language()):
        return Report(
            **{name: filled[name] for name in _TEXTS},
            good_faith=bool(filled["good_faith"]),
            about_minor=bool(filled["about_minor"]),
            for_another=filled["standing"] == "other",
            kind=Kind(filled["kind"]),
            language=get_language() or "en",
            statement="\n".join(statement(Kind(filled["kind"]))),
            fingerprints=tuple(kept),
        )


def _form(
    request: HttpRequest,
    filled: Mapping[str, str],
    kept: Iterable[dict[str, Any]] = (),
    *,
    questions: Questions | None = None,
    wait: Wait | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """The form as it was *filled*, with *questions* about what is missing."""
    kept = list(kept)
    shown = {
        "filled": filled,
        "questions": questions or {},
        "asks": {
            **{element.value: missing_sentence(element) for element in Element},
            "no_link": _no_link(),
            "too_many": _too_many(),
        },
        "statement": statement(Kind.NOTICE),
        "deposit_statement": statement(Kind.DEPOSIT),
        "nameless_for_minors": may_be_nameless(),
        "kept": sealed.pack(kept, purpose=_KEPT) if kept else "",
        "shown_in": get_language(),
        "limit": settings.UPLOAD_LIMIT - _ROOM_FOR_TEXT,
        "is_answer": request.method == "POST",
        "wait": wait,
    }
    response = render(request, "web/report.html", shown, status=status)
    if wait is not None:
        response.headers["Retry-After"] = str(wait.seconds)
    return response


def _in_another_language(
    request: HttpRequest, language: str, filled: Mapping[str, str], kept: list[dict[str, Any]]
) -> HttpResponse:
    """The same form in *language*, which the browser then keeps asking for."""
    with translation.override(language):
        response = _form(request, filled, kept)
    response.headers["Content-Language"] = language
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


def _kept(request: HttpRequest) -> tuple[list[dict[str, Any]], Questions]:
    """The fingerprints that the form carries, was sent, or that we make of its files; each once.

    Those made on the person's device have no local layer: it is keyed, and could not be ours.
    """
    kept: list[dict[str, Any]] = sealed.unpack(request.POST.get("kept", ""), purpose=_KEPT) or []
    if request.POST.get("leave_out"):
        kept = []
    faults: list[str] = []
    try:
        made = json.loads(request.POST.get("fingerprints", "") or "[]")
        if not isinstance(made, list):
            raise TypeError
        if len(kept) + len(made) > _MOST_FILES:
            faults.append(_too_many())
        for value in made[: max(0, _MOST_FILES - len(kept))]:
            kept.append(from_outside(Fingerprint.from_dict(value)).to_dict())
    except (ValueError, TypeError, RecursionError, staydown.FingerprintError):
        faults.append(
            _("The fingerprint from your device did not arrive whole. Please choose it again.")
        )
    for upload in request.FILES.getlist("files"):
        if len(kept) >= _MOST_FILES:
            faults.append(_too_many())
            break
        try:
            # Sealed on its way through the form: nobody else can bring a local layer.
            kept.append(_fingerprint(upload).to_dict(with_local=True))
        except staydown.MediaError as error:
            faults.append(
                _("%(file)s: %(sentence)s")
                % {"file": upload.name, "sentence": media_sentence(error)}
            )
    questions = {"files": "\n".join(dict.fromkeys(faults))} if faults else {}
    # The last one of a file is the fullest: it may have been sent after its fingerprint was.
    return list({_file_of(value): value for value in kept}.values()), questions


def _too_many() -> str:
    return _("At most 20 files can be added to one notice.")


def _no_link() -> str:
    return _(
        "We could not find a link in this. A link looks like www.example.com/photo. A file is "
        "fine, too."
    )


def _file_of(fingerprint: Mapping[str, Any]) -> str:
    """What tells one file's fingerprint from another's."""
    return str(fingerprint["sha256"] or fingerprint["pdq"] or fingerprint["film"])


def _fingerprint(upload: "File[bytes]") -> Fingerprint:
    temporary_file_path = getattr(upload, "temporary_file_path", None)
    if temporary_file_path:
        return fingerprint_file(temporary_file_path(), look="reported")
    return fingerprint_bytes(upload.read(), look="reported")


def _acknowledge(told: Report, submission: str) -> HttpResponse:
    receipt = receive(told, submission=submission)
    response = HttpResponseRedirect(reverse("web:received"))
    sealed.hand_over(response, receipt.code)
    return response
