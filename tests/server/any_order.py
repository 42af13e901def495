"""Stories in any order, for tests that let hypothesis make them up.

Each story happens in a transaction that is rolled back: the next one finds an empty desk.
"""

import threading
from copy import copy
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, scene
from server.story import REASON, alice_reports, pauses_pass, run_jobs
from staydown_server.accounts.models import Host, User
from staydown_server.cases import deposit
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.catalogue import sweep as catalogue
from staydown_server.catalogue.models import Item
from staydown_server.gate import check as gate
from staydown_server.gate import listed
from staydown_server.gate.admit import Wanted, admit
from staydown_server.jobs import queue
from staydown_server.notices.models import Notice
from staydown_server.review.decide import decide, restore
from staydown_server.review.withdraw import withdraw

PICTURES = st.integers(0, 1)
CHOICE = st.integers(0, 9)
UNDECIDED = CaseItem.objects.exclude(fingerprint="").filter(
    case__closed_at=None, case__notice__withdrawn_at=None, state="ready"
)


class AnyOrder(RuleBasedStateMachine):
    """What may happen, in any order. `place` has the machine's host, its double, and Bob."""

    place: tuple[Host, HostDouble, User]

    def __init__(self) -> None:
        super().__init__()
        self.host, self.plaza, self.bob = self.place
        self.plaza.forget()
        self.shown = 0
        self.undone = transaction.atomic()
        self.undone.__enter__()
        for module in (catalogue, gate, deposit, listed):
            again = copy(module.live_index)
            again._loaded, again._tried, again._lock = None, None, threading.Lock()
            module.live_index = again

    @initialize(picture=PICTURES)
    def begin(self, picture: int) -> None:
        """Alice found one, and Bob has a case to decide about."""
        self.register(picture)
        self.report(0)
        run_jobs()

    @rule(picture=PICTURES)
    def register(self, picture: int) -> None:
        """Somebody posts a copy."""
        item_id = f"{picture}-{self.shown}"
        content = copy_of(picture, self.shown)
        self.shown += 1
        self.plaza.show(item_id, content)
        page, file = self.plaza.page(item_id), self.plaza.file(item_id)
        admit(self.host, Wanted(item_id, page, fingerprint(content), file))

    @rule(which=CHOICE)
    def report(self, which: int) -> None:
        """Alice finds one."""
        if item := chosen(Item.objects.filter(gone_at=None), which):
            alice_reports(item.url)

    @rule(which=CHOICE)
    def remove(self, which: int) -> None:
        """Bob decides about all that a case holds."""
        self.decide(which, Decision.Outcome.REMOVE)

    @rule(which=CHOICE)
    def keep(self, which: int) -> None:
        self.decide(which, Decision.Outcome.KEEP)

    @rule(which=CHOICE)
    def lift(self, which: int) -> None:
        """And takes a decision back."""
        removed = CaseItem.objects.filter(decision__outcome="remove", decision__superseded_at=None)
        if row := chosen(removed, which):
            restore(row, reason=REASON, by=self.bob)

    @rule(which=CHOICE)
    def withdraw(self, which: int) -> None:
        if notice := chosen(Notice.objects.filter(withdrawn_at=None), which):
            withdraw(notice)

    @rule()
    def work(self) -> None:
        """All jobs are done."""
        run_jobs()

    @rule(count=st.integers(1, 3))
    def work_a_little(self, count: int) -> None:
        """Some of the jobs are done, and others wait."""
        for _ in range(count):
            if claimed := queue.claim():
                queue.run(claimed)

    def teardown(self) -> None:
        try:
            for _ in range(3):
                pauses_pass()
                run_jobs()
            self.all_is_done()
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

    def all_is_done(self) -> None:
        """What must hold when no job is left."""
        raise NotImplementedError

    def decide(self, which: int, outcome: Decision.Outcome, **more: Any) -> None:
        decided = Decision.objects.filter(superseded_at=None).values("case_item")
        undecided = UNDECIDED.exclude(pk__in=decided)
        case = chosen(Case.objects.filter(caseitem__in=undecided).distinct(), which)
        if case is not None:
            rows = undecided.filter(case=case).values_list("pk", flat=True)
            decide(case, rows, outcome=outcome, reason=REASON, by=self.bob, **more)


def copy_of(picture: int, number: int) -> bytes:
    """The picture, written anew; there are three of each, to be quick."""
    return jpeg(scene(picture + 1), quality=60 + 10 * (number % 3))


def number_of(row: Any) -> int | None:
    """Which picture a fingerprint is of."""
    made = row.load_fingerprint().sha256
    numbers = [each for each in range(2) for n in range(3) if made == _sha256_of(each, n)]
    return numbers[0] if numbers else None


def _sha256_of(picture: int, number: int) -> str | None:
    return fingerprint(copy_of(picture, number)).sha256


def chosen(rows: Any, which: int) -> Any:
    found = list(rows.order_by("pk"))
    return found[which % len(found)] if found else None


def tell(machine: type[AnyOrder], *, stories: int, steps: int) -> None:
    """Always the same *stories*, each of so many *steps*."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=stories,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            # A story that fails is short enough as it is; to shorten it takes minutes.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
