"""The file that an index starts from: used where it fits, refused and said so where it does not."""

import logging
from pathlib import Path
from typing import Any

import pytest

from server.pictures import fingerprint, jpeg, mirrored, recompressed, scene
from staydown import Fingerprint
from staydown_server.accounts.models import Host
from staydown_server.catalogue import live
from staydown_server.catalogue.follow import Follower
from staydown_server.catalogue.live import LiveIndex
from staydown_server.catalogue.models import Change, Item, Shelf
from staydown_server.catalogue.register import strike_out

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> Path:
    """A folder for this test's snapshots."""
    settings.DATA = tmp_path
    return tmp_path


def new_index() -> LiveIndex:
    """What a process that starts now has."""
    return LiveIndex(Shelf.CATALOGUE, lambda: Item.objects.filter(gone_at=None))


def found_by(index: LiveIndex, content: bytes) -> set[str]:
    matches, _ = index.search(fingerprint(content))
    return set(
        Item.objects.filter(pk__in=[m.id for m in matches]).values_list("host_item_id", flat=True)
    )


@pytest.fixture
def snapshot(show: Any, picture: bytes, data: Path) -> Path:
    """Alice's picture, turned as well, and another, in a snapshot."""
    show("1", picture)
    show("mirror", mirrored(picture))
    show("other", jpeg(scene(2)))
    new_index().save()
    return data / "index" / "catalogue.snapshot"


def reads_from_database(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of entries that are read to be indexed, as they are read."""
    read: list[int] = []
    original = live._read

    def reading(rows: Any) -> Any:
        for pk, known in original(rows):
            read.append(pk)
            yield pk, known

    monkeypatch.setattr(live, "_read", reading)
    return read


def test_a_process_starts_from_the_snapshot_and_what_came_since(
    snapshot: Path, host: Host, show: Any, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds is not read again; what was struck out since is not found."""
    strike_out(host, "mirror")
    late = show("late", recompressed(picture))
    read = reads_from_database(monkeypatch)
    index = new_index()
    index.follow()
    assert read == [late.pk]

    assert found_by(index, picture) == {"1", "late"}


def test_parts_are_found_from_a_snapshot(snapshot: Path, picture: bytes) -> None:
    """The local layer is in it, too."""
    from io import BytesIO

    from PIL import Image

    whole = Image.open(BytesIO(picture))
    cut = BytesIO()
    whole.crop((0, 0, whole.width * 2 // 3, whole.height)).save(cut, "JPEG", quality=90)

    assert "1" in found_by(new_index(), cut.getvalue())


@pytest.mark.parametrize("damage", ["one bit", "cut off", "empty", "not ours"])
def test_a_damaged_snapshot_is_refused_and_the_index_built_again(
    snapshot: Path, picture: bytes, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With one clear line in the log; nothing is missed."""
    content = bytearray(snapshot.read_bytes())
    if damage == "one bit":
        content[65_540] ^= 1
    snapshot.write_bytes(
        {"one bit": content, "cut off": content[:-5000], "empty": b"", "not ours": b"x" * 70_000}[
            damage
        ]
    )
    index = new_index()

    with caplog.at_level(logging.WARNING):
        assert found_by(index, picture) == {"1", "mirror"}
        index.follow()
        index.follow()

    (line,) = caplog.messages
    assert "the snapshot of the catalogue index is not used" in line
    assert "it is built from the database" in line


def test_a_snapshot_of_another_database_is_refused(
    snapshot: Path, picture: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """One that was restored from a backup has other changes under the same numbers."""
    last = Change.objects.order_by("-sequence")[0]
    Change.objects.filter(pk=last.pk).delete()
    Change.objects.create(sequence=last.sequence, shelf=last.shelf, entry_id=last.entry_id)
    Item.objects.filter(host_item_id="1").delete()

    assert found_by(new_index(), picture) == {"mirror"}
    assert "another database" in caplog.text


def test_a_snapshot_of_another_key_is_refused(
    snapshot: Path, settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its parts could match nothing."""
    settings.KEY_FILE = tmp_path / "other.key"
    settings.KEY_FILE.write_bytes(bytes(32))

    new_index().follow()

    assert "another database, key or version" in caplog.text


def test_a_newer_snapshot_is_taken_up(
    snapshot: Path, show: Any, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the memory of what came since is shared as well."""
    index = new_index()
    index.follow()
    show("late", recompressed(picture))
    index.follow()
    before = index._loaded
    new_index().save()

    index.follow()

    assert index._loaded is not before
    assert found_by(index, picture) == {"1", "mirror", "late"}


def test_a_snapshot_is_written_when_much_has_changed(
    show: Any, picture: bytes, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not again before as much has changed once more."""
    monkeypatch.setattr(live, "_WORTH_SAVING", 2)
    index = new_index()
    follower = Follower([index], writes_snapshots=True)
    path = data / "index" / "catalogue.snapshot"
    show("1", picture)
    follower._keep(index)
    assert not path.exists()
    show("2", jpeg(scene(2)))
    follower._keep(index)
    first = path.stat().st_ino
    monkeypatch.setattr(index, "_next_save", 0.0)
    show("3", jpeg(scene(3)))
    follower._keep(index)
    assert path.stat().st_ino == first
    show("4", jpeg(scene(4)))
    follower._keep(index)
    assert path.stat().st_ino != first


def test_a_full_disk_is_said_and_harms_no_search(
    snapshot: Path,
    picture: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The last snapshot stays."""
    monkeypatch.setattr(live, "_WORTH_SAVING", 0)
    before = snapshot.read_bytes()

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    index = new_index()
    follower = Follower([index], writes_snapshots=True)
    follower._stopping.set()
    follower._keep(index)

    assert "the catalogue index could not be kept: OSError" in caplog.text
    assert snapshot.read_bytes() == before
    assert found_by(index, picture) == {"1", "mirror"}


def test_files_are_found_by_either_digest(show: Any, host: Host) -> None:
    """MD5 counts only where one of the two sides has no SHA-256."""
    item = show("1", jpeg(scene(1)))
    index = new_index()
    known = item.load_fingerprint()

    def kinds(**digests: str | None) -> list[str]:
        matches, _ = index.search(Fingerprint(film=None, pdq=bytes(32), quality=0, **digests))  # type: ignore[arg-type]
        return [match.kind for match in matches]

    assert kinds(sha256=known.sha256) == ["identical"]
    assert kinds(md5=known.md5) == ["identical"]
    assert kinds(sha256="ab" * 32, md5=known.md5) == []
    Item.objects.update(sha256="")
    assert kinds(sha256="ab" * 32, md5=known.md5) == ["identical"]
