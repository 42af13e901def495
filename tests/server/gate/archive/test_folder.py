"""The archive scan: what was on show before the host was plugged in."""

import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from server.host_double import HostDouble
from server.pictures import UNREADABLE, jpeg, recompressed, scene
from server.story import rows_of
from staydown_server.accounts.models import Host
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import ArchiveFile, Item
from staydown_server.catalogue.register import strike_out
from staydown_server.gate.archive import folder
from staydown_server.gate.archive.scan import Outcome, Scanned, scan

# The files are read in threads, the rows are written in this one.
pytestmark = pytest.mark.django_db


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    (folder / "2019" / "été").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(jpeg(scene(2)))
    (folder / "2019" / "b c.jpg").write_bytes(jpeg(scene(3)))
    (folder / "2019" / "été" / "d#1.jpg").write_bytes(jpeg(scene(4)))
    return folder


def scanned(host: Host, archive: Path, base_url: str, **how: Any) -> list[Scanned]:
    return list(scan(host, folder.entries(archive, base_url), **how))


def outcomes(host: Host, archive: Path, base_url: str, **how: Any) -> dict[str, Outcome]:
    return {one.id: one.outcome for one in scanned(host, archive, base_url, **how)}


def test_every_picture_is_registered(host: Host, plaza: HostDouble, archive: Path) -> None:
    """Under its path, at an address that can be opened."""
    found = outcomes(host, archive, f"{plaza.url}/media/")

    assert set(found.values()) == {Outcome.REGISTERED}
    assert {item.host_item_id: item.url for item in Item.objects.all()} == {
        "a.jpg": f"{plaza.url}/media/a.jpg",
        "2019/b c.jpg": f"{plaza.url}/media/2019/b%20c.jpg",
        "2019/été/d#1.jpg": f"{plaza.url}/media/2019/%C3%A9t%C3%A9/d%231.jpg",
    }


def test_scanning_again_does_what_is_new(host: Host, plaza: HostDouble, archive: Path) -> None:
    """Killed, it goes on where it was."""
    outcomes(host, archive, plaza.url)
    (archive / "a.jpg").write_bytes(jpeg(scene(5)))
    (archive / "new.jpg").write_bytes(jpeg(scene(6)))

    assert outcomes(host, archive, plaza.url) == {
        "2019/b c.jpg": Outcome.UNCHANGED,
        "2019/été/d#1.jpg": Outcome.UNCHANGED,
        "a.jpg": Outcome.REGISTERED,
        "new.jpg": Outcome.REGISTERED,
    }


def test_what_is_kept_down_is_found_in_the_archive(
    removed_case: Case, host: Host, plaza: HostDouble, archive: Path, picture: bytes
) -> None:
    """And joins the case."""
    (archive / "copy.jpg").write_bytes(recompressed(picture))

    found = outcomes(host, archive, plaza.url)

    assert found["copy.jpg"] == Outcome.STOPPED
    assert rows_of(removed_case)[-1].item == Item.objects.get(host_item_id="copy.jpg")


def test_a_file_that_cannot_be_read_costs_one_line(
    host: Host, plaza: HostDouble, archive: Path
) -> None:
    """Whatever is wrong with it, its name too, the rest is done."""
    for fault, content in UNREADABLE.items():
        (archive / f"{fault}.jpg").write_bytes(content)
    (archive / "link.jpg").symlink_to("/etc/passwd")
    (archive / "\udcff\udcfe.jpg").write_bytes(jpeg(scene(7)))
    (archive / ("x" * 240 + ".jpg")).write_bytes(jpeg(scene(8)))

    done = scanned(host, archive, plaza.url)

    bad = [one for one in done if one.outcome == Outcome.UNREADABLE]
    assert len(bad) == len(UNREADABLE) + 2
    assert all(one.why.endswith(".") for one in bad)
    assert sum(one.outcome == Outcome.REGISTERED for one in done) == 3


def test_an_address_that_is_not_the_hosts_is_refused(host: Host, archive: Path) -> None:
    """And nothing is registered."""
    done = scanned(host, archive, "https://elsewhere.example")

    assert {one.outcome for one in done} == {Outcome.UNREADABLE}
    assert {one.why for one in done} == {"Its address is not on one of plaza."}
    assert not Item.objects.exists()


def test_what_is_unchanged_is_not_read(
    host: Host, plaza: HostDouble, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what could not be read the last time; it is told once more. `again` reads all."""
    (archive / "bad.jpg").write_bytes(b"no picture")
    first = scanned(host, archive, plaza.url)
    (why,) = [one.why for one in first if one.outcome == Outcome.UNREADABLE]
    monkeypatch.setattr(folder, "fingerprint_file", lambda _path: pytest.fail("it was read"))

    second = scanned(host, archive, plaza.url)

    assert [one.outcome for one in second].count(Outcome.UNCHANGED) == 3
    assert [one.why for one in second if one.outcome == Outcome.UNREADABLE] == [why]
    monkeypatch.undo()
    assert outcomes(host, archive, plaza.url, again=True)["a.jpg"] == Outcome.REGISTERED


def test_what_the_host_has_struck_out_is_read_again(
    host: Host, plaza: HostDouble, archive: Path
) -> None:
    """If its file is there all the same, it is shown all the same."""
    outcomes(host, archive, plaza.url)
    strike_out(host, "a.jpg")

    assert outcomes(host, archive, plaza.url)["a.jpg"] == Outcome.REGISTERED
    assert Item.objects.get(host_item_id="a.jpg").gone_at is None


def test_an_item_is_marked_only_after_it_met_the_gate(
    removed_case: Case, host: Host, plaza: HostDouble, archive: Path, picture: bytes
) -> None:
    """A scan that died between the two finds the copy when it is run again."""
    (archive / "copy.jpg").write_bytes(recompressed(picture))
    with (
        patch("staydown_server.gate.admit.judge", side_effect=MemoryError),
        pytest.raises(MemoryError),
    ):
        scanned(host, archive, plaza.url)
    assert Item.objects.filter(host_item_id="copy.jpg").exists()
    assert not ArchiveFile.objects.exists()

    assert outcomes(host, archive, plaza.url)["copy.jpg"] == Outcome.STOPPED
    assert rows_of(removed_case)[-1].item == Item.objects.get(host_item_id="copy.jpg")


def test_files_are_begun_at_a_pace(host: Host, plaza: HostDouble, archive: Path) -> None:
    """No more a second than was asked."""
    start = time.monotonic()

    scanned(host, archive, plaza.url, per_second=20.0)

    assert time.monotonic() - start > 0.1
