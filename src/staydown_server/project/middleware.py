"""What every request passes on its way in and out."""

import re
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from staydown_server.project import errors
from staydown_server.project.whole_requests import TOO_SLOW

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
