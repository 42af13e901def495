"""What every request passes on its way in and out."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from staydown_server.project import errors
from staydown_server.project.whole_requests import TOO_SLOW

if TYPE_CHECKING:
    from django.http.request import _ImmutableQueryDict

Handler = Callable[[HttpRequest], HttpResponse]
_NUMBER = re.compile("[0-9]{1,18}")


class UploadLimit:
    """Refuses a body that is too large before reading it, and one that came too slowly."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get(TOO_SLOW):
            return errors.too_slow(request)
        length = request.META.get("CONTENT_LENGTH") or ""
        if length and not _NUMBER.fullmatch(length):
            return errors.bad_request(request)
        if length and int(length) > settings.UPLOAD_LIMIT:
            return errors.too_large(request)
        if not length and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            return errors.length_required(request)
        return self._get_response(request)


class NoZeros:
    """What comes in names, forms and cookies holds no zero byte: people type none, and not every
    database takes one. Pages see it left out; JSON is looked at where it is read."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for name in [name for name, value in request.COOKIES.items() if "\x00" in value]:
            # None of ours.
            del request.COOKIES[name]
        request.GET = _without_zeros(request.GET)
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Handler, _args: object, _named: object
    ) -> HttpResponse | None:
        # Programs are told what is wrong: `api/bodies.py`.
        if getattr(view, "csrf_exempt", False):
            return None
        if "\x00" in request.path_info:
            return errors.not_found(request, Http404())
        if request.method == "POST":
            request.POST = _without_zeros(request.POST)
        return None


def _without_zeros(values: "_ImmutableQueryDict") -> "_ImmutableQueryDict":
    told = [(name, text) for name, texts in values.lists() for text in texts]
    if not any("\x00" in name + text for name, text in told):
        return values
    return QueryDict(urlencode(told).replace("%00", ""))


class NothingCached:
    """Pages about cases are kept by no browser and no proxy."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Robots-Tag", "noindex")
        return response


class WrongMethod:
    """A method that an address does not take gets an answer like every other error."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return response
        answer = errors.wrong_method(request)
        answer.headers["Allow"] = response.headers["Allow"]
        return answer
