"""The moderator's pages: the queue, a case, its decisions, letters, appeals."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from staydown_server.cases.jurisdictions import jurisdictions
from staydown_server.cases.models import Case, CaseItem, Decision, Deposit, Sending, Sweep
from staydown_server.gate.models import Check
from staydown_server.notices import letters
from staydown_server.notices.receive import new_submission
from staydown_server.removal.connect import can_be_undone
from staydown_server.removal.models import Removal
from staydown_server.review import appeal as appeals
from staydown_server.review import ask as asking
from staydown_server.review import picture as pictures
from staydown_server.review import queue as queues
from staydown_server.review import sending as senders
from staydown_server.review.decide import (
    AlreadyDecided,
    DecisionError,
    NotARefusal,
    NothingChosen,
    NothingToRemove,
    NothingToRestore,
    NoticeWithdrawn,
    ReasonMissing,
    StillSearching,
    decide,
    restore,
)
from staydown_server.review.models import Appeal
from staydown_server.review.upload import waiting_uploads
from staydown_server.web.evidence import evidence_of_row, kind_words
from staydown_server.web.moderators import (
    is_revealed,
    moderator,
    moderators_only,
    readers_only,
    reason_in,
    remember_revealed,
)
from staydown_server.web.numbers import numbers
from staydown_server.web.origin_words import origin_sentences
from staydown_server.web.words import mark_sentence, writing_sentence


@require_safe
@readers_only
def queue(request: HttpRequest) -> HttpResponse:
    shown = {
        "cases": queues.open_cases()[:200],
        "appeals": queues.waiting_appeals()[:200],
        "letters": asking.unread_cases()[:200],
        "stuck": queues.stuck_cases()[:200],
        "uploads": [
            (held, kind_words(held.gate_check.match_kind)) for held in waiting_uploads()[:200]
        ],
        "set_aside": senders.waiting()[:200],
        "closed": Case.objects.exclude(closed_at=None).order_by("-closed_at")[:20],
    }
    return render(request, "web/queue.html", shown)


@require_safe
@readers_only
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    return render(
        request, "web/case.html", _case_page(request, get_object_or_404(Case, pk=case_id))
    )


@require_POST
@moderators_only
def decide_view(request: HttpRequest, case_id: int) -> HttpResponse:
    case = get_object_or_404(Case, pk=case_id)
    chosen = numbers(request.POST.getlist("row"))
    reason = reason_in(request)
    outcome = request.POST.get("outcome", "")
    is_unfounded = bool(request.POST.get("unfounded"))
    try:
        if outcome not in (Decision.Outcome.REMOVE, Decision.Outcome.KEEP):
            raise NothingChosen
        decide(
            case,
            chosen,
            outcome=Decision.Outcome(outcome),
            reason=reason,
            by=moderator(request),
            is_unfounded=is_unfounded,
        )
    except DecisionError as error:
        shown = _case_page(request, case) | {
            "error": decision_sentence(error),
            "reason": reason,
            "chosen": chosen,
            "outcome": outcome,
            "is_unfounded": is_unfounded,
        }
        return render(request, "web/case.html", shown, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, _("Decided. The removal is on its way where you ordered one."))
    return redirect("web:case", case_id)


@require_POST
@moderators_only
def ask(request: HttpRequest, case_id: int) -> HttpResponse:
    """Write to the person who sent the notice."""
    case = get_object_or_404(Case, pk=case_id)
    text = request.POST.get("letter", "").replace("\x00", "").replace("\r\n", "\n")
    submission = request.POST.get("submission", "")[:100]
    try:
        asking.ask(case, text, submission=submission, by=moderator(request))
    except letters.LetterError as error:
        shown = _case_page(request, case) | {
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
    row = get_object_or_404(CaseItem, pk=row_id)
    pictures.reveal(row, by=moderator(request))
    remember_revealed(request, row)
    response = redirect("web:case", row.case_id)
    response.headers["Location"] += f"#row-{row.pk}"
    return response


@require_safe
@readers_only
def picture(request: HttpRequest, row_id: int) -> HttpResponse:
    row = get_object_or_404(CaseItem.objects.select_related("item__host"), pk=row_id)
    try:
        jpeg = pictures.picture(row, is_veiled=not is_revealed(request, row))
    except pictures.NoPicture:
        if "frame" not in request.GET:
            return HttpResponse(status=HTTPStatus.NOT_FOUND)
        # An outline is drawn over it: where in the picture can be seen all the same.
        return HttpResponse(pictures.empty_frame(row), content_type="image/png")
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
            waiting, outcome=Appeal.Outcome(outcome), reason=reason, by=moderator(request)
        )
    except (DecisionError, appeals.AppealError) as error:
        messages.error(request, decision_sentence(error))
    else:
        messages.success(request, _("The appeal is answered."))
    return redirect("web:case", waiting.decision.case_item.case_id)


def _case_page(request: HttpRequest, case: Case) -> dict[str, Any]:
    rows = case.caseitem_set.select_related("item__host", "copy_of")
    deposits = {made.case_item_id: made for made in Deposit.objects.filter(case_item__case=case)}
    removals = {
        removal.item_id: removal
        for removal in Removal.objects.filter(item__caseitem__case=case).order_by("pk")
    }
    cards: list[dict[str, Any]] = [
        {
            "row": row,
            "decision": row.decision,
            "deposit": deposits.get(row.pk),
            "removal": removals.get(row.item_id or 0),
            "is_for_good": row.item is not None and not can_be_undone(row.item),
            "evidence": evidence_of_row(row) if row.copy_of_id else None,
            "is_revealed": is_revealed(request, row),
            "is_busy": row.state in (CaseItem.State.LOCATING, CaseItem.State.SWEEPING),
        }
        for row in rows.prefetch_related("decision_set__decided_by")
    ]
    return {
        "case": case,
        "notice": case.notice.content,
        "marks": [mark_sentence(mark) for mark in case.mark_set.all()],
        "is_deposit": bool(deposits),
        "standing": senders.standing_of(case.notice),
        "letters": letters.of(case.notice),
        "has_unread": letters.unread().filter(notice=case.notice).exists(),
        "submission": new_submission(),
        "is_withdrawn": case.notice.withdrawn_at is not None,
        "clock": jurisdictions().get(case.jurisdiction),
        "cards": cards,
        "undecided": sum(card["decision"] is None for card in cards),
        "sweeps": Sweep.objects.filter(case_item__case=case).order_by("pk"),
        "stopped": Check.objects.filter(
            Q(keep_down__case_item__case=case) | Q(deposit__case_item__case=case)
        ).count(),
        "appeals": queues.appeals_in(case),
        "reason": "",
        # What may be somebody else's picture is ticked by hand or not at all; so is a deposit,
        # which goes on waiting without a decision.
        "chosen": [
            card["row"].pk
            for card in cards
            if card["row"].fingerprint and not card["row"].needs_a_look and not card["deposit"]
        ],
    }


def decision_sentence(error: Exception) -> str:
    return {
        ReasonMissing: _("Please give a reason: the uploader and the person will read it."),
        NothingChosen: _("Please choose at least one picture, and what to do with it."),
        AlreadyDecided: _("Somebody decided about one of these pictures a moment ago."),
        StillSearching: _("The search for one of these is still running. Try again in a moment."),
        NoticeWithdrawn: _("The person has taken the notice back."),
        NothingToRemove: _("Nothing was found at one of the addresses: nothing to remove there."),
        NotARefusal: _("Only what you leave online can have been reported without ground."),
        NothingToRestore: _("There is no removal to undo."),
        appeals.NotTheSamePerson: _("Another moderator must answer this appeal."),
        appeals.AppealAnswered: _("Somebody answered this appeal a moment ago."),
    }.get(type(error), _("That could not be done."))
