"""What is past its time goes, notices first; the log stays whole, and what counts stays."""

from datetime import datetime, timedelta
from importlib import resources
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from server.pictures import cropped, fingerprint, jpeg, mirrored, recompressed, scene
from server.story import (
    ALICE,
    ALICES_ADDRESS,
    REASON,
    alice_reports,
    bob_decides,
    case_of,
    rows_of,
    run_jobs,
)
from server.web.pages import text
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.audit.agreement import disagreements
from staydown_server.cases import deposit
from staydown_server.cases.models import Case, Decision, Deposit, Sending
from staydown_server.cases.retention import RetentionError, read, retention
from staydown_server.catalogue import sweep as catalogue
from staydown_server.catalogue.live import LiveIndex
from staydown_server.catalogue.models import Change, Item, Shelf
from staydown_server.gate.check import check, judge
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import HeldUpload, KeepDown
from staydown_server.jobs.models import Job
from staydown_server.notices import letters, mail
from staydown_server.notices.models import Letter, Notice, Subscription
from staydown_server.notices.receive import Receipt, notice_of
from staydown_server.notices.report import Kind
from staydown_server.review import purge
from staydown_server.review.appeal import appeal
from staydown_server.review.contest import contest
from staydown_server.review.models import Appeal
from staydown_server.review.status import status_of
from staydown_server.review.upload import decide_upload
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db

#: Six months to appeal, and thirty days.
OVER = 184 + 30


@pytest.fixture
def days_pass(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``days_pass(n)``: it is n days later now."""

    def passed(days: float) -> datetime:
        then = timezone.now() + timedelta(days=days)
        monkeypatch.setattr(timezone, "now", lambda: then)
        return then

    return passed


def the_record_is_whole() -> bool:
    return audit.verify().is_whole and not list(disagreements())


def everything_stored() -> bytes:
    """Every text and blob of every table but the log's, as stored and, where sealed, opened."""
    with connection.cursor() as cursor:
        stored = b""
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  our own tables
            stored += repr(cursor.fetchall()).encode()
    opened = [*Notice.objects.all(), *Letter.objects.all(), *Appeal.objects.all()]
    return stored + repr([each.content for each in opened]).encode()


@pytest.fixture
def told(removed_case: Case, bob: User) -> Case:
    """A closed case of Alice's, with letters and a mail address."""
    letters.write(removed_case.notice, "My sister knows.", submission="s")
    letters.write(removed_case.notice, "We are on it.", submission="t", by=bob)
    mail.subscribe(removed_case.notice, ALICES_ADDRESS)
    return removed_case


def test_nothing_goes_before_its_time(told: Case, days_pass: Any) -> None:
    """Six months to contest, then thirty days."""
    days_pass(OVER - 0.1)

    assert purge.plan()["notices"] == 0
    purge.run()

    assert told.notice.content["signature"] == ALICE
    assert Notice.objects.get().purged_at is None


def test_what_a_person_told_us_goes(
    told: Case, receipt: Receipt, days_pass: Any, picture: bytes, bobs_browser: Client
) -> None:
    """Words, name, contact, addresses, letters; what was decided stays, and stays kept down."""
    now = days_pass(OVER + 0.1)
    assert purge.plan()["notices"] == 1

    assert purge.run()["notices"] == 1

    notice = Notice.objects.get()
    assert notice.purged_at == now
    assert not any(
        value for name, value in notice.content.items() if name not in ("kind", "language")
    )
    stored = everything_stored()
    for secret in (ALICE, ALICES_ADDRESS, "used to know", "My sister", "We are on it"):
        assert secret.encode() not in stored
    assert not Subscription.objects.exists()
    assert not Sending.objects.exists()
    assert Decision.objects.get().reason == REASON
    assert judge(fingerprint(recompressed(picture))).blocks
    assert the_record_is_whole()
    # Her code still opens a page, and the desk its case.
    assert notice_of(receipt.code) == notice
    assert status_of(notice).rows
    bobs_browser.force_login(User.objects.get())
    page = text(bobs_browser.get(f"/desk/cases/{told.pk}/"))
    assert "Erased" in page
    assert ALICE not in page
    assert purge.run()["notices"] == 0


def test_a_dry_run_says_how_much_and_does_nothing(told: Case, days_pass: Any) -> None:
    days_pass(OVER + 1)
    lines = audit.verify().lines

    planned = purge.plan()

    assert planned["notices"] == 1
    assert audit.verify().lines == lines
    assert {name: count for name, count in purge.run().items() if name == "notices"} == {
        "notices": planned["notices"]
    }


def test_an_open_case_stays_however_old(case: Case, days_pass: Any) -> None:
    days_pass(2000)
    purge.run()
    assert Notice.objects.get().purged_at is None


def test_a_legal_hold_keeps_everything(told: Case, days_pass: Any) -> None:
    """A court wants it; afterwards it goes."""
    Case.objects.update(legal_hold=True)
    days_pass(OVER + 1)
    purge.run()
    assert Notice.objects.get().purged_at is None

    Case.objects.update(legal_hold=False)
    purge.run()
    assert Notice.objects.get().purged_at is not None


def test_a_contest_that_waits_keeps_its_notice(case: Case, bob: User, days_pass: Any) -> None:
    """Whoever answers it must know what it is about."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    contest(case.notice, [Decision.objects.get().pk], text="It is me.")
    days_pass(OVER + 1)

    purge.run()

    assert Notice.objects.get().purged_at is None


def test_what_an_uploader_wrote_goes_with_the_case(
    removed_case: Case, dora: User, days_pass: Any
) -> None:
    from staydown_server.removal.models import Removal
    from staydown_server.review.appeal import answer

    taken = appeal(Removal.objects.get(), text="I am Mallory Mason.")
    answer(taken, outcome=Appeal.Outcome.REFUSED, reason="No.", by=dora)
    days_pass(OVER + 1)

    purge.run()

    assert b"Mallory Mason" not in everything_stored()
    assert the_record_is_whole()


def test_a_reopened_case_begins_anew(told: Case, show: Any, picture: bytes, days_pass: Any) -> None:
    """A copy came: the person may want to know."""
    from staydown_server.cases.sweep import sweep

    days_pass(OVER + 1)
    show("late", recompressed(picture))
    sweep(case_item_id=rows_of(told)[0].pk)

    purge.run()

    assert Notice.objects.get().purged_at is None


def test_the_fingerprint_of_a_file_that_is_not_kept_down_goes(
    host: Host, bob: User, picture: bytes, days_pass: Any
) -> None:
    """Only Alice has the file. One that is kept down is needed."""
    other = jpeg(scene(2))
    receipt = alice_reports(
        fingerprints=(fingerprint(picture).to_dict(), fingerprint(other).to_dict())
    )
    run_jobs()
    from staydown_server.review.decide import decide

    case = case_of(receipt)
    first, second = rows_of(case)
    decide(case, [first.pk], outcome=Decision.Outcome.REMOVE, reason=REASON, by=bob)
    decide(case, [second.pk], outcome=Decision.Outcome.KEEP, reason="Not it.", by=bob)
    run_jobs()
    days_pass(OVER + 1)

    purge.run()

    assert [bool(row.fingerprint) for row in rows_of(case)] == [True, False]
    assert judge(fingerprint(picture)).blocks
    assert the_record_is_whole()


@pytest.fixture
def deposited(host: Host, picture: bytes) -> Receipt:
    receipt = alice_reports(kind=Kind.DEPOSIT, fingerprints=(fingerprint(picture).to_dict(),))
    run_jobs()
    return receipt


def test_a_deposit_ends_and_then_goes(deposited: Receipt, picture: bytes, days_pass: Any) -> None:
    """After a year it is off the shelf; a month later its fingerprint is gone, then the notice."""
    days_pass(364)
    purge.run()
    assert deposit.waiting().exists()

    days_pass(1.1)
    assert purge.run()["expired deposits"] == 1
    assert deposit.live_index.search(fingerprint(picture))[0] == []
    assert Deposit.objects.get().fingerprint

    days_pass(30.1)
    assert purge.run()["fingerprints of ended deposits"] == 1
    made = Deposit.objects.get()
    assert (made.fingerprint, made.sha256, made.md5) == ("", "", "")
    assert Notice.objects.get().purged_at is None

    days_pass(OVER)
    assert purge.run()["notices"] == 1
    assert ALICES_ADDRESS.encode() not in everything_stored()
    assert the_record_is_whole()


def test_a_deposit_with_an_open_case_is_decided_first(
    deposited: Receipt, host: Host, picture: bytes, bob: User, days_pass: Any
) -> None:
    """It was hit in time."""
    check(fingerprint(picture), host=host, upload=Upload(reference="1"))
    days_pass(2000)

    purge.run()

    assert Deposit.objects.get().ended_at is None
    held = HeldUpload.objects.get()
    decide_upload(held, outcome=HeldUpload.Outcome.REFUSED, reason=REASON, by=bob)
    purge.run()
    assert Deposit.objects.get().ended_at is not None


def test_a_deposit_taken_back_goes(deposited: Receipt, days_pass: Any) -> None:
    withdraw(deposited.notice)
    days_pass(OVER + 1)

    purge.run()

    assert Notice.objects.get().purged_at is not None
    assert Deposit.objects.get().fingerprint == ""
    assert the_record_is_whole()


@pytest.fixture
def held(drawn_case: Case, host: Host, drawing: bytes) -> HeldUpload:
    content = cropped(drawing)
    upload = Upload(reference="up-1", uploader="mallory-7", read_file=lambda: content)
    check(fingerprint(content), host=host, upload=upload)
    return HeldUpload.objects.get()


def test_the_picture_of_an_upload_goes_but_it_stays_held(
    held: HeldUpload, host: Host, drawing: bytes, days_pass: Any, bob: User
) -> None:
    """Nobody decided: it is neither shown nor refused for good."""
    days_pass(91)

    assert purge.run()["pictures of held uploads"] == 1

    held.refresh_from_db()
    assert (held.preview, held.outcome) == (None, "")
    again = check(fingerprint(cropped(drawing)), host=host, upload=Upload(reference="up-1"))
    assert again.answer == "hold"
    decide_upload(held, outcome=HeldUpload.Outcome.REFUSED, reason=REASON, by=bob)
    assert the_record_is_whole()


def test_who_sent_a_decided_upload_goes(held: HeldUpload, bob: User, days_pass: Any) -> None:
    """Once the host was told and nobody can appeal any more."""
    decide_upload(held, outcome=HeldUpload.Outcome.REFUSED, reason=REASON, by=bob)
    run_jobs()
    days_pass(OVER + 1)
    HeldUpload.objects.update(told_turn=0)
    assert purge.run()["uploaders of held uploads"] == 0, "the host was not told yet"
    HeldUpload.objects.update(told_turn=1)

    assert purge.run()["uploaders of held uploads"] == 1

    assert HeldUpload.objects.get().uploader == ""
    assert the_record_is_whole()


def test_finished_jobs_and_old_sessions_go(
    told: Case, bobs_browser: Client, days_pass: Any
) -> None:
    """Waiting jobs and living sessions stay."""
    waiting = Job.objects.filter(finished_at=None).count()
    assert Job.objects.exclude(finished_at=None).exists()
    purge.run()
    assert Session.objects.exists()
    days_pass(8)

    purge.run()

    assert not Job.objects.exclude(finished_at=None).exists()
    assert Job.objects.filter(finished_at=None).count() == waiting
    assert not Session.objects.exists()


def test_what_registries_said_goes(db: Any, days_pass: Any) -> None:
    """When no letter rests on it any longer."""
    from staydown_server.providers.models import Answer

    Answer.objects.create(step="dns", asked="a.example A", answer={}, source="", at=timezone.now())

    days_pass(729)
    assert purge.run()["answers of name servers and registries"] == 0
    days_pass(2)
    assert purge.run()["answers of name servers and registries"] == 1


def test_changes_go_but_no_process_misses_any(show: Any, picture: bytes, days_pass: Any) -> None:
    """One that slept meanwhile reads the database anew."""
    item = show("1", picture)
    index = catalogue.live_index
    asleep = LiveIndex(Shelf.CATALOGUE, lambda: Item.objects.filter(gone_at=None))
    for each in (index, asleep):
        assert [match.id for match in each.search(fingerprint(picture))[0]] == [str(item.pk)]
    show("2", jpeg(scene(2)))
    late = show("3", recompressed(jpeg(scene(3))))
    show("4", jpeg(scene(4)))
    assert index.search(fingerprint(mirrored(jpeg(scene(3)))))[0]
    Change.objects.update(at=timezone.now())
    days_pass(7.1)

    assert purge.run()["changes of the indexes"] == 3

    assert Change.objects.count() == 1
    for each in (index, asleep):
        found = each.search(fingerprint(mirrored(jpeg(scene(3)))))[0]
        assert [match.id for match in found] == [str(late.pk)]
    fresh = LiveIndex(Shelf.CATALOGUE, lambda: Item.objects.filter(gone_at=None))
    assert fresh.search(fingerprint(picture))[0]
    newest = show("5", jpeg(scene(5)))
    for each in (index, asleep, fresh):
        found = each.search(fingerprint(mirrored(jpeg(scene(5)))))[0]
        assert [match.id for match in found] == [str(newest.pk)]


def test_a_process_that_slept_before_the_first_change_misses_none(
    host: Host, show: Any, days_pass: Any
) -> None:
    """It began with an empty shelf."""
    asleep = LiveIndex(Shelf.CATALOGUE, lambda: Item.objects.filter(gone_at=None))
    asleep.follow()
    items = [show(str(number), jpeg(scene(number))) for number in range(3)]
    days_pass(8)
    purge.run()

    found = asleep.search(fingerprint(recompressed(jpeg(scene(0)))))[0]
    assert [match.id for match in found] == [str(items[0].pk)]


def test_changes_that_a_snapshot_goes_on_from_stay(
    show: Any, picture: bytes, days_pass: Any, settings: Any, tmp_path: Any
) -> None:
    """Or it would have to be built anew."""
    settings.DATA = tmp_path
    show("1", picture)
    catalogue.live_index.save()
    kept = Change.objects.get()
    for number in range(2, 5):
        show(str(number), jpeg(scene(number)))
    days_pass(8)

    purge.run()

    assert kept in Change.objects.all()
    assert Change.objects.count() == 4
    starts = LiveIndex(
        Shelf.CATALOGUE,
        lambda: Item.objects.filter(gone_at=None),
        frames_apart=1.0,
        closely=False,
    )
    starts.follow()
    assert starts._tried is not None
    assert starts._loaded is not None
    assert starts._loaded.unsaved == 3, "from the snapshot, and what came since"


def test_it_is_done_once_a_day(told: Case, days_pass: Any) -> None:
    """However often the worker starts, one waits; a job that is cut off and runs again leaves
    one as well."""
    purge.schedule()
    purge.schedule()
    days_pass(OVER + 1)
    run_jobs()

    assert Notice.objects.get().purged_at is not None
    waits = Job.objects.get(name="review.purge", finished_at=None)
    assert waits.run_at == timezone.now() + timedelta(days=1)
    purge.purge_daily()
    purge.schedule()
    assert Job.objects.filter(name="review.purge", finished_at=None).get() == waits


@pytest.mark.django_db(transaction=True)
def test_a_purge_that_is_cut_off_goes_on(
    told: Case, days_pass: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thing goes whole or not at all."""
    days_pass(OVER + 1)
    record = audit.record

    def fails(action: str, *rest: Any, **facts: Any) -> None:
        if action == "notice.purged":
            raise OSError
        record(action, *rest, **facts)

    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", fails)
        with pytest.raises(OSError):
            purge.run()
    assert Notice.objects.get().content["signature"] == ALICE
    assert Subscription.objects.exists()

    assert purge.run()["notices"] == 1
    assert the_record_is_whole()


def test_where_several_laws_apply_appeals_have_the_longest_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And what people told us the shortest."""
    shipped = resources.files("staydown_server.cases").joinpath("retention.toml").read_text("utf-8")
    times = read(shipped + "\n[in]\nnotice = 5\nappeal = 10\n")
    monkeypatch.setattr("staydown_server.cases.retention.retentions", lambda: times)

    both = retention("in", "eu")

    assert (both.notice, both.appeal) == (timedelta(days=5), timedelta(days=184))


def test_the_times_are_data() -> None:
    """With one table for all, and one for each jurisdiction that differs."""
    shipped = resources.files("staydown_server.cases").joinpath("retention.toml").read_text("utf-8")
    assert retention("eu").appeal >= timedelta(days=183), "DSA article 20(1)"
    assert read(shipped + "\n[in]\nnotice = 5\n")["in"].notice == timedelta(days=5)
    assert read(shipped + "\n[in]\nnotice = 5\n")["us"].notice == timedelta(days=30)
    for text_, says in (
        (shipped.replace("notice = 30", ""), "'notice'"),
        (shipped + "\n[atlantis]\nnotice = 1\n", "atlantis"),
        (shipped.replace("notice = 30", "notice = -1"), "number of days"),
        (shipped.replace("[all]", "[all"), "well-formed"),
    ):
        with pytest.raises(RetentionError, match=says):
            read(text_)


def test_keep_downs_stay(told: Case, days_pass: Any) -> None:
    """For as long as their decision stands."""
    days_pass(2000)
    purge.run()
    assert KeepDown.objects.get().fingerprint
