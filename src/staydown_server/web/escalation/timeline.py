"""What was done, step by step; the same as a signed package."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from staydown_server.audit import signature
from staydown_server.escalation.models import EscalationFile
from staydown_server.records import timeline as records
from staydown_server.web.escalation.guard import for_helpers
from staydown_server.web.escalation.words import address_words, reply_words, role_words
from staydown_server.web.moderators import moderator, moderators_only, readers_only


@for_helpers
@require_safe
@readers_only
def timeline(request: HttpRequest, file_id: int) -> HttpResponse:
    file = get_object_or_404(EscalationFile.objects.select_related("case"), pk=file_id)
    events = [(event, event_sentence(event), _detail(event)) for event in records.events(file)]
    shown = {
        "file": file,
        "events": events,
        "key": signature.public_key(),
        "command": f"staydown records verify-package {_name(file)}",
    }
    return render(request, "web/escalation/timeline.html", shown)


@for_helpers
@require_POST
@moderators_only
def package(request: HttpRequest, file_id: int) -> HttpResponse:
    """Not by a link: that it left is on record."""
    file = get_object_or_404(EscalationFile.objects.select_related("case"), pk=file_id)
    content = records.export(file, by=str(moderator(request)))
    headers = {"Content-Disposition": f'attachment; filename="{_name(file)}"'}
    return HttpResponse(content, content_type="application/zip", headers=headers)


def _name(file: EscalationFile) -> str:
    return f"{file.case.number}-escalation.zip"


def event_sentence(event: records.Event) -> str:
    about = {"about": event.about}
    return {
        "opened": _("The file was opened."),
        "found": _("Who serves %(about)s was asked of public registries."),
        "seen": _("%(about)s was looked at."),
        "approved": _("A letter to %(about)s was approved."),
        "sent": _("A letter to %(about)s was sent by e-mail."),
        "sent_by_hand": _("A letter to %(about)s was sent by hand."),
        "delivered": _("The letter to %(about)s arrived."),
        "bounced": _("The letter to %(about)s came back."),
        "answered": _("%(about)s answered."),
        "gone": _("%(about)s is gone."),
        "closed": _("The file was closed."),
    }[event.kind] % about


def _detail(event: records.Event) -> str:
    if event.sighting is not None:
        status = event.sighting.content.get("status")
        words = address_words(event.sighting.state)
        return f"{words} (HTTP {status})" if status else words
    if event.reply is not None:
        return f"{reply_words(event.reply.kind)} {event.reply.text}".strip()
    return role_words(event.letter.addressee.role) if event.letter is not None else ""
