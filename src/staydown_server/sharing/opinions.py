"""What we say of partners' entries, from what happened here with what matched them.

Each round forms the opinions anew and tells what was not told. A killed process tells some twice:
the last word counts, and it is the same.
"""

import json
from collections.abc import Iterable, Sequence

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from staydown.exchange.hash_list import bearer
from staydown.exchange.peers.ncmec import NCMEC, FingerprintType, name_of
from staydown.exchange.peers.stopncii import StopNCII
from staydown.exchange.peers.stopncii import Verdict as StopNCIIVerdict
from staydown.exchange.web import Refused, Web
from staydown_server.cases.models import Decision
from staydown_server.gate.models import Check, Listed
from staydown_server.sharing.models import Opinion, Partner, Verdict
from staydown_server.sharing.sources import client_of

_AT_ONCE = 500
_ORDER = list(Verdict)

_FOR_STOPNCII: dict[str, StopNCIIVerdict] = {
    Verdict.SEEN: "PendingReview",
    Verdict.BLOCKED: "Blocked",
    Verdict.DISPUTED: "NotBlocked",
    Verdict.WRONG: "NotBlocked",
}


def say(entries: Iterable[Listed], verdict: Verdict) -> None:
    """Hold this opinion of *entries*, inside the caller's transaction."""
    now = timezone.now()
    Opinion.objects.bulk_create(
        [Opinion(listed=entry, verdict=verdict, at=now) for entry in entries],
        batch_size=_AT_ONCE,
        update_conflicts=True,
        update_fields=["verdict", "at"],
        unique_fields=["listed"],
    )


def form(partner: Partner) -> None:
    """Have an opinion of each entry of *partner* that something here matched."""
    stopped = Check.objects.filter(listed=OuterRef("pk"))
    matched = partner.entries.filter(
        Q(case_item__isnull=False) | Exists(stopped), state__in=["live", "refused"]
    ).select_related("opinion")
    by_verdict: dict[Verdict, list[Listed]] = {}
    for entry in matched:
        verdict = _verdict(entry)
        before = getattr(entry, "opinion", None)
        if before is None or before.verdict != verdict:
            by_verdict.setdefault(verdict, []).append(entry)
    for verdict, entries in by_verdict.items():
        say(entries, verdict)


def tell(partner: Partner) -> None:
    """Tell *partner* what it was not told yet. Raises a `WebError`; what was told stays told."""
    untold = Opinion.objects.filter(listed__source=str(partner)).exclude(told=F("verdict"))
    untold = untold.exclude(listed__state=Listed.State.ENDED)
    last = 0
    while some := list(
        untold.filter(pk__gt=last).select_related("listed").order_by("pk")[:_AT_ONCE]
    ):
        last = some[-1].pk
        _send(partner, some)
        for opinion in some:
            opinion.told = opinion.verdict
        Opinion.objects.bulk_update(some, ["told"])


def _verdict(entry: Listed) -> Verdict:
    """The gravest that what happened here says of *entry*; the last decisions count."""
    if entry.state == Listed.State.REFUSED:
        return Verdict.WRONG
    said = [Verdict.SEEN]
    if Check.objects.filter(listed=entry, verdict="block").exists():
        said.append(Verdict.BLOCKED)
    if entry.case_item_id is not None and entry.case_item is not None:
        decided = Decision.objects.filter(
            case_item__case=entry.case_item.case_id, superseded_at=None
        )
        for row_id, outcome in decided.values_list("case_item", "outcome"):
            if outcome == Decision.Outcome.REMOVE:
                said.append(Verdict.BLOCKED)
            else:
                is_own = row_id == entry.case_item_id
                said.append(Verdict.WRONG if is_own else Verdict.DISPUTED)
    return max(said, key=_ORDER.index)


def _send(partner: Partner, opinions: Sequence[Opinion]) -> None:
    if partner.kind == Partner.Kind.STAYDOWN:
        _to_staydown(partner, opinions)
        return
    client = client_of(partner)
    if isinstance(client, StopNCII):
        told = [(_hash_of(each.listed), _FOR_STOPNCII[each.verdict]) for each in opinions]
        client.give_feedback([(value, verdict) for value, verdict in told if value])
    elif isinstance(client, NCMEC):
        _to_ncmec(client, opinions, reason=partner.credentials.get("downvote_reason", ""))
    # ThreatExchange takes reactions to single descriptors, which its updates do not name.


def _to_staydown(partner: Partner, opinions: Sequence[Opinion]) -> None:
    body = {"feedback": [{"id": each.listed.key, "verdict": each.verdict} for each in opinions]}
    answer = Web(partner.address, bearer(*partner.credentials["keys"]), timeout=30.0).ask(
        "POST",
        "/feedback",
        headers={"Content-Type": "application/json"},
        body=json.dumps(body).encode(),
    )
    # A mirror of plain files takes none.
    if answer.status not in (200, 404, 405):
        raise Refused(f"{partner.name} takes no feedback.", answer.status)


def _to_ncmec(client: NCMEC, opinions: Sequence[Opinion], *, reason: str) -> None:
    for each in opinions:
        kind: FingerprintType = "PDQ" if each.listed.fingerprint else "MD5"
        if each.verdict == Verdict.BLOCKED:
            client.vote_for(name_of(each.listed.key), kind)
        elif each.verdict in (Verdict.DISPUTED, Verdict.WRONG) and reason:
            client.vote_against(name_of(each.listed.key), kind, reason)


def _hash_of(entry: Listed) -> str:
    """The one hash that an entry of StopNCII has."""
    if not entry.fingerprint:
        return entry.md5
    pdq = entry.load_fingerprint().pdq
    return pdq.hex() if pdq else entry.md5
