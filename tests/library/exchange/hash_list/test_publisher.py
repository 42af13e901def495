"""A list that its publisher keeps as files."""

from datetime import timedelta
from pathlib import Path

import pytest

from library.exchange.hash_list.publisher import LIST, NOW, Follower, entry
from staydown.exchange.hash_list import (
    BadForm,
    Change,
    Inconsistent,
    SigningKey,
    State,
    UntrustedKey,
    from_folder,
)
from staydown.exchange.hash_list.publisher import FolderList

ROOT, SIGNER = SigningKey.new(), SigningKey.new()


@pytest.fixture
def kept(tmp_path: Path) -> FolderList:
    return FolderList.create(tmp_path / "list", LIST, root=ROOT, signer=SIGNER, now=NOW)


@pytest.fixture
def follower(kept: FolderList) -> Follower:
    return Follower(State(LIST, ROOT.public), from_folder(kept.folder))


def test_it_grows_over_pages_and_from_process_to_process(
    kept: FolderList, follower: Follower
) -> None:
    for first, last in ((0, 700), (700, 1500), (1500, 2100)):
        changes = [Change.add(entry(number)) for number in range(first, last)]
        FolderList.open(kept.folder).publish(changes, signer=SIGNER, now=NOW)
        follower.follow()
        assert len(follower.names) == last
    (name, *_) = follower.names
    FolderList.open(kept.folder).publish(
        [Change.retract(name, "withdrawn")], signer=SIGNER, now=NOW
    )

    follower.follow()

    assert len(follower.names) == 2099
    assert sorted(file.name for file in (kept.folder / "pages").iterdir()) == [
        "1.jsonl",
        "2.jsonl",
        "3.jsonl",
    ]


def test_an_expired_list_is_signed_again_by_its_publisher(
    kept: FolderList, follower: Follower
) -> None:
    later = NOW + timedelta(days=100)

    FolderList.open(kept.folder).publish([], signer=SIGNER, now=later)
    follower.follow(later)

    assert follower.steps[-1].caught_up


def test_after_a_theft_only_what_stands_comes_again(kept: FolderList, follower: Follower) -> None:
    changes = [Change.add(entry(number)) for number in range(5)]
    kept = kept.publish(changes, signer=SIGNER, now=NOW)
    follower.follow()
    theft, new, heir = changes[4].id, SigningKey.new(), SigningKey.new()

    kept = kept.publish([Change.retract(theft, "key-stolen")], signer=SIGNER, now=NOW)
    kept.rotate(root=ROOT, new_root=heir, signer=new, begin_anew=True, now=NOW)
    follower.follow()

    assert follower.names == {each.id for each in changes[:4]}
    assert (follower.state.root, follower.state.generation) == (heir.public, 2)
    FolderList.open(kept.folder).publish([], signer=SIGNER, now=NOW)
    with pytest.raises(UntrustedKey):
        follower.follow()


def test_nothing_is_written_where_a_change_makes_no_sense(
    kept: FolderList, follower: Follower
) -> None:
    before = (kept.folder / "head.json").read_bytes()

    with pytest.raises(Inconsistent):
        kept.publish([Change.retract("0" * 32, "mistaken")], signer=SIGNER, now=NOW)

    assert (kept.folder / "head.json").read_bytes() == before
    follower.follow()


def test_a_list_is_not_begun_over_another(kept: FolderList) -> None:
    with pytest.raises(BadForm, match="holds a list already"):
        FolderList.create(kept.folder, LIST, root=ROOT, signer=SIGNER, now=NOW)
