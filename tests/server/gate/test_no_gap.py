"""Between sweep and gate there is no gap, whatever the order of what happens.

Hypothesis makes up stories of registrations, notices, deposits, decisions, lifts, withdrawals and
jobs, some of them in the middle of one another, and looks for a copy that nobody was told of.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis.stateful import (
    precondition,
    rule,
)

from server.any_order import CHOICE, PICTURES, AnyOrder, chosen, copy_of, number_of, tell
from server.host_double import HostDouble
from server.pictures import fingerprint
from server.story import alice_reports, run_jobs, somebody
from staydown_server.accounts.models import Host, User
from staydown_server.cases import deposit, sweep
from staydown_server.cases.models import CaseItem
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import strike_out
from staydown_server.gate import admit as admission
from staydown_server.gate.check import judge
from staydown_server.gate.models import KeepDown
from staydown_server.gate.policy import Answer
from staydown_server.notices.report import Kind

pytestmark = pytest.mark.django_db


class Story(AnyOrder):
    """Also in the middle of one another."""

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

    @rule(picture=PICTURES)
    def deposit(self, picture: int) -> None:
        """Alice fears that it will be posted."""
        told = fingerprint(copy_of(picture, 0)).to_dict()
        alice_reports(kind=Kind.DEPOSIT, fingerprints=(told,))

    @precondition(lambda self: self.shown)
    @rule(picture=PICTURES)
    def upload(self, picture: int) -> None:
        """At any moment: what is kept down is stopped, whoever kept it down a moment ago."""
        is_kept_down = any(number_of(keep) == picture for keep in standing())
        answer = judge(fingerprint(copy_of(picture, 77))).answer
        if is_kept_down:
            assert answer != Answer.ALLOW

    def all_is_done(self) -> None:
        """No copy is left that nobody was told of."""
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


def standing() -> Any:
    return KeepDown.objects.filter(lifted_at=None).select_related("case_item")


def picture_of(item: Item) -> int:
    return int(item.host_item_id.partition("-")[0])


def test_there_is_no_gap(host: Host, plaza: HostDouble, bob: User) -> None:
    """Whatever happens in whatever order."""
    Story.place = (host, plaza, somebody("bea@desk.example"))
    tell(Story, stories=25, steps=12)
