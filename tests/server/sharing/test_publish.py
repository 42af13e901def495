"""The hash list: what was decided goes out; what was undone is taken back."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from server.pictures import fingerprint, recompressed
from server.story import REASON, alice_reports, bob_decides, case_of, rows_of, run_jobs
from staydown_server.accounts.models import User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate.models import KeepDown
from staydown_server.review.decide import restore
from staydown_server.sharing.models import Line
from staydown_server.sharing.publish import lines_after, publish, retract

pytestmark = pytest.mark.django_db


def the_list() -> list[dict[str, Any]]:
    return list(lines_after(0, most=100))


def test_a_keep_down_is_published(removed_case: Case, picture: bytes) -> None:
    """With the exact and the global layer, and that a person reviewed it."""
    (line,) = the_list()

    shown = fingerprint(picture)
    assert line["op"] == "add"
    assert line["provenance"] == "reviewed"
    assert line["fingerprint"] == {
        "version": 1,
        "kind": "picture",
        "sha256": shown.sha256,
        "md5": shown.md5,
        "pdq": shown.pdq.hex() if shown.pdq else None,
        "quality": shown.quality,
    }


def test_nothing_else_leaves(removed_case: Case) -> None:
    """No case, no item, no address, no size: not even the number of the keep-down."""
    (line,) = the_list()

    assert set(line) == {"sequence", "entry", "op", "at", "fingerprint", "provenance"}
    assert line["entry"] == str(Line.objects.get().entry)


def test_before_a_decision_nothing_is_shared(case: Case) -> None:
    """A notice alone tells partners nothing."""
    assert the_list() == []


def test_what_stays_online_is_not_shared(case: Case, bob: User) -> None:
    """Nor what a person decided to leave."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    run_jobs()

    assert the_list() == []


def test_a_retraction_travels_the_same_way(removed_case: Case, bob: User) -> None:
    """Under the same name; and the addition tells late followers nothing any more."""
    restore(rows_of(removed_case)[0], reason=REASON, by=bob)
    run_jobs()

    added, retracted = the_list()
    assert (added["op"], retracted["op"]) == ("add", "retract")
    assert added["entry"] == retracted["entry"]
    assert "fingerprint" not in added
    assert "fingerprint" not in retracted
    assert "provenance" not in added


def test_a_lifted_keep_down_is_silent_at_once(removed_case: Case, bob: User) -> None:
    """Even before the retraction's job has run."""
    restore(rows_of(removed_case)[0], reason=REASON, by=bob)

    (added,) = the_list()
    assert "fingerprint" not in added


def test_what_was_lifted_before_it_was_published_never_is(case: Case, bob: User) -> None:
    """Bob changed his mind within the second."""
    bob_decides(case, bob)
    restore(rows_of(case)[0], reason=REASON, by=bob)

    run_jobs()

    assert the_list() == []


def test_publishing_twice_is_publishing(removed_case: Case, bob: User) -> None:
    """Killed just after it, the job comes again; so does the retraction's."""
    keep = KeepDown.objects.get()
    publish(keep_down_id=keep.pk)
    assert len(the_list()) == 1
    restore(rows_of(removed_case)[0], reason=REASON, by=bob)
    run_jobs()

    retract(keep_down_id=keep.pk)
    publish(keep_down_id=keep.pk)

    assert [line["op"] for line in the_list()] == ["add", "retract"]
    assert Entry.objects.filter(action="hash_list.published").count() == 1
    assert Entry.objects.filter(action="hash_list.retracted").count() == 1


def test_a_follower_goes_on_where_it_stopped(
    alices_item: Item, show: Any, picture: bytes, bob: User
) -> None:
    """In portions, in order, each line once."""
    for number in range(4):
        show(f"copy{number}", recompressed(picture))
    receipt = alice_reports(alices_item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    run_jobs()

    followed: list[dict[str, Any]] = []
    while lines := list(lines_after(followed[-1]["sequence"] if followed else 0, most=2)):
        assert len(lines) <= 2
        followed += lines

    assert followed == the_list()
    assert len(followed) == 5
    sequences = [line["sequence"] for line in followed]
    assert sequences == sorted(set(sequences))
    assert list(lines_after(10**30, most=5)) == []


def test_the_table_wants_each_line_once(removed_case: Case) -> None:
    """Published once, retracted once."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Line.objects.create(keep_down=KeepDown.objects.get(), is_retraction=False)
