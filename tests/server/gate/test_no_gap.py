"""Between sweep and gate there is no gap, whatever the order of what happens.

Hypothesis makes up stories of registrations, notices, deposits, decisions, lifts, withdrawals and
jobs, some of them in the middle of one another, and looks for a copy that nobody was told of.
"""

import threading
from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, scene
from server.story import REASON, alice_reports, pauses_pass, run_jobs, somebody
from staydown_server.accounts.models import Host, User
from staydown_server.cases import deposit, sweep
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.catalogue import sweep as catalogue
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import strike_out
from staydown_server.gate import admit as admission
from staydown_server.gate import check as gate
from staydown_server.gate.admit import Wanted, admit
from staydown_server.gate.check import judge
from staydown_server.gate.models import KeepDown
from staydown_server.gate.policy import Answer
from staydown_server.jobs import queue
from staydown_server.notices.models import Notice
from staydown_server.notices.report import Kind
from staydown_server.review.decide import decide, restore
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db

PICTURES = st.integers(0, 1)
CHOICE = st.integers(0, 9)
UNDECIDED = CaseItem.objects.exclude(fingerprint="").filter(
    case__closed_at=None, case__notice__withdrawn_at=None, state="ready"
)


class Story(RuleBasedStateMachine):
    """What may happen, in any order. `place` has the machine's host, its double, and Bob."""

    place: tuple[Host, HostDouble, User]

    def __init__(self) -> None:
        super().__init__()
        self.host, self.plaza, self.bob = self.place
        self.shown = 0
        self.undone = transaction.atomic()
        self.undone.__enter__()
        for module in (catalogue, gate, deposit):
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

    @rule(picture=PICTURES, which=CHOICE)
    def register_while_somebody_decides(self, picture: int, which: int) -> None:
        """Between being registered and meeting the gate."""
        with meanwhile(admission, "judge", lambda: self.remove(which)):
            self.register(picture)

    @rule(picture=PICTURES)
    def search_while_somebody_registers(self, picture: int) -> None:
        """Between the search and what is written of it."""
        with meanwhile(sweep, "look_closer", lambda: self.register(picture)):
            run_jobs()

    @rule(which=CHOICE)
    def strike_out(self, which: int) -> None:
        """The uploader deletes one."""
        if item := chosen(Item.objects.filter(gone_at=None), which):
            strike_out(self.host, item.host_item_id)

    @rule(which=CHOICE)
    def report(self, which: int) -> None:
        """Alice finds one."""
        if item := chosen(Item.objects.filter(gone_at=None), which):
            alice_reports(item.url)

    @rule(picture=PICTURES)
    def deposit(self, picture: int) -> None:
        """Alice fears that it will be posted."""
        told = fingerprint(copy_of(picture, 0)).to_dict()
        alice_reports(kind=Kind.DEPOSIT, fingerprints=(told,))

    @rule(which=CHOICE)
    def remove(self, which: int) -> None:
        """Bob decides about all that a case holds."""
        self._decide(which, Decision.Outcome.REMOVE)

    @rule(which=CHOICE)
    def keep(self, which: int) -> None:
        self._decide(which, Decision.Outcome.KEEP)

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

    @precondition(lambda self: self.shown)
    @rule(picture=PICTURES)
    def upload(self, picture: int) -> None:
        """At any moment: what is kept down is stopped, whoever kept it down a moment ago."""
        is_kept_down = any(number_of(keep) == picture for keep in standing())
        answer = judge(fingerprint(copy_of(picture, 77))).answer
        if is_kept_down:
            assert answer != Answer.ALLOW

    def teardown(self) -> None:
        """When all is done, no copy is left that nobody was told of."""
        try:
            for _ in range(3):
                pauses_pass()
                run_jobs()
            self._no_gap()
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

    def _no_gap(self) -> None:
        shown = list(Item.objects.filter(gone_at=None))
        for keep in standing():
            case = keep.case_item.case_id
            for item in shown:
                if picture_of(item) == number_of(keep):
                    assert CaseItem.objects.filter(case=case, item=item).exists(), (keep, item)
        for made in deposit.waiting():
            copies = [item for item in shown if picture_of(item) == number_of(made)]
            for item in copies:
                assert made.case_item is not None, made
                case = made.case_item.case_id
                assert CaseItem.objects.filter(case=case, item=item).exists(), (made, item)
        for picture in range(2):
            stands = [*standing(), *deposit.waiting()]
            stopped = any(number_of(one) == picture for one in stands)
            answer = judge(fingerprint(copy_of(picture, 78))).answer
            assert (answer != Answer.ALLOW) == stopped, picture

    def _decide(self, which: int, outcome: Decision.Outcome) -> None:
        decided = Decision.objects.filter(superseded_at=None).values("case_item")
        undecided = UNDECIDED.exclude(pk__in=decided)
        case = chosen(Case.objects.filter(caseitem__in=undecided).distinct(), which)
        if case is not None:
            rows = undecided.filter(case=case).values_list("pk", flat=True)
            decide(case, rows, outcome=outcome, reason=REASON, by=self.bob)


class meanwhile:  # noqa: N801  reads as a word
    """Once, just before *name* of *module* is called, something else happens."""

    def __init__(self, module: Any, name: str, happens: Callable[[], None]) -> None:
        self._module, self._name, self._happens = module, name, happens
        self._real = getattr(module, name)

    def __enter__(self) -> None:
        def first(*arguments: Any, **options: Any) -> Any:
            setattr(self._module, self._name, self._real)
            self._happens()
            return self._real(*arguments, **options)

        setattr(self._module, self._name, first)

    def __exit__(self, *_: object) -> None:
        setattr(self._module, self._name, self._real)


def copy_of(picture: int, number: int) -> bytes:
    """The picture, written anew; there are three of each, to be quick."""
    return jpeg(scene(picture + 1), quality=60 + 10 * (number % 3))


def chosen(rows: Any, which: int) -> Any:
    found = list(rows.order_by("pk"))
    return found[which % len(found)] if found else None


def standing() -> Any:
    return KeepDown.objects.filter(lifted_at=None).select_related("case_item")


def picture_of(item: Item) -> int:
    return int(item.host_item_id.partition("-")[0])


def number_of(row: Any) -> int:
    """Which picture a fingerprint is of."""
    made = row.load_fingerprint().sha256
    same = [each for each in range(2) for n in range(3) if made == sha256_of(each, n)]
    return same[0]


def sha256_of(picture: int, number: int) -> str | None:
    return fingerprint(copy_of(picture, number)).sha256


def test_there_is_no_gap(host: Host, plaza: HostDouble, bob: User) -> None:
    """Whatever happens in whatever order."""
    Story.place = (host, plaza, somebody("bea@desk.example"))
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=25,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            # A story that fails is short enough as it is; to shorten it takes minutes.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
