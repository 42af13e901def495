"""From a reported address to an item and its fingerprint."""

from typing import Any

import pytest

from server.host_double import HostDouble
from server.pictures import UNREADABLE, fingerprint, jpeg, scene
from server.story import alice_reports, case_of, pauses_pass, rows_of, run_jobs
from staydown_server import audit
from staydown_server.accounts.models import Host
from staydown_server.cases import locate
from staydown_server.cases.models import CaseItem
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import register
from staydown_server.jobs.models import Job
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db


def states(places: str) -> list[str]:
    receipt = alice_reports(places)
    run_jobs()
    return [row.state for row in rows_of(case_of(receipt))]


def test_a_registered_item_is_located_and_swept(alices_item: Item) -> None:
    """Its fingerprint is the one that the host registered."""
    receipt = alice_reports(alices_item.url)

    run_jobs()

    (row,) = rows_of(case_of(receipt))
    assert row.item == alices_item
    assert row.state == CaseItem.State.READY
    assert row.fingerprint == alices_item.fingerprint


def test_a_page_with_two_items_brings_both(host: Host, show: Any, plaza: HostDouble) -> None:
    """Alice reports the album; a person decides which of them it is."""
    for name, seed in (("1", 1), ("2", 2)):
        item = show(name, jpeg(scene(seed)))
        register(
            host,
            host_item_id=name,
            url=f"{plaza.url}/album",
            fingerprint=item.load_fingerprint(),
        )
    receipt = alice_reports(f"{plaza.url}/album")

    run_jobs()

    rows = rows_of(case_of(receipt))
    assert {row.item.host_item_id for row in rows if row.item} == {"1", "2"}
    assert {row.state for row in rows} == {"ready"}
    assert {row.reported_url for row in rows} == {f"{plaza.url}/album"}


def test_an_item_reported_as_page_and_file_stands_once(alices_item: Item) -> None:
    """One row, one decision, however many addresses lead to it."""
    receipt = alice_reports(f"{alices_item.url} {alices_item.media_url}")

    run_jobs()

    (row,) = rows_of(case_of(receipt))
    assert (row.item, row.state) == (alices_item, "ready")
    assert audit.verify().is_whole


def test_locating_a_row_that_left_the_case_does_nothing(alices_item: Item) -> None:
    """Its job may come again."""
    receipt = alice_reports(f"{alices_item.url} {alices_item.media_url}")
    run_jobs()
    Job.objects.filter(name="cases.locate").update(finished_at=None)

    assert run_jobs() == []
    assert len(rows_of(case_of(receipt))) == 1


def test_a_picture_that_was_never_registered_is_fetched(
    host: Host, show: Any, plaza: HostDouble, picture: bytes
) -> None:
    """Its fingerprint finds the copies that were."""
    plaza.show("unregistered", picture)
    copy = show("copy", picture)
    receipt = alice_reports(plaza.file("unregistered"))

    run_jobs()

    reported, found = rows_of(case_of(receipt))
    assert reported.item is None
    assert reported.load_fingerprint() == fingerprint(picture)
    assert (found.item, found.copy_of) == (copy, reported)


@pytest.mark.parametrize(
    "place",
    [
        "{url}/p/none",
        "https://elsewhere.example/p/1",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/",
    ],
)
def test_what_is_not_there_is_not_found(host: Host, plaza: HostDouble, place: str) -> None:
    """On a host of ours, or anywhere else; and nobody is asked who is not a host."""
    assert states(place.format(url=plaza.url)) == ["not_found"]
    assert plaza.requests in ([], ["/p/none"])


@pytest.mark.parametrize("fault", ["empty", "text", "truncated", "bomb"])
def test_what_is_no_picture_is_not_found(host: Host, plaza: HostDouble, fault: str) -> None:
    """A hostile file at the reported address costs one row, no job."""
    plaza.show("x", UNREADABLE[fault])

    assert states(plaza.file("x")) == ["not_found"]


def test_a_redirect_is_not_found(host: Host, plaza: HostDouble) -> None:
    """It is not followed."""
    plaza.answers["/p/x"] = (302, {"Location": "http://169.254.169.254/"}, b"")

    assert states(plaza.page("x")) == ["not_found"]


def test_an_endless_file_is_not_found(
    host: Host, plaza: HostDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It will be as long the next time: fetching it again and again helps nobody."""
    monkeypatch.setattr(locate, "LARGEST_FILE", 1000)
    plaza.show("x", jpeg(scene(1)))

    assert states(plaza.file("x")) == ["not_found"]


@pytest.mark.parametrize("trouble", ["down", "error"])
def test_a_host_in_trouble_is_asked_again(
    host: Host, plaza: HostDouble, picture: bytes, trouble: str
) -> None:
    """Not found is what the host says, not what it fails to say."""
    plaza.show("x", picture)
    plaza.is_down = trouble == "down"
    plaza.status = 502 if trouble == "error" else None
    receipt = alice_reports(plaza.file("x"))
    assert run_jobs() == ["cases.locate"]
    assert [row.state for row in rows_of(case_of(receipt))] == ["locating"]

    plaza.is_down, plaza.status = False, None
    pauses_pass()
    run_jobs()

    assert [row.state for row in rows_of(case_of(receipt))] == ["ready"]


def test_a_fault_of_ours_is_not_the_files(
    host: Host, plaza: HostDouble, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No decoder could be started: the row waits instead of being given up."""
    from staydown.fingerprint.files import new_pool
    from staydown.media import isolate
    from staydown.media.opened import SharedPool

    plaza.show("x", picture)
    receipt = alice_reports(plaza.file("x"))
    with monkeypatch.context() as patch:
        patch.setattr("staydown.fingerprint.files.default_pool", SharedPool(new_pool))
        patch.setattr(isolate.sys, "executable", "/nowhere/python")
        assert run_jobs() == ["cases.locate"]

    pauses_pass()
    run_jobs()

    assert [row.state for row in rows_of(case_of(receipt))] == ["ready"]


def test_locating_twice_changes_nothing(alices_item: Item) -> None:
    """Killed just after it, the job comes again."""
    receipt = alice_reports(alices_item.url)
    run_jobs()
    (row,) = rows_of(case_of(receipt))

    locate.locate(case_item_id=row.pk)

    assert rows_of(case_of(receipt)) == [row]


def test_a_notice_taken_back_sends_nobody_out(host: Host, plaza: HostDouble) -> None:
    """Not once more to a dead host."""
    plaza.is_down = True
    receipt = alice_reports(plaza.file("x"))
    run_jobs()
    withdraw(receipt.notice)
    pauses_pass()

    assert run_jobs() == []
