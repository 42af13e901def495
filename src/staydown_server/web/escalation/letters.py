"""A letter: read, changed, approved or sent by hand; and what was answered."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from staydown_server.escalation import draft, letters, paper, reply, send
from staydown_server.escalation.document import NoGlyph
from staydown_server.escalation.models import Addressee, OutgoingLetter, Reply
from staydown_server.notices import mail
from staydown_server.web.errors import error_page
from staydown_server.web.escalation.guard import for_helpers
from staydown_server.web.escalation.words import (
    channel_words,
    letter_words,
    problem_sentence,
    role_words,
)
from staydown_server.web.moderators import moderator, moderators_only, readers_only

_CHANNELS = ("email", "form", "post")
_State = OutgoingLetter.State


@for_helpers
@require_safe
@readers_only
def letter(request: HttpRequest, letter_id: int) -> HttpResponse:
    found = _letter(letter_id)
    shown = {
        "letter": found,
        "addressee": found.addressee,
        "file": found.addressee.site.file,
        "site": found.addressee.site,
        "role": role_words(found.addressee.role),
        "words": letter_words(found.state),
        "channel": channel_words(found.channel),
        "channels": [(each, channel_words(each)) for each in _CHANNELS],
        "contacts": [(channel_words(c["channel"]), c) for c in found.addressee.contacts],
        "languages": [(key, each.words.name) for key, each in letters.languages().items()],
        "can_mail": mail.is_offered() and found.channel == "email",
    }
    return render(request, "web/escalation/letter.html", shown)


@for_helpers
@require_POST
@moderators_only
def letter_act(request: HttpRequest, letter_id: int) -> HttpResponse:
    """What the buttons of a letter do."""
    found, user, form = _letter(letter_id), moderator(request), request.POST
    seen = form.get("seen", "")[:64]

    def settle(state: OutgoingLetter.State) -> Callable[[], None]:
        return lambda: send.settle(found, state=state, by=user)

    def write() -> None:
        channel = form.get("channel", "")
        text, subject, to = (
            form.get(name, "").replace("\r\n", "\n") for name in ("text", "subject", "to")
        )
        channel = channel if channel in _CHANNELS else ""
        draft.write(found, subject=subject, text=text, channel=channel, to=to, by=user)

    acts: Mapping[str, Callable[[], None]] = {
        "write": write,
        "again": lambda: draft.draft_again(found, in_language=form.get("language", ""), by=user),
        "discard": lambda: draft.discard(found, by=user),
        "approve": lambda: send.approve(found, seen=seen, by=user),
        "by_hand": lambda: send.sent_by_hand(found, seen=seen, by=user),
        "delivered": settle(_State.DELIVERED),
        "bounced": settle(_State.BOUNCED),
        "left": settle(_State.SENT),
        "stayed": settle(_State.DRAFT),
    }
    act = acts.get(form.get("act", ""))
    try:
        if act is not None:
            act()
    except (draft.DraftError, send.SendError, letters.NoLanguage) as error:
        messages.error(request, problem_sentence(error))
    else:
        messages.success(request, _("Noted."))
    return redirect("web:letter", letter_id)


@for_helpers
@require_safe
@readers_only
def letter_file(request: HttpRequest, letter_id: int, kind: str) -> HttpResponse:
    """The letter to take away: PDF, text, or a draft of an e-mail."""
    found = _letter(letter_id)
    try:
        content, content_type = paper.as_file(found, kind)
    except KeyError:
        return error_page(request, HTTPStatus.NOT_FOUND)
    except NoGlyph:
        messages.error(
            request,
            _("This letter has characters that our PDFs cannot show: please take the text."),
        )
        return redirect("web:letter", letter_id)
    name = f"{found.addressee.site.file.case.number}-{found.pk}.{kind}"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=content_type, headers=disposition)


@for_helpers
@require_POST
@moderators_only
def addressee_act(request: HttpRequest, addressee_id: int) -> HttpResponse:
    """A letter to somebody, or what they answered."""
    found = get_object_or_404(Addressee.objects.select_related("site__file"), pk=addressee_id)
    form, user = request.POST, moderator(request)
    try:
        if form.get("act") == "draft":
            return redirect("web:letter", draft.draft_to(found, by=user).pk)
        kind = form.get("kind", "")
        kind = kind if kind in Reply.Kind.values else Reply.Kind.OTHER
        text = form.get("text", "")
        reply.note(found, kind=Reply.Kind(kind), text=text, by=user)
    except (draft.DraftError, reply.NotAsked) as error:
        messages.error(request, problem_sentence(error))
    else:
        messages.success(request, _("Noted."))
    return redirect("web:escalation_file", found.site.file_id)


def _letter(letter_id: int) -> OutgoingLetter:
    letters = OutgoingLetter.objects.select_related(
        "addressee__site__file__case__notice", "sent_by"
    )
    return get_object_or_404(letters, pk=letter_id)
