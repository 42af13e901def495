"""Look at what a host shows now, pixel by pixel.

Of a picture in the catalogue we keep layers, which say where parts of it lie. Whether a region
of a copy was replaced, its pixels alone can say; and whose face it is, a person.
"""

from dataclasses import replace

import staydown
from staydown import Fingerprint, Match
from staydown.fingerprint.files import Look
from staydown_server import vault
from staydown_server.catalogue import fetch
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.read import fingerprint_bytes
from staydown_server.catalogue.sweep import Found

#: The largest file that is fetched for a look, in bytes.
LARGEST_FILE = 64_000_000


def look_at(item: Item, *, look: Look = "upload") -> Fingerprint | None:
    """The fingerprint of the file that the host shows for *item*; None where there is none."""
    try:
        answer = fetch.fetch(item.media_url or item.url, host=item.host, limit=LARGEST_FILE)
        return fingerprint_bytes(answer.body, look=look) if answer.status == 200 else None
    except (fetch.FetchError, staydown.MediaError):
        return None


def as_shown(item: Item | None, known: Fingerprint) -> Fingerprint:
    """*known*, the stored fingerprint of *item*, with its pixels if the host still shows that file.

    It then finds more: mirrored parts, and smaller ones; and a film is looked at closely, as
    one that was reported.
    """
    has_layer = known.local is not None or known.film is not None
    seen = look_at(item, look="reported") if item is not None and has_layer else None
    return seen if seen is not None and seen.sha256 == known.sha256 else known


def closer(reported: Fingerprint, found: Found) -> Match | None:
    """The match of *found* by its own pixels; None where they say that it is none.

    What the search says stands for a file that cannot be looked at now, but not its
    evidence of where: that runs from the copy to the reported picture. A film that nobody
    looked at is never called the same: a face may be replaced in it.
    """
    unseen = replace(found.match, region=None)
    if found.match.kind == "same" and reported.film is not None:
        unseen = replace(unseen, kind="part")
    has_layer = reported.local is not None or reported.film is not None
    if found.match.kind == "identical" or not has_layer:
        return unseen
    seen = look_at(found.item)
    if seen is None:
        return unseen
    match = staydown.compare(reported, seen, key=vault.local_key())
    if match is None and seen.sha256 != found.item.load_fingerprint().sha256:
        return unseen
    return match
