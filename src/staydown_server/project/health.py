"""Whether the service lives, and whether it can do its work."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from staydown_server import vault
from staydown_server.cases import deposit
from staydown_server.catalogue import sweep
from staydown_server.catalogue.live import LiveIndex
from staydown_server.gate import check, listed


def livez(_request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """The database answers, the installation's key is there, and the indexes are loaded.

    Says how far this process's indexes are behind the database. A question catches up first,
    so what is behind is never missed: it is what the next question waits for.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        vault.subkey("readiness")
        lags = {index.shelf.value: index.lag() for index in indexes()}
    except (DatabaseError, vault.VaultError):
        return JsonResponse({"status": "not ready"}, status=503)
    behind = {
        shelf: {"entries_behind": lag.entries, "seconds_behind": round(lag.seconds, 3)}
        for shelf, lag in lags.items()
        if lag is not None
    }
    if len(behind) < len(lags):
        return JsonResponse({"status": "loading", "indexes": behind}, status=503)
    return JsonResponse({"status": "ready", "indexes": behind})


def indexes() -> tuple[LiveIndex, ...]:
    """The indexes of this process."""
    return sweep.live_index, check.live_index, deposit.live_index, listed.live_index
