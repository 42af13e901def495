"""Bob's page for an upload that waits: what it matched, where, and what he decides."""

import io
import re
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from server.host_double import HostDouble
from server.pictures import cropped, fingerprint, with_region_replaced
from server.story import REASON, alice_reports, case_of, rows_of, run_jobs
from server.web.pages import text, value_of
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, CaseItem
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import HeldUpload, KeepDown
from staydown_server.review.tell_upload import token_of
from staydown_server.web.evidence import evidence_of_match, evidence_of_row

pytestmark = pytest.mark.django_db


def decide(browser: Client, held: HeldUpload, **form: Any) -> Any:
    sent = {"outcome": "refused", "reason": REASON, **form}
    return browser.post(f"/desk/uploads/{held.pk}/decide/", sent)


def pixels(answer: Any) -> Any:
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB")).astype(int)


def colour(answer: Any) -> int:
    seen = pixels(answer)
    return int(abs(seen - seen.mean(axis=2, keepdims=True)).max())


def test_the_queue_leads_to_it(bobs_browser: Client, held: HeldUpload) -> None:
    """With what it matched, and for how long it waits."""
    page = text(bobs_browser.get("/desk/"))

    assert f'href="/desk/uploads/{held.pk}/"' in page
    assert "the same but for a region" in page

    decide(bobs_browser, held)
    assert f'href="/desk/uploads/{held.pk}/"' not in text(bobs_browser.get("/desk/"))


def test_the_page_says_what_differs_and_where(
    bobs_browser: Client, held: HeldUpload, drawn_case: Case
) -> None:
    """In plain words, as outlines over both pictures, and as a map in words."""
    page = text(bobs_browser.get(f"/desk/uploads/{held.pk}/"))

    sentence = re.search(r"a region covering (\d+)% of it differs", page)
    assert sentence
    assert 4 <= int(sentence[1]) <= 10
    assert "somebody else" in page
    assert "of 256 bits differ" in page
    assert "The region that differs lies in the middle of the reported picture." in page
    assert page.count('class="differs"') == 2
    assert page.count("<img") == 3, "the sign of the house, and two pictures"
    assert drawn_case.number in page
    assert "charlie" in page
    assert value_of(bobs_browser.get(f"/desk/uploads/{held.pk}/"), "keeps_down") == ""


def test_the_outlines_lie_where_the_region_was_replaced(held: HeldUpload) -> None:
    """Within a field of the map, on both pictures."""
    match = held.reason_to_wait
    assert match
    evidence = evidence_of_match(match)
    for outlines in (evidence.reported, evidence.suspect):
        assert outlines
        corners = np.array([pair.split(",") for pair in outlines.differs.split()], float)
        centre = (corners.min(axis=0) + corners.max(axis=0)) / 2
        assert np.abs(centre - [54.2, 50.0]).max() < 7


def test_the_outline_of_a_part_frames_what_both_show(show: Any, drawing: bytes) -> None:
    """Over the reported picture: the crop. Over the crop: nothing but its rim and beyond."""
    item = show("alices", drawing)
    show("crop", cropped(drawing))
    receipt = alice_reports(item.url)
    run_jobs()
    evidence = evidence_of_row(rows_of(case_of(receipt))[1])

    assert evidence.sentence.startswith("It shows a part of the reported picture: 4")
    assert evidence.reported
    shared = np.array([pair.split(",") for pair in evidence.reported.shared.split()], float)
    assert np.abs(shared.min(axis=0) - 100 / 6).max() < 1.5
    assert np.abs(shared.max(axis=0) - 500 / 6).max() < 1.5


def test_both_pictures_are_veiled_until_bob_chooses_otherwise(
    bobs_browser: Client, held: HeldUpload, bob: User
) -> None:
    """Then both are shown, in this session, and each look is on record."""
    row = held.reason_to_wait.keep_down.case_item  # type: ignore[union-attr]
    paths = f"/desk/uploads/{held.pk}/picture/", f"/desk/rows/{row.pk}/picture/?frame=1"
    for path in paths:
        veiled = bobs_browser.get(path)
        assert veiled.headers["Content-Type"] == "image/jpeg"
        assert veiled.headers["Cache-Control"] == "no-store"
        assert colour(veiled) <= 2
    assert not Entry.objects.filter(action="picture.revealed").exists()

    answer = bobs_browser.post(f"/desk/uploads/{held.pk}/reveal/")

    assert answer.headers["Location"] == f"/desk/uploads/{held.pk}/"
    for path in paths:
        assert colour(bobs_browser.get(path)) > 30
    looks = Entry.objects.filter(action="picture.revealed", actor=f"user:{bob.pk}")
    assert {line.subject for line in looks} == {f"heldupload:{held.pk}", f"caseitem:{row.pk}"}
    another_session = Client()
    another_session.force_login(bob)
    assert colour(another_session.get(paths[0])) <= 2


def test_the_reported_picture_is_shown_from_the_hosts_quarantine(
    bobs_browser: Client, held: HeldUpload, plaza: HostDouble, drawing: bytes
) -> None:
    """To us alone: our request is signed. A host that gives it out to nobody leaves a frame."""
    row = held.reason_to_wait.keep_down.case_item  # type: ignore[union-attr]
    assert plaza.removed == {"alices"}
    assert bobs_browser.get(f"/desk/rows/{row.pk}/picture/").status_code == 200

    plaza.status = 410

    assert bobs_browser.get(f"/desk/rows/{row.pk}/picture/").status_code == 404
    frame = bobs_browser.get(f"/desk/rows/{row.pk}/picture/?frame=1")
    assert frame.headers["Content-Type"] == "image/png"
    height, width, _ = pixels(frame).shape
    assert abs(width / height - 480 / 360) < 0.01


@pytest.mark.parametrize("form", [{"reason": " "}, {"outcome": ""}, {"outcome": "removed"}])
def test_a_decision_that_cannot_be_taken_says_why(
    bobs_browser: Client, held: HeldUpload, form: dict[str, str]
) -> None:
    """With what was typed and ticked."""
    answer = decide(bobs_browser, held, keeps_down="yes", **form)

    assert answer.status_code == 422
    assert 'role="alert"' in text(answer)
    assert value_of(answer, "keeps_down") == "yes"
    held.refresh_from_db()
    assert held.outcome == ""


@pytest.mark.parametrize("keeps_down", [True, False])
def test_bob_refuses_it(
    bobs_browser: Client, held: HeldUpload, bob: User, plaza: HostDouble, keeps_down: bool
) -> None:
    """The platform obeys; the copy is gone; the case tells of it."""
    ticked = {"keeps_down": "yes"} if keeps_down else {}
    assert decide(bobs_browser, held, **ticked).status_code == 302
    run_jobs()

    assert plaza.uploads == {"up-1": "upload.refused"}
    page = text(bobs_browser.get(f"/desk/uploads/{held.pk}/"))
    assert 'data-outcome="refused"' in page
    assert REASON in page
    assert "knows of it" in page
    assert bobs_browser.get(f"/desk/uploads/{held.pk}/picture/").status_code == 404
    held.refresh_from_db()
    assert KeepDown.objects.filter(case_item=held.case_item).exists() == keeps_down
    assert held.case_item
    case = text(bobs_browser.get(f"/desk/cases/{held.case_item.case_id}/"))
    assert ("Not published, and kept down" in case) == keeps_down
    assert "An upload that was held." in case


def test_bob_lets_it_through(bobs_browser: Client, held: HeldUpload, plaza: HostDouble) -> None:
    decide(bobs_browser, held, outcome="allowed", keeps_down="yes")
    run_jobs()

    assert plaza.uploads == {"up-1": "upload.allowed"}
    assert KeepDown.objects.count() == 1, "the tick is for refusals"
    assert 'data-outcome="allowed"' in text(bobs_browser.get(f"/desk/uploads/{held.pk}/"))
    assert decide(bobs_browser, held).status_code == 422


def test_the_uploader_reads_why_and_appeals(
    bobs_browser: Client, held: HeldUpload, dora: User, plaza: HostDouble, drawn_case: Case
) -> None:
    """Behind the secret link, as for a removal; Dora answers at the desk."""
    decide(bobs_browser, held)
    path = f"/reasons/{token_of(held)}/"
    charlie = Client()
    page = text(charlie.get(path))
    assert "Why your picture was not published" in page
    assert REASON in page
    assert "/p/alices" not in page
    assert charlie.post(path, {"text": ""}).status_code == 422
    assert charlie.post(path, {"text": "It is me."}).status_code == 302

    case = text(bobs_browser.get(f"/desk/cases/{drawn_case.pk}/"))
    appeal = re.search(r"/desk/appeals/\d+/", case)
    assert appeal
    assert "It is me." in case
    assert f"/desk/cases/{drawn_case.pk}/#appeals" in text(bobs_browser.get("/desk/"))
    doras_browser = Client()
    doras_browser.force_login(dora)
    doras_browser.post(appeal[0], {"outcome": "granted", "reason": "It is Charlie."})
    run_jobs()

    assert plaza.uploads == {"up-1": "upload.allowed"}
    assert "Granted: the picture may be published." in text(charlie.get(path))


def test_what_may_be_somebody_elses_is_not_ticked_in_a_case(
    bobs_browser: Client, show: Any, drawing: bytes
) -> None:
    """Marked as what it is, with its outlines; removed only if Bob ticks it himself."""
    item = show("alices", drawing)
    show("swapped", with_region_replaced(drawing))
    show("crop", cropped(drawing))
    show("same", drawing)
    receipt = alice_reports(item.url)
    run_jobs()
    case = case_of(receipt)
    path = f"/desk/cases/{case.pk}/"

    page = text(bobs_browser.get(path))

    by_id = {row.item.host_item_id: row for row in rows_of(case) if row.item}
    ticked = set(re.findall(r'name="row" value="(\d+)" form="decide" checked', page))
    assert ticked == {str(by_id[name].pk) for name in ("alices", "same")}
    assert 'data-kind="region-replaced">A region differs' in page
    assert 'data-kind="part">Part' in page
    assert page.count('class="differs"') == 2
    bobs_browser.post(
        f"{path}decide/", {"row": sorted(ticked), "outcome": "remove", "reason": REASON}
    )
    assert {row.pk for row in CaseItem.objects.filter(decision=None)} == {
        by_id["swapped"].pk,
        by_id["crop"].pk,
    }


def test_a_fingerprint_without_a_file_is_said_to_be_one(
    bobs_browser: Client, drawn_case: Case, host: Host, drawing: bytes
) -> None:
    """There is no picture, and the page does not pretend."""
    check(fingerprint(cropped(drawing)), host=host, upload=Upload("up-9"))
    page = text(bobs_browser.get(f"/desk/uploads/{HeldUpload.objects.get().pk}/"))

    assert "The platform sent its fingerprint only" in page
    assert (
        value_of(bobs_browser.get(f"/desk/uploads/{HeldUpload.objects.get().pk}/"), "reason") == ""
    )


def test_what_does_not_exist_is_a_404(bobs_browser: Client, db: None) -> None:
    for number in (999_999, 2**63, 10**30):
        for method, path in (
            ("GET", ""),
            ("POST", "decide/"),
            ("POST", "reveal/"),
            ("GET", "picture/"),
        ):
            assert bobs_browser.generic(method, f"/desk/uploads/{number}/{path}").status_code == 404
