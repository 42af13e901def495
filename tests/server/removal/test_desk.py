"""What the desk learns of hosts that do not obey, or cannot undo."""

from typing import Any

import pytest
from django.test import Client

from server.removal.fakes.base import plugged_in
from server.removal.fakes.discourse import FakeDiscourse
from server.removal.fakes.telegram import FakeTelegram
from server.story import REASON, alice_reports, case_of, pauses_pass, rows_of, run_jobs
from staydown_server.accounts.models import User
from staydown_server.cases.models import Case
from staydown_server.removal.models import Removal
from staydown_server.review.decide import restore

pytestmark = pytest.mark.django_db
STUCK, FOR_GOOD, BACK = "Removals that need somebody", "removing it is for good", "it came back"


def page(browser: Client, case: Case) -> str:
    return browser.get(f"/desk/cases/{case.pk}/").content.decode()


def queue(browser: Client) -> str:
    return browser.get("/desk/").content.decode()


def test_a_removal_for_good_is_called_so_before_anybody_decides(
    telegram: FakeTelegram, on_show: Any, bobs_browser: Client
) -> None:
    """So that whoever decides knows it."""
    plugged_in(telegram)
    receipt = alice_reports(on_show(telegram).url)
    run_jobs()

    assert FOR_GOOD in page(bobs_browser, case_of(receipt))


def test_one_that_can_be_undone_is_not(case: Case, bobs_browser: Client) -> None:
    """As at Plaza."""
    assert FOR_GOOD not in page(bobs_browser, case)


def test_a_refusal_is_shown_until_it_ends(
    forums_case: Case, forum: FakeDiscourse, bobs_browser: Client
) -> None:
    """In the queue, though the case is closed, and in the case, in words."""
    forum.is_staff = False
    run_jobs()
    assert STUCK in queue(bobs_browser)
    assert "our token may not do this at the host" in page(bobs_browser, forums_case)

    forum.is_staff = True
    pauses_pass()
    run_jobs()

    assert STUCK not in queue(bobs_browser)
    assert "our token" not in page(bobs_browser, forums_case)


def test_what_came_back_is_shown(
    forums_case: Case, forum: FakeDiscourse, bob: User, bobs_browser: Client
) -> None:
    """In the queue while it is back; in its case for good."""
    run_jobs()
    assert BACK not in page(bobs_browser, forums_case)
    Removal.objects.update(came_back=1, state=Removal.State.ORDERED)
    assert STUCK in queue(bobs_browser)
    pauses_pass()
    Removal.objects.update(state=Removal.State.VERIFIED)

    assert STUCK not in queue(bobs_browser)
    assert BACK in page(bobs_browser, forums_case)
    restore(rows_of(forums_case)[0], reason=REASON, by=bob)
    run_jobs()
    assert STUCK not in queue(bobs_browser)
