"""Signing in with a one-time link, and out."""

from http import HTTPStatus

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from staydown_server.accounts.sign_in import LinkSpent, use_link


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """A button, not the link itself, signs in: mail scanners open links."""
    if request.method != "POST":
        return render(request, "web/sign_in.html")
    try:
        user = use_link(token)
    except LinkSpent:
        return render(request, "web/sign_in.html", {"is_spent": True}, status=HTTPStatus.FORBIDDEN)
    login(request, user, backend="staydown_server.accounts.sign_in.LinkBackend")
    return redirect("web:queue")


@require_safe
def needed(request: HttpRequest) -> HttpResponse:
    """Where somebody lands who asks for the desk without having signed in."""
    return render(request, "web/sign_in_needed.html", status=HTTPStatus.UNAUTHORIZED)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("web:home")
