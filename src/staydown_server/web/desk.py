"""The moderator's pages: a case, its decisions, letters, appeals."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from staydown_server.cases.models import Case, CaseItem, Decision, Sending
from staydown_server.notices import letters
from staydown_server.review import appeal as appeals
from staydown_server.review import ask as asking
from staydown_server.review import picture as pictures
from staydown_server.review import sending as senders
from staydown_server.review.decide import DecisionError, NothingChosen, restore
from staydown_server.review.models import Appeal, Proposal
from staydown_server.review.propose import decide_or_propose
from staydown_server.web.case_page import case_page, surely_meant
from staydown_server.web.decision_words import decision_sentence
from staydown_server.web.moderators import (
    is_revealed,
    moderator,
    moderators_only,
    note_look,
    readers_only,
    reason_in,
    remember_revealed,
)
from staydown_server.web.numbers import numbers
from staydown_server.web.origin_words import origin_sentences
from staydown_server.web.reason_words import written
from staydown_server.web.words import writing_sentence

#: What the buttons send: an outcome, and how it is meant.
_CHOICES = {
    "remove": (Decision.Outcome.REMOVE, Decision.Manner.PLAIN),
    "remove_only": (Decision.Outcome.REMOVE, Decision.Manner.REMOVE_ONLY),
    "keep": (Decision.Outcome.KEEP, Decision.Manner.PLAIN),
    "not_valid": (Decision.Outcome.KEEP, Decision.Manner.NOT_VALID),
}


@require_safe
@readers_only
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    found = get_object_or_404(Case.objects.select_related("claimed_by", "notice"), pk=case_id)
    return render(request, "web/case.html", case_page(request, found))


@require_POST
@moderators_only
def decide_view(request: HttpRequest, case_id: int) -> HttpResponse:
    case = get_object_or_404(Case.objects.select_related("claimed_by", "notice"), pk=case_id)
    form = request.POST
    chosen = numbers(form.getlist("row"))
    if form.get("everything"):
        chosen = [*chosen, *surely_meant(case).values_list("pk", flat=True)]
    button = form.get("outcome", "")
    try:
        if button not in _CHOICES:
            raise NothingChosen
        outcome, manner = _CHOICES[button]
        if form.get("unfounded"):
            manner = Decision.Manner.UNFOUNDED
        taken = decide_or_propose(
            case,
            set(chosen),
            outcome=outcome,
            manner=manner,
            reason=written(form.get("template", ""), reason_in(request)),
            alike=bool(form.get("alike")),
            by=moderator(request),
        )
    except DecisionError as error:
        shown = case_page(request, case) | {
            "error": decision_sentence(error),
            "reason": reason_in(request),
            "template": form.get("template", ""),
            "chosen": chosen,
            "is_unfounded": bool(form.get("unfounded")),
        }
        return render(request, "web/case.html", shown, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if isinstance(taken, Proposal):
        messages.success(request, _("A senior moderator has to confirm it: it hits many."))
    else:
        messages.success(request, _("Decided. The removal is on its way where you ordered one."))
    return redirect("web:case", case_id)


@require_POST
@moderators_only
def ask(request: HttpRequest, case_id: int) -> HttpResponse:
    """Write to the person who sent the notice."""
    case = get_object_or_404(Case, pk=case_id)
    text = request.POST.get("letter", "").replace("\r\n", "\n")
    submission = request.POST.get("submission", "")[:100]
    try:
        asking.ask(case, text, submission=submission, by=moderator(request))
    except letters.LetterError as error:
        shown = case_page(request, case) | {
            "letter_error": writing_sentence(error),
            "letter": text,
            "submission": submission,
        }
        return render(request, "web/case.html", shown, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, _("It stands on the person’s status page now."))
    return redirect("web:case", case_id)


@require_POST
@moderators_only
def read(request: HttpRequest, case_id: int) -> HttpResponse:
    """Take the person's letters off the queue."""
    letters.mark_read(get_object_or_404(Case, pk=case_id).notice, by=moderator(request))
    return redirect("web:case", case_id)


@require_POST
@moderators_only
def open_set_aside(request: HttpRequest, sending_id: int) -> HttpResponse:
    """Process the notice of a suspended sender all the same."""
    sending = get_object_or_404(Sending, pk=sending_id)
    try:
        opened = senders.open_set_aside(sending, by=moderator(request))
    except DecisionError as error:
        messages.error(request, decision_sentence(error))
        return redirect("web:queue")
    messages.success(request, _("The notice is being processed. Its clock starts now."))
    return redirect("web:case", opened.pk) if opened else redirect("web:queue")


@require_POST
@moderators_only
def restore_view(request: HttpRequest, row_id: int) -> HttpResponse:
    row = get_object_or_404(CaseItem, pk=row_id)
    reason = reason_in(request)
    try:
        restore(row, reason=reason, by=moderator(request))
    except DecisionError as error:
        messages.error(request, decision_sentence(error))
    else:
        messages.success(request, _("The picture is being put back, and no longer kept down."))
    return redirect("web:case", row.case_id)


@require_POST
@moderators_only
def reveal(request: HttpRequest, row_id: int) -> HttpResponse:
    """Show one picture as it is, in this session, on record."""
    row = get_object_or_404(CaseItem.objects.select_related("item__host"), pk=row_id)
    pictures.reveal(row, by=moderator(request))
    if request.POST.get("hold"):
        # While a key or a button is held down: shown once, and veiled again.
        note_look(request)
        return _drawn(row, is_veiled=False)
    remember_revealed(request, row)
    response = redirect("web:case", row.case_id)
    response.headers["Location"] += f"#row-{row.pk}"
    return response


@require_safe
@readers_only
def picture(request: HttpRequest, row_id: int) -> HttpResponse:
    row = get_object_or_404(CaseItem.objects.select_related("item__host"), pk=row_id)
    shown = _drawn(row, is_veiled=not is_revealed(request, row))
    if shown.status_code == HTTPStatus.NOT_FOUND and "frame" in request.GET:
        # An outline is drawn over it: where in the picture can be seen all the same.
        return HttpResponse(pictures.empty_frame(row), content_type="image/png")
    return shown


def _drawn(row: CaseItem, *, is_veiled: bool) -> HttpResponse:
    try:
        jpeg = pictures.picture(row, is_veiled=is_veiled)
    except pictures.NoPicture:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    return HttpResponse(jpeg, content_type="image/jpeg")


@require_safe
@readers_only
def origin(request: HttpRequest, row_id: int) -> HttpResponse:
    """What the file says of its origin: read when somebody asks, and kept nowhere."""
    row = get_object_or_404(CaseItem.objects.select_related("item__host", "case"), pk=row_id)
    try:
        sentences = origin_sentences(pictures.marks(row))
    except pictures.NoPicture:
        sentences = None
    return render(request, "web/origin.html", {"row": row, "origin": sentences})


@require_POST
@moderators_only
def appeal(request: HttpRequest, appeal_id: int) -> HttpResponse:
    waiting = get_object_or_404(
        Appeal.objects.select_related("removal__decision__case_item", "upload"), pk=appeal_id
    )
    reason = reason_in(request)
    outcome = request.POST.get("outcome", "")
    try:
        if outcome not in Appeal.Outcome.values:
            raise NothingChosen
        appeals.answer(
            waiting,
            outcome=Appeal.Outcome(outcome),
            reason=reason,
            by=moderator(request),
            alike=bool(request.POST.get("alike")),
        )
    except (DecisionError, appeals.AppealError) as error:
        messages.error(request, decision_sentence(error))
    else:
        messages.success(request, _("The appeal is answered."))
    return redirect("web:case", waiting.decision.case_item.case_id)
