"""Errors end here: a calm page for people, a problem document for programs.

Neither says anything about the inside, and the log says where it broke, never with what.
"""

import logging
import sys
import traceback

from django.http import HttpRequest, HttpResponse

from staydown_server.api.hma.calls import failed
from staydown_server.api.problems import problem
from staydown_server.web.errors import error_page

log = logging.getLogger("staydown_server.errors")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400, "bad-request", "The request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "forbidden", "You may not do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "not-found", "There is nothing at this address.")


def wrong_method(request: HttpRequest) -> HttpResponse:
    return _answer(request, 405, "wrong-method", "This address does not take this method.")


def too_large(request: HttpRequest) -> HttpResponse:
    return _answer(request, 413, "too-large", "The request is larger than this server accepts.")


def length_required(request: HttpRequest) -> HttpResponse:
    return _answer(request, 411, "length-required", "Send the request with a Content-Length.")


def too_slow(request: HttpRequest) -> HttpResponse:
    return _answer(request, 408, "too-slow", "The request came too slowly. Send it again.")


def our_fault(request: HttpRequest) -> HttpResponse:
    log_where_it_broke()
    return _answer(
        request, 500, "our-fault", "Something went wrong on our side. Repeat the request later."
    )


def log_where_it_broke() -> None:
    """Log the error's class and the lines of code it passed; never its text or its values."""
    kind, _, trace = sys.exc_info()
    steps = " > ".join(f"{step.name}:{step.lineno}" for step in traceback.extract_tb(trace)[-6:])
    log.error("%s at %s", kind.__name__ if kind else "error", steps)


def _answer(request: HttpRequest, status: int, code: str, sentence: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem(status, code, sentence)
    if request.path.startswith(("/h/", "/m/", "/c/")):
        return failed(status, sentence)
    return error_page(request, status)
