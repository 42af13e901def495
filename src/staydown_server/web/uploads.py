"""The moderator's page for an upload that the gate held: what it matched, and the decision."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from staydown_server.gate.models import HeldUpload
from staydown_server.review import picture as pictures
from staydown_server.review.decide import DecisionError, NothingChosen
from staydown_server.review.upload import decide_upload
from staydown_server.web.decision_words import decision_sentence
from staydown_server.web.evidence import evidence_of_match
from staydown_server.web.moderators import (
    is_revealed,
    moderator,
    moderators_only,
    readers_only,
    reason_in,
    remember_revealed,
)
from staydown_server.web.origin_words import origin_sentences


@require_safe
@readers_only
def upload(request: HttpRequest, held_id: int) -> HttpResponse:
    held = get_object_or_404(HeldUpload, pk=held_id)
    return render(request, "web/upload.html", _page(request, held))


@require_POST
@moderators_only
def decide(request: HttpRequest, held_id: int) -> HttpResponse:
    held = get_object_or_404(HeldUpload, pk=held_id)
    reason, outcome = reason_in(request), request.POST.get("outcome", "")
    keeps_down = bool(request.POST.get("keeps_down"))
    try:
        if outcome not in HeldUpload.Outcome.values:
            raise NothingChosen
        decide_upload(
            held,
            outcome=HeldUpload.Outcome(outcome),
            reason=reason,
            keeps_down=keeps_down,
            by=moderator(request),
        )
    except DecisionError as error:
        held.refresh_from_db()
        shown = _page(request, held) | {
            "error": decision_sentence(error),
            "reason": reason,
            "keeps_down": keeps_down,
        }
        return render(request, "web/upload.html", shown, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, _("Decided. The platform is being told."))
    return redirect("web:upload", held_id)


@require_POST
@moderators_only
def reveal(request: HttpRequest, held_id: int) -> HttpResponse:
    """Show the upload and what it matched as they are, in this session, on record."""
    held = get_object_or_404(HeldUpload, pk=held_id)
    match = held.reason_to_wait
    seen = [held, match.reported] if match else [held]
    pictures.reveal(*seen, by=moderator(request))
    remember_revealed(request, *seen)
    return redirect("web:upload", held_id)


@require_safe
@readers_only
def picture(request: HttpRequest, held_id: int) -> HttpResponse:
    held = get_object_or_404(HeldUpload, pk=held_id)
    try:
        jpeg = pictures.picture_of_upload(held, is_veiled=not is_revealed(request, held))
    except pictures.NoPicture:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    return HttpResponse(jpeg, content_type="image/jpeg")


def _page(request: HttpRequest, held: HeldUpload) -> dict[str, Any]:
    match = held.reason_to_wait
    return {
        "held": held,
        "match": match,
        "evidence": evidence_of_match(match) if match else None,
        "reported": match.reported if match else None,
        "is_revealed": is_revealed(request, held),
        "origin": origin_sentences(held.marks),
        "decision": held.case_item.decision if held.case_item else None,
        "reason": "",
        "keeps_down": match is not None and match.kind != "region-replaced",
    }
