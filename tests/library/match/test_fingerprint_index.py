"""An index of fingerprints that are kept elsewhere: loads few, and survives its file."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from library.match.test_part import fingerprint, page
from library.pictures import drawing
from staydown import Fingerprint
from staydown.fingerprint.local import OPEN_KEY
from staydown.match import FingerprintIndex, Snapshot, SnapshotError, local_index, new_snapshot


class Shelf:
    """Fingerprints under numbers, and which of them were asked for."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self.kept = {seed: fingerprint(drawing(seed=seed)) for seed in seeds}
        self.loaded: list[int] = []

    def __call__(self, numbers: Sequence[int]) -> dict[int, Fingerprint]:
        self.loaded += numbers
        return {number: self.kept[number] for number in numbers if number in self.kept}


@pytest.fixture(scope="module")
def all_prints() -> Shelf:
    return Shelf(range(1, 13))


@pytest.fixture
def shelf(all_prints: Shelf) -> Shelf:
    all_prints.loaded.clear()
    return all_prints


def index_of(shelf: Shelf) -> FingerprintIndex:
    index = FingerprintIndex(key=OPEN_KEY)
    index.add(shelf.kept.items())
    return index


def found(
    index: FingerprintIndex, shelf: Shelf, suspect: Fingerprint
) -> list[tuple[str, str | None]]:
    return [(match.kind, match.id) for match in index.search(suspect, shelf)]


def test_only_what_must_be_looked_at_is_loaded(shelf: Shelf) -> None:
    """A hash says by itself that two pictures are the same; parts must be looked at."""
    index = index_of(shelf)
    known = shelf.kept[3]

    by_hash = Fingerprint(pdq=known.pdq, quality=known.quality)
    assert found(index, shelf, by_hash) == [("same", "3")]
    assert shelf.loaded == []
    assert found(index, shelf, fingerprint(page(drawing(seed=3)))) == [("part", "3")]
    assert shelf.loaded[0] == 3


def test_settled_entries_are_neither_loaded_nor_named(shelf: Shelf) -> None:
    """They are identical files: there is nothing to look at."""
    index = index_of(shelf)

    matches = index.search(shelf.kept[3], shelf, settled=frozenset([3]))

    assert [match.id for match in matches] == []
    assert 3 not in shelf.loaded


def test_what_its_keeper_lost_is_no_match_in_part(shelf: Shelf) -> None:
    """An entry that was removed between the search and the look."""
    index = index_of(shelf)

    assert index.search(fingerprint(page(drawing(seed=3))), lambda _numbers: {}) == []


@pytest.mark.parametrize("tail", [512, 2])
def test_it_survives_its_file(
    shelf: Shelf, tmp_path: Path, tail: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole pictures and parts, in tables and in the tail; not what was removed."""
    monkeypatch.setattr(local_index, "_TAIL", tail)
    monkeypatch.setattr(local_index, "_SMALL", 4)
    index = index_of(shelf)
    index.remove([5])
    with new_snapshot(tmp_path / "index", {}) as snapshot:
        index.write(snapshot)

    again = FingerprintIndex.read(Snapshot.open(tmp_path / "index"), key=OPEN_KEY)

    assert found(again, shelf, shelf.kept[4]) == [("same", "4")]
    assert found(again, shelf, fingerprint(page(drawing(seed=3)))) == [("part", "3")]
    assert found(again, shelf, fingerprint(page(drawing(seed=5)))) == []
    again.remove([3])
    again.add([(5, shelf.kept[5])])
    assert found(again, shelf, fingerprint(page(drawing(seed=3)))) == []
    assert found(again, shelf, fingerprint(page(drawing(seed=5)))) == [("part", "5")]


@pytest.mark.parametrize("missing", ["hashes/ids", "parts/rows"])
def test_a_file_that_lacks_an_array_is_refused(shelf: Shelf, tmp_path: Path, missing: str) -> None:
    """One that another version wrote, say."""
    with new_snapshot(tmp_path / "whole", {}) as snapshot:
        index_of(shelf).write(snapshot)
    whole = Snapshot.open(tmp_path / "whole")
    with new_snapshot(tmp_path / "less", {}) as snapshot:
        for name, array in whole.arrays.items():
            if name != missing:
                snapshot.put(name, array)

    with pytest.raises(SnapshotError, match=missing.partition("/")[2]):
        FingerprintIndex.read(Snapshot.open(tmp_path / "less"), key=OPEN_KEY)


def test_replacing_an_entry_leaves_nothing_of_it(shelf: Shelf) -> None:
    """Neither its hashes nor its parts."""
    index = index_of(shelf)
    index.add([(3, shelf.kept[7])])
    kept = {**shelf.kept, 3: shelf.kept[7]}

    def load(numbers: Sequence[int]) -> dict[int, Fingerprint]:
        return {number: kept[number] for number in numbers}

    assert index.search(fingerprint(drawing(seed=3)), load) == []
    assert index.search(fingerprint(page(drawing(seed=3))), load) == []
    assert {match.id for match in index.search(shelf.kept[7], load)} == {"3", "7"}
