"""The status page: opened by a code, by nothing else."""

from typing import Any

import pytest
from django.test import Client

from server.host_double import HostDouble
from server.story import ALICE, REASON, bob_decides, run_jobs
from server.web.pages import text, without_token
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item
from staydown_server.notices.receive import Receipt

pytestmark = pytest.mark.django_db


def test_the_code_opens_the_page(alices_browser: Client, case: Case) -> None:
    """With the case, its deadline and each picture."""
    page = text(alices_browser.get("/status/"))

    assert case.number in page
    assert 'data-state="waiting"' in page


def test_wrong_and_unknown_codes_look_the_same(receipt: Receipt) -> None:
    """To the byte, but for the form's token."""
    almost = receipt.code[:-1] + ("A" if receipt.code[-1] != "A" else "B")
    answers = [
        Client().post("/status/", {"code": typed})
        for typed in (almost, "AAAA-AAAA-AAAA-AAAA", "", "x" * 10_000, "\x00", "é")
    ]
    answers.append(Client().post("/status/", {}))

    assert {answer.status_code for answer in answers} == {404}
    assert len({without_token(answer) for answer in answers}) == 1
    assert all("staydown_receipt" not in answer.cookies for answer in answers)


def test_without_the_code_nothing_is_shown(receipt: Receipt, charlie: Client) -> None:
    """The code is asked for; the receipt page sends there."""
    assert 'name="code"' in text(charlie.get("/status/"))
    assert charlie.get("/report/received/").headers["Location"] == "/status/"


def test_the_code_is_not_in_the_cookie(receipt: Receipt, charlie: Client) -> None:
    """It is sealed; and no script or other site gets to see the cookie."""
    answer = charlie.post("/status/", {"code": receipt.code})
    cookie = answer.cookies["staydown_receipt"]

    assert receipt.code not in cookie.value
    assert receipt.code.replace("-", "") not in cookie.value
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert int(cookie["max-age"]) <= 3600
    assert receipt.code not in answer.headers["Location"]


@pytest.mark.parametrize("forged", ["x", "AAAA-AAAA-AAAA-AAAA", "AQ==", '"x"', ""])
def test_a_forged_cookie_opens_nothing(receipt: Receipt, charlie: Client, forged: str) -> None:
    """Only what we sealed."""
    charlie.cookies["staydown_receipt"] = forged
    assert 'name="code"' in text(charlie.get("/status/"))

    charlie.cookies["staydown_receipt"] = receipt.code
    assert 'name="code"' in text(charlie.get("/status/"))


def test_the_page_can_be_closed_on_this_device(alices_browser: Client) -> None:
    """Whoever has the device next has to type the code."""
    assert alices_browser.post("/status/leave/").status_code == 302

    assert 'name="code"' in text(alices_browser.get("/status/"))


def test_alice_sees_what_became_of_it(
    alices_browser: Client, case: Case, bob: User, alices_item: Item
) -> None:
    """Removed, with the reason; never who decided."""
    bob_decides(case, bob)
    run_jobs()

    page = text(alices_browser.get("/status/"))
    assert 'data-state="removed"' in page
    assert REASON in page
    assert bob.email not in page
    assert ALICE not in page


def test_taking_it_back_needs_a_tick(
    alices_browser: Client, removed_case: Case, plaza: HostDouble
) -> None:
    """Then everything is put back."""
    alices_browser.post("/status/withdraw/")
    removed_case.notice.refresh_from_db()
    assert removed_case.notice.withdrawn_at is None

    alices_browser.post("/status/withdraw/", {"sure": "yes"})
    run_jobs()

    removed_case.notice.refresh_from_db()
    assert removed_case.notice.withdrawn_at is not None
    assert plaza.removed == set()
    assert 'action="/status/withdraw/"' not in text(alices_browser.get("/status/"))


def test_charlie_takes_nothing_back(removed_case: Case, charlie: Client) -> None:
    """Without the code there is nothing to take back."""
    assert charlie.post("/status/withdraw/", {"sure": "yes"}).status_code == 302

    removed_case.notice.refresh_from_db()
    assert removed_case.notice.withdrawn_at is None


def test_the_received_page_shows_the_code_again(charlie: Client, filled: dict[str, Any]) -> None:
    """While the browser remembers it."""
    page = text(charlie.post("/report/", filled, follow=True))
    code = page.partition("data-receipt>")[2].partition("<")[0]

    assert len(code) == 19
    assert code in text(charlie.get("/report/received/"))
