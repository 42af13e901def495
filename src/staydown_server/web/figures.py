"""The desk in numbers, for who is in charge: what waits, how fast, how just."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from staydown_server.records import counted, now
from staydown_server.web.moderators import readers_only
from staydown_server.web.numbers import numbers

_USUAL = 30
_HIGH, _WIDE = 60, 600


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a bar chart: *width* in hundredths of the longest."""

    label: str
    value: int
    width: str
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One day of a chart: places and heights in the units of its drawing."""

    x: str
    width: str
    came_y: str
    came: str
    closed_x: str
    closed_y: str
    closed: str


@require_safe
@readers_only
def figures(request: HttpRequest) -> HttpResponse:
    asked = numbers(request.GET.getlist("days"))
    days = asked[0] if asked and asked[0] in counted.PERIODS else _USUAL
    standing, (course, at) = now.standing(), counted.last(days)
    most = max((max(came, closed) for _day, came, closed in course.days), default=0)
    shown = {
        "days": days,
        "periods": counted.PERIODS,
        "standing": standing,
        "course": course,
        "counted_at": at,
        "left": bars(_left_labels(), standing.left, bad={0}),
        "took": bars(_took_labels(), course.took, bad={len(course.took) - 1}),
        "people": [
            (bar, person.has)
            for bar, person in zip(
                bars(
                    [person.email for person in course.people],
                    [person.decided for person in course.people],
                ),
                course.people,
                strict=True,
            )
        ],
        "columns": columns(course.days, most),
        "most": most,
    }
    return render(request, "web/figures.html", shown)


def bars(
    labels: Sequence[str], values: Sequence[int], *, bad: frozenset[int] | set[int] = frozenset()
) -> list[Bar]:
    most = max(values, default=0) or 1
    return [
        Bar(label, value, f"{100 * value / most:.1f}", at in bad and value > 0)
        for at, (label, value) in enumerate(zip(labels, values, strict=True))
    ]


def columns(days: Sequence[tuple[object, int, int]], most: int) -> list[Column]:
    """Two thin columns for each day, side by side."""
    step = _WIDE / max(1, len(days))
    high = _HIGH / (most or 1)
    return [
        Column(
            x=f"{at * step:.1f}",
            width=f"{step * 0.4:.1f}",
            came_y=f"{_HIGH - came * high:.1f}",
            came=f"{came * high:.1f}",
            closed_x=f"{(at + 0.45) * step:.1f}",
            closed_y=f"{_HIGH - closed * high:.1f}",
            closed=f"{closed * high:.1f}",
        )
        for at, (_day, came, closed) in enumerate(days)
    ]


def _left_labels() -> list[str]:
    under = [_under(hours) for hours in now.LEFT[1:]]
    return [_("late"), *under, _("more")]


def _took_labels() -> list[str]:
    return [*(_under(hours) for hours in now.TOOK), _("longer")]


def _under(hours: int) -> str:
    return ngettext("under %(n)s hour", "under %(n)s hours", hours) % {"n": hours}
