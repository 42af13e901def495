"""The shipped addresses and a few that fail, as code with a fault would."""

from typing import NoReturn

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest
from django.urls import path

from staydown_server.project import urls

SECRET = "Alice lives at 1 Example Street"


def _raising(error: Exception) -> object:
    def view(_request: HttpRequest, **_parts: str) -> NoReturn:
        name = SECRET  # a local variable that a careless traceback would print
        assert name
        raise error

    return view


urlpatterns = [
    path("api/v1/broken/<str:secret>/", _raising(RuntimeError(SECRET))),  # type: ignore[arg-type]
    path("broken/<str:secret>/", _raising(RuntimeError(SECRET))),  # type: ignore[arg-type]
    path("api/v1/full", _raising(OperationalError(SECRET))),  # type: ignore[arg-type]
    path("full", _raising(OperationalError(SECRET))),  # type: ignore[arg-type]
    path("denied", _raising(PermissionDenied(SECRET))),  # type: ignore[arg-type]
    path("suspicious", _raising(SuspiciousOperation(SECRET))),  # type: ignore[arg-type]
    *urls.urlpatterns,
]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
