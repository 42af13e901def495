"""What may be somebody else's picture waits for a person, whatever PDQ says of it."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from server.host_double import HostDouble
from server.pictures import (
    captioned,
    cropped,
    drawn,
    fingerprint,
    jpeg,
    recompressed,
    scene,
    with_region_replaced,
)
from server.story import REASON, alice_reports, bob_decides, case_of, rows_of, run_jobs
from staydown import Fingerprint
from staydown_server import vault
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Change, Shelf
from staydown_server.gate.admit import Wanted, admit
from staydown_server.gate.check import check
from staydown_server.gate.hold import PREVIEW, Upload
from staydown_server.gate.models import Check, HeldUpload, KeepDown
from staydown_server.gate.policy import Answer, Policy, PolicyError, policy, read
from staydown_server.review.upload import decide_upload
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db

ALLOWED, REFUSED = HeldUpload.Outcome.ALLOWED, HeldUpload.Outcome.REFUSED


def upload(content: bytes, host: Host, *, reference: str = "up-1") -> Any:
    """Plaza asks about an upload."""
    told = Upload(reference=reference, uploader="mallory", read_file=lambda: content)
    return check(fingerprint(content), host=host, upload=told)


@pytest.mark.parametrize(
    ("edit", "kind"),
    [(cropped, "part"), (captioned, "part"), (with_region_replaced, "region-replaced")],
)
def test_it_is_held_with_its_evidence(
    drawn_case: Case, host: Host, drawing: bytes, edit: Any, kind: str
) -> None:
    """Crops, memes and replaced regions: none of them blocked, none of them shown."""
    verdict = upload(edit(drawing), host)

    assert verdict.answer == Answer.HOLD
    held = HeldUpload.objects.get()
    assert held.gate_check_id == verdict.id
    assert (held.reference, held.uploader, held.outcome) == ("up-1", "mallory", "")
    match = held.reason_to_wait
    assert match
    assert (match.kind, match.keep_down) == (kind, KeepDown.objects.get())
    assert {"transform", "corners", "shown", "differs"} <= set(match.region)
    if kind == "region-replaced":
        assert match.distance is not None
        assert match.distance <= 31, "PDQ alone would have blocked it"
        assert {"outline", "cover", "share"} <= set(match.region["differs"])
    assert Entry.objects.filter(action="upload.held").count() == 1


def test_only_a_small_sealed_copy_is_kept(drawn_case: Case, host: Host, drawing: bytes) -> None:
    """Unreadable without the key."""
    upload(cropped(drawing), host)

    sealed = bytes(HeldUpload.objects.get().preview)
    assert b"\xff\xd8\xff" not in sealed
    assert vault.unseal(sealed, purpose=PREVIEW).startswith(b"\xff\xd8\xff")


def test_asking_again_is_asking_about_the_same_upload(
    drawn_case: Case, host: Host, drawing: bytes
) -> None:
    """However often a host does; another upload of the same file waits by itself."""
    first, again = (upload(cropped(drawing), host) for _ in range(2))
    other = upload(cropped(drawing), host, reference="up-2")

    assert first.id == again.id != other.id
    assert HeldUpload.objects.count() == Check.objects.count() == 2


def test_fingerprints_alone_are_held_without_a_picture(
    drawn_case: Case, host: Host, drawing: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the policy says hold: there is nothing to show, but something to decide."""
    from staydown_server.gate import check as module

    monkeypatch.setattr(
        module, "policy", lambda: Policy(dict.fromkeys(policy().answers, Answer.HOLD))
    )
    told = fingerprint(recompressed(drawing)).to_json()

    assert check(Fingerprint.from_json(told), host=host).answer == Answer.HOLD
    assert HeldUpload.objects.get().preview is None


def test_a_layer_of_another_key_is_not_compared(
    drawn_case: Case, host: Host, drawing: bytes
) -> None:
    """Neither as a question nor as an answer: the crop is then not known, and nothing breaks."""
    import staydown

    foreign = staydown.fingerprint_bytes(cropped(drawing))
    assert check(foreign, host=host).answer == Answer.ALLOW

    KeepDown.objects.update(
        fingerprint=staydown.fingerprint_bytes(drawing).to_json(with_local=True)
    )
    keep = KeepDown.objects.get()
    Change.objects.create(shelf=Shelf.GATE, entry_id=keep.pk)
    assert check(fingerprint(cropped(drawing)), host=host).answer == Answer.ALLOW
    assert check(fingerprint(drawing), host=host).blocks


def test_a_twin_that_only_pdq_knows_does_not_block_it(
    drawn_case: Case, bob: User, host: Host, drawing: bytes
) -> None:
    """Alice's file, hashed on her own device, has no local layer: what PDQ says of it is in
    doubt once a region was seen to be replaced."""
    hashed = fingerprint(recompressed(drawing))
    bare = {"pdq": hashed.pdq.hex() if hashed.pdq else "", "quality": hashed.quality}
    receipt = alice_reports(fingerprints=(bare,))
    run_jobs()
    bob_decides(case_of(receipt), bob)

    verdict = upload(with_region_replaced(drawing), host)

    assert {match.kind for match in verdict.matches} == {"region-replaced", "same"}
    assert verdict.answer == Answer.HOLD
    assert verdict.matches[0].kind == "region-replaced"


def test_twins_beyond_those_that_the_bank_looks_at_do_not_block_it(
    drawn_case: Case, host: Host, drawing: bytes
) -> None:
    """A case of many copies is many keep-downs; none blocks it by PDQ alone."""
    keep = KeepDown.objects.get()
    (row,) = rows_of(drawn_case)
    for _ in range(25):
        row.pk = None
        row.item = None
        row.save()
        twin = KeepDown.objects.create(
            case_item=row, decision=keep.decision, fingerprint=keep.fingerprint
        )
        Change.objects.create(shelf=Shelf.GATE, entry_id=twin.pk)

    verdict = upload(with_region_replaced(drawing), host)

    assert len(verdict.matches) == 26
    assert verdict.answer == Answer.HOLD


def test_a_version_that_was_kept_down_itself_is_blocked(
    drawn_case: Case, bob: User, host: Host, drawing: bytes
) -> None:
    """By a decision about it, as any other picture."""
    version = with_region_replaced(drawing)
    upload(version, host)
    decide_upload(HeldUpload.objects.get(), outcome=REFUSED, reason=REASON, keeps_down=True, by=bob)

    assert upload(recompressed(version), host, reference="up-2").blocks
    assert upload(version, host, reference="up-3").blocks


def test_what_a_person_let_through_is_not_held_again(
    drawn_case: Case, bob: User, host: Host, plaza: HostDouble, drawing: bytes
) -> None:
    """Neither at the gate nor when it is registered; until it is kept down itself."""
    innocent = with_region_replaced(drawing)
    upload(innocent, host)
    decide_upload(HeldUpload.objects.get(), outcome=ALLOWED, reason=REASON, by=bob)
    rows = len(rows_of(drawn_case))
    check(fingerprint(cropped(drawing)), host=host, upload=Upload("up-2"))
    crop = HeldUpload.objects.get(reference="up-2")

    assert upload(innocent, host).answer == Answer.ALLOW
    item, _, verdict = admit(host, Wanted("up-1", plaza.page("up-1"), fingerprint(innocent)))
    assert verdict.answer == Answer.ALLOW
    decide_upload(crop, outcome=REFUSED, reason=REASON, keeps_down=True, by=bob)
    run_jobs()
    assert len(rows_of(drawn_case)) == rows + 1, "the crop"
    assert upload(innocent, host).answer == Answer.ALLOW, "the same case knows it"
    assert upload(cropped(innocent), host).answer == Answer.HOLD, "only that very file"

    receipt = alice_reports(item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    assert upload(innocent, host).blocks


def test_a_refused_upload_is_blocked_once_the_host_knows_why(
    drawn_case: Case, bob: User, host: Host, plaza: HostDouble, drawing: bytes
) -> None:
    """The reasons come first. Another upload of the file waits for a person again."""
    upload(cropped(drawing), host)
    decide_upload(HeldUpload.objects.get(), outcome=REFUSED, reason=REASON, by=bob)

    assert upload(cropped(drawing), host).answer == Answer.HOLD
    run_jobs()
    assert plaza.uploads == {"up-1": "upload.refused"}
    assert upload(cropped(drawing), host).blocks
    assert upload(cropped(drawing), host, reference="up-2").answer == Answer.HOLD


def test_it_is_let_go_when_nothing_that_it_matched_is_kept_down_any_more(
    drawn_case: Case, host: Host, plaza: HostDouble, drawing: bytes
) -> None:
    """Alice takes her notice back: nobody decides, and the host hears of it."""
    upload(cropped(drawing), host)
    run_jobs()
    assert not plaza.uploads

    withdraw(drawn_case.notice)
    run_jobs()

    held = HeldUpload.objects.get()
    assert (held.outcome, held.case_item, held.preview) == ("allowed", None, None)
    assert plaza.uploads == {"up-1": "upload.allowed"}
    assert upload(cropped(drawing), host).answer == Answer.ALLOW


def test_what_came_to_wait_while_its_reason_went_is_let_go(
    drawn_case: Case, bob: User, host: Host, plaza: HostDouble, drawing: bytes
) -> None:
    """Searched before the withdrawal, stored after it."""
    from staydown_server.gate import check as module

    verdict = module.judge(fingerprint(cropped(drawing)))
    withdraw(drawn_case.notice)
    run_jobs()
    stopped = module._stopped(verdict, host)
    module.hold.hold(stopped, fingerprint(cropped(drawing)), verdict.matches, Upload("up-1"))

    run_jobs()

    assert plaza.uploads == {"up-1": "upload.allowed"}


def test_an_item_that_slipped_past_the_gate_joins_the_case_as_what_it_is(
    drawn_case: Case, host: Host, plaza: HostDouble, drawing: bytes
) -> None:
    """With the evidence, for a person."""
    shown = fingerprint(with_region_replaced(drawing))
    admit(host, Wanted("slipped", plaza.page("slipped"), shown))

    row = rows_of(drawn_case)[-1]
    assert (row.match_kind, row.needs_a_look) == ("region-replaced", True)
    assert row.match_region["differs"]["outline"]


def test_the_table_keeps_nothing_of_what_was_decided(
    drawn_case: Case, host: Host, drawing: bytes
) -> None:
    """And wants a decision for a refusal."""
    upload(cropped(drawing), host)
    for change in (
        {"outcome": "allowed"},
        {"outcome": "refused", "preview": None, "fingerprint": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            HeldUpload.objects.update(**change)


def test_nobody_elses_pictures_are_held(drawn_case: Case, host: Host) -> None:
    """Unrelated ones, drawn or not."""
    for content in (drawn(8), drawn(9), jpeg(scene(3))):
        assert upload(content, host).answer == Answer.ALLOW
    assert not HeldUpload.objects.exists()


def test_the_policy_cannot_block_a_replaced_region() -> None:
    """The donor of a fake is nobody's to block unseen."""
    as_shipped = "\n".join(f'{kind} = "{answer}"' for kind, answer in policy().answers.items())
    assert read(as_shipped).answers == policy().answers

    stricter = as_shipped.replace('part = "hold"', 'part = "block"')
    assert read(stricter).answers["part"] == Answer.BLOCK
    with pytest.raises(PolicyError, match="a person must look"):
        read(as_shipped.replace('region-replaced = "hold"', 'region-replaced = "block"'))


WHOLE = 'identical="block"\nsame="block"\npart="hold"\nregion-replaced="hold"\ndeposit="hold"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("same =", "not well-formed"),
        ('same = "block"', "must answer"),
        ('identical="block"\nsame="perhaps"\npart="hold"\nregion-replaced="hold"', "'same'"),
        (
            'identical="block"\nsame="block"\npart="hold"\nregion-replaced="hold"\n'
            'deposit="hold"\nface="block"',
            "'face'",
        ),
        (WHOLE + '[imported]\nface = "hold"', "'face'"),
        (WHOLE + '[imported]\nregion-replaced = "block"', "a person must look"),
        (WHOLE + '[imported]\ndeposit = "hold"', "'deposit'"),
        (WHOLE + '[source.A]\nsame = "perhaps"', "'same'"),
        (WHOLE + '[source]\nsame = "hold"', "a table of its own"),
        (WHOLE + 'imported = "hold"', "are tables"),
    ],
)
def test_a_policy_that_cannot_be_used_says_why(text: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        read(text)


def test_a_decision_for_what_waits_is_a_decision_like_any_other(
    drawn_case: Case, bob: User, host: Host, drawing: bytes
) -> None:
    """In the case of what it matched, with its audit line; the copy is gone."""
    upload(with_region_replaced(drawing), host)

    decision = decide_upload(HeldUpload.objects.get(), outcome=REFUSED, reason=REASON, by=bob)

    held = HeldUpload.objects.get()
    assert (held.outcome, held.fingerprint, held.preview) == ("refused", "", None)
    assert held.case_item == decision.case_item == rows_of(drawn_case)[-1]
    assert decision.outcome == Decision.Outcome.REMOVE
    assert decision.decided_by == bob
    actions = Entry.objects.order_by("-sequence").values_list("action", flat=True)[:2]
    assert set(actions) == {"decision.taken", "upload.refused"}
    assert KeepDown.objects.count() == 1, "kept down only where the moderator says so"
    facts = json.dumps(list(Entry.objects.values_list("facts", flat=True)))
    assert REASON not in facts
