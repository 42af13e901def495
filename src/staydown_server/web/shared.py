"""The desk's page about what we share: each decision, whether it is shared, what partners say."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from staydown_server.accounts.models import User
from staydown_server.gate.models import KeepDown
from staydown_server.sharing import choose, feedback
from staydown_server.sharing.models import Choice, Feedback
from staydown_server.sharing.publish import how_of, is_shared
from staydown_server.web.errors import error_page
from staydown_server.web.moderators import moderator, moderators_only, readers_only
from staydown_server.web.numbers import numbers
from staydown_server.web.partner_words import verdict_words

_A_PAGE = 50


@require_safe
@readers_only
def shared(request: HttpRequest) -> HttpResponse:
    kept = KeepDown.objects.filter(lifted_at=None).select_related(
        "choice", "decision", "case_item__case"
    )
    if request.GET.get("disputed"):
        kept = kept.filter(choice__is_disputed=True)
    (number, *_rest) = [*numbers(request.GET.getlist("page")), 1]
    page = Paginator(kept.order_by("-since", "-pk"), _A_PAGE).get_page(number)
    who = moderator(request)
    rows = [_row(keep, who) for keep in page]
    shown = {"rows": rows, "page": page, "only_disputed": "disputed" in request.GET}
    return render(request, "web/shared.html", shown)


@require_POST
@moderators_only
def choose_view(request: HttpRequest, keep_id: int) -> HttpResponse:
    """Share a decision or not, agree as the second person, or stand by what partners dispute."""
    keep = get_object_or_404(KeepDown, pk=keep_id)
    who, wanted = moderator(request), request.POST.get("choice", "")
    if wanted == "confirm" and not who.may_confirm:
        return error_page(request, HTTPStatus.FORBIDDEN)
    try:
        if wanted in ("share", "keep"):
            choose.share(keep, wanted == "share", by=who)
        elif wanted == "confirm":
            choose.confirm(keep, by=who)
        elif wanted == "stand-by":
            feedback.dismiss(keep, by=who)
        else:
            return error_page(request, HTTPStatus.BAD_REQUEST)
    except choose.ChoiceError as error:
        messages.error(request, _choice_sentence(error))
    else:
        messages.success(request, _("Chosen. Partners hear of it within a minute."))
    return redirect("web:shared")


def _row(keep: KeepDown, who: User) -> dict[str, Any]:
    choice: Choice | None = getattr(keep, "choice", None)
    said = Feedback.objects.filter(keep_down=keep).select_related("partner").order_by("-at")
    how = how_of(keep, choice)
    return {
        "keep": keep,
        "case": keep.case_item.case,
        "is_shared": is_shared(keep, choice),
        "is_of_two": how == "reviewed-by-two",
        "may_confirm": who.may_confirm
        and how == "reviewed"
        and keep.decision.decided_by_id != who.pk,
        "is_disputed": bool(choice and choice.is_disputed),
        "is_withdrawn": bool(choice and choice.is_withdrawn),
        "feedback": [(each.partner.name, verdict_words(each.verdict)) for each in said[:20]],
    }


def _choice_sentence(error: choose.ChoiceError) -> str:
    return {
        choose.SamePerson: _("You decided about it yourself: another person must agree."),
        choose.NotKeptDown: _("It is no longer kept down: there is nothing to share."),
    }[type(error)]
