"""Archives that are lists of addresses, or tables: their files are fetched, or lie beside them."""

from pathlib import Path

import pytest

from server.host_double import HostDouble
from server.pictures import UNREADABLE, jpeg, scene
from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item
from staydown_server.gate.archive.scan import Outcome, Scanned, scan
from staydown_server.gate.archive.table import NotATable, listed, rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(plaza: HostDouble) -> list[str]:
    """The addresses of three files that Plaza shows."""
    for number in range(3):
        plaza.show(f"old{number}", jpeg(scene(20 + number)))
    return [plaza.file(f"old{number}") for number in range(3)]


def scanned(host: Host, path: Path) -> list[Scanned]:
    entries = rows(path, host) if path.suffix == ".csv" else listed(path, host)
    return list(scan(host, entries))


def test_a_list_of_addresses_is_fetched(host: Host, shown: list[str], tmp_path: Path) -> None:
    """As people keep one: with blank lines, notes, spaces, a mark at its start, CRLF."""
    path = tmp_path / "list.txt"
    text = "\ufeff# all of 2019\r\n\r\n" + "".join(f"  {url} \r\n" for url in shown)
    path.write_bytes(text.encode())

    assert [one.outcome for one in scanned(host, path)] == [Outcome.REGISTERED] * 3
    assert set(Item.objects.values_list("media_url", flat=True)) == set(shown)
    assert [one.outcome for one in scanned(host, path)] == [Outcome.UNCHANGED] * 3


def test_what_cannot_be_fetched_costs_one_line(
    host: Host, plaza: HostDouble, shown: list[str], tmp_path: Path
) -> None:
    """An answer that is no file, another host, a private address, no address at all."""
    plaza.show("bad", UNREADABLE["text"])
    wrong = [
        plaza.file("bad"),
        plaza.file("nobody"),
        "https://elsewhere.example/x.jpg",
        "http://169.254.169.254/latest",
        "ftp://x",
        "no address",
        "http://[",
    ]
    (tmp_path / "list.txt").write_text("\n".join([*wrong, *shown]))

    done = scanned(host, tmp_path / "list.txt")

    assert [one.outcome for one in done] == [Outcome.UNREADABLE] * 7 + [Outcome.REGISTERED] * 3
    assert all(one.why.endswith(".") for one in done[:7])


def test_a_table_names_what_it_knows(
    host: Host, plaza: HostDouble, shown: list[str], tmp_path: Path
) -> None:
    """A page apart from the file, the uploader, a file that lies beside the table."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "b.jpg").write_bytes(jpeg(scene(30)))
    (tmp_path / "old.csv").write_text(
        "id,url,media_url,uploader,file\n"
        f"a,{plaza.page('a')},{shown[0]},ada,\n"
        f'"b, the second",{plaza.page("b")},,badr,files/b.jpg\n'
        f"c,{plaza.page('c')},,,files/gone.jpg\n"
        f",{plaza.page('d')},,,files/b.jpg\n"
        "short\n"
    )

    done = scanned(host, tmp_path / "old.csv")

    assert [one.outcome for one in done] == [Outcome.REGISTERED] * 2 + [Outcome.UNREADABLE] * 3
    assert list(Item.objects.order_by("pk").values_list("host_item_id", "url", "uploader")) == [
        ("a", plaza.page("a"), "ada"),
        ("b, the second", plaza.page("b"), "badr"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "id\n1\n", "name,url\n1,2\n", "id,url,password\n", "id,url\n" + '"' + "x" * 200_000],
)
def test_what_is_no_table_is_refused_with_what_to_do(host: Host, tmp_path: Path, text: str) -> None:
    """The columns are named, or the line that is wrong."""
    (tmp_path / "old.csv").write_text(text)

    with pytest.raises(NotATable, match=r"columns id and url|is not CSV"):
        scanned(host, tmp_path / "old.csv")
