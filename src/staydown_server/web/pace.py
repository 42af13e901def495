"""Who asks, for the pace at which strangers may try something."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

from staydown_server.accounts.pace import Pace, Wait

#: What one household or one rented machine is given of IPv6; more would be a bucket for each.
_IPV6_PREFIX = 64


def wait_for(pace: Pace, request: HttpRequest) -> Wait | None:
    """None where whoever asks may go on; the form's hidden field ``turn`` is looked at."""
    return pace.wait(caller(request), turn=request.POST.get("turn", "")[:500])


def caller(request: HttpRequest) -> str:
    """The network that asks. It is counted by its HMAC, and neither stored nor logged."""
    told = request.META["REMOTE_ADDR"]
    if settings.CLIENT_ADDRESS_HEADER:
        # The proxy next to us adds its client last; what stands before can be made up.
        told = request.headers.get(settings.CLIENT_ADDRESS_HEADER, told).rpartition(",")[2]
    try:
        address = ipaddress.ip_address(told.strip())
    except ValueError:
        return ""
    if address.version == 6:
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
