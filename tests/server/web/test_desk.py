"""Bob's desk: what he sees, what he decides, and what is on record of it."""

import io
import re
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from server.host_double import HostDouble
from server.pictures import UNREADABLE, recompressed, scene
from server.story import ALICE, REASON, alice_reports, case_of, rows_of, run_jobs
from server.web.pages import text, value_of
from staydown_server.accounts.models import User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Item
from staydown_server.removal.models import Removal
from staydown_server.review.models import Appeal
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db


def decide(browser: Client, case: Case, **form: Any) -> Any:
    rows = [row.pk for row in rows_of(case)]
    sent = {"row": rows, "outcome": "remove", "reason": REASON, **form}
    return browser.post(f"/desk/cases/{case.pk}/decide/", sent)


def test_the_queue_leads_to_the_case(bobs_browser: Client, case: Case) -> None:
    """Its number is a link."""
    page = text(bobs_browser.get("/desk/"))

    assert f'href="/desk/cases/{case.pk}/"' in page
    assert case.number in page
    assert ALICE not in page


def test_the_case_shows_notice_and_evidence(
    bobs_browser: Client, alices_item: Item, show: Any, picture: bytes
) -> None:
    """Who wrote, what was found, how close, and what was searched."""
    show("copy", recompressed(picture))
    receipt = alice_reports(alices_item.url)
    run_jobs()
    reported, copy = rows_of(case_of(receipt))

    page = text(bobs_browser.get(f"/desk/cases/{case_of(receipt).pk}/"))

    assert ALICE in page
    assert f"{copy.match_distance} of 256 bits" in page
    assert f'data-row="{reported.pk}"' in page
    assert "2 items searched" in page


def test_bob_decides(bobs_browser: Client, case: Case, bob: User, plaza: HostDouble) -> None:
    """The same step as everywhere, by his name."""
    answer = decide(bobs_browser, case)
    assert answer.status_code == 302
    run_jobs()

    decision = Decision.objects.get()
    assert (decision.decided_by, decision.reason) == (bob, REASON)
    assert plaza.removed == {"alices"}
    assert 'data-removal="verified"' in text(bobs_browser.get(f"/desk/cases/{case.pk}/"))


@pytest.mark.parametrize(
    "form",
    [
        {"reason": ""},
        {"reason": " "},
        {"row": []},
        {"row": ["²"]},
        {"row": ["x", "", "-1", "1e3"]},
        {"row": ["9" * 30]},
        {"row": ["9" * 5000]},
        {"row": ["999999"]},
        {"outcome": ""},
        {"outcome": "restore"},
        {"outcome": "delete"},
        {"reason": "\x00"},
    ],
)
def test_a_decision_that_cannot_be_taken_says_why(
    bobs_browser: Client, case: Case, form: dict[str, Any]
) -> None:
    """On the same page, with what was typed; nothing is decided."""
    answer = decide(bobs_browser, case, **form)

    assert answer.status_code == 422
    assert 'role="alert"' in text(answer)
    assert not Decision.objects.exists()
    if "reason" not in form:
        assert value_of(answer, "reason") == REASON


def test_a_second_decision_is_told(bobs_browser: Client, case: Case) -> None:
    """Somebody was quicker."""
    decide(bobs_browser, case, outcome="keep")

    assert decide(bobs_browser, case).status_code == 422
    assert Decision.objects.count() == 1


def test_a_case_taken_back_is_told(bobs_browser: Client, case: Case) -> None:
    """There is nothing left to decide."""
    withdraw(case.notice)

    answer = decide(bobs_browser, case)
    assert answer.status_code == 422
    assert 'id="decide"' not in text(answer)


def test_what_does_not_exist_is_a_404(bobs_browser: Client, case: Case) -> None:
    """In all its places, with numbers of any size."""
    for number in (999_999, 2**63, 10**30):
        for method, path in (
            ("GET", f"/desk/cases/{number}/"),
            ("POST", f"/desk/cases/{number}/decide/"),
            ("POST", f"/desk/rows/{number}/restore/"),
            ("POST", f"/desk/rows/{number}/reveal/"),
            ("GET", f"/desk/rows/{number}/picture/"),
            ("POST", f"/desk/appeals/{number}/"),
        ):
            assert bobs_browser.generic(method, path).status_code == 404


def test_bob_puts_it_back(bobs_browser: Client, removed_case: Case, plaza: HostDouble) -> None:
    """With a reason; without one he is asked."""
    (row,) = rows_of(removed_case)
    bobs_browser.post(f"/desk/rows/{row.pk}/restore/", {"reason": ""})
    assert Removal.objects.get().state == "verified"

    bobs_browser.post(f"/desk/rows/{row.pk}/restore/", {"reason": REASON})
    run_jobs()

    assert plaza.removed == set()
    # A second click finds nothing to put back, and says so.
    again = bobs_browser.post(f"/desk/rows/{row.pk}/restore/", {"reason": REASON}, follow=True)
    assert again.status_code == 200
    assert Decision.objects.count() == 2


def look(browser: Client, case: Case) -> Any:
    (row,) = rows_of(case)
    return browser.get(f"/desk/rows/{row.pk}/picture/")


def pixels(jpeg: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(int)


def test_a_picture_is_veiled_until_bob_chooses_otherwise(
    bobs_browser: Client, case: Case, picture: bytes
) -> None:
    """Small, grey, blurred, drawn anew: none of the uploader's bytes."""
    answer = look(bobs_browser, case)

    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "no-store"
    seen = pixels(answer.content)
    assert max(seen.shape) <= 480
    # Grey: the three channels are one.
    assert abs(seen - seen.mean(axis=2, keepdims=True)).max() <= 2
    # Blurred: neighbours hardly differ.
    assert abs(np.diff(seen, axis=0)).max() < 24
    original = pixels(picture)
    assert abs(original - original.mean(axis=2, keepdims=True)).max() > 30
    middle = len(picture) // 2
    assert picture[middle : middle + 8] not in answer.content


def test_nothing_of_the_uploaders_file_reaches_a_browser(
    bobs_browser: Client, plaza: HostDouble, show: Any
) -> None:
    """Revealed or not: no comment, no camera, no place."""
    exif = Image.Exif()
    exif[0x010E] = "Alice at home"
    file = io.BytesIO()
    scene(7).save(file, "JPEG", exif=exif, comment=b"<script>alert(1)</script>")
    item = show("tagged", file.getvalue())
    receipt = alice_reports(item.url)
    run_jobs()
    case = case_of(receipt)
    bobs_browser.post(f"/desk/rows/{rows_of(case)[0].pk}/reveal/")

    revealed = look(bobs_browser, case).content

    assert b"Alice at home" in file.getvalue()
    assert b"Alice at home" not in revealed
    assert b"<script>" not in revealed


def test_a_look_is_on_record(bobs_browser: Client, case: Case, bob: User) -> None:
    """Who, at what; and for this session only."""
    (row,) = rows_of(case)
    veiled = look(bobs_browser, case).content
    assert not Entry.objects.filter(action="picture.revealed").exists()

    answer = bobs_browser.post(f"/desk/rows/{row.pk}/reveal/")

    assert answer.headers["Location"] == f"/desk/cases/{case.pk}/#row-{row.pk}"
    line = Entry.objects.get(action="picture.revealed")
    assert line.actor == f"user:{bob.pk}"
    assert line.subject == f"caseitem:{row.pk}"
    seen = pixels(look(bobs_browser, case).content)
    assert abs(seen - seen.mean(axis=2, keepdims=True)).max() > 30
    another_session = Client()
    another_session.force_login(bob)
    assert look(another_session, case).content == veiled


def test_opening_the_page_reveals_nothing(bobs_browser: Client, case: Case) -> None:
    """A GET of the reveal address is refused: no image tag can trigger it."""
    (row,) = rows_of(case)

    assert bobs_browser.get(f"/desk/rows/{row.pk}/reveal/").status_code == 405
    assert not Entry.objects.filter(action="picture.revealed").exists()


@pytest.mark.parametrize("trouble", ["down", "gone", *sorted(UNREADABLE)])
def test_a_picture_that_cannot_be_shown_is_a_404(
    bobs_browser: Client, case: Case, plaza: HostDouble, trouble: str
) -> None:
    """The page around it works all the same."""
    if trouble == "down":
        plaza.is_down = True
    elif trouble == "gone":
        del plaza.files["alices"]
    else:
        plaza.files["alices"] = UNREADABLE[trouble]

    assert look(bobs_browser, case).status_code == 404
    assert bobs_browser.get(f"/desk/cases/{case.pk}/").status_code == 200


def test_an_appeal_is_answered(
    bobs_browser: Client, waiting: Appeal, dora: User, removed_case: Case
) -> None:
    """Not by Bob, who removed it, but by Dora."""
    path = f"/desk/appeals/{waiting.pk}/"
    page = text(bobs_browser.get(f"/desk/cases/{removed_case.pk}/"))
    assert "It is mine." in page
    bobs_browser.post(path, {"outcome": "refused", "reason": REASON})
    waiting.refresh_from_db()
    assert waiting.outcome == ""

    doras_browser = Client()
    doras_browser.force_login(dora)
    for form in ({"outcome": "", "reason": REASON}, {"outcome": "granted", "reason": ""}, {}):
        doras_browser.post(path, form)
        waiting.refresh_from_db()
        assert waiting.outcome == ""
    doras_browser.post(path, {"outcome": "refused", "reason": REASON})

    waiting.refresh_from_db()
    assert (waiting.outcome, waiting.decided_by) == ("refused", dora)


def test_appeals_stand_in_the_queue(bobs_browser: Client, waiting: Appeal) -> None:
    """Until they are answered."""
    assert re.search(r"/desk/cases/\d+/#appeals", text(bobs_browser.get("/desk/")))


def test_somebody_who_left_loses_access_at_once(
    bobs_browser: Client, case: Case, bob: User
) -> None:
    """In the middle of a session."""
    assert bobs_browser.get("/desk/").status_code == 200
    bob.is_active = False
    bob.save()

    assert bobs_browser.get("/desk/").headers["Location"] == "/sign-in/"
    assert decide(bobs_browser, case).headers["Location"] == "/sign-in/"
    assert not Decision.objects.exists()


def test_an_account_that_is_no_moderators_sees_nothing(case: Case, bob: User) -> None:
    """A role decides, not a session."""
    User.objects.update(role="somebody")
    browser = Client()
    browser.force_login(User.objects.get())

    assert browser.get("/desk/").headers["Location"] == "/sign-in/"


def test_signing_out_ends_it(bobs_browser: Client) -> None:
    """By a form, not by a link."""
    assert bobs_browser.get("/sign-out/").status_code == 405
    assert bobs_browser.get("/desk/").status_code == 200

    bobs_browser.post("/sign-out/")

    assert bobs_browser.get("/desk/").status_code == 302
