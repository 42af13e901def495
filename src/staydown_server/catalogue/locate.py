"""Find the item behind an address that a person gave us."""

from urllib.parse import urlsplit

from django.db.models import Q

from staydown_server.accounts.hosts import HostError, origin_of
from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item


def key_of(url: str) -> str:
    """*url* as we compare it: origin in lower case, no fragment, no slash at the end."""
    try:
        origin = origin_of(url)
    except HostError:
        return url
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{origin}{parts.path.rstrip('/')}{query}"


def on_host(url: str, host: Host) -> bool:
    """Whether *url* is on one of the host's own origins."""
    try:
        return origin_of(url) in host.origins
    except HostError:
        return False


def host_of(url: str) -> Host | None:
    """The host that *url* is on, if it is one of ours."""
    return next((host for host in Host.objects.order_by("pk") if on_host(url, host)), None)


def locate(url: str) -> list[Item]:
    """The registered items that *url* shows: as a page or as the file itself.

    An address with a tail that a host added for tracking still finds its item.
    """
    key = key_of(url)
    keys = [key, key.partition("?")[0]]
    for candidate in dict.fromkeys(keys):
        found = Item.objects.filter(Q(url_key=candidate) | Q(media_url_key=candidate), gone_at=None)
        if items := list(found.order_by("pk")):
            return items
    return []
