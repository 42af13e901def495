"""Where what is kept down came from, and how far it was reviewed."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from staydown.exchange.hash_list import How
from staydown_server.cases.models import CaseItem, Decision
from staydown_server.gate.models import KeepDown


@dataclass(frozen=True, slots=True)
class Provenance:
    """How far a fingerprint was reviewed, in the words of hash lists: "imported" where a host
    brought it along and nobody here looked, "reviewed-by-two" where another person upheld the
    decision when somebody appealed against it.

    *source* is the bank it was imported into, the partner's list that has it, or "".
    """

    how: How
    source: str = ""


def provenances(keep_downs: Iterable[int]) -> dict[int, Provenance]:
    """That of each keep-down, by its id."""
    # By their names in the tables: appeals and banks are steps above this one.
    appeal = Q(removals__appeal__outcome="refused")
    upheld = Decision.objects.filter(appeal, pk=OuterRef("decision"))
    rows = KeepDown.objects.filter(pk__in=list(keep_downs)).values_list(
        "pk", "case_item__origin", "case_item__content__bank__name", Exists(upheld)
    )
    return {
        pk: Provenance(_how(origin, is_upheld), bank or "") for pk, origin, bank, is_upheld in rows
    }


def _how(origin: str, is_upheld: bool) -> How:
    if origin == CaseItem.Origin.IMPORTED:
        return "imported"
    return "reviewed-by-two" if is_upheld else "reviewed"
