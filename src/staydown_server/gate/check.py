"""Step 8: check an upload against everything that is kept down."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from uuid import UUID, uuid4

from django.db import transaction

from staydown import Fingerprint, Match
from staydown_server import audit
from staydown_server.accounts.models import Host
from staydown_server.catalogue.live import LiveBank
from staydown_server.catalogue.models import Shelf
from staydown_server.gate.models import Check, KeepDown


class Answer(StrEnum):
    """What the host should do with an upload, mildest first."""

    ALLOW = "allow"
    HOLD = "hold"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer and its evidence, best match first. A match's id is its keep-down's."""

    id: UUID
    answer: Answer
    matches: tuple[Match, ...]

    @property
    def blocks(self) -> bool:
        return self.answer == Answer.BLOCK


def check(fingerprint: Fingerprint, *, host: Host) -> Verdict:
    """Whether *host* may show what has this fingerprint; an upload that is stopped is counted."""
    verdict = judge(fingerprint)
    if verdict.answer != Answer.ALLOW:
        _remember(verdict, host)
    return verdict


def judge(fingerprint: Fingerprint) -> Verdict:
    """What the gate thinks of it, with nothing stopped and nothing on record."""
    matches, _, _ = _shelf.search(fingerprint)
    return Verdict(uuid4(), _strictest(matches), tuple(matches))


@cache
def policy() -> dict[str, Answer]:
    """The answer to each kind of match, from policy.toml."""
    text = resources.files(__package__).joinpath("policy.toml").read_text("utf-8")
    return {kind: Answer(answer) for kind, answer in tomllib.loads(text).items()}


def _strictest(matches: Iterable[Match]) -> Answer:
    order = list(Answer)
    answers = [policy()[match.kind] for match in matches]
    return max(answers, key=order.index, default=Answer.ALLOW)


def _remember(verdict: Verdict, host: Host) -> None:
    best = verdict.matches[0]
    with transaction.atomic():
        stopped = Check.objects.create(
            id=verdict.id,
            host=host,
            keep_down_id=int(best.id or 0),
            verdict=verdict.answer,
            match_kind=best.kind,
            match_distance=best.distance,
        )
        audit.record(
            "gate.stopped",
            stopped,
            by=str(host),
            verdict=verdict.answer.value,
            keep_down=stopped.keep_down_id,
        )


def _entries(ids: Iterable[int] | None) -> Iterable[tuple[int, str]]:
    live = KeepDown.objects.filter(lifted_at=None)
    if ids is not None:
        live = live.filter(pk__in=list(ids))
    return live.order_by("pk").values_list("pk", "fingerprint").iterator(chunk_size=5000)


_shelf = LiveBank(Shelf.GATE, _entries)
