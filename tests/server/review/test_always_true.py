"""What must hold whatever happens, in whatever order: the rules of docs/story.md.

Hypothesis makes up stories of notices, decisions of every kind, undoing, appeals, contests, held
uploads, withdrawals, hosts that are down, and jobs. After each step the rows agree with one
another; at the end, when all jobs are done, so do the host, the gate and the audit log.
`STORIES=1000` tells more of them.
"""

import json
import os
from contextlib import suppress

import pytest
from django.db.models import Exists, F, OuterRef, Q
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from server.any_order import CHOICE, PICTURES, UNDECIDED, AnyOrder, chosen, copy_of, number_of, tell
from server.host_double import HostDouble
from server.pictures import fingerprint, with_region_replaced
from server.story import REASON, run_jobs, somebody
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.audit.agreement import disagreements
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check, judge
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import HeldUpload, KeepDown
from staydown_server.gate.policy import Answer
from staydown_server.notices.models import Notice
from staydown_server.removal.models import Removal
from staydown_server.review.appeal import AppealError, answer, appeal
from staydown_server.review.contest import contest
from staydown_server.review.decide import DecisionError, decide
from staydown_server.review.models import Appeal
from staydown_server.review.undo import undo, undoable
from staydown_server.review.upload import decide_upload
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db

STORIES = int(os.environ.get("STORIES", "20"))
MANNERS = {
    Decision.Manner.REMOVE_ONLY: Decision.Outcome.REMOVE,
    Decision.Manner.NOT_VALID: Decision.Outcome.KEEP,
    Decision.Manner.UNFOUNDED: Decision.Outcome.KEEP,
}
STANDING = Decision.objects.filter(case_item=OuterRef("pk"), superseded_at=None)
REMOVED = Decision.objects.filter(outcome="remove", superseded_at=None)


class Desk(AnyOrder):
    """Everything that anybody can do about a picture."""

    dora: User

    def __init__(self) -> None:
        super().__init__()
        #: The notices as they came, by their ids.
        self.notices: dict[int, str] = {}

    @initialize(picture=PICTURES)
    def begin(self, picture: int) -> None:
        """Two cases, with several copies: one is decided, and one waits."""
        for each in (picture, picture, 1 - picture):
            self.register(each)
        for which in (0, 2):
            self.report(which)
        run_jobs()
        self.remove(0)

    @rule(which=CHOICE, outcome=st.sampled_from(sorted(Decision.Outcome.values)[:2]))
    def decide_about_one(self, which: int, outcome: str) -> None:
        """And not about the others of its case."""
        undecided = UNDECIDED.filter(~Exists(STANDING))
        if row := chosen(undecided, which):
            decide(
                row.case, [row.pk], outcome=Decision.Outcome(outcome), reason=REASON, by=self.bob
            )

    @rule(which=CHOICE, is_sure=st.integers(0, 5))
    def withdraw(self, which: int, is_sure: int) -> None:
        """Seldom: nothing can happen to the notice afterwards."""
        if is_sure == 5 and (notice := chosen(Notice.objects.filter(withdrawn_at=None), which)):
            withdraw(notice)

    @rule(which=CHOICE, manner=st.sampled_from(sorted(MANNERS)))
    def decide_otherwise(self, which: int, manner: Decision.Manner) -> None:
        self.decide(which, MANNERS[manner], manner=manner)

    @rule(which=CHOICE)
    def undo(self, which: int) -> None:
        """Bob takes back what he did a moment ago."""
        cases = [case for case in Case.objects.order_by("pk") if undoable(case).exists()]
        if cases:
            undo(cases[which % len(cases)], by=self.bob)

    @rule(which=CHOICE)
    def object_to(self, which: int) -> None:
        """An uploader appeals."""
        if removal := chosen(Removal.objects.all(), which):
            with suppress(AppealError):
                appeal(removal, text="It is mine.")

    @rule(which=CHOICE)
    def contest(self, which: int) -> None:
        """Alice objects to a refusal."""
        kept = Decision.objects.filter(outcome="keep", superseded_at=None)
        if refusal := chosen(kept, which):
            with suppress(AppealError):
                contest(refusal.case_item.case.notice, [refusal.pk], text="Look again, please.")

    @rule(which=CHOICE, outcome=st.sampled_from(["granted", "refused"]), alike=st.booleans())
    def answer(self, which: int, outcome: str, alike: bool) -> None:
        """Dora hears an appeal."""
        if waiting := chosen(Appeal.objects.filter(outcome=""), which):
            with suppress(DecisionError, AppealError):
                answer(
                    waiting,
                    outcome=Appeal.Outcome(outcome),
                    reason=REASON,
                    by=self.dora,
                    alike=alike,
                )

    @rule(picture=PICTURES)
    def upload_a_twin(self, picture: int) -> None:
        """The same footage with another region in it: held where the picture is kept down."""
        twin = fingerprint(with_region_replaced(copy_of(picture, 0)))
        verdict = check(twin, host=self.host, upload=Upload(reference=f"twin-{picture}"))
        if not KeepDown.objects.filter(lifted_at=None).exists():
            assert verdict.answer == Answer.ALLOW

    @rule(which=CHOICE, is_refused=st.booleans(), keeps_down=st.booleans())
    def decide_about_an_upload(self, which: int, is_refused: bool, keeps_down: bool) -> None:
        if held := chosen(HeldUpload.objects.filter(outcome=""), which):
            outcome = HeldUpload.Outcome.REFUSED if is_refused else HeldUpload.Outcome.ALLOWED
            with suppress(DecisionError):
                decide_upload(
                    held, outcome=outcome, reason=REASON, keeps_down=keeps_down, by=self.bob
                )

    @rule(is_down=st.booleans())
    def go_down(self, is_down: bool) -> None:
        """The platform goes down, or comes back."""
        self.plaza.is_down = is_down

    @invariant()
    def what_is_kept_down_was_decided(self) -> None:
        """Each keep-down has its decision, of a person, which stands as long as it does."""
        keeps = KeepDown.objects.all()
        assert not keeps.exclude(decision__outcome="remove").exists()
        assert not keeps.filter(decision__decided_by=None).exists()
        assert not keeps.exclude(decision__case_item=F("case_item")).exists()
        standing = REMOVED.filter(case_item=OuterRef("case_item"), manner="")
        assert not keeps.filter(~Exists(standing), lifted_at=None).exists()
        assert not keeps.filter(lifted_at=None, decision__manner="remove_only").exists()

    @invariant()
    def what_was_decided_is_kept_down(self) -> None:
        """And ordered, in the same transaction."""
        kept = KeepDown.objects.filter(case_item=OuterRef("case_item"), lifted_at=None)
        decided = REMOVED.filter(manner="").exclude(case_item__fingerprint="")
        assert not decided.filter(~Exists(kept)).exists()
        open_removals = Removal.objects.filter(item=OuterRef("case_item__item"))
        ordered = open_removals.filter(state__in=["ordered", "carried_out", "verified"])
        assert not REMOVED.filter(~Exists(ordered)).exclude(case_item__item=None).exists()

    @invariant()
    def what_is_removed_was_decided(self) -> None:
        """A removal goes on as long as a decision for its item stands, and no longer."""
        standing = REMOVED.filter(case_item__item=OuterRef("item"))
        going_on = Removal.objects.filter(state__in=["ordered", "carried_out", "verified"])
        assert not going_on.filter(~Exists(standing)).exists()
        undone = Removal.objects.filter(state__in=["restore_ordered", "restored"])
        assert not undone.filter(restore_decision=None).exists()
        decided = Decision.objects.filter(outcome="remove").values("case_item__item")
        asked = {each["item"]["id"] for each in self.plaza.events if "item" in each}
        may = set(Item.objects.filter(pk__in=decided).values_list("host_item_id", flat=True))
        assert asked <= may

    @invariant()
    def notices_stay_as_they_came(self) -> None:
        """None is lost, none is altered."""
        now = {each.pk: json.dumps(each.content) for each in Notice.objects.all()}
        assert {key: now.get(key) for key in self.notices} == self.notices
        self.notices = now

    @invariant()
    def cases_close_when_all_is_decided(self) -> None:
        """And a notice that was withdrawn leaves nothing removed in its case."""
        waiting = CaseItem.objects.filter(~Q(decision__superseded_at=None) | Q(decision=None))
        undecided = waiting.filter(case__closed_at__isnull=False, case__notice__withdrawn_at=None)
        undecided = undecided.filter(~Exists(STANDING), state="ready")
        assert not undecided.exists()
        withdrawn = REMOVED.filter(case_item__case__notice__withdrawn_at__isnull=False)
        assert not withdrawn.exists()

    def all_is_done(self) -> None:
        """The host shows what the decisions say, the gate stops it, and the log vouches for it."""
        removed = {row.case_item.item.host_item_id for row in REMOVED.all() if row.case_item.item}
        assert self.plaza.removed == removed
        for picture in range(2):
            kept = any(
                number_of(keep) == picture for keep in KeepDown.objects.filter(lifted_at=None)
            )
            verdict = judge(fingerprint(copy_of(picture, 0)))
            if not kept:
                assert verdict.answer != Answer.BLOCK
        assert audit.verify().is_whole
        assert list(disagreements()) == []

    def teardown(self) -> None:
        self.plaza.is_down = False
        super().teardown()


def test_it_is_always_true(host: Host, plaza: HostDouble, bob: User) -> None:
    """Whatever happens in whatever order."""
    Desk.place = (host, plaza, somebody("bea@desk.example"))
    Desk.dora = somebody("dora@desk.example")
    tell(Desk, stories=STORIES, steps=30)
