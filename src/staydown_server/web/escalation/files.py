"""The list of escalation files, a new one, and one at a glance."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from staydown_server.cases.models import Case
from staydown_server.escalation import find, letters, open, overview, recheck, watch
from staydown_server.escalation.models import EscalatedAddress, EscalatedSite, EscalationFile
from staydown_server.escalation.rules import laws_here, rules
from staydown_server.notices.receive import AlreadyUsed, new_submission, notice_of
from staydown_server.notices.report import Incomplete, Kind, Report, ReportError
from staydown_server.providers import known
from staydown_server.web import sealed
from staydown_server.web.escalation.guard import for_helpers
from staydown_server.web.escalation.words import (
    address_words,
    channel_words,
    letter_words,
    problem_sentence,
    reply_words,
    role_words,
    stage_words,
    standing_words,
    trouble_sentences,
)
from staydown_server.web.moderators import moderator, moderators_only, readers_only
from staydown_server.web.numbers import numbers
from staydown_server.web.statement import statement
from staydown_server.web.words import missing_sentence

_ON_A_PAGE = 25
_TEXTS = ("places", "signature", "contact", "on_behalf_of", "explanation", "country", "language")
_TICKS = ("good_faith", "about_minor", "names_person")


@for_helpers
@require_safe
@readers_only
def files(request: HttpRequest) -> HttpResponse:
    page = Paginator(overview.newest_first(), _ON_A_PAGE).get_page(request.GET.get("page"))
    shown = {"page": page, "views": overview.views(page.object_list, timezone.now())}
    return render(request, "web/escalation/files.html", shown)


@for_helpers
@require_safe
@readers_only
def new_file(request: HttpRequest) -> HttpResponse:
    """The form: for the case that is named, or for a notice that is taken down here."""
    case = _case(request.GET.getlist("case"))
    filled = dict.fromkeys((*_TEXTS, *_TICKS), "")
    filled |= {"language": get_language() or "en", "submission": new_submission()}
    if case is not None:
        filled["places"] = str((case.notice.content or {}).get("places", ""))
    return _form(request, case, filled, laws_here())


@for_helpers
@require_POST
@moderators_only
def open_file(request: HttpRequest) -> HttpResponse:
    case = _case(request.POST.getlist("case"))
    filled = {name: request.POST.get(name, "")[:20_000] for name in (*_TEXTS, *_TICKS)}
    filled["submission"] = request.POST.get("submission", "")[:100] or new_submission()
    laws = [key for key in rules().laws if key in request.POST.getlist("law")]
    known_countries = {country for country, _name in _countries()}
    choices = open.Choices(
        laws=tuple(laws),
        language=filled["language"],
        country=filled["country"] if filled["country"] in known_countries else "",
        names_person=bool(filled["names_person"]),
    )
    code = ""
    try:
        if case is not None:
            opened = open.open_file(case, filled["places"], choices, by=moderator(request))
        else:
            opened, receipt = open.open_for_notice(
                _report(filled), choices, submission=filled["submission"], by=moderator(request)
            )
            code = receipt.code
    except (open.OpenError, letters.NoLanguage, ReportError) as error:
        if isinstance(error, AlreadyUsed):
            filled["submission"] = new_submission()
        return _form(request, case, filled, laws, error=error)
    _tell_troubles(request, opened.troubles)
    response = redirect("web:escalation_file", opened.file.pk)
    if code:
        sealed.hand_over(response, code)
    return response


@for_helpers
@require_safe
@readers_only
def file(request: HttpRequest, file_id: int) -> HttpResponse:
    found = get_object_or_404(EscalationFile.objects.select_related("case__notice"), pk=file_id)
    now = timezone.now()
    view = overview.view(found, now)
    code = sealed.code_to_show(request)
    notice = notice_of(code) if code else None
    shown = {
        "file": found,
        "case": found.case,
        "view": view,
        "laws": [rules().laws[key].name for key in found.laws if key in rules().laws],
        "sites": [_site(each) for each in view.sites],
        # For the person, who was not there when it was typed.
        "code": code if notice == found.case.notice else None,
        "reply_kinds": [(kind, reply_words(kind)) for kind in _reply_kinds()],
    }
    return render(request, "web/escalation/file.html", shown)


@for_helpers
@require_POST
@moderators_only
def file_act(request: HttpRequest, file_id: int) -> HttpResponse:
    """What the buttons of a file do; each names what it is about."""
    found = get_object_or_404(EscalationFile.objects.select_related("case"), pk=file_id)
    user = moderator(request)

    def site() -> EscalatedSite:
        keys = numbers(request.POST.getlist("site"))
        return get_object_or_404(EscalatedSite, pk__in=keys, file=found)

    def address() -> EscalatedAddress:
        keys = numbers(request.POST.getlist("address"))
        return get_object_or_404(EscalatedAddress, pk__in=keys, site__file=found)

    def more() -> None:
        text = request.POST.get("places", "")
        _tell_troubles(request, open.add_addresses(found, text, by=user))

    acts: Mapping[str, Callable[[], object]] = {
        "add": more,
        "ask": lambda: find.ask_again(site(), by=user),
        "next": lambda: watch.go_on(site(), by=user),
        "look": lambda: recheck.look_now(address(), by=user),
        "gone": lambda: recheck.say_gone(address(), by=user),
        "close": lambda: open.close_file(found, by=user),
        "open": lambda: open.open_again(found, by=user),
    }
    act = acts.get(request.POST.get("act", ""))
    try:
        if act is not None:
            act()
    except open.OpenError as error:
        messages.error(request, problem_sentence(error))
    else:
        messages.success(request, _("Done. What takes a while shows here when it is there."))
    return redirect("web:escalation_file", file_id)


def _site(view: overview.SiteView) -> dict[str, Any]:
    """A site as the page shows it."""
    site = view.site
    stages = rules().stages
    found = site.found or {}
    return {
        "site": site,
        "is_gone": view.is_gone,
        "stage": stage_words(stages[site.stage].key),
        "has_next": site.stage + 1 < len(stages),
        "next": stage_words(stages[min(site.stage + 1, len(stages) - 1)].key),
        "addresses": [
            {
                "row": each,
                "words": _address(each, view),
                "is_gone": each.state == "gone",
                "troubles": []
                if each.state == "gone"
                else [trouble_sentences(trouble) for trouble in view.troubles[each.pk]],
            }
            for each in view.addresses
        ],
        "asked": [
            _asked(each)
            for each in sorted(view.asked, key=lambda a: rules().stage_of(a.addressee.role))
        ],
        "troubles": [trouble_sentences(each) for each in found.get("troubles", ())],
    }


def _address(address: EscalatedAddress, view: overview.SiteView) -> str:
    if address.state == EscalatedAddress.State.GONE and address.pk in view.never_seen:
        return _("nothing was found there: check how it is written")
    return address_words(address.state)


def _asked(asked: overview.Asked) -> dict[str, Any]:
    best = asked.addressee.contacts[0] if asked.addressee.contacts else None
    return {
        "addressee": asked.addressee,
        "role": role_words(asked.addressee.role),
        "standing": asked.standing,
        "words": standing_words(asked.standing),
        "contact": best and (channel_words(best["channel"]), best["value"], best["source"]),
        "letters": [(each, letter_words(each.state)) for each in asked.letters],
        "replies": [(each, reply_words(each.kind)) for each in asked.replies],
        "was_asked": any(each.approved_at for each in asked.letters),
        "has_draft": any(each.state in ("draft", "approved", "sending") for each in asked.letters),
    }


def _reply_kinds() -> Sequence[str]:
    from staydown_server.escalation.models import Reply

    return Reply.Kind.values


def _form(
    request: HttpRequest,
    case: Case | None,
    filled: Mapping[str, str],
    laws: Sequence[str],
    *,
    error: Exception | None = None,
) -> HttpResponse:
    questions: list[str] = []
    troubles: list[tuple[str, str]] = []
    if isinstance(error, Incomplete):
        questions = [missing_sentence(element) for element in error.missing]
    elif isinstance(error, ReportError) and not isinstance(error, AlreadyUsed):
        questions = [_("This is more than one notice can hold. Please shorten it.")]
    elif error is not None:
        questions = [problem_sentence(error)]
    if isinstance(error, open.NoAddress):
        troubles = [trouble_sentences(find.trouble(each)) for each in error.troubles]
    shown = {
        "case": case,
        "query": f"?case={case.pk}" if case else "",
        "filled": filled,
        "questions": questions,
        "troubles": troubles,
        "laws": [(law, law.key in laws) for law in rules().laws.values()],
        "languages": [(key, each.words.name) for key, each in letters.languages().items()],
        "countries": _countries(),
        "statement": statement(Kind.NOTICE),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "web/escalation/new_file.html", shown, status=status)


def _countries() -> list[tuple[str, str]]:
    """Where somebody can complain, and to whom."""
    kinds = {law.regulator for law in rules().laws.values() if law.regulator and not law.country}
    return sorted(
        (body.country, f"{body.country}: {body.name}")
        for kind in kinds
        for body in known.bodies(kind)
        if body.country
    )


def _case(keys: list[str]) -> Case | None:
    return Case.objects.select_related("notice").filter(pk__in=numbers(keys)).first()


def _report(filled: Mapping[str, str]) -> Report:
    """What a helper typed for somebody, as the form stores it."""
    language = get_language() or "en"
    return Report(
        signature=filled["signature"],
        places=filled["places"],
        good_faith=bool(filled["good_faith"]),
        contact=filled["contact"],
        explanation=filled["explanation"],
        on_behalf_of=filled["on_behalf_of"],
        for_another=True,
        about_minor=bool(filled["about_minor"]),
        language=language if language in dict(settings.LANGUAGES) else "en",
        statement="\n".join(statement(Kind.NOTICE)),
    )


def _tell_troubles(request: HttpRequest, troubles: Sequence[Any]) -> None:
    """How many lines were left out, and why; the lines themselves stay out of the cookie."""
    if troubles:
        n = len(troubles)
        left_out = ngettext(
            "%(n)s line was left out, because it is no address that can be asked about:",
            "%(n)s lines were left out, because they are no addresses that can be asked about:",
            n,
        )
        reasons = {trouble_sentences({"reason": t.reason, "by_hand": ""})[0] for t in troubles}
        messages.error(request, f"{left_out % {'n': n}} {' '.join(sorted(reasons))}")
