"""Every copy joins the case with its evidence, and what was searched is on record."""

import io
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from PIL import Image

from server.host_double import HostDouble
from server.pictures import (
    captioned,
    cropped,
    drawn,
    fingerprint,
    jpeg,
    mirrored,
    recompressed,
    scene,
    with_region_replaced,
)
from server.story import alice_reports, bob_decides, case_of, rows_of, run_jobs
from staydown import Match
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case, CaseItem, Decision, Sweep
from staydown_server.cases.sweep import add_copy, sweep
from staydown_server.catalogue import sweep as hosted
from staydown_server.catalogue.models import Item
from staydown_server.review.decide import decide
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db


def test_copies_join_the_case_with_their_evidence(
    alices_item: Item, show: Any, picture: bytes
) -> None:
    """What each is a copy of, how, and how closely."""
    show("exact", picture)
    show("mirror", mirrored(picture))
    show("unrelated", jpeg(scene(2)))
    receipt = alice_reports(alices_item.url)

    run_jobs()

    reported, *copies = rows_of(case_of(receipt))
    evidence = {row.item.host_item_id: row for row in copies if row.item}
    assert set(evidence) == {"exact", "mirror"}
    assert {row.copy_of for row in copies} == {reported}
    assert {row.origin for row in copies} == {"swept"}
    assert evidence["exact"].match_kind == "identical"
    assert evidence["mirror"].match_kind == "same"
    assert evidence["mirror"].match_orientation == "mirrored"
    assert evidence["mirror"].match_distance is not None
    assert evidence["mirror"].match_distance <= 31


def test_what_was_searched_is_on_record(receipt: Any, show: Any) -> None:
    """How much, up to where, and what was found."""
    record = Sweep.objects.get()

    assert (record.searched, record.found) == (1, 0)
    assert record.through_change > 0


def test_sweeping_twice_finds_nothing_twice(case: Case, show: Any, picture: bytes) -> None:
    """But what came since."""
    (reported,) = rows_of(case)
    show("late", recompressed(picture))

    sweep(case_item_id=reported.pk)
    sweep(case_item_id=reported.pk)

    assert len(rows_of(case)) == 2
    assert [record.found for record in Sweep.objects.all()] == [0, 1, 0]


def test_a_file_on_alices_side_finds_the_copies(alices_item: Item, picture: bytes) -> None:
    """The file itself never came here."""
    receipt = alice_reports("", fingerprints=(fingerprint(recompressed(picture)).to_dict(),))

    run_jobs()

    reported, copy = rows_of(case_of(receipt))
    assert reported.state == CaseItem.State.READY
    assert copy.item == alices_item


def test_what_was_registered_meanwhile_joins_after_the_decision(
    case: Case, bob: User, show: Any, picture: bytes
) -> None:
    """Between the sweep and the keep-down it met no gate: the case opens again for it."""
    show("meanwhile", recompressed(picture))
    bob_decides(case, bob)
    case.refresh_from_db()
    assert case.closed_at is not None

    run_jobs()

    case.refresh_from_db()
    assert case.closed_at is None
    assert [row.item.host_item_id for row in rows_of(case) if row.item] == ["alices", "meanwhile"]


def test_a_copy_of_a_copy_is_found(alices_item: Item, bob: User, show: Any) -> None:
    """What is kept down is searched for itself, too."""
    receipt = alice_reports(alices_item.url)
    run_jobs()
    case = case_of(receipt)
    bob_decides(case, bob)
    run_jobs()

    swept = set(Sweep.objects.values_list("case_item_id", flat=True))
    assert swept == {row.pk for row in rows_of(case)}


@pytest.mark.django_db(transaction=True)
def test_a_sweep_that_dies_halfway_is_done_again(
    case: Case, show: Any, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before its end, it leaves nothing; repeated, it is whole."""
    (reported,) = rows_of(case)
    show("late", picture)
    with monkeypatch.context() as patch:
        patch.setattr(Sweep.objects, "create", lambda **_values: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sweep(case_item_id=reported.pk)
    assert len(rows_of(case)) == 1

    sweep(case_item_id=reported.pk)

    assert len(rows_of(case)) == 2
    assert audit.verify().is_whole


def test_nothing_joins_a_notice_that_was_taken_back(case: Case, show: Any, picture: bytes) -> None:
    """Not even where it is taken back between the search and its end: the case stays closed."""
    (reported,) = rows_of(case)
    late = show("late", picture)
    swept = hosted.sweep(fingerprint(picture))
    withdraw(case.notice)

    sweep(case_item_id=reported.pk)
    for found in swept.found:
        added = add_copy(reported, late, found.match, origin=CaseItem.Origin.SWEPT)
        assert not added

    case.refresh_from_db()
    assert case.closed_at is not None
    assert rows_of(case) == [reported]


def test_the_table_wants_an_item_once_in_a_case(case: Case, alices_item: Item) -> None:
    """However many ways lead to it."""
    (reported,) = rows_of(case)
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseItem.objects.create(
            case=case, item=alices_item, origin="swept", state="ready", copy_of=reported
        )


def test_the_table_wants_evidence_for_a_copy(case: Case, show: Any) -> None:
    """A copy of nothing is no copy."""
    other = show("other", jpeg(scene(2)))
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseItem.objects.create(case=case, item=other, origin="swept", state="ready")


def test_an_item_in_the_case_is_not_added_again(case: Case, alices_item: Item) -> None:
    """It says so."""
    (reported,) = rows_of(case)
    match = Match(kind="identical", score=1.0)

    assert not add_copy(reported, alices_item, match, origin=CaseItem.Origin.SWEPT)


# What the local layer finds


@pytest.fixture
def found(show: Any, plaza: HostDouble, drawing: bytes) -> Any:
    """Alice reports the drawing; the copies that a sweep finds by their id at Plaza."""

    def swept(trouble: Any = None, **copies: bytes) -> dict[str, CaseItem]:
        item = show("alices", drawing)
        for name, content in copies.items():
            show(name, content)
        if trouble:
            trouble()
        receipt = alice_reports(item.url)
        run_jobs()
        return {row.item.host_item_id: row for row in rows_of(case_of(receipt)) if row.item}

    return swept


def test_parts_and_replaced_regions_join_as_what_they_are(found: Any, drawing: bytes) -> None:
    """With the evidence, from the reported picture to the copy."""
    rows = found(
        crop=cropped(drawing),
        meme=captioned(drawing),
        swapped=with_region_replaced(drawing),
        smaller=recompressed(drawing),
        other=drawn(8),
    )

    kinds = {name: row.match_kind for name, row in rows.items() if name != "alices"}
    assert kinds == {
        "crop": "part",
        "meme": "part",
        "swapped": "region-replaced",
        "smaller": "same",
    }
    assert 0.3 < rows["crop"].match_region["shown"] < 0.6
    assert rows["meme"].match_region["shown"] == 1.0
    left, top = rows["meme"].match_region["corners"][0]
    assert (round(left, 2), round(top, 2)) == (round(40 / 560, 2), round(110 / 580, 2))
    assert rows["swapped"].match_region["differs"]["kind"] == "replaced"
    assert {name for name in rows if rows[name].needs_a_look} == {"crop", "meme", "swapped"}


def test_a_mirrored_part_is_found(found: Any, drawing: bytes) -> None:
    """By the pixels of what was reported, while its host shows it."""
    assert found(crop=cropped(mirrored(drawing)))["crop"].match_orientation == "mirrored"


def test_copies_that_cannot_be_looked_at_join_by_what_is_stored(
    found: Any, plaza: HostDouble, drawing: bytes
) -> None:
    """The host does not answer now: nothing is lost, and no outline is made up."""

    def goes_down() -> None:
        plaza.is_down = True

    rows = found(goes_down, crop=cropped(drawing), smaller=recompressed(drawing))

    assert rows["crop"].match_kind == "part"
    assert rows["crop"].match_region is None
    assert rows["smaller"].match_kind == "same"


def test_a_file_that_was_exchanged_since_does_not_hide_the_copy(
    found: Any, plaza: HostDouble, drawing: bytes
) -> None:
    """Mallory's host account shows something else for now."""

    def exchanged() -> None:
        plaza.show("crop", jpeg(scene(9)))

    assert found(exchanged, crop=cropped(drawing))["crop"].match_kind == "part"


def test_a_layer_of_another_key_is_not_compared(found: Any, host: Any, drawing: bytes) -> None:
    """Restored from another installation's backup, say: by its hash only."""
    import staydown

    def foreign() -> None:
        copy = Item.objects.get(host_item_id="crop")
        other = staydown.fingerprint_bytes(cropped(drawing)).to_json(with_local=True)
        Item.objects.filter(pk=copy.pk).update(fingerprint=other)

    assert set(found(foreign, crop=cropped(drawing))) == {"alices"}


def test_a_decision_about_a_replaced_region_keeps_down_that_version(
    found: Any, bob: User, host: Any, drawing: bytes
) -> None:
    """Bob chose it himself: it is then a picture like any other."""
    from staydown_server.gate.check import check
    from staydown_server.gate.models import KeepDown
    from staydown_server.gate.policy import Answer

    version = with_region_replaced(drawing)
    row = found(swapped=version)["swapped"]
    decide(row.case, [row.pk], outcome=Decision.Outcome.REMOVE, reason="A fake.", by=bob)

    assert KeepDown.objects.get().fingerprint == row.fingerprint
    assert check(fingerprint(recompressed(version)), host=host).blocks
    assert check(fingerprint(drawing), host=host).answer == Answer.HOLD, "the donor is not blocked"


def test_every_crop_is_found_however_many_there_are(show: Any, drawing: bytes) -> None:
    """More than one search compares."""
    item = show("alices", drawing)
    image = Image.open(io.BytesIO(drawing))
    for n in range(40):
        across = image.width // 7 + n
        show(f"crop-{n}", jpeg(image.crop((across, across, image.width - 40, image.height - 40))))

    receipt = alice_reports(item.url)
    run_jobs()

    assert len(rows_of(case_of(receipt))) == 41
