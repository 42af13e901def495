"""Our hash list: what was decided goes out; what was undone is taken back, with its reason."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from server.pictures import fingerprint, recompressed
from server.sharing.conftest import LIST, Reader
from server.story import (
    REASON,
    alice_reports,
    bob_decides,
    case_of,
    rows_of,
    run_jobs,
    somebody,
)
from staydown.exchange.hash_list import Provenance, SigningKey, UntrustedKey
from staydown_server.accounts.models import Role, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate.models import KeepDown
from staydown_server.review.decide import restore
from staydown_server.review.withdraw import withdraw
from staydown_server.sharing import audiences, choose
from staydown_server.sharing.models import Audience, Choice, Line
from staydown_server.sharing.publish import publish, retract, sign_daily

pytestmark = pytest.mark.django_db


def test_a_keep_down_is_published(reader: Reader, removed_case: Case, picture: bytes) -> None:
    """With the exact and the global layer, who stands behind it, and for how long."""
    (line,) = reader.entries().values()

    shown = fingerprint(picture)
    assert line.entry is not None
    prints = line.entry.prints
    assert (prints.sha256, prints.md5, prints.pdq) == (shown.sha256, shown.md5, shown.pdq)
    assert line.entry.provenance == Provenance("reviewed", LIST)
    assert line.entry.confidence == 80
    assert line.entry.expires_at is not None
    assert line.entry.expires_at - timezone.now() > timedelta(days=700)


def test_nothing_else_leaves(reader: Reader, removed_case: Case) -> None:
    """No case, no item, no address, no reason: not even the number of the keep-down."""
    reader.entries()

    (row,) = Line.objects.all()
    for secret in (removed_case.number, "plaza", "mallory", REASON, "Alice", "http"):
        assert secret not in row.text
    assert set(reader.lines[0].entry.to_dict()) == {  # type: ignore[union-attr]
        *("fingerprint", "harm", "provenance", "confidence", "nonce", "expires_at")
    }


def test_before_a_decision_nothing_is_shared(reader: Reader, case: Case) -> None:
    """A notice alone tells partners nothing."""
    assert reader.entries() == {}


def test_what_stays_online_is_not_shared(reader: Reader, case: Case, bob: User) -> None:
    """Nor what a person decided to leave."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    run_jobs()

    assert reader.entries() == {}


def test_a_restored_picture_is_taken_back(reader: Reader, removed_case: Case, bob: User) -> None:
    """Under the same name; and a late follower learns nothing of what it was."""
    (name,) = reader.entries()
    restore(rows_of(removed_case)[0], reason=REASON, by=bob)
    run_jobs()

    assert reader.entries() == {}
    assert (reader.lines[-1].id, reader.lines[-1].reason) == (name, "overturned")
    late = Reader(reader.key, reader.state.__class__(LIST, reader.state.root))
    assert late.entries() == {}
    assert [line.entry for line in late.lines] == [None, None]


def test_what_the_person_takes_back_says_so(reader: Reader, removed_case: Case) -> None:
    """It was their right: nobody here was mistaken."""
    assert reader.entries()
    withdraw(removed_case.notice)
    run_jobs()

    assert reader.entries() == {}
    assert reader.lines[-1].reason == "withdrawn"


def test_what_was_lifted_before_it_was_published_never_is(
    reader: Reader, case: Case, bob: User
) -> None:
    """Bob changed his mind within the second."""
    bob_decides(case, bob)
    restore(rows_of(case)[0], reason=REASON, by=bob)

    run_jobs()

    reader.entries()
    assert reader.lines == []


def test_publishing_twice_is_publishing(audience: Audience, removed_case: Case, bob: User) -> None:
    """Killed just after it, the job comes again; so does the retraction's."""
    keep = KeepDown.objects.get()
    publish(keep_down_id=keep.pk)
    assert Line.objects.count() == 1
    restore(rows_of(removed_case)[0], reason=REASON, by=bob)
    run_jobs()

    retract(keep_down_id=keep.pk)
    publish(keep_down_id=keep.pk)

    ops = Line.objects.order_by("sequence").values_list("op", flat=True)
    assert list(ops) == ["add", "retract"]
    assert Entry.objects.filter(action="hash_list.published").count() == 1
    assert Entry.objects.filter(action="hash_list.retracted").count() == 1


def test_a_follower_goes_on_where_it_stopped(
    reader: Reader, alices_item: Item, show: Any, picture: bytes, bob: User
) -> None:
    """Over pages, each line once, however long it was away."""
    Audience.objects.update(page_lines=2)
    for number in range(4):
        show(f"copy{number}", recompressed(picture))
    receipt = alice_reports(alices_item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    run_jobs()
    assert len(reader.entries()) == 5

    restore(rows_of(case_of(receipt))[1], reason=REASON, by=bob)
    run_jobs()

    assert len(reader.entries()) == 4
    assert [line.sequence for line in reader.lines] == [1, 2, 3, 4, 5, 6]


def test_a_new_list_begins_with_what_is_kept_down(removed_case: Case, root: SigningKey) -> None:
    """It was decided before anybody followed."""
    audiences.begin("late.example", root=root)
    run_jobs()

    assert [line.op for line in Line.objects.all()] == ["add"]


def test_each_audience_has_its_own_list(
    reader: Reader, removed_case: Case, root: SigningKey, bob: User
) -> None:
    """One wants only what two people stand behind: it hears when a second one does."""
    strict = audiences.begin("strict.example", root=root, hows=("reviewed-by-two",))
    run_jobs()
    (before,) = reader.entries().values()
    assert not Line.objects.filter(audience=strict).exists()

    choose.confirm(KeepDown.objects.get(), by=somebody("dora@desk.example", Role.SENIOR))
    run_jobs()

    (after,) = reader.entries().values()
    assert (before.id, after.op) == (after.id, "change")
    assert after.entry is not None
    assert (after.entry.provenance.how, after.entry.confidence) == ("reviewed-by-two", 95)
    (line,) = Line.objects.filter(audience=strict)
    assert line.op == "add"
    assert line.entry != after.id, "names on two lists do not tell that it is one thing"


def test_nobody_is_the_second_person_to_themselves(reader: Reader, case: Case, db: None) -> None:
    """Sam decided; Sam's own agreement adds nothing."""
    sam = somebody("sam@desk.example", Role.SENIOR)
    bob_decides(case, sam)
    run_jobs()

    with pytest.raises(choose.SamePerson):
        choose.confirm(KeepDown.objects.get(), by=sam)

    (line,) = reader.entries().values()
    assert line.entry is not None
    assert line.entry.provenance.how == "reviewed"


def test_one_decision_can_be_kept_to_ourselves(
    reader: Reader, removed_case: Case, bob: User
) -> None:
    """And shared again, under a new name."""
    keep = KeepDown.objects.get()
    (name,) = reader.entries()

    choose.share(keep, False, by=bob)
    run_jobs()
    assert reader.entries() == {}
    assert reader.lines[-1].reason == "mistaken"

    choose.share(keep, True, by=bob)
    run_jobs()
    assert set(reader.entries()) not in ({name}, set())


def test_what_is_about_to_end_is_renewed(reader: Reader, removed_case: Case) -> None:
    """As long as it is kept down; and each list is signed again every day."""
    (line,) = reader.entries().values()
    assert line.entry is not None
    soon = timezone.now() + timedelta(days=30)
    old = line.entry.__class__(**{**_fields(line.entry), "expires_at": soon.replace(microsecond=0)})
    keep, audience = KeepDown.objects.get(), Audience.objects.get()
    from staydown.exchange.hash_list import Change

    with transaction.atomic():
        audiences.write(audience.pk, [(Change.change(line.id, old), keep)])
    number = Audience.objects.get().number

    sign_daily()
    run_jobs()

    (renewed,) = reader.entries().values()
    assert renewed.entry is not None
    assert renewed.entry.expires_at is not None
    assert renewed.entry.expires_at > soon + timedelta(days=600)
    assert Audience.objects.get().number == number + 2


def _fields(entry: Any) -> dict[str, Any]:
    names = ("prints", "harm", "provenance", "confidence", "expires_at", "nonce")
    return {name: getattr(entry, name) for name in names}


def test_after_a_theft_the_list_begins_anew(
    reader: Reader, removed_case: Case, root: SigningKey
) -> None:
    """What the thief signs is refused; what we stand behind comes again."""
    (name,) = reader.entries()
    stolen = Audience.objects.get().signer

    audiences.rotate(LIST, root=root, begin_anew=True)

    (step,) = reader.follow()
    assert step.begins_anew
    assert set(reader.entries()) == {name}
    audience = Audience.objects.get()
    forged = audience.tally.head(
        LIST, number=99, keys=2, generation=2, now=timezone.now().replace(microsecond=0)
    )
    served = {"head.json": forged.sign(stolen)}
    with pytest.raises(UntrustedKey):
        reader.follow(fetch=lambda path, most: served.get(path) or reader.fetch(path, most))


def test_only_the_root_changes_keys(audience: Audience) -> None:
    """Not any other."""
    with pytest.raises(audiences.AudienceError, match="root key"):
        audiences.rotate(LIST, root=SigningKey.new())


def test_no_signing_key_lies_open(audience: Audience, settings: Any) -> None:
    """A stolen database signs nothing."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT signing_key FROM sharing_audience")
        (stored,) = cursor.fetchone()
    assert audience.signer.to_text().encode() not in bytes(stored)


def test_the_tables_want_each_line_once(reader: Reader, removed_case: Case) -> None:
    """Each number, each addition."""
    (line,) = Line.objects.all()
    for change in ({"entry": "f" * 32}, {"sequence": 2}):
        copy = Line.objects.get(pk=line.pk)
        copy.pk = None
        for name, value in change.items():
            setattr(copy, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save()


def test_a_choice_is_on_record(audience: Audience, removed_case: Case, bob: User) -> None:
    """Who, and what."""
    choose.share(KeepDown.objects.get(), False, by=bob)

    line = Entry.objects.get(action="sharing.chosen")
    assert (line.actor, line.facts["shares"]) == (str(bob), False)
    assert Choice.objects.get().shares is False
