"""The gate: what is kept down is stopped, and nothing else."""

import json
import tomllib
from importlib import resources
from typing import Any, get_args

import pytest
from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict

from server.pictures import fingerprint, jpeg, mirrored, recompressed, scene
from server.story import REASON, bob_decides, rows_of, run_jobs
from staydown import Fingerprint
from staydown.match.match import MatchKind
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.gate import keep_down
from staydown_server.gate.check import check
from staydown_server.gate.models import Check, KeepDown
from staydown_server.gate.policy import Answer, Policy, policy
from staydown_server.review.decide import restore

pytestmark = pytest.mark.django_db


def test_an_exact_copy_is_blocked(removed_case: Case, host: Host, picture: bytes) -> None:
    """By its digest; the verdict names the keep-down."""
    verdict = check(fingerprint(picture), host=host)

    assert verdict.blocks
    assert [match.kind for match in verdict.matches] == ["identical"]
    assert verdict.matches[0].id == str(KeepDown.objects.get().pk)


@pytest.mark.parametrize("change", [recompressed, mirrored])
def test_a_changed_copy_is_blocked(
    removed_case: Case, host: Host, picture: bytes, change: Any
) -> None:
    """Recompressed and resized, or mirrored."""
    assert check(fingerprint(change(picture)), host=host).blocks


def test_a_browsers_bare_hash_is_blocked(removed_case: Case, host: Host, picture: bytes) -> None:
    """Made on a device: PDQ and quality alone."""
    whole = fingerprint(mirrored(picture))

    assert check(Fingerprint(pdq=whole.pdq, quality=whole.quality), host=host).blocks


def test_another_picture_is_allowed_and_leaves_no_trace(removed_case: Case, host: Host) -> None:
    """Nobody keeps a list of what innocent people upload."""
    before = Entry.objects.count()
    for seed in range(2, 12):
        verdict = check(fingerprint(jpeg(scene(seed))), host=host)
        assert verdict.answer == Answer.ALLOW
        assert verdict.matches == ()

    assert Check.objects.count() == 0
    assert Entry.objects.count() == before


def test_nothing_is_blocked_before_a_decision(case: Case, host: Host, picture: bytes) -> None:
    """A notice alone stops nothing: Mallory can write one, too."""
    assert check(fingerprint(picture), host=host).answer == Answer.ALLOW


def test_what_a_moderator_leaves_online_is_not_blocked(
    case: Case, bob: User, host: Host, picture: bytes
) -> None:
    """A decision to keep is no keep-down."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    run_jobs()

    assert check(fingerprint(picture), host=host).answer == Answer.ALLOW
    assert not KeepDown.objects.exists()


def test_a_lifted_keep_down_allows_again(
    removed_case: Case, bob: User, host: Host, picture: bytes
) -> None:
    """In the same moment."""
    (row,) = rows_of(removed_case)
    assert check(fingerprint(picture), host=host).blocks

    restore(row, reason=REASON, by=bob)

    assert check(fingerprint(picture), host=host).answer == Answer.ALLOW


def test_a_stopped_upload_is_recorded_without_its_content(
    removed_case: Case, host: Host, picture: bytes
) -> None:
    """That it happened, where, why and how closely: no fingerprint, no uploader."""
    upload = fingerprint(recompressed(picture))
    verdict = check(upload, host=host)

    stopped = Check.objects.get()
    assert stopped.pk == verdict.id
    assert (stopped.host, stopped.verdict, stopped.match_kind) == (host, "block", "same")
    kept = json.dumps(model_to_dict(stopped), default=str)
    kept += json.dumps(Entry.objects.get(action="gate.stopped").facts)
    for layer in (upload.sha256, upload.md5, upload.pdq.hex() if upload.pdq else None):
        assert layer
        assert layer not in kept


def test_every_keep_down_has_its_decision(removed_case: Case) -> None:
    """And the table insists."""
    keep = KeepDown.objects.get()
    assert keep.decision.outcome == Decision.Outcome.REMOVE
    assert keep.decision.case_item == keep.case_item

    with pytest.raises(IntegrityError), transaction.atomic():
        KeepDown.objects.filter(pk=keep.pk).update(decision=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        KeepDown.objects.create(case_item=keep.case_item, fingerprint="{}", decision_id=None)


def test_the_table_wants_a_decision_for_a_lifting(removed_case: Case) -> None:
    """What is lifted was lifted by somebody."""
    from django.utils import timezone

    with pytest.raises(IntegrityError), transaction.atomic():
        KeepDown.objects.update(lifted_at=timezone.now())


def test_a_thing_is_kept_down_once(removed_case: Case) -> None:
    """Repeating the step does no harm, and the table refuses a second one."""
    (row,) = rows_of(removed_case)
    decision = row.decision
    assert decision
    keep = KeepDown.objects.get()

    assert keep_down.keep_down(row, decision=decision) == keep
    with pytest.raises(IntegrityError), transaction.atomic():
        KeepDown.objects.create(case_item=row, decision=decision, fingerprint="{}")
    assert Entry.objects.filter(action="keep_down.started").count() == 1


def test_the_policy_has_an_answer_to_every_kind_of_match() -> None:
    """A kind without an answer would be an error at the gate."""
    assert set(get_args(MatchKind)) <= set(policy().answers)
    assert set(policy().answers) == {"identical", "same", "part", "region-replaced", "deposit"}


def test_the_policy_is_the_one_in_the_file() -> None:
    """Data, not code."""
    text = resources.files("staydown_server.gate").joinpath("policy.toml").read_text("utf-8")

    told = tomllib.loads(text)
    assert told.pop("imported") == policy().by_review["imported"]
    assert told == policy().answers


@pytest.mark.parametrize("answer", list(Answer))
def test_the_strictest_match_decides(
    removed_case: Case,
    host: Host,
    picture: bytes,
    answer: Answer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the policy says is what the host hears."""
    from staydown_server.gate import check as module

    monkeypatch.setattr(
        module, "policy", lambda: Policy({"identical": answer, "same": Answer.ALLOW})
    )

    verdict = check(fingerprint(picture), host=host)

    assert verdict.answer == answer
    assert Check.objects.exists() == (answer != Answer.ALLOW)


def test_other_processes_gates_learn_of_it(
    case: Case, bob: User, host: Host, picture: bytes
) -> None:
    """A gate that answered before the decision answers anew after it."""
    assert check(fingerprint(picture), host=host).answer == Answer.ALLOW

    bob_decides(case, bob)

    assert check(fingerprint(picture), host=host).blocks


def test_a_row_without_a_fingerprint_keeps_nothing_down(removed_case: Case) -> None:
    """There is nothing to compare with."""
    (row,) = rows_of(removed_case)
    decision = row.decision
    assert decision
    nothing = CaseItem.objects.create(
        case=removed_case,
        origin="reported_url",
        state="not_found",
        reported_url="https://x.example",
    )

    assert keep_down.keep_down(nothing, decision=decision) is None
