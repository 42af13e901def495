"""From an address to its page or endpoint in two hops."""

from django.urls import include, path

from staydown_server.api.v1 import api
from staydown_server.project import health
from staydown_server.project.metrics import metrics

urlpatterns = [
    path("api/v1/", api.urls),
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", metrics),
    path("", include("staydown_server.api.hma.urls")),
    path("", include("staydown_server.web.urls")),
]

handler400 = "staydown_server.project.errors.bad_request"
handler403 = "staydown_server.project.errors.forbidden"
handler404 = "staydown_server.project.errors.not_found"
handler500 = "staydown_server.project.errors.our_fault"
