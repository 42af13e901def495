"""What every request passes on its way in and out."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from staydown_server.project import errors

Handler = Callable[[HttpRequest], HttpResponse]


class UploadLimit:
    """Refuses a body that is too large before reading it."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or ""
        if length.isdigit() and int(length) > settings.UPLOAD_LIMIT:
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
