"""Banks: what a host imports is kept down by a decision on record, and a person looks first."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from server.pictures import fingerprint, jpeg, recompressed, scene
from server.story import REASON, bob_decides, run_jobs
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.audit.agreement import disagreements
from staydown_server.audit.models import Entry
from staydown_server.banks import keep
from staydown_server.banks.models import Bank, Content
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate import policy as gate_policy
from staydown_server.gate.check import Verdict, check
from staydown_server.gate.models import HeldUpload, KeepDown
from staydown_server.gate.policy import Answer
from staydown_server.gate.provenance import Provenance, provenances
from staydown_server.jobs.models import Job
from staydown_server.notices.models import Notice
from staydown_server.records.report import report
from staydown_server.review import appeal as appeals
from staydown_server.review.decide import restore
from staydown_server.review.models import Appeal
from staydown_server.review.upload import decide_upload
from staydown_server.sharing.models import Choice
from staydown_server.sharing.publish import how_of, is_shared

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(host: Host) -> Bank:
    return keep.create(host, "FORUM_LIST")


@pytest.fixture
def content(bank: Bank, picture: bytes) -> Content:
    return keep.put_in(bank, fingerprint(picture), metadata={"content_id": "7"})


def ask(content: bytes, host: Host) -> Verdict:
    return check(fingerprint(content), host=host)


def the_record_is_whole() -> bool:
    return audit.verify().is_whole and not list(disagreements())


def test_what_is_imported_is_kept_down_by_a_decision(content: Content, host: Host) -> None:
    """The host's, with its reason; each step has its line."""
    decision = Decision.objects.get()
    assert (decision.outcome, decision.importer, decision.decided_by) == ("remove", host, None)
    assert (decision.actor, "FORUM_LIST" in decision.reason) == ("host:plaza", True)
    assert KeepDown.objects.get().decision == decision
    said = list(Entry.objects.values_list("action", flat=True))
    assert said[-6:] == [
        *("bank.created", "notice.imported", "case.opened", "item.imported"),
        *("decision.taken", "keep_down.started"),
    ]
    assert {entry.actor for entry in Entry.objects.all()} == {"host:plaza"}
    assert the_record_is_whole()


def test_an_upload_of_it_waits_for_a_person(
    content: Content, host: Host, picture: bytes, bob: User
) -> None:
    """Nobody here has looked: not even the same file is blocked. What Bob decides is his."""
    verdict = ask(picture, host)
    assert (verdict.answer, verdict.matches[0].kind) == (Answer.HOLD, "identical")
    assert ask(recompressed(picture), host).answer == Answer.HOLD
    assert ask(jpeg(scene(2)), host).answer == Answer.ALLOW

    held = HeldUpload.objects.order_by("pk")[0]
    decision = decide_upload(held, outcome=HeldUpload.Outcome.REFUSED, reason=REASON, by=bob)

    assert decision.case_item.case == content.case_item.case
    assert decision.decided_by == bob


def test_what_is_on_show_already_joins_its_case(
    bank: Bank, alices_item: Item, picture: bytes, bob: User
) -> None:
    """The case was closed, for there was nothing to decide; now there is."""
    content = keep.put_in(bank, fingerprint(picture))
    case = content.case_item.case
    assert case.closed_at is not None
    run_jobs()

    case.refresh_from_db()
    assert case.closed_at is None
    copy = case.caseitem_set.exclude(pk=content.pk).get()
    assert (copy.item, copy.copy_of_id, copy.decision) == (alices_item, content.pk, None)
    bob_decides(case, bob)
    run_jobs()
    case.refresh_from_db()
    assert case.closed_at is not None
    assert the_record_is_whole()


def test_the_desk_says_that_it_was_imported(
    bank: Bank, alices_item: Item, picture: bytes, bobs_browser: Client
) -> None:
    """By whom, and that nobody here looked."""
    case = keep.put_in(bank, fingerprint(picture)).case_item.case
    run_jobs()

    page = bobs_browser.get(f"/desk/cases/{case.pk}/").content.decode()

    assert "Imported" in page
    assert "plaza: FORUM_LIST" in page


def test_the_same_fingerprint_twice_is_one(content: Content, picture: bytes) -> None:
    again = keep.put_in(content.bank, fingerprint(picture))

    assert again == content
    assert Case.objects.count() == CaseItem.objects.count() == 1


def test_what_is_taken_out_is_lifted(content: Content, host: Host, picture: bytes) -> None:
    """By a decision, too; case and decisions stay."""
    row = content.case_item
    keep.take_out(content)
    run_jobs()

    assert ask(picture, host).answer == Answer.ALLOW
    assert [one.outcome for one in row.decision_set.order_by("pk")] == ["remove", "restore"]
    assert row.decision is not None
    assert row.decision.actor == "host:plaza"
    assert not Content.objects.exists()
    assert the_record_is_whole()


def test_a_bank_is_switched_off_and_on(content: Content, host: Host, picture: bytes) -> None:
    """All of it; each time by a decision. There is no half of it: a share above 0 is on."""
    for ratio, answer in ((0.0, Answer.ALLOW), (0.3, Answer.HOLD), (1.0, Answer.HOLD)):
        bank = Bank.objects.get()
        keep.change(bank, enabled_ratio=ratio)
        assert ask(picture, host).answer == answer
    assert Decision.objects.count() == 3
    assert KeepDown.objects.filter(lifted_at=None).count() == 1
    assert the_record_is_whole()


def test_what_comes_into_a_bank_that_is_off_waits(host: Host, picture: bytes) -> None:
    """For the bank to be switched on."""
    bank = keep.create(host, "LATER", enabled_ratio=0.0)
    keep.put_in(bank, fingerprint(picture))
    assert not KeepDown.objects.exists()

    keep.change(bank, enabled_ratio=1.0)

    assert ask(picture, host).answer == Answer.HOLD


def test_what_is_off_until_then_comes_on_then(
    content: Content, host: Host, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not before; a change of mind counts."""
    until = timezone.now() + timedelta(hours=2)
    keep.switch(content, is_off=True, until=until)
    run_jobs()
    assert ask(picture, host).answer == Answer.ALLOW
    wake = Job.objects.get(name="banks.wake")
    assert wake.run_at >= until - timedelta(seconds=5)

    keep.wake(content_id=content.pk)
    assert ask(picture, host).answer == Answer.ALLOW
    monkeypatch.setattr(timezone, "now", lambda: until)
    keep.wake(content_id=content.pk)
    assert ask(picture, host).answer == Answer.HOLD


def test_what_the_desk_put_back_stays_back_until_the_host_says_so(
    content: Content, host: Host, picture: bytes, bob: User
) -> None:
    """Bob may undo what a host imported."""
    restore(content.case_item, reason=REASON, by=bob)

    assert ask(picture, host).answer == Answer.ALLOW
    assert content.case_item.decision is not None
    assert content.case_item.decision.decided_by == bob
    assert the_record_is_whole()


def test_a_deleted_bank_keeps_nothing_down(content: Content, host: Host, picture: bytes) -> None:
    keep.delete(content.bank)

    assert ask(picture, host).answer == Answer.ALLOW
    assert not Bank.objects.exists()
    assert Case.objects.count() == 1
    assert the_record_is_whole()


@pytest.mark.parametrize("name", ["", "small", "A-B", "1A", "STAYDOWN", "A" * 256, "A\n"])
def test_a_name_that_is_none_is_refused(host: Host, name: str) -> None:
    with pytest.raises(keep.BadBank):
        keep.create(host, name)
    assert not Bank.objects.exists()


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_ratio_that_is_none_is_refused(host: Host, ratio: float) -> None:
    with pytest.raises(keep.BadBank):
        keep.create(host, "A", enabled_ratio=ratio)


def test_a_name_is_used_once(bank: Bank, host: Host) -> None:
    """Also by a bank that takes another name."""
    other = keep.create(host, "OTHER")
    with pytest.raises(keep.NotYours):
        keep.create(host, bank.name)
    with pytest.raises(keep.NotYours):
        keep.change(other, name=bank.name)


def test_what_is_imported_is_not_handed_on(content: Content) -> None:
    """Unless somebody chooses to; whoever follows the list then knows that nobody here looked."""
    keep_down = KeepDown.objects.get()

    assert how_of(keep_down, None) == "imported"
    assert not is_shared(keep_down, None)
    assert is_shared(keep_down, Choice(keep_down=keep_down, shares=True))


def test_who_confirms_what_was_imported_is_the_first_to_look(content: Content, bob: User) -> None:
    """Not the second."""
    keep_down = KeepDown.objects.get()

    assert how_of(keep_down, Choice(keep_down=keep_down, confirmed_by=bob)) == "reviewed"


def test_the_years_numbers_are_of_people(content: Content) -> None:
    """Neither a notice nor a decision of ours."""
    numbers = report(timezone.now().year)["total"]

    for name in ("notices_received", "items_reported", "decisions_to_remove", "cases_closed"):
        assert numbers[name] == 0, name
    assert Notice.objects.count() == 1


def test_the_policy_goes_by_source_and_by_review(
    content: Content, host: Host, picture: bytes, settings: Any, tmp_path: Path
) -> None:
    """The narrower rule counts; the file is the operator's."""
    shipped = Path(gate_policy.__file__).with_name("policy.toml").read_text()
    settings.GATE_POLICY = str(tmp_path / "policy.toml")
    for more, answer in (
        ("", Answer.HOLD),
        ('[source.OTHER]\nidentical = "block"\n', Answer.HOLD),
        ('[source.FORUM_LIST]\nidentical = "block"\n', Answer.BLOCK),
        ('[source.FORUM_LIST]\nidentical = "allow"\n', Answer.ALLOW),
    ):
        Path(settings.GATE_POLICY).write_text(shipped + more)
        gate_policy.policy.cache_clear()
        assert ask(picture, host).answer == answer, more
        HeldUpload.objects.all().delete()
    gate_policy.policy.cache_clear()
    settings.GATE_POLICY = str(tmp_path / "none.toml")
    with pytest.raises(gate_policy.PolicyError, match="cannot be read"):
        gate_policy.policy()
    gate_policy.policy.cache_clear()


def test_what_another_person_upheld_is_reviewed_by_two(
    removed_case: Case, alices_item: Item, dora: User
) -> None:
    """The uploader appealed, and Dora agreed with Bob."""
    keep_down = KeepDown.objects.get()
    assert provenances([keep_down.pk]) == {keep_down.pk: Provenance("reviewed")}
    removal = alices_item.removal_set.get()
    waiting = appeals.appeal(removal, text="It is mine.")
    appeals.answer(waiting, outcome=Appeal.Outcome.REFUSED, reason=REASON, by=dora)

    assert provenances([keep_down.pk]) == {keep_down.pk: Provenance("reviewed-by-two")}
