"""``/c``: banks, changed by the rules of banks/keep.py. What was decided here is a bank to read."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from staydown import Fingerprint, FingerprintError
from staydown_server.accounts.models import Host
from staydown_server.api.hma import signals
from staydown_server.api.hma.calls import Fault, body_of, is_true
from staydown_server.banks import keep
from staydown_server.banks.models import Bank, Content
from staydown_server.cases.models import CaseItem

_METADATA = {"content_id": str, "content_uri": str, "json": dict}
_LONGEST_WAIT = timedelta(days=5 * 365)
#: `disable_until_ts` of what is off for good, and of what is on.
_OFF, _ON = 0, 1


def banks(_request: HttpRequest, _host: Host) -> Any:
    ours = {"name": keep.OURS, "matching_enabled_ratio": 1.0}
    return [ours, *(_shape(bank) for bank in Bank.objects.order_by("name"))]


def create(request: HttpRequest, host: Host) -> Any:
    told = body_of(request)
    if "name" not in told:
        raise Fault(400, "name is required")
    ratio = _ratio(told)
    bank = _kept(
        lambda: keep.create(host, _name(told), enabled_ratio=1.0 if ratio is None else ratio)
    )
    return JsonResponse(_shape(bank), status=201)


def show(_request: HttpRequest, _host: Host, name: str) -> Any:
    if name == keep.OURS:
        return {"name": keep.OURS, "matching_enabled_ratio": 1.0}
    return _shape(_bank(name))


def update(request: HttpRequest, host: Host, name: str) -> Any:
    bank, told = _own(name, host), body_of(request)
    new_name = _name(told) if told.get("name") is not None else None
    _kept(lambda: keep.change(bank, name=new_name, enabled_ratio=_ratio(told)))
    return _shape(bank)


def delete(_request: HttpRequest, host: Host, name: str) -> Any:
    # One that is not there is gone, as HMA says.
    if name == keep.OURS or Bank.objects.filter(name=name).exists():
        keep.delete(_own(name, host))
    return {"message": "Done"}


def add_content(request: HttpRequest, host: Host, name: str) -> Any:
    """A file, or what an address of the host shows: with all that we can make of it."""
    bank = _own(name, host)
    if request.GET.get("url"):
        metadata = _metadata(body_of(request)) if request.content_type == "application/json" else {}
        made = signals.fetched_from(request.GET["url"], host)
    elif request.content_type == "multipart/form-data":
        made, metadata = signals.uploaded(request), {}
    else:
        raise Fault(400, "Neither `url` nor multipart file upload was received")
    return _added(bank, made, metadata)


def add_signals(request: HttpRequest, host: Host, name: str) -> Any:
    """A hash alone: it finds whole copies only."""
    bank, told = _own(name, host), body_of(request)
    given = {kind: signals.validated(kind, value) for kind, value in told.items()}
    if not given:
        raise Fault(400, "No signals given")
    if signals.PDQ not in given:
        raise Fault(400, "An MD5 finds nothing but the same file: add the film itself as content.")
    try:
        made = signals.behind(given[signals.PDQ])
    except FingerprintError as error:
        raise Fault(400, str(error)) from None
    return _added(bank, made, {})


def show_content(request: HttpRequest, _host: Host, name: str, content_id: int) -> Any:
    told: dict[str, Any] = {"id": content_id, "collab_metadata": {}, "original_media_uri": None}
    if name == keep.OURS:
        is_theirs = CaseItem.objects.filter(pk=content_id, content=None)
        row = is_theirs.filter(keepdown__lifted_at=None, keepdown__isnull=False).first()
        if row is None:
            raise Fault(404, f"content '{content_id}' not found")
        shape = {"name": keep.OURS, "matching_enabled_ratio": 1.0}
        told |= {"disable_until_ts": _ON, "bank": shape, "metadata": None}
    else:
        content = _content(_bank(name), content_id)
        row = content.case_item
        metadata = content.metadata or None
        told |= {"disable_until_ts": _until(content), "bank": _shape(content.bank)}
        told |= {"metadata": metadata}
    if is_true(request.GET.get("include_signals", "false")):
        made = row.load_fingerprint()
        told["signals"] = signals.of(made) if made else {}
    return told


def update_content(request: HttpRequest, host: Host, name: str, content_id: int) -> Any:
    content, told = _content(_own(name, host), content_id), body_of(request)
    if "disable_until_ts" in told:
        keep.switch(content, **_switched(told["disable_until_ts"]))
    return show_content(request, host, name, content_id)


def delete_content(_request: HttpRequest, host: Host, name: str, content_id: int) -> Any:
    content = _own(name, host).content_set.filter(pk=content_id).first()
    if content is None:
        return {"deleted": 0}
    keep.take_out(content)
    return {"deleted": 1}


def signal_types(_request: HttpRequest, _host: Host) -> Any:
    return [{"name": name, "enabled_ratio": 1.0} for name in signals.SIGNALS]


def exchanges(_request: HttpRequest, _host: Host) -> Any:
    return []


def no_exchanges(_request: HttpRequest, _host: Host) -> Any:
    raise Fault(501, "Lists of partners are followed by Staydown itself: see docs/partners.md.")


def _shape(bank: Bank) -> dict[str, Any]:
    return {"name": bank.name, "matching_enabled_ratio": bank.enabled_ratio}


def _bank(name: str) -> Bank:
    bank = Bank.objects.select_related("host").filter(name=name).first()
    if bank is None:
        raise Fault(404, f"bank '{name}' not found")
    return bank


def _own(name: str, host: Host) -> Bank:
    if name == keep.OURS:
        raise Fault(403, "What was decided at the desk is changed at the desk.")
    bank = _bank(name)
    if bank.host != host:
        raise Fault(403, "Another platform keeps this bank.")
    return bank


def _content(bank: Bank, content_id: int) -> Content:
    content = bank.content_set.select_related("case_item", "bank__host").filter(pk=content_id)
    found = content.first()
    if found is None:
        raise Fault(404, f"content '{content_id}' not found")
    return found


def _kept(change: Callable[[], Any]) -> Any:
    try:
        return change()
    except keep.NotYours as error:
        raise Fault(403, str(error)) from None
    except keep.BankError as error:
        raise Fault(400, str(error)) from None


def _name(told: dict[str, Any]) -> str:
    if not isinstance(told["name"], str):
        raise Fault(400, "name must be text")
    return told["name"]


def _ratio(told: dict[str, Any]) -> float | None:
    """The share that HMA matches with; `enabled` is all or nothing."""
    if told.get("enabled_ratio") is not None:
        try:
            ratio = float(told["enabled_ratio"])
        except (TypeError, ValueError):
            ratio = math.nan
        if not math.isfinite(ratio):
            raise Fault(400, "enabled_ratio must be a number")
        return ratio
    if told.get("enabled") is not None:
        return 1.0 if is_true(str(told["enabled"])) else 0.0
    return None


def _metadata(told: dict[str, Any]) -> dict[str, Any]:
    metadata = told.get("metadata")
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        raise Fault(400, "metadata should be a json object")
    for name, value in metadata.items():
        if name not in _METADATA or not isinstance(value, _METADATA[name]):
            raise Fault(400, f"Invalid metadata: {name!r} is not as documented")
    return metadata


def _added(bank: Bank, made: Fingerprint, metadata: dict[str, Any]) -> dict[str, Any]:
    content = keep.put_in(bank, made, metadata=metadata)
    return {"id": content.pk, "signals": signals.of(made)}


def _until(content: Content) -> int:
    if content.is_off:
        return int(content.off_until.timestamp()) if content.off_until else _OFF
    return _ON


def _switched(told: Any) -> dict[str, Any]:
    try:
        stamp = int(told)
        until = datetime.fromtimestamp(stamp, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise Fault(400, f"Invalid int: '{told}'") from None
    if stamp < 0:
        raise Fault(400, "disable_until_ts must be a non-negative integer")
    if until > timezone.now() + _LONGEST_WAIT:
        raise Fault(400, "disable_until_ts must be less than 5 years in the future")
    if stamp == _OFF:
        return {"is_off": True}
    is_over = until <= timezone.now()
    return {"is_off": not is_over, "until": None if is_over else until}
