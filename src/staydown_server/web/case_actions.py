"""What can be done with a case besides deciding: take it, ask for a senior, undo, hold by law."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from staydown_server.cases.models import Case
from staydown_server.review import claim, escalate, propose
from staydown_server.review.decide import DecisionError
from staydown_server.review.legal_hold import hold_by_law
from staydown_server.review.models import Proposal
from staydown_server.review.undo import undo
from staydown_server.web.decision_words import decision_sentence
from staydown_server.web.moderators import moderator, moderators_only, seniors_only


@require_POST
@moderators_only
def take(request: HttpRequest, case_id: int) -> HttpResponse:
    case = get_object_or_404(Case, pk=case_id)
    try:
        claim.take(case, by=moderator(request), over=bool(request.POST.get("over")))
    except claim.Taken:
        messages.error(request, _("Somebody else took it a moment ago."))
    return redirect("web:case", case_id)


@require_POST
@moderators_only
def give_back(request: HttpRequest, case_id: int) -> HttpResponse:
    claim.give_back(get_object_or_404(Case, pk=case_id), by=moderator(request))
    return redirect("web:queue")


@require_POST
@moderators_only
def ask_a_senior(request: HttpRequest, case_id: int) -> HttpResponse:
    note = request.POST.get("note", "")
    case = get_object_or_404(Case, pk=case_id)
    escalate.escalate(case, note=note, by=moderator(request))
    messages.success(request, _("Seniors see it among theirs now."))
    return redirect("web:case", case_id)


@require_POST
@seniors_only
def calm(request: HttpRequest, case_id: int) -> HttpResponse:
    escalate.calm(get_object_or_404(Case, pk=case_id), by=moderator(request))
    return redirect("web:case", case_id)


@require_POST
@moderators_only
def undo_view(request: HttpRequest, case_id: int) -> HttpResponse:
    def undone() -> str:
        n = undo(get_object_or_404(Case, pk=case_id), by=moderator(request))
        return ngettext(
            "Undone: %(n)s picture waits for a decision again.",
            "Undone: %(n)s pictures wait for a decision again.",
            n,
        ) % {"n": n}

    return _tried(request, undone, case_id)


@require_POST
@seniors_only
def confirm(request: HttpRequest, proposal_id: int) -> HttpResponse:
    proposal = get_object_or_404(Proposal.objects.select_related("case"), pk=proposal_id)

    def confirmed() -> str:
        propose.confirm(proposal, by=moderator(request))
        return _("Confirmed and decided.")

    return _tried(request, confirmed, proposal.case_id)


@require_POST
@moderators_only
def refuse(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """By a senior, or by whoever proposed it."""
    proposal = get_object_or_404(Proposal, pk=proposal_id)

    def refused() -> str:
        propose.refuse(proposal, by=moderator(request))
        return _("Nothing was decided.")

    return _tried(request, refused, proposal.case_id)


@require_POST
@seniors_only
def legal_hold(request: HttpRequest, case_id: int) -> HttpResponse:
    case = get_object_or_404(Case, pk=case_id)
    hold_by_law(case, request.POST.get("hold") == "yes", by=moderator(request))
    return redirect("web:case", case_id)


def _tried(request: HttpRequest, act: Callable[[], str], case_id: int) -> HttpResponse:
    try:
        messages.success(request, act())
    except DecisionError as error:
        messages.error(request, decision_sentence(error))
    return redirect("web:case", case_id)
