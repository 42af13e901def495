"""How long removals take out there, by kind of provider."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from staydown_server.records import escalations
from staydown_server.web.escalation.guard import for_helpers
from staydown_server.web.escalation.words import role_words
from staydown_server.web.figures import bars
from staydown_server.web.moderators import readers_only
from staydown_server.web.numbers import numbers

_PERIODS = (365, 30, 90)


@for_helpers
@require_safe
@readers_only
def figures(request: HttpRequest) -> HttpResponse:
    asked = numbers(request.GET.getlist("days"))
    days = asked[0] if asked and asked[0] in _PERIODS else _PERIODS[0]
    course = escalations.course(days)
    labels = [role_words(each.role) for each in course.by_role]
    shown = {
        "days": days,
        "periods": sorted(_PERIODS),
        "course": course,
        "gone": sum(course.took) + course.unasked,
        "roles": list(
            zip(bars(labels, [r.count for r in course.by_role]), course.by_role, strict=True)
        ),
        "took": bars(_took_labels(), course.took, bad={len(course.took) - 1}),
    }
    return render(request, "web/escalation/figures.html", shown)


def _took_labels() -> list[str]:
    under = [
        ngettext("under %(n)s day", "under %(n)s days", hours // 24) % {"n": hours // 24}
        for hours in escalations.TOOK
    ]
    return [*under, _("longer")]
