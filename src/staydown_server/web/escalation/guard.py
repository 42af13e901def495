"""Pages that are there only where helpers work (`STAYDOWN_ESCALATION`)."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from staydown_server.web.errors import error_page

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponse]


def for_helpers(page: Page[P]) -> Page[P]:
    """Elsewhere the page does not exist, for anybody."""

    def offered(request: HttpRequest, /, *arguments: P.args, **named: P.kwargs) -> HttpResponse:
        if not settings.ESCALATION:
            return error_page(request, HTTPStatus.NOT_FOUND)
        return page(request, *arguments, **named)

    return offered
