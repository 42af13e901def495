"""An index of fingerprints that are kept elsewhere: loads few, and survives its file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import staydown
from library.films import filmed, scene
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


def test_of_a_long_list_only_what_may_match_is_searched_for(shelf: Shelf) -> None:
    """One look tells; what it passes over finds nothing."""
    index = index_of(shelf)
    whole = [fingerprint(drawing(seed=seed)) for seed in (3, 7, 60, 61)]
    hashes = [Fingerprint(pdq=each.pdq, quality=each.quality) for each in whole]
    mirrored = fingerprint(np.ascontiguousarray(drawing(seed=5)[:, ::-1]))
    turned = Fingerprint(pdq=mirrored.pdq, quality=mirrored.quality)
    asked = [*hashes, turned, Fingerprint(sha256="0" * 64), whole[2]]

    may = list(index.may_match(asked))

    # The last has a local layer: a part of something may be in it.
    assert may == [True, True, False, False, True, False, True]
    for each, is_worth_it in zip(asked, may, strict=True):
        assert is_worth_it or found(index, shelf, each) == []
    assert list(index.may_match([])) == []


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


def test_a_hash_a_second_is_enough_for_who_asks_closely() -> None:
    """Of all that hosts show; and cropped films are found by a few stills."""
    frames = scene(1, 8.0)
    reported = staydown.fingerprint_bytes(filmed(frames), look="reported")
    cropped = [np.ascontiguousarray(each[24:-24, 32:-32]) for each in frames]
    kept = {
        1: staydown.fingerprint_bytes(filmed(frames, crf="33", key_every=31)),
        2: staydown.fingerprint_bytes(filmed(cropped)),
        3: staydown.fingerprint_bytes(filmed(scene(2, 8.0))),
    }
    index = FingerprintIndex(key=OPEN_KEY, frames_apart=1.0)
    index.add(kept.items())
    everything = FingerprintIndex(key=OPEN_KEY)
    everything.add(kept.items())

    found = index.search(reported, lambda numbers: {n: kept[n] for n in numbers}, closely=False)

    assert len(index._hashes) <= 3 * 9 < len(everything._hashes) / 3
    assert {(match.id, match.kind) for match in found} == {("1", "same"), ("2", "part")}


def test_the_best_frame_of_each_second_is_kept() -> None:
    """Not the one that happens to come first: it may be too plain to match."""
    frames = [*[np.zeros((120, 160, 3), np.uint8)] * 8, *scene(1, 1.0)[:12]]
    film = staydown.fingerprint_bytes(filmed(frames))
    assert film.film is not None
    index = FingerprintIndex(key=OPEN_KEY, frames_apart=1.0)
    index.add([(1, film)])

    best = film.film.pdq[int(np.argmax(film.film.quality))]

    assert len(index._hashes) == 1
    assert len(index._hashes.range_search(best.reshape(1, 32), 0)[0]) == 1
