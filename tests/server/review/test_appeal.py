"""The uploader objects, and somebody else answers."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from server.host_double import HostDouble
from server.pictures import fingerprint, recompressed, with_region_replaced
from server.story import REASON, alice_reports, bob_decides, case_of, rows_of, run_jobs
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check
from staydown_server.removal.models import Removal
from staydown_server.review.appeal import (
    LONGEST_TEXT,
    AppealAnswered,
    AppealEmpty,
    AppealTooLong,
    AppealWaits,
    NotTheSamePerson,
    answer,
    appeal,
)
from staydown_server.review.decide import ReasonMissing, restore
from staydown_server.review.models import Appeal
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db

GRANTED, REFUSED = Appeal.Outcome.GRANTED, Appeal.Outcome.REFUSED


@pytest.fixture
def waiting(removed_case: Case) -> Appeal:
    """An appeal against Bob's removal."""
    return appeal(Removal.objects.get(), text="It shows me, and I agreed. Yours, Mallory M.")


def test_a_granted_appeal_puts_it_back(
    waiting: Appeal, dora: User, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """The item is shown again, and may be uploaded again."""
    answer(waiting, outcome=GRANTED, reason="It is their own picture.", by=dora)
    run_jobs()

    assert plaza.removed == set()
    assert not check(fingerprint(picture), host=host).blocks
    waiting.refresh_from_db()
    assert (waiting.outcome, waiting.decided_by) == ("granted", dora)


def test_a_refused_appeal_changes_nothing(waiting: Appeal, dora: User, plaza: HostDouble) -> None:
    """But says why."""
    answer(waiting, outcome=REFUSED, reason="Nothing shows that.", by=dora)
    run_jobs()

    assert plaza.removed == {"alices"}
    waiting.refresh_from_db()
    assert waiting.answer == "Nothing shows that."
    assert Removal.objects.get().state == Removal.State.VERIFIED


def test_a_granted_appeal_puts_it_back_whoever_had_it_removed(
    removed_case: Case, alices_item: Item, bob: User, dora: User, plaza: HostDouble
) -> None:
    """Two cases hold it down; the uploader was told that it is put back, and it is."""
    receipt = alice_reports(alices_item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    run_jobs()
    waiting = appeal(Removal.objects.get(), text="It is mine.")

    answer(waiting, outcome=GRANTED, reason="So it is.", by=dora)
    run_jobs()

    assert plaza.removed == set()
    standing = Decision.objects.filter(superseded_at=None).values_list("outcome", flat=True)
    assert set(standing) == {"restore"}


@pytest.mark.parametrize("alike", [False, True])
def test_a_granted_appeal_can_put_back_the_same_picture_of_others(
    alike: bool, alices_item: Item, picture: bytes, show: Any, host: Host, bob: User, dora: User,
    plaza: HostDouble,
) -> None:  # fmt: skip
    """Each of them is kept down for itself; what only resembles it stays removed."""
    show("copy", recompressed(picture), uploader="ulf")
    show("twin", with_region_replaced(picture), uploader="ulf")
    receipt = alice_reports(alices_item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    run_jobs()
    assert plaza.removed == {"alices", "copy", "twin"}
    waiting = appeal(Removal.objects.get(item=alices_item), text="It shows me, and I agreed.")

    answer(waiting, outcome=GRANTED, reason="So it is.", by=dora, alike=alike)
    run_jobs()

    assert plaza.removed == ({"twin"} if alike else {"copy", "twin"})
    assert check(fingerprint(picture), host=host).blocks is not alike


def test_whoever_removed_does_not_hear_the_appeal(waiting: Appeal, bob: User, dora: User) -> None:
    """While there is somebody else."""
    with pytest.raises(NotTheSamePerson):
        answer(waiting, outcome=REFUSED, reason=REASON, by=bob)

    dora.is_active = False
    dora.save()
    answer(waiting, outcome=REFUSED, reason=REASON, by=bob)


def test_an_answer_needs_a_reason(waiting: Appeal, dora: User) -> None:
    """And the table insists."""
    with pytest.raises(ReasonMissing):
        answer(waiting, outcome=GRANTED, reason=" ", by=dora)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.update(outcome="granted")
    assert Removal.objects.get().state == Removal.State.VERIFIED


def test_an_appeal_is_answered_once(waiting: Appeal, dora: User) -> None:
    """The second answer is refused, and changes nothing."""
    answer(waiting, outcome=REFUSED, reason=REASON, by=dora)

    with pytest.raises(AppealAnswered):
        answer(waiting, outcome=GRANTED, reason=REASON, by=dora)
    assert Removal.objects.get().state == Removal.State.VERIFIED


def test_one_appeal_waits_at_a_time(waiting: Appeal, dora: User) -> None:
    """After its answer another one may be sent."""
    with pytest.raises(AppealWaits):
        appeal(waiting.removal, text="Hurry up.")
    answer(waiting, outcome=REFUSED, reason=REASON, by=dora)

    assert appeal(waiting.removal, text="I have proof now.")


def test_an_appeal_says_something_and_not_too_much(removed_case: Case) -> None:
    """Neither empty nor endless."""
    removal = Removal.objects.get()
    with pytest.raises(AppealEmpty):
        appeal(removal, text=" \n")
    with pytest.raises(AppealTooLong):
        appeal(removal, text="x" * (LONGEST_TEXT + 1))
    assert not Appeal.objects.exists()


def test_there_is_nothing_to_object_to_after_a_restoration(removed_case: Case, bob: User) -> None:
    """It is back already."""
    restore(rows_of(removed_case)[0], reason=REASON, by=bob)

    with pytest.raises(AppealWaits):
        appeal(Removal.objects.get(), text="Give it back.")


def test_an_appeal_that_was_overtaken_can_still_be_granted(
    waiting: Appeal, dora: User, removed_case: Case
) -> None:
    """The person withdrew meanwhile: it is back, and the uploader was right."""
    withdraw(removed_case.notice)

    answer(waiting, outcome=GRANTED, reason=REASON, by=dora)

    waiting.refresh_from_db()
    assert waiting.outcome == "granted"


def test_what_the_uploader_writes_is_sealed(waiting: Appeal) -> None:
    """People write their names."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM review_appeal")
        raw = bytes(cursor.fetchone()[0])

    assert b"Mallory" not in raw
    assert "Mallory" in Appeal.objects.get().content["text"]
    assert "Mallory" not in repr(list(Entry.objects.values()))
