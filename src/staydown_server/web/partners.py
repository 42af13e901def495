"""The desk's pages about partners: their lists, what came and what it did, what waits."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from staydown_server.gate.models import Listed
from staydown_server.sharing import effect, flood, quarantine
from staydown_server.sharing import partners as steps
from staydown_server.sharing.follow import is_mere_silence
from staydown_server.sharing.models import Audience, Partner
from staydown_server.sharing.rules import rules
from staydown_server.web.moderators import (
    administrators_only,
    moderator,
    readers_only,
    seniors_only,
)
from staydown_server.web.partner_words import (
    trouble_sentence,
    trust_words,
    verdict_words,
    why_sentence,
)

_MOST_MATCHED = 50
_HIGH, _WIDE, _BAR = 60, 300, 8


@require_safe
@readers_only
def partners(request: HttpRequest) -> HttpResponse:
    cards = [_card(each) for each in Partner.objects.select_related("audience")]
    shown = {
        "followed": [card for card in cards if card["partner"].kind],
        "readers": [card for card in cards if card["partner"].audience],
        "audiences": Audience.objects.order_by("name"),
    }
    return render(request, "web/partners.html", shown)


@require_safe
@readers_only
def partner(request: HttpRequest, partner_id: int) -> HttpResponse:
    one = get_object_or_404(Partner.objects.select_related("audience"), pk=partner_id)
    days = effect.days(one, timezone.now())
    ours, theirs = effect.disputed_with(one)
    shown = _card(one) | {
        "waiting": [
            {"why": why, "count": count, "sentence": why_sentence(why)}
            for why, count in quarantine.waiting(one)
        ],
        "matched": [
            {"row": each, "verdict": verdict_words(each.verdict)}
            for each in effect.matched(one, most=_MOST_MATCHED)
        ],
        "days": days,
        "came_bars": _bars([day.came for day in days]),
        "stopped_bars": _bars([day.stopped for day in days]),
        "came": sum(day.came for day in days),
        "stopped": sum(day.stopped for day in days),
        "disputed": ours,
        "disputed_by_them": theirs,
        "trusts": [(name, trust_words(name)) for name in rules().trust],
    }
    return render(request, "web/partner.html", shown)


@require_POST
@seniors_only
def decide_waiting(request: HttpRequest, partner_id: int) -> HttpResponse:
    """Release or refuse what waits for one reason."""
    one = get_object_or_404(Partner, pk=partner_id)
    why, outcome = request.POST.get("why", ""), request.POST.get("outcome", "")
    who = moderator(request)
    if why not in _REASONS or outcome not in ("release", "refuse"):
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    if outcome == "release":
        count = quarantine.release(one, why, by=who)
        told = ngettext("%(n)s entry is live now.", "%(n)s entries are live now.", count)
    else:
        count = quarantine.refuse(one, why, by=who)
        told = ngettext(
            "%(n)s entry is refused. The partner is being told.",
            "%(n)s entries are refused. The partner is being told.",
            count,
        )
    messages.success(request, told % {"n": count})
    return redirect("web:partner", partner_id)


@require_POST
@seniors_only
def see_collapse(request: HttpRequest, partner_id: int) -> HttpResponse:
    quarantine.see_collapse(get_object_or_404(Partner, pk=partner_id), by=moderator(request))
    return redirect("web:partner", partner_id)


@require_POST
@administrators_only
def give_trust(request: HttpRequest, partner_id: int) -> HttpResponse:
    one = get_object_or_404(Partner, pk=partner_id)
    try:
        steps.give_trust(one, request.POST.get("trust", ""), by=moderator(request))
    except steps.PartnerError:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    messages.success(request, _("It counts from now on, for what stands already, too."))
    return redirect("web:partner", partner_id)


@require_POST
@administrators_only
def pause(request: HttpRequest, partner_id: int) -> HttpResponse:
    """Ask it no more, or again."""
    one = get_object_or_404(Partner, pk=partner_id)
    step = steps.resume if one.paused_at else steps.pause
    step(one, by=moderator(request))
    return redirect("web:partner", partner_id)


_REASONS = (flood.BURST, flood.POPULAR, flood.CATALOGUE, flood.OVERTURNED)


def _card(one: Partner) -> dict[str, Any]:
    counts = steps.counts(one)
    last = one.readerkey_set.exclude(used_at=None).order_by("-used_at").first()
    return {
        "partner": one,
        "counts": counts,
        "waiting_count": counts[Listed.State.WAITING],
        "trust": trust_words(one.trust),
        "trouble": trouble_sentence(one.trouble) if one.trouble else "",
        "is_refused": bool(one.trouble) and not is_mere_silence(one.trouble),
        "last_read": last.used_at if last else None,
    }


def _bars(counts: list[int]) -> list[dict[str, str]]:
    """A bar for each day, in the units of the plot. As text: a comma would be no number there."""
    most = max(counts, default=0) or 1
    bars = []
    for number, count in enumerate(counts):
        height = max(1, round(_HIGH * count / most)) if count else 0
        left = number * _WIDE // len(counts)
        bars.append({"x": str(left), "y": str(_HIGH - height), "height": str(height)})
    return bars
