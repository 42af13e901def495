"""Signals: what HMA calls a hash with its type, and the fingerprints behind them."""

import re
from typing import Any

from django.http import HttpRequest

from staydown import Fingerprint
from staydown_server.accounts.models import Host
from staydown_server.api import bodies
from staydown_server.api.hma.calls import Fault
from staydown_server.api.question import fetched

PDQ, MD5 = "pdq", "video_md5"
#: The types of signal, by the type of content that they are of.
OF_CONTENT = {"photo": (PDQ,), "video": (MD5,)}
SIGNALS = (PDQ, MD5)
_FORMS = {PDQ: re.compile("[0-9a-f]{64}"), MD5: re.compile("[0-9a-f]{32}")}


def validated(kind: str, value: Any) -> str:
    """A signal as it is compared, or a fault."""
    if kind not in SIGNALS:
        raise Fault(400, f"No such SignalType '{kind}'")
    text = value.strip().lower() if isinstance(value, str) else ""
    if not _FORMS[kind].fullmatch(text):
        raise Fault(
            400, f"invalid signal: {kind} is written in hexadecimal, as {_FORMS[kind].pattern}"
        )
    return text


def of(fingerprint: Fingerprint) -> dict[str, str]:
    """The signals in a fingerprint."""
    if fingerprint.kind == "video":
        return {MD5: fingerprint.md5} if fingerprint.md5 else {}
    return {PDQ: fingerprint.pdq.hex()} if fingerprint.pdq else {}


def behind(pdq: str) -> Fingerprint:
    """The fingerprint of a PDQ hash alone. Its quality is not told: whoever sends it has judged."""
    return Fingerprint.from_dict({"kind": "picture", "pdq": pdq, "quality": 100})


def fetched_from(url: str, host: Host) -> Fingerprint:
    """The fingerprint of the file at an address of *host*, or a problem."""
    return bodies.of_bytes(fetched(url, host))


def uploaded(request: HttpRequest) -> Fingerprint:
    """The fingerprint of the one file in a form, in the field ``photo`` or ``video``."""
    bodies.form(request)
    if not request.FILES:
        raise Fault(400, "Missing multipart/form-data file upload")
    (name, files), *more = request.FILES.lists()
    if more or len(files) > 1:
        raise Fault(400, "Only one file allowed per request")
    if name not in OF_CONTENT:
        raise Fault(400, f"no such content_type: '{name}'")
    made, _ = bodies.of_upload(files[0])
    return made


def chosen(request: HttpRequest, fingerprint: Fingerprint) -> dict[str, str]:
    """Those of its signals that the address asks for with ``types``."""
    found = of(fingerprint)
    if "types" not in request.GET:
        return found
    names = [name.strip() for name in request.GET["types"].split(",") if name.strip()]
    if unknown := [name for name in names if name not in SIGNALS]:
        raise Fault(400, f"signal type '{unknown[0]}' doesn't exist or is disabled")
    if not names:
        raise Fault(400, "empty signal type selection")
    return {name: value for name, value in found.items() if name in names}
