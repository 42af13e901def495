"""The archive scan: what was on show before the host was plugged in."""

from pathlib import Path

import pytest

from server.host_double import HostDouble
from server.pictures import UNREADABLE, jpeg, recompressed, scene
from server.story import rows_of
from staydown_server.accounts.models import Host
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import NotOnThisHost
from staydown_server.gate.scan import Outcome, scan

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


def outcomes(host: Host, folder: Path, base_url: str) -> dict[str, Outcome]:
    done = list(scan(host, folder, base_url=base_url))
    return {one.path.relative_to(folder).as_posix(): one.outcome for one in done}


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

    done = list(scan(host, archive, base_url=plaza.url))

    bad = [one for one in done if one.outcome == Outcome.UNREADABLE]
    assert len(bad) == len(UNREADABLE) + 2
    assert all(one.why.endswith(".") for one in bad)
    assert sum(one.outcome == Outcome.REGISTERED for one in done) == 3


def test_an_address_that_is_not_the_hosts_is_refused(host: Host, archive: Path) -> None:
    """Before anything is registered."""
    with pytest.raises(NotOnThisHost):
        list(scan(host, archive, base_url="https://elsewhere.example"))
    assert not Item.objects.exists()
