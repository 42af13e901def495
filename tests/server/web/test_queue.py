"""Bob's queue and what he does with a case: order, filters, claims, keys' helpers, reasons."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from server.pictures import jpeg, scene
from server.story import REASON, alice_reports, case_of, rows_of, run_jobs, somebody
from server.web.pages import text
from staydown_server.accounts.models import Role, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Item
from staydown_server.web import case_page, queue
from staydown_server.web.reason_words import spoken, written

pytestmark = pytest.mark.django_db


def numbers_on(page: str) -> list[str]:
    return re.findall(r'data-open href="[^"]*">(SD-\d+)<', page)


def a_case(show: Any, seed: int, **changes: Any) -> Case:
    """Alice's notice about a picture of its own."""
    item = show(f"item-{seed}", jpeg(scene(seed)))
    receipt = alice_reports(item.url, contact=f"{seed}@mail.example", **changes)
    run_jobs()
    return case_of(receipt)


def test_a_child_goes_first_then_what_has_least_time(show: Any, bobs_browser: Client) -> None:
    """Whenever they came."""
    late, early = a_case(show, 1), a_case(show, 2)
    Case.objects.filter(pk=early.pk).update(deadline=timezone.now() + timedelta(hours=1))
    child = a_case(show, 3, about_minor=True)

    page = text(bobs_browser.get("/desk/"))

    assert numbers_on(page) == [child.number, early.number, late.number]
    assert page.count("Under 18") == 1


def test_the_same_pictures_stand_together(
    show: Any, alices_item: Item, bobs_browser: Client
) -> None:
    """One line, with the others beneath it."""
    one, other = _two_cases(alices_item)
    third = a_case(show, 5)

    page = text(bobs_browser.get("/desk/"))

    assert numbers_on(page) == [one.number, third.number]
    assert f">{other.number}</a>" in page
    assert other.number in text(bobs_browser.get(f"/desk/cases/{one.pk}/"))


def _two_cases(item: Item) -> tuple[Case, Case]:
    receipts = [alice_reports(item.url, contact=f"{name}@x.example") for name in "ab"]
    run_jobs()
    return case_of(receipts[0]), case_of(receipts[1])


def test_one_form_decides_the_same_in_both(alices_item: Item, bobs_browser: Client) -> None:
    one, other = _two_cases(alices_item)
    form = {"row": rows_of(one)[0].pk, "outcome": "remove", "reason": REASON, "alike": "yes"}

    bobs_browser.post(f"/desk/cases/{one.pk}/decide/", form)

    assert {d.case_item.case_id for d in Decision.objects.all()} == {one.pk, other.pk}


@pytest.mark.parametrize("name", sorted(queue.FILTERS))
def test_each_filter_shows_what_it_says(
    show: Any, bobs_browser: Client, bob: User, name: str
) -> None:
    """A case of the kind, and none of another."""
    plain, special = a_case(show, 1), a_case(show, 2)
    if name in ("free", "mine"):
        bobs_browser.post(f"/desk/cases/{special.pk}/take/")
    if name == "escalated":
        bobs_browser.post(f"/desk/cases/{special.pk}/senior/", {"note": "Help."})
    if name == "late":
        Case.objects.filter(pk=special.pk).update(deadline=timezone.now() - timedelta(hours=1))
    if name == "marked":
        special.mark_set.create(kind="old", count=1)

    found = numbers_on(text(bobs_browser.get("/desk/", {"show": name})))

    both = [plain.number, special.number]
    wanted = {"": both, "free": [plain.number], "deposits": []}.get(name, [special.number])
    assert found == wanted


def test_the_queue_has_pages(show: Any, bobs_browser: Client, monkeypatch: Any) -> None:
    """Each case on one of them; a page beyond the last is the last."""
    monkeypatch.setattr(queue, "_ON_A_PAGE", 2)
    cases = [a_case(show, seed) for seed in (1, 2, 3)]

    found = [
        numbers_on(text(bobs_browser.get("/desk/", {"page": n}))) for n in ("1", "2", "9", "x")
    ]

    first, last = [cases[0].number, cases[1].number], [cases[2].number]
    assert found == [first, last, last, first]


@pytest.mark.parametrize("spelling", ["{number}", " sd-{id} ", "{id}"])
def test_a_case_is_found_by_its_number(case: Case, bobs_browser: Client, spelling: str) -> None:
    typed = spelling.format(number=case.number, id=case.pk)

    answer = bobs_browser.get("/desk/", {"number": typed})

    assert answer.headers["Location"] == f"/desk/cases/{case.pk}/"
    for wrong in ("SD-999999", "x", "9" * 30, "²"):
        assert "no case with this number" in text(bobs_browser.get("/desk/", {"number": wrong}))


def test_a_case_is_taken_and_given_back(case: Case, bobs_browser: Client, dora: User) -> None:
    """Dora sees whose it is, and can take it over."""
    path = f"/desk/cases/{case.pk}/"
    doras_browser = Client()
    doras_browser.force_login(dora)
    bobs_browser.post(f"{path}take/")
    assert "bob@desk.example has it" in text(doras_browser.get(path))
    refused = doras_browser.post(
        f"{path}decide/", {"row": rows_of(case)[0].pk, "outcome": "remove", "reason": REASON}
    )
    assert (refused.status_code, "Take it over first" in text(refused)) == (422, True)
    doras_browser.post(f"{path}take/")
    assert "bob@desk.example has it" in text(doras_browser.get(path)), "not by accident"

    doras_browser.post(f"{path}take/", {"over": "yes"})

    assert "dora@desk.example has it" in text(bobs_browser.get(path))
    doras_browser.post(f"{path}give-back/")
    assert "Take this case" in text(bobs_browser.get(path))


def test_a_senior_confirms_what_hits_many(case: Case, bobs_browser: Client, settings: Any) -> None:
    """Bob sees that it waits; Sue confirms it."""
    settings.TWO_PERSONS_FROM = 1
    sues_browser = Client()
    sues_browser.force_login(somebody("sue@desk.example", Role.SENIOR))
    path = f"/desk/cases/{case.pk}/"
    assert "takes two persons" in text(bobs_browser.get(path))
    form = {"row": rows_of(case)[0].pk, "outcome": "remove", "reason": REASON}
    told = text(bobs_browser.post(f"{path}decide/", form, follow=True))
    assert "senior moderator has to confirm" in told
    assert numbers_on(text(sues_browser.get("/desk/?show=escalated"))) == [case.number]
    (confirm,) = re.findall(
        r'action="(/desk/proposals/\d+/confirm/)"', text(sues_browser.get(path))
    )
    assert bobs_browser.post(confirm).status_code == 403

    sues_browser.post(confirm)

    assert Decision.objects.get().outcome == "remove"


def test_a_held_look_shows_it_once_and_is_on_record(case: Case, bobs_browser: Client) -> None:
    """The next page is veiled again."""
    row = rows_of(case)[0]
    veiled = bobs_browser.get(f"/desk/rows/{row.pk}/picture/").content

    seen = bobs_browser.post(f"/desk/rows/{row.pk}/reveal/", {"hold": "yes"})

    assert seen.headers["Content-Type"] == "image/jpeg"
    assert seen.content != veiled
    assert bobs_browser.get(f"/desk/rows/{row.pk}/picture/").content == veiled
    assert Entry.objects.filter(action="picture.revealed").count() == 1


def test_after_many_looks_the_desk_suggests_a_break(case: Case, bobs_browser: Client) -> None:
    """Not after a few."""
    row = rows_of(case)[0]
    for looks in range(20):
        page = text(bobs_browser.get(f"/desk/cases/{case.pk}/"))
        assert ('id="break"' in page) is False, looks
        bobs_browser.post(f"/desk/rows/{row.pk}/reveal/", {"hold": "yes"})

    assert 'id="break"' in text(bobs_browser.get(f"/desk/cases/{case.pk}/"))


def test_a_case_with_many_rows_has_pages(
    show: Any, alices_item: Item, picture: bytes, bobs_browser: Client, monkeypatch: Any
) -> None:
    """And one tick for what is on the others."""
    monkeypatch.setattr(case_page, "_ON_A_PAGE", 2)
    for n in range(4):
        show(f"copy-{n}", picture)
    receipt = alice_reports(alices_item.url)
    run_jobs()
    case = case_of(receipt)
    path = f"/desk/cases/{case.pk}/"
    page = text(bobs_browser.get(path))
    assert page.count("data-row=") == 2
    assert "all 5 that are surely meant" in page

    form = {"row": rows_of(case)[0].pk, "everything": "yes", "outcome": "remove", "reason": REASON}
    bobs_browser.post(f"{path}decide/", form)

    assert Decision.objects.count() == 5


def test_what_was_decided_is_undone_by_a_button(
    case: Case, bobs_browser: Client, settings: Any
) -> None:
    settings.UNDO_SECONDS = 60
    path = f"/desk/cases/{case.pk}/"
    form = {"row": rows_of(case)[0].pk, "outcome": "remove", "reason": REASON}
    assert 'id="undo"' in text(bobs_browser.post(f"{path}decide/", form, follow=True))

    told = text(bobs_browser.post(f"{path}undo/", follow=True))

    assert "waits for a decision again" in told
    assert 'id="decide"' in told


def test_a_chosen_reason_is_read_in_the_readers_language(case: Case, bobs_browser: Client) -> None:
    """What Bob adds stays as he wrote it."""
    form = {
        "row": rows_of(case)[0].pk,
        "outcome": "not_valid",
        "template": "unclear",
        "reason": "Thank you.",
    }
    bobs_browser.post(f"/desk/cases/{case.pk}/decide/", form)
    decision = Decision.objects.get()
    assert (decision.outcome, decision.manner) == ("keep", "not_valid")

    french = text(bobs_browser.get(f"/desk/cases/{case.pk}/", headers={"Accept-Language": "fr"}))

    assert "We cannot tell which picture" not in french
    assert "Nous ne pouvons pas savoir" in french
    assert "Thank you." in french


def test_a_reason_that_was_not_chosen_stays_as_it_is() -> None:
    assert spoken("Something else.\n\nAnd more.") == "Something else.\n\nAnd more."
    assert written("no-such-key", " mine ") == "mine"
