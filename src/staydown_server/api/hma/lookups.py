"""``/h`` and ``/m``: hashing, and matching against all that is kept down."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from staydown import Fingerprint, Match
from staydown.match.threshold import PDQ_CONFIDENT
from staydown_server.accounts.models import Host
from staydown_server.api.hma import signals
from staydown_server.api.hma.calls import Fault, body_of, is_true, parameter
from staydown_server.banks.keep import OURS
from staydown_server.gate import check as gate
from staydown_server.gate.models import KeepDown


@dataclass(frozen=True, slots=True)
class _Hit:
    """What is kept down and matches: its number outside, its bank, and the distance."""

    content_id: int
    bank: str
    distance: str

    def to_dict(self) -> dict[str, Any]:
        return {"bank_content_id": self.content_id, "distance": self.distance}


def hash_url(request: HttpRequest, host: Host) -> Any:
    made = signals.fetched_from(parameter(request, "url"), host)
    return signals.chosen(request, made)


def hash_file(request: HttpRequest, _host: Host) -> Any:
    return signals.chosen(request, signals.uploaded(request))


def lookup(request: HttpRequest, host: Host) -> Any:
    """The banks that hold what a file, or a signal, matches."""
    if request.GET.get("url"):
        made = signals.fetched_from(request.GET["url"], host)
        found = _by_signal(request, made)
        kind = request.GET.get("signal_type")
        return found if kind is None else found.get(kind, {})
    if not (request.GET.get("signal") and request.GET.get("signal_type")):
        raise Fault(400, "Either url or both signal and signal_type are required")
    return _by_bank(_wanted(request, _like_signal(request)))


def lookup_file(request: HttpRequest, _host: Host) -> Any:
    return _by_signal(request, signals.uploaded(request))


def raw_lookup(request: HttpRequest, _host: Host) -> Any:
    parameter(request, "signal"), parameter(request, "signal_type")
    hits = _wanted(request, _like_signal(request))
    with_distance = is_true(request.GET.get("include_distance", "false"))
    return {"matches": [hit.to_dict() if with_distance else hit.content_id for hit in hits]}


def compare(request: HttpRequest, _host: Host) -> Any:
    """Pairs of signals: whether they match, and how far they are apart."""
    told = {}
    for kind, pair in body_of(request).items():
        if kind not in signals.SIGNALS:
            raise Fault(400, f"No such SignalType '{kind}'")
        if not isinstance(pair, list):
            raise Fault(400, f"Comparison hashes for {kind} was not a list")
        if len(pair) != 2:
            raise Fault(400, "Comparison hash list length must be exactly 2")
        one, other = (signals.validated(kind, value) for value in pair)
        apart = (int(one, 16) ^ int(other, 16)).bit_count()
        if kind == signals.PDQ:
            told[kind] = [apart <= PDQ_CONFIDENT.max_distance, {"distance": apart}]
        else:
            told[kind] = [one == other, {}]
    return told


def index_status(request: HttpRequest, _host: Host) -> Any:
    kinds = [request.GET["signal_type"]] if "signal_type" in request.GET else signals.SIGNALS
    lag = gate.live_index.lag()
    seconds = 0.0 if lag is None else lag.seconds
    built_to = -1 if lag is None else int(timezone.now().timestamp() - seconds)
    live = KeepDown.objects.filter(lifted_at=None)
    sizes = {signals.PDQ: live, signals.MD5: live.exclude(md5="")}
    if unknown := set(kinds) - set(sizes):
        raise Fault(400, f"No such signal type '{min(unknown)}'")
    return {
        kind: {"present": lag is not None, "built_to": built_to, "size": sizes[kind].count()}
        for kind in kinds
    }


def _by_signal(request: HttpRequest, made: Fingerprint) -> dict[str, Any]:
    """The file is looked up as a whole; what its one signal is called, tells its kind."""
    hits = _wanted(request, _like(made))
    return {kind: _by_bank(hits) for kind in signals.chosen(request, made)}


def _by_bank(hits: Iterable[_Hit]) -> dict[str, Any]:
    banks: dict[str, list[dict[str, Any]]] = {}
    for hit in hits:
        banks.setdefault(hit.bank, []).append(hit.to_dict())
    return banks


def _wanted(request: HttpRequest, hits: list[_Hit]) -> list[_Hit]:
    if not request.GET.get("banks"):
        return hits
    names = request.GET["banks"].split(",")
    return [hit for hit in hits if hit.bank in names]


def _like_signal(request: HttpRequest) -> list[_Hit]:
    kind = request.GET["signal_type"]
    value = signals.validated(kind, request.GET["signal"])
    if kind == signals.PDQ:
        return _like(signals.behind(value))
    live = KeepDown.objects.filter(lifted_at=None, md5=value)
    return _hits([(pk, None) for pk in live.values_list("pk", flat=True)], None)


def _like(made: Fingerprint) -> list[_Hit]:
    matches, _ = gate.live_index.search(made)
    return _hits([(int(match.id or 0), match) for match in matches], made)


def _hits(found: list[tuple[int, Match | None]], made: Fingerprint | None) -> list[_Hit]:
    """In the order in which they were found, best first."""
    rows = KeepDown.objects.select_related("case_item__content__bank")
    kept = rows.in_bulk([pk for pk, _ in found])
    return [
        _Hit(keep.case_item_id, _bank_of(keep), _distance(keep, match, made))
        for pk, match in found
        if (keep := kept.get(pk)) is not None
    ]


def _bank_of(keep: KeepDown) -> str:
    content = getattr(keep.case_item, "content", None)
    return content.bank.name if content else OURS


def _distance(keep: KeepDown, match: Match | None, made: Fingerprint | None) -> str:
    """That of the PDQ hashes; of a part of a picture it is larger than any threshold."""
    if match is None or match.kind == "identical":
        return "0"
    if match.distance is not None:
        return str(match.distance)
    known = keep.load_fingerprint()
    if made is None or not (made.pdq and known.pdq):
        return ""
    return str((int.from_bytes(made.pdq) ^ int.from_bytes(known.pdq)).bit_count())
