"""Problem documents (RFC 9457): the one shape of every error the API gives."""

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse


class Problem(Exception):
    """Raised by an endpoint to answer with a problem document."""

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.more = status, code, detail, more


def document(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """*code* is stable and for programs; *detail* is a sentence for people."""
    return {
        "type": f"urn:staydown:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }


def problem(status: int, code: str, detail: str, **more: Any) -> JsonResponse:
    """`document` as an answer."""
    told = document(status, code, detail, **more)
    response = JsonResponse(told, status=status, content_type="application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in more:
        response.headers["Retry-After"] = str(more["retry_after"])
    return response
