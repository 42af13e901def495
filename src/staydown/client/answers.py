"""What Staydown says, as values; and the ways in which it may fail to answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

Answer = Literal["allow", "hold", "block"]


class StaydownError(Exception):
    """Something that a host's code may want to know about."""


class Unreachable(StaydownError):
    """Staydown gave no answer: it is down, slow, or does not take our key. Ask again later.

    *why* is one word for programs: ``down``, ``slow``, ``resting`` (it was down a moment ago
    and is not asked again yet), ``key-refused``, ``status-503``, or ``not-json``.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"Staydown gave no answer ({why}).")
        self.why = why


class Refused(StaydownError):
    """Staydown understood the call and does not take it. The message is its own sentence.

    *code* is stable and for programs, such as ``truncated_media`` or ``not-your-address``;
    *problem* is the whole problem document (RFC 9457).
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or "Staydown does not take this."))
        self.status, self.problem = status, problem
        self.code = str(problem.get("code") or f"status-{status}")


class NotFound(Refused):
    """Staydown does not know what was asked about."""


class Forged(StaydownError):
    """A call to the webhook that Staydown did not sign, or signed too long ago."""


@dataclass(frozen=True, slots=True)
class Match:
    """What an upload has in common with something that is kept down.

    *score* runs from 0 to 1. *evidence* holds all that Staydown said of the match.
    """

    kind: str
    score: float
    keep_down: int | None = None
    distance: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an upload may be shown: ``allow``, ``hold`` for a person, or ``block``.

    *id* is the check's, *reference* the host's own name for the upload. Where Staydown gave
    no verdict, *why* is one word for the reason and *answer* is the host's own choice;
    *remembered* says that the spool holds the upload, and that `catch_up` will ask about it.
    """

    answer: Answer
    id: str = ""
    reference: str = ""
    matches: tuple[Match, ...] = ()
    why: str = ""
    remembered: bool = False

    @property
    def allows(self) -> bool:
        return self.answer == "allow"

    @property
    def holds(self) -> bool:
        return self.answer == "hold"

    @property
    def blocks(self) -> bool:
        return self.answer == "block"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A notice was received. *code* opens the person's status page: give it to them."""

    code: str
    received_at: str


class CaseItem(TypedDict):
    item: str | None
    state: str
    decision: str | None


class Case(TypedDict):
    """A case in which an item of yours stands. Times are in ISO 8601."""

    id: int
    number: str
    received_at: str
    deadline: str
    closed_at: str | None


class CaseWithItems(Case):
    items: list[CaseItem]


def read_check(said: Mapping[str, Any]) -> Verdict:
    """The verdict on a film that is checked later, from the ``check`` of a ``check.done`` event.

    While it waits it is held, with *why* ``later``. Raises `Refused` where the film cannot be
    read, with a sentence for whoever sent it.
    """
    reference, state = str(said.get("reference", "")), said.get("state")
    if state == "waiting":
        return Verdict("hold", str(said.get("id", "")), reference, why="later")
    if state == "failed":
        problem = said.get("problem")
        raise Refused(422, problem if isinstance(problem, dict) else {})
    answer = said.get("answer")
    return read_verdict(answer if isinstance(answer, dict) else {}, reference=reference)


def read_verdict(said: Mapping[str, Any], *, reference: str) -> Verdict:
    """The verdict in an answer; anything that is not understood is held.

    A person can let through what is held, and nobody can unsee what was shown.
    """
    listed = said.get("matches")
    listed = listed if isinstance(listed, list) else []
    matches = tuple(_match(one) for one in listed if isinstance(one, dict))
    check_id, answer = str(said.get("id", "")), said.get("verdict")
    if answer == "allow" or answer == "hold" or answer == "block":
        return Verdict(answer, check_id, reference, matches)
    return Verdict("hold", check_id, reference, matches, why="unknown-verdict")


def _match(said: Mapping[str, Any]) -> Match:
    score, distance, keep_down = (said.get(name) for name in ("score", "distance", "keep_down"))
    return Match(
        kind=str(said.get("kind", "")),
        score=float(score) if isinstance(score, int | float) else 0.0,
        keep_down=keep_down if isinstance(keep_down, int) else None,
        distance=distance if isinstance(distance, int) else None,
        evidence=said,
    )
