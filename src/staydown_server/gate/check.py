"""Step 8: check an upload against everything that is kept down, that was deposited, and that
partners' lists have."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from django.db import transaction

import staydown
from staydown import Fingerprint, Match
from staydown.exchange.hash_list import How
from staydown_server import audit, vault
from staydown_server.accounts.models import Host
from staydown_server.cases import deposit
from staydown_server.cases.models import NEEDS_A_LOOK, Deposit
from staydown_server.catalogue.live import LiveIndex
from staydown_server.catalogue.models import Shelf
from staydown_server.gate import hold, listed
from staydown_server.gate.models import Check, HeldUpload, KeepDown, Listed
from staydown_server.gate.policy import DEPOSIT, Answer, policy
from staydown_server.gate.provenance import Provenance, provenances

_MOST_LOOKS = 4
"""So many are looked at again, nearest first: a version that was kept down itself is nearest."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """One reason for an answer: what was matched, by its column in `Check`."""

    answer: Answer
    match: Match
    row: dict[str, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer and its evidence, best match first. A match's id is its keep-down's.

    Hits of deposits stand apart: hosts are not told that somebody fears a publication. So do
    those of partners' lists, which are not ours to tell.
    """

    id: UUID
    answer: Answer
    matches: tuple[Match, ...]
    hits: tuple[hold.Hit, ...] = ()
    listed: tuple[hold.ListedHit, ...] = ()
    #: What asks for this answer.
    ground: _Ground | None = None

    @property
    def blocks(self) -> bool:
        return self.answer == Answer.BLOCK

    def to_dict(self) -> dict[str, Any]:
        """As the host is told; each match names the keep-down it met."""
        matches = []
        for match in self.matches:
            shape = match.to_dict()
            shape["keep_down"] = int(shape.pop("id"))
            matches.append(shape)
        return {"id": str(self.id), "verdict": self.answer.value, "matches": matches}


def check(*fingerprints: Fingerprint, host: Host, upload: hold.Upload | None = None) -> Verdict:
    """Whether *host* may show an upload that has these fingerprints: the strictest verdict.

    An upload that is stopped is counted, and one that is held waits at the desk. Asked again
    about it, the gate names the same check, and blocks it once the host was told of a refusal.
    """
    order = list(Answer)
    judged = [(judge(one), one) for one in fingerprints]
    verdict, fingerprint = max(judged, key=lambda pair: order.index(pair[0].answer))
    if verdict.answer == Answer.BLOCK:
        _count(verdict, host)
    elif verdict.answer == Answer.HOLD:
        held = hold.hold(
            _stopped(verdict, host),
            fingerprint,
            verdict.matches,
            upload or hold.Upload(),
            hits=verdict.hits,
            listed_hits=verdict.listed,
        )
        is_over = held.outcome == HeldUpload.Outcome.REFUSED and held.told_turn == held.turn
        answer = Answer.BLOCK if is_over else Answer.HOLD
        return replace(verdict, id=held.gate_check_id, answer=answer)
    return verdict


def judge(fingerprint: Fingerprint) -> Verdict:
    """What the gate thinks of it, with nothing stopped and nothing on record."""
    found, _ = live_index.search(fingerprint)
    hits, entries = deposit.search(fingerprint), listed.search(fingerprint)
    if not found and not hits and not entries:
        return Verdict(uuid4(), Answer.ALLOW, ())
    settled = hold.let_through_before(fingerprint)
    sure, doubted = _weighed(fingerprint, _unsettled(settled, found))
    hits = [hit for hit in hits if _still_asks(hit[0], hit[0].deposited_at, settled)]
    entries = [hit for hit in entries if _still_asks(hit[0], hit[0].came_at, settled)]
    known = provenances(int(match.id or 0) for match in (*sure, *doubted))
    kinds = [(match, match.kind) for match in sure]
    kinds += [(match, "region-replaced") for match in doubted]
    in_doubt = any(kind == "region-replaced" for _, kind in kinds)
    grounds = [
        _Ground(policy().answer(kind, known[number]), match, {"keep_down_id": number})
        for match, kind in kinds
        if (number := int(match.id or 0))
    ]
    grounds += [
        _Ground(policy().answers[DEPOSIT], match, {"deposit_id": made.pk}) for made, match in hits
    ]
    grounds += [
        _Ground(_answer(entry, match, in_doubt=in_doubt), match, {"listed_id": entry.pk})
        for entry, match in entries
    ]
    # Of those that ask for the strictest answer, the first.
    ground = max(grounds, key=lambda each: list(Answer).index(each.answer), default=None)
    answer = ground.answer if ground else Answer.ALLOW
    return Verdict(uuid4(), answer, (*sure, *doubted), tuple(hits), tuple(entries), ground)


def _answer(entry: Listed, match: Match, *, in_doubt: bool) -> Answer:
    """What to do with what matches a partner's *entry*: the milder of what its partner is trusted
    with and what this kind of match allows.

    Lists have no local layer. Where the upload shows one of ours but for a region, it may be the
    twin of the partner's, too.
    """
    kind = "region-replaced" if in_doubt and match.kind == "same" else match.kind
    ours = policy().answer(kind, Provenance(cast(How, entry.how), entry.source))
    return min(Answer(entry.answer), ours, key=list(Answer).index)


def _still_asks(made: Deposit | Listed, since: datetime, settled: dict[int, datetime]) -> bool:
    """Whether *made* holds a file that a person let through: if it came later."""
    is_known = made.case_item is not None and made.case_item.case_id in settled
    return not settled or (not is_known and since > max(settled.values()))


def _unsettled(settled: dict[int, datetime], matches: list[Match]) -> list[Match]:
    """Without what was kept down already when a person let this very file through.

    What the same case keeps down later holds it no more either: the person knew that case.
    Only a keep-down of the picture itself stands against their decision.
    """
    if not settled:
        return matches
    ids = [int(match.id or 0) for match in matches]
    kept = KeepDown.objects.select_related("case_item").in_bulk(ids)
    last = max(settled.values())

    def stands(match: Match) -> bool:
        keep = kept[int(match.id or 0)]
        is_known = keep.case_item.case_id in settled and match.kind in NEEDS_A_LOOK
        return keep.since > last and not is_known

    return [match for match in matches if stands(match)]


def _weighed(fingerprint: Fingerprint, matches: list[Match]) -> tuple[list[Match], list[Match]]:
    """The matches that stand, and those that are in doubt: PDQ cannot see a replaced region.

    Where the upload shows one reported picture but for a region, another that PDQ alone calls
    the same (it has no local layer, or the bank looked at nearer ones) may be its twin, and
    the upload somebody else's. It is no ground to block, unless a look says so.
    """
    if not any(match.kind == "region-replaced" for match in matches):
        return matches, []
    sure = [match for match in matches if match.kind != "same"]
    same = [match for match in matches if match.kind == "same"]
    nearest, doubted = same[:_MOST_LOOKS], same[_MOST_LOOKS:]
    for match in nearest:
        closer = _looked_at(fingerprint, match)
        if closer is None:
            doubted.append(match)
        else:
            sure.append(closer)
    return sorted(sure, key=lambda match: match.rank), doubted


def _looked_at(fingerprint: Fingerprint, match: Match) -> Match | None:
    """*match* by the pixels of the upload; None where they cannot be compared."""
    reported = KeepDown.objects.get(pk=match.id or 0).load_fingerprint()
    if reported.local is None:
        return None
    closer = staydown.compare(reported, fingerprint, key=vault.local_key())
    return closer and replace(closer, id=match.id)


def _count(verdict: Verdict, host: Host) -> None:
    with transaction.atomic():
        stopped = _stopped(verdict, host)
        stopped.save(force_insert=True)
        audit.record(
            "gate.stopped",
            stopped,
            by=str(host),
            verdict=verdict.answer.value,
            keep_down=stopped.keep_down_id,
            listed=stopped.listed_id,
        )


def _stopped(verdict: Verdict, host: Host) -> Check:
    """The record of an upload that was stopped, which names what stopped it."""
    ground = verdict.ground
    if ground is None:
        raise ValueError("nothing stopped this upload")
    return Check(
        id=verdict.id,
        host=host,
        **ground.row,
        verdict=verdict.answer,
        match_kind=ground.match.kind,
        match_distance=ground.match.distance,
    )


live_index = LiveIndex(Shelf.GATE, lambda: KeepDown.objects.filter(lifted_at=None))
