"""Whether the service lives, and whether it can do its work."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from staydown_server import vault


def livez(_request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """The database answers and the installation's key is there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        vault.subkey("readiness")
    except (DatabaseError, vault.VaultError):
        return JsonResponse({"status": "not ready"}, status=503)
    return JsonResponse({"status": "ready"})
