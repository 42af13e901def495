"""The desk's pages about partners: what they show, and what each button does."""

import re
from typing import Any

import pytest
from django.test import Client

from server.story import run_jobs, somebody
from server.web.pages import text
from staydown_server.accounts.models import Role, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case
from staydown_server.gate.models import KeepDown, Listed
from staydown_server.jobs.models import Job
from staydown_server.sharing.models import Choice, Line, Partner

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(db: None) -> Client:
    """An administrator's browser."""
    browser = Client()
    browser.force_login(somebody("ada@desk.example", Role.ADMINISTRATOR))
    return browser


def test_the_list_says_how_each_partner_is(busy_partner: Partner, bobs_browser: Client) -> None:
    """Health, lag, what stands and what waits; and our own list with its readers."""
    page = text(bobs_browser.get("/desk/partners/"))

    row = re.search(r"<tr>.*?friends\.example.*?</tr>", page, re.DOTALL)
    assert row
    for told in ("refused", "took much back", "0\xa0minutes", "<td>1</td>", "<td>4</td>"):
        assert told in row[0], told
    assert "forum.example" in page


def test_the_page_of_one_says_what_came_and_what_it_did(
    busy_partner: Partner, bobs_browser: Client
) -> None:
    """In words, in numbers and as a plot without script or style."""
    page = text(bobs_browser.get(f"/desk/partners/{busy_partner.pk}/"))

    assert "An older list is served again" in page
    assert "5 entries came" in page
    assert "1 upload stopped by them" in page
    assert len(re.findall(r'data-why="', page)) == 4
    assert len(re.findall(r"<rect", page)) == 60
    heights = re.findall(r'height="(\d+)"', page)
    assert heights.count("60") == 2, "today's bars are the highest"
    assert "Refuse all" not in page, "Bob is no second person"


def test_a_senior_lets_go_or_refuses_what_waits(busy_partner: Partner) -> None:
    """Each reason by itself, on record."""
    browser = Client()
    sam = somebody("sam@desk.example", Role.SENIOR)
    browser.force_login(sam)
    path = f"/desk/partners/{busy_partner.pk}/waiting/"

    browser.post(path, {"why": "burst", "outcome": "refuse"})
    browser.post(path, {"why": "popular", "outcome": "release"})

    states = dict(Listed.objects.exclude(key="a" * 32).values_list("key", "state"))
    assert [states[str(number) * 32] for number in range(4)] == [
        *("refused", "live", "waiting", "waiting")
    ]
    released = Entry.objects.get(action="list.released")
    assert (released.actor, released.facts["entries"]) == (str(sam), 1)


@pytest.mark.parametrize(
    "form", [{}, {"why": "burst"}, {"why": "released", "outcome": "refuse"}, {"outcome": "refuse"}]
)
def test_a_form_that_is_none_changes_nothing(
    busy_partner: Partner, ada: Client, form: dict[str, str]
) -> None:
    before = Entry.objects.count()

    answer = ada.post(f"/desk/partners/{busy_partner.pk}/waiting/", form)

    assert (answer.status_code, Entry.objects.count()) == (400, before)


def test_a_collapse_is_seen(busy_partner: Partner, ada: Client) -> None:
    """Somebody asked the partner."""
    assert 'id="collapse"' in text(ada.get(f"/desk/partners/{busy_partner.pk}/"))

    ada.post(f"/desk/partners/{busy_partner.pk}/collapse/")

    assert 'id="collapse"' not in text(ada.get(f"/desk/partners/{busy_partner.pk}/"))


def test_an_administrator_trusts_and_pauses(busy_partner: Partner, ada: Client) -> None:
    """What stands is weighed anew; a paused list is asked no more until it is followed again."""
    base = f"/desk/partners/{busy_partner.pk}"
    ada.post(f"{base}/trust/", {"trust": "watched"})
    assert ada.post(f"{base}/trust/", {"trust": "blindly"}).status_code == 400
    ada.post(f"{base}/pause/")
    run_jobs()

    busy_partner.refresh_from_db()
    assert (busy_partner.trust, busy_partner.paused_at is None) == ("watched", False)
    assert set(Listed.objects.values_list("answer", flat=True)) == {"leave"}

    ada.post(f"{base}/pause/")
    busy_partner.refresh_from_db()
    assert busy_partner.paused_at is None
    assert Job.objects.filter(name="sharing.follow", finished_at=None).exists()


def test_what_we_share_is_a_choice(
    busy_partner: Partner, bobs_browser: Client, removed_case: Case
) -> None:
    """For each decision; what partners say of it stands beside it."""
    run_jobs()
    keep = KeepDown.objects.get()
    page = text(bobs_browser.get("/desk/shared/"))
    assert "friends.example: wrong" in page
    assert "disputed" in page
    assert "I looked, and agree" not in page, "Bob decided it himself"

    bobs_browser.post(f"/desk/shared/{keep.pk}/", {"choice": "keep"})
    run_jobs()
    assert Line.objects.latest("pk").op == "retract"
    assert "not shared" in text(bobs_browser.get("/desk/shared/"))

    bobs_browser.post(f"/desk/shared/{keep.pk}/", {"choice": "stand-by"})
    bobs_browser.post(f"/desk/shared/{keep.pk}/", {"choice": "share"})
    run_jobs()
    assert Line.objects.latest("pk").op == "add"
    assert Choice.objects.get().is_disputed is False
    assert "friends.example" not in text(bobs_browser.get("/desk/shared/?disputed=1"))


def test_a_second_person_agrees(
    busy_partner: Partner, bobs_browser: Client, ada: Client, bob: User
) -> None:
    """One who counts as such: Bob does not, whatever he sends."""
    keep = KeepDown.objects.get()
    assert bobs_browser.post(f"/desk/shared/{keep.pk}/", {"choice": "confirm"}).status_code == 403
    assert "I looked, and agree" in text(ada.get("/desk/shared/"))

    ada.post(f"/desk/shared/{keep.pk}/", {"choice": "confirm"})

    assert "two persons" in text(ada.get("/desk/shared/"))


def test_a_partners_case_is_told_from_a_persons(
    busy_partner: Partner, bobs_browser: Client
) -> None:
    """There is nobody to write to."""
    from django.db import transaction

    from staydown_server.gate import listed

    with transaction.atomic():
        row = listed.hit(Listed.objects.get(key="a" * 32).pk)
    assert row is not None

    page: Any = text(bobs_browser.get(f"/desk/cases/{row.case_id}/"))

    assert "friends.example lists this" in page
    assert "Ask or tell the person" not in page
    assert "The notice, as it came" not in page
