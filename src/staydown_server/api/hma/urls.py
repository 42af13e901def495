"""HMA's addresses. ``/livez`` and ``/readyz`` are everybody's."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from staydown_server.api.hma import banks, lookups
from staydown_server.api.hma.calls import endpoint
from staydown_server.gate import check as gate

CHECK, BANKS = "check", "banks"
_CONTENT = "c/bank/<str:name>/content"


def status(request: HttpRequest) -> HttpResponse:
    """HMA's health check; a person who typed this address is looking for their notice."""
    if request.accepts("text/html") and "text/html" in request.headers.get("Accept", ""):
        return redirect("web:status")
    if gate.live_index.lag() is None:
        return HttpResponse("INDEX-NOT-LOADED", status=503, content_type="text/plain")
    return HttpResponse("I-AM-ALIVE", content_type="text/plain")


urlpatterns = [
    path("status", status),
    path("h/hash", endpoint(CHECK, GET=lookups.hash_url, POST=lookups.hash_file)),
    path("m/lookup", endpoint(CHECK, GET=lookups.lookup, POST=lookups.lookup_file)),
    path("m/raw_lookup", endpoint(CHECK, GET=lookups.raw_lookup)),
    path("m/compare", endpoint(CHECK, POST=lookups.compare)),
    path("m/index/status", endpoint(CHECK, GET=lookups.index_status)),
    path("c/banks", endpoint(BANKS, GET=banks.banks, POST=banks.create)),
    path(
        "c/bank/<str:name>",
        endpoint(BANKS, GET=banks.show, PUT=banks.update, DELETE=banks.delete),
    ),
    path(_CONTENT, endpoint(BANKS, POST=banks.add_content)),
    path(
        f"{_CONTENT}/<int:content_id>",
        endpoint(
            BANKS,
            GET=banks.show_content,
            PUT=banks.update_content,
            DELETE=banks.delete_content,
        ),
    ),
    path("c/bank/<str:name>/signal", endpoint(BANKS, POST=banks.add_signals)),
    path("c/signal_type", endpoint(BANKS, GET=banks.signal_types)),
    path("c/exchanges", endpoint(BANKS, GET=banks.exchanges, POST=banks.no_exchanges)),
    path("c/exchanges/apis", endpoint(BANKS, GET=banks.exchanges)),
]
