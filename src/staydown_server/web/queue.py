"""The queue: open cases by urgency, those of one picture together, and all else that waits."""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from staydown_server.accounts.models import User
from staydown_server.cases.models import Case
from staydown_server.review import ask as asking
from staydown_server.review import claim
from staydown_server.review import queue as queues
from staydown_server.review import sending as senders
from staydown_server.review.alike import cases_alike
from staydown_server.review.escalate import passed_marks
from staydown_server.review.upload import waiting_uploads
from staydown_server.web.evidence import kind_words
from staydown_server.web.moderators import moderator, readers_only

_ON_A_PAGE = 25
_ELSE = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """Which of the open cases, in a word."""

    name: Promise | str
    chosen: Callable[[User], Q]


FILTERS = {
    "": Filter(_("All"), lambda _user: Q()),
    "free": Filter(_("Nobody’s"), lambda _user: claim.free()),
    "mine": Filter(_("Mine"), lambda user: Q(claimed_by=user, claimed_at__gt=claim.lapsed())),
    "escalated": Filter(_("For a senior"), lambda _user: ~Q(escalated_at=None) | queues.proposed()),
    "late": Filter(_("Late"), lambda _user: Q(deadline__lte=timezone.now())),
    "marked": Filter(_("Marked"), lambda _user: Q(pk__in=queues.marked())),
    "deposits": Filter(_("Deposits"), lambda _user: Q(pk__in=queues.of_deposits())),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One case of the list, with those that show the same pictures and follow it."""

    case: Case
    urgency: int
    holder: User | None
    alike: tuple[Case, ...]


@require_safe
@readers_only
def queue(request: HttpRequest) -> HttpResponse:
    user = moderator(request)
    number = request.GET.get("number", "").strip()[:20]
    if number:
        found = queues.case_called(number)
        if found is not None:
            return redirect("web:case", found.pk)
    chosen = request.GET.get("show", "")
    chosen = chosen if chosen in FILTERS else ""
    cases = queues.open_cases().filter(FILTERS[chosen].chosen(user))
    page = Paginator(cases, _ON_A_PAGE).get_page(request.GET.get("page"))
    shown: dict[str, object] = {
        "filters": [(name, each.name, name == chosen) for name, each in FILTERS.items()],
        "chosen_filter": chosen,
        "number": number,
        "page": page,
        "lines": _lines(list(page.object_list)),
    }
    if page.number == 1 and not chosen:
        shown |= _all_else()
    return render(request, "web/queue.html", shown)


def _lines(cases: list[Case]) -> list[Line]:
    """Each case once: where it shows the same as one before it, beneath that one."""
    now, alike = timezone.now(), cases_alike([case.pk for case in cases])
    told: set[int] = set()
    lines = []
    for case in cases:
        if case.pk in told:
            continue
        others = tuple(each for each in alike.get(case.pk, ()) if each.pk not in told)
        told |= {case.pk, *(each.pk for each in others)}
        lines.append(Line(case, passed_marks(case, now), claim.holder(case), others))
    return lines


def _all_else() -> dict[str, object]:
    def some(rows: QuerySet[Case]) -> QuerySet[Case]:
        return rows[:_ELSE]

    return {
        "appeals": queues.waiting_appeals()[:_ELSE],
        "letters": some(asking.unread_cases()),
        "stuck": some(queues.stuck_cases()),
        "uploads": [
            (held, kind_words(held.gate_check.match_kind)) for held in waiting_uploads()[:_ELSE]
        ],
        "set_aside": senders.waiting()[:_ELSE],
        "closed": Case.objects.exclude(closed_at=None).order_by("-closed_at")[:20],
    }
