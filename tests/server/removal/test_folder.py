"""Files in a folder: into quarantine and back, and nowhere else."""

import os
from pathlib import Path
from typing import Any

import pytest

from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item
from staydown_server.removal.hosts.connector import Connector, Order, Refusal
from staydown_server.removal.hosts.folder import Folder
from staydown_server.removal.models import Removal

Trouble = Removal.Trouble


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The uploads of a forum, with one picture."""
    folder = tmp_path / "uploads"
    (folder / "2026" / "11").mkdir(parents=True)
    (folder / "2026" / "11" / "a b.jpg").write_bytes(b"the picture")
    (tmp_path / "outside.txt").write_text("nobody's business")
    return folder


@pytest.fixture
def quarantine(tmp_path: Path) -> Path:
    return tmp_path / "quarantine"


@pytest.fixture
def connector(root: Path, quarantine: Path) -> Connector:
    return Folder(Host(credentials={"root": str(root), "quarantine": str(quarantine)}))


def order(item_id: str = "2026/11/a b.jpg", **more: Any) -> Order:
    return Order(
        removal_id=7,
        item=Item(host_item_id=item_id),
        statement_of_reasons=lambda: {},
        write_down=lambda _receipt: None,
        **{"turn": 1, "receipt": {}, **more},
    )


def trouble(step: Any, what: Order) -> Trouble:
    with pytest.raises(Refusal) as caught:
        step(what)
    return caught.value.trouble


def test_a_file_goes_into_quarantine_and_comes_back(
    connector: Connector, root: Path, quarantine: Path
) -> None:
    """The same file, not a copy; nobody else can look into the quarantine."""
    path, one = root / "2026" / "11" / "a b.jpg", order()
    before = path.stat()

    assert connector.take_down(one) is True
    assert not path.exists()
    (held,) = quarantine.iterdir()
    assert held.read_bytes() == b"the picture"
    assert quarantine.stat().st_mode & 0o077 == 0

    assert connector.restore(one) is True
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mode == before.st_mode
    assert list(quarantine.iterdir()) == []


def test_each_step_can_be_repeated(connector: Connector, root: Path) -> None:
    """As after a crash: what is done is done."""
    one = order()

    assert [connector.take_down(one) for _ in range(3)] == [True, True, True]
    assert connector.restore(one) is True
    assert connector.restore(one) is False
    assert (root / "2026" / "11" / "a b.jpg").read_bytes() == b"the picture"


def test_a_crash_before_the_move_loses_nothing(connector: Connector, root: Path) -> None:
    """The place in quarantine was written down, the file not yet moved."""
    one = order(receipt={"held": "7-1-never"})

    assert connector.take_down(one) is True
    assert connector.restore(one) is True
    assert (root / "2026" / "11" / "a b.jpg").exists()


def test_a_file_that_is_not_there_was_not_there(connector: Connector) -> None:
    """Nor its folder."""
    for name in ("2026/11/none.jpg", "1999/x.jpg"):
        assert connector.take_down(order(name)) is False
        assert connector.restore(order(name)) is False


def test_a_later_file_in_its_place_is_not_overwritten(connector: Connector, root: Path) -> None:
    """Whoever put it there did nothing wrong; the desk is told."""
    one, path = order(), root / "2026" / "11" / "a b.jpg"
    connector.take_down(one)
    path.write_bytes(b"somebody's holiday")

    assert trouble(connector.restore, one) == Trouble.OCCUPIED

    assert path.read_bytes() == b"somebody's holiday"


def test_a_second_removal_does_not_overwrite_the_first(
    connector: Connector, root: Path, quarantine: Path
) -> None:
    """It came back, and was taken down in another turn: both are kept."""
    one, path = order(), root / "2026" / "11" / "a b.jpg"
    connector.take_down(one)
    path.write_bytes(b"uploaded again")

    connector.take_down(order(turn=2, receipt=one.receipt))

    kept = {held.read_bytes() for held in quarantine.iterdir()}
    assert kept == {b"the picture", b"uploaded again"}


def test_nothing_in_quarantine_is_overwritten_within_a_turn(
    connector: Connector, root: Path, quarantine: Path
) -> None:
    """Power failed after the move, and the file was there again before the second try."""
    one = order()
    connector.take_down(one)
    (root / "2026" / "11" / "a b.jpg").write_bytes(b"uploaded again")

    assert connector.take_down(one)

    kept = {held.read_bytes() for held in quarantine.iterdir()}
    assert kept == {b"the picture", b"uploaded again"}


def test_a_folder_that_was_tidied_away_is_made_again(connector: Connector, root: Path) -> None:
    """Hosts remove empty folders."""
    one = order()
    connector.take_down(one)
    (root / "2026" / "11").rmdir()

    assert connector.restore(one)
    assert (root / "2026" / "11" / "a b.jpg").exists()


@pytest.mark.parametrize(
    "name",
    ["../outside.txt", "2026/../../outside.txt", "/etc/passwd", "", ".", "a\0b", "2026/11"],
)
def test_nothing_outside_is_touched(connector: Connector, root: Path, name: str) -> None:
    """Nor a folder, nor the whole."""
    assert trouble(connector.take_down, order(name)) == Trouble.UNKNOWN_ID
    assert (root.parent / "outside.txt").exists()


def test_links_are_not_followed(connector: Connector, root: Path) -> None:
    """A link to a file, and a link on the way to one."""
    (root / "link.txt").symlink_to(root.parent / "outside.txt")
    (root / "way").symlink_to(root.parent)

    for name in ("link.txt", "way/outside.txt"):
        assert trouble(connector.take_down, order(name)) == Trouble.UNKNOWN_ID
    assert (root.parent / "outside.txt").exists()
    assert (root / "link.txt").is_symlink()


def test_a_link_that_was_put_on_the_way_back_leads_nowhere(
    connector: Connector, root: Path, tmp_path: Path
) -> None:
    """Mallory replaced the folder meanwhile."""
    one = order()
    connector.take_down(one)
    (root / "2026" / "11").rmdir()
    (root / "2026" / "11").symlink_to(tmp_path)

    assert trouble(connector.restore, one) == Trouble.UNKNOWN_ID
    assert not (tmp_path / "a b.jpg").exists()


@pytest.mark.parametrize("inside", ["uploads/q", "uploads"])
def test_a_quarantine_that_is_served_is_none(root: Path, inside: str) -> None:
    """It must lie outside of what the host shows."""
    held = root.parent / inside
    connector = Folder(Host(credentials={"root": str(root), "quarantine": str(held)}))

    assert trouble(connector.take_down, order()) == Trouble.SETTINGS
    assert (root / "2026" / "11" / "a b.jpg").exists()


def test_a_root_that_is_not_there_is_a_wrong_setting(quarantine: Path, tmp_path: Path) -> None:
    """Not a file that is gone."""
    credentials = {"root": str(tmp_path / "nowhere"), "quarantine": str(quarantine)}

    assert trouble(Folder(Host(credentials=credentials)).take_down, order()) == Trouble.SETTINGS


def test_another_file_system_is_a_wrong_setting(
    connector: Connector, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a move would be a copy, which can be cut short."""

    def rename(*_names: Any, **_folders: Any) -> None:
        raise OSError(18, "Invalid cross-device link", "a secret path")

    monkeypatch.setattr(os, "rename", rename)

    assert trouble(connector.take_down, order()) == Trouble.SETTINGS
    assert (root / "2026" / "11" / "a b.jpg").exists()


def test_a_file_that_we_may_not_link_is_moved_back(
    connector: Connector, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only a file's owner may link it."""

    def link(*_names: Any, **_folders: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", link)
    one, path = order(), root / "2026" / "11" / "a b.jpg"
    connector.take_down(one)
    path.write_bytes(b"new")
    assert trouble(connector.restore, one) == Trouble.OCCUPIED
    path.unlink()

    assert connector.restore(one)
    assert path.read_bytes() == b"the picture"
