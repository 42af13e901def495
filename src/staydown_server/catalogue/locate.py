"""Find the item behind an address that a person gave us."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import chain, combinations
from urllib.parse import quote, unquote_to_bytes, urlsplit

from django.db.models import Q

from staydown_server.accounts.hosts import HostError, origin_of
from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item

#: An address of more parameters is compared with all of them, and with none.
_MOST_PARAMETERS = 6
#: Names under which one site shows the same page: of them, the one registered counts.
_SAME_SITE = ("www.", "m.", "mobile.")
_LONGEST_KEY = 2000


def key_of(url: str) -> str:
    """*url* as we compare it: one spelling for all that lead to one place.

    The scheme goes, and the fragment, and a slash at the end; names are as the DNS has them;
    letters are percent-encoded where they must be, and nowhere else.
    """
    try:
        return _key(*_split(url))
    except ValueError:
        return url[:_LONGEST_KEY]


def _split(url: str) -> tuple[str, str, tuple[str, ...]]:
    """Site, path and parameters; raises :class:`ValueError`."""
    try:
        scheme, _, site = origin_of(url).partition("://")
    except HostError as error:
        raise ValueError from error
    parts = urlsplit(url)
    site = site.removesuffix({"http": ":80", "https": ":443"}[scheme])
    parameters = tuple(_spelt(each) for each in parts.query.split("&") if each)
    return site, _spelt(parts.path).rstrip("/"), parameters


def _spelt(part: str) -> str:
    return quote(unquote_to_bytes(part), safe="/~!$&'()*+,;=:@?%")


def _key(site: str, path: str, parameters: tuple[str, ...]) -> str:
    key = f"//{site}{path}" + ("?" if parameters else "") + "&".join(parameters)
    # What does not fit into the column is told apart by its digest.
    return key if len(key) <= _LONGEST_KEY else sha256(key.encode()).hexdigest()


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

    What was added to an address on its way (for tracking, for a phone) is looked past: of all
    that is registered, what has most of its parameters is meant.
    """
    ranks = {key: rank for rank, key in reversed(list(enumerate(_keys(url))))}
    wanted = Q(url_key__in=ranks) | Q(media_url_key__in=ranks)
    found: dict[int, list[Item]] = {}
    for item in Item.objects.filter(wanted, gone_at=None).order_by("pk"):
        keys = (item.url_key, item.media_url_key)
        found.setdefault(min(ranks[key] for key in keys if key in ranks), []).append(item)
    return found[min(found)] if found else []


def _keys(url: str) -> Iterator[str]:
    """The keys under which *url* may be registered, the likeliest first."""
    try:
        site, path, parameters = _split(url)
    except ValueError:
        yield key_of(url)
        return
    sites = tuple(dict.fromkeys((site, *_same_sites(site))))
    if len(parameters) > _MOST_PARAMETERS:
        some = iter((parameters, ()))
    else:
        counts = range(len(parameters), -1, -1)
        some = chain.from_iterable(combinations(parameters, count) for count in counts)
    for chosen in some:
        yield from (_key(each, path, chosen) for each in sites)


def _same_sites(site: str) -> Iterator[str]:
    bare = next((site[len(name) :] for name in _SAME_SITE if site.startswith(name)), site)
    yield bare
    yield from (name + bare for name in _SAME_SITE)
