"""Calm pages for what went wrong, in the person's language."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def error_page(request: HttpRequest, status: int) -> HttpResponse:
    """The page for *status*: what happened, and what can be done now."""
    return render(request, "web/error.html", {"status": status, **_words(status)}, status=status)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's answer to a form without its token: almost always a page left open too long."""
    words = {
        "title": _("This page was open for too long"),
        "text": _(
            "For your safety a page can be sent for a limited time, and only with cookies "
            "allowed. Go back, reload the page, and send it again."
        ),
    }
    return render(request, "web/error.html", {"status": 403, **words}, status=403)


def _words(status: int) -> dict[str, str]:
    if status == 404:
        return {
            "title": _("There is nothing here"),
            "text": _("The address may be mistyped, or the page is gone."),
        }
    if status == 403:
        return {
            "title": _("You may not see this page"),
            "text": _("It belongs to somebody else."),
        }
    if status == 413:
        return {
            "title": _("That was too large"),
            "text": _("Please go back and choose a smaller file, or send its address instead."),
        }
    if status >= 500:
        return {
            "title": _("Something went wrong on our side"),
            "text": _(
                "What you sent just now may not have reached us. Please go back and send it once "
                "more in a minute: sending it twice does no harm."
            ),
        }
    return {
        "title": _("That could not be understood"),
        "text": _("Please go back and try once more."),
    }
