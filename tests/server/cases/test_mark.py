"""Marks for the moderator: they say "look twice", and change nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from server.pictures import jpeg, mirrored, recompressed, scene
from server.story import ALICES_ADDRESS, alice_reports, bob_decides, case_of, rows_of, run_jobs
from server.web.pages import text
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.cases.fairness import FairnessError, Marks, fairness, read
from staydown_server.cases.mark import mark
from staydown_server.cases.models import Case, Decision, Mark
from staydown_server.catalogue.models import Item
from staydown_server.notices.receive import Receipt

pytestmark = pytest.mark.django_db

KEEP = Decision.Outcome.KEEP


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of a kind are many."""
    from dataclasses import replace

    from staydown_server.cases import mark as module

    marks = Marks(
        unrelated_uploaders=3,
        old_days=1095,
        popular_uploaders=3,
        many_notices=3,
        many_notices_hours=24,
    )
    changed = replace(fairness(), marks=marks)
    monkeypatch.setattr(module, "fairness", lambda: changed)


def marks_of(receipt: Receipt) -> dict[str, int]:
    return dict(case_of(receipt).mark_set.values_list("kind", "count"))


def reported(*items: Item, **changes: Any) -> Receipt:
    receipt = alice_reports(" ".join(item.url for item in items), **changes)
    run_jobs()
    return receipt


def test_an_ordinary_notice_has_no_mark(receipt: Receipt, bobs_browser: Client) -> None:
    """Nor is anybody made to look twice."""
    assert marks_of(receipt) == {}
    assert "Look twice" not in text(bobs_browser.get("/desk/"))


def test_unrelated_uploaders_are_marked(low: None, show: Any) -> None:
    """Different things of three people; the clock and the rows are as without the mark."""
    items = [show(str(n), jpeg(scene(n)), uploader=f"u{n}") for n in range(3)]

    receipt = reported(*items)

    assert marks_of(receipt) == {Mark.Kind.UNRELATED: 3}
    case = case_of(receipt)
    assert case.deadline - receipt.notice.received_at == timedelta(hours=48)
    assert len(rows_of(case)) == 3


@pytest.mark.parametrize("uploaders", [("a", "a", "a"), ("a", "b", "b"), ("", "", "")])
def test_the_same_uploader_is_one(low: None, show: Any, uploaders: tuple[str, ...]) -> None:
    """Many pictures by one stalker are what the form is for."""
    items = [show(str(n), jpeg(scene(n)), uploader=name) for n, name in enumerate(uploaders)]

    assert marks_of(reported(*items)) == {}


def test_copies_by_many_are_related(low: None, show: Any, picture: bytes) -> None:
    """The same picture spread by three: reported together, they show one thing."""
    files = (picture, recompressed(picture), mirrored(picture))
    items = [show(str(n), file, uploader=f"u{n}") for n, file in enumerate(files)]

    assert Mark.Kind.UNRELATED not in marks_of(reported(*items))


def test_old_items_are_marked(low: None, alices_item: Item) -> None:
    """Registered over three years before the notice; a day less is not."""
    Item.objects.update(registered_at=timezone.now() - timedelta(days=1094))
    assert marks_of(reported(alices_item)) == {}

    Item.objects.update(registered_at=timezone.now() - timedelta(days=1096))
    assert marks_of(reported(alices_item)) == {Mark.Kind.OLD: 1}


def test_popular_pictures_are_marked(low: None, alices_item: Item, show: Any) -> None:
    """Copies by three uploaders, whose number is said; not three copies by one."""
    for number in range(3):
        show(f"copy-{number}", jpeg(scene(1), quality=40 + number), uploader="one")
    receipt = reported(alices_item)
    assert marks_of(receipt) == {}

    other = show("other", jpeg(scene(5)))
    for number in range(3):
        show(f"spread-{number}", jpeg(scene(5), quality=40 + number), uploader=f"u{number}")
    assert marks_of(reported(other)) == {Mark.Kind.POPULAR: 3}


def test_what_was_refused_before_is_marked(
    low: None, alices_item: Item, picture: bytes, bob: User
) -> None:
    """By item, or by the same file's fingerprint, and only while the refusal stands."""
    from server.pictures import fingerprint

    told = (fingerprint(picture).to_dict(),)
    first = reported(alices_item, fingerprints=told)
    assert marks_of(first) == {}
    bob_decides(case_of(first), bob, KEEP)
    mark(case_id=case_of(first).pk)
    assert marks_of(first) == {}, "its own refusal is none before"

    again = reported(alices_item)
    assert marks_of(again) == {Mark.Kind.REFUSED_BEFORE: 1}
    by_file = reported(fingerprints=told)
    assert marks_of(by_file)[Mark.Kind.REFUSED_BEFORE] >= 1

    Decision.objects.update(superseded_at=timezone.now() + timedelta(days=1))
    mark(case_id=case_of(again).pk)
    assert marks_of(again) == {}


def test_many_notices_with_one_contact_are_marked(low: None, show: Any) -> None:
    """However the address is typed; the first ones are not marked for what came later."""
    ways = (ALICES_ADDRESS, f"  {ALICES_ADDRESS.upper()} ", f"write to <{ALICES_ADDRESS}>, please")
    sent = [
        reported(show(str(n), jpeg(scene(n))), contact=contact) for n, contact in enumerate(ways)
    ]
    other = reported(show("x", jpeg(scene(9))), contact="+44 20 7946 0000")

    assert [marks_of(each) for each in sent] == [{}, {}, {Mark.Kind.MANY_NOTICES: 3}]
    assert marks_of(other) == {}


def test_the_desk_says_it_in_plain_words(
    low: None, show: Any, bobs_browser: Client, bob: User
) -> None:
    """In the queue a small mark, in the case a sentence; the case is decided like any other."""
    items = [show(str(n), jpeg(scene(n)), uploader=f"u{n}") for n in range(3)]
    case = case_of(reported(*items))

    assert "Look twice" in text(bobs_browser.get("/desk/"))
    page = text(bobs_browser.get(f"/desk/cases/{case.pk}/"))
    assert "points at things of 3 uploaders or more" in page
    french = text(bobs_browser.get(f"/desk/cases/{case.pk}/", headers={"accept-language": "fr"}))
    assert "Regardez-y à deux fois" in french

    bob_decides(case, bob)
    case.refresh_from_db()
    assert case.closed_at is not None
    assert audit.verify().is_whole


def test_marking_twice_is_marking_once(low: None, alices_item: Item) -> None:
    Item.objects.update(registered_at=timezone.now() - timedelta(days=2000))
    receipt = reported(alices_item)

    mark(case_id=case_of(receipt).pk)

    assert Mark.objects.count() == 1
    assert Case.objects.get().mark_set.get().kind == Mark.Kind.OLD


@pytest.mark.parametrize(
    ("change", "says"),
    [(("= 5", "= 0"), "1 or more"), (("old_days", "odd_days"), "odd_days"), (("]", ""), "read")],
)
def test_numbers_that_cannot_be_used_say_why(change: tuple[str, str], says: str) -> None:
    """When the server starts."""
    from importlib import resources

    shipped = resources.files("staydown_server.cases").joinpath("fairness.toml").read_text("utf-8")
    assert read(shipped) == fairness()
    with pytest.raises(FairnessError, match=says):
        read(shipped.replace(*change))
