"""The index finds all that brute force finds, in one order, whatever the hashes are."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from staydown import HammingIndex
from staydown.match.hamming import index as index_module
from staydown.match.hamming.plan import Plan
from staydown.match.snapshot import Snapshot, SnapshotError

Hashes = npt.NDArray[np.uint8]


def flipped(hash: bytes, *bits: int) -> bytes:
    number = int.from_bytes(hash)
    for bit in bits:
        number ^= 1 << bit
    return number.to_bytes(32)


def table(*hashes: bytes) -> Hashes:
    return np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32)


def brute_force(
    entries: dict[int, bytes], queries: list[bytes], radius: int
) -> list[tuple[int, int, int]]:
    """(query row, id, distance), in the documented order."""
    found = [
        (row, distance, id)
        for row, query in enumerate(queries)
        for id, hash in entries.items()
        if (distance := (int.from_bytes(hash) ^ int.from_bytes(query)).bit_count()) <= radius
    ]
    return [(row, id, distance) for row, distance, id in sorted(found)]


def answers(index: HammingIndex, queries: list[bytes], radius: int) -> list[tuple[int, int, int]]:
    rows, ids, distances = index.range_search(table(*queries), radius)
    assert (rows.dtype, ids.dtype, distances.dtype) == (np.int64, np.uint64, np.int32)
    return list(zip(rows.tolist(), ids.tolist(), distances.tolist(), strict=True))


#: How many chunks the tables have; none: there are too few hashes for tables.
LAYOUTS = (None, 16, 14, 12)


@contextmanager
def laid_out(chunks: int | None) -> Iterator[None]:
    """Make tables for a handful of hashes, and ask them whatever it costs."""
    with pytest.MonkeyPatch.context() as patch:
        if chunks is not None:
            patch.setattr(index_module, "_TAIL", 3)
            patch.setattr(index_module, "_SMALL", 12)
            patch.setattr(index_module, "chunks_for", lambda _count: chunks)
            patch.setattr(Plan, "is_worth_it", lambda _plan, _count: True)
        yield


ZERO, ONES = bytes(32), b"\xff" * 32

# Real lists have clusters: blank pages, one frame a thousand times, near copies.
near_zero = st.lists(st.integers(0, 255), max_size=40).map(lambda bits: flipped(ZERO, *bits))
one_bit = st.integers(0, 255).map(lambda bit: flipped(ZERO, bit))
one_chunk = st.integers(0, 15).flatmap(
    lambda chunk: st.integers(0, 0xFFFF).map(lambda v: (v << (16 * chunk)).to_bytes(32))
)
hashes = st.one_of(
    st.just(ZERO), st.just(ONES), one_bit, one_chunk, near_zero, st.binary(min_size=32, max_size=32)
)
ids = st.integers(0, 9) | st.sampled_from([2**63, 2**64 - 1])
radii = st.sampled_from([0, 1, 15, 16, 31, 32, 60, 63, 64, 128, 256])


@pytest.mark.parametrize("chunks", LAYOUTS)
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 2**64 - 1), hashes), st.lists(hashes, min_size=1), radii)
def test_search_finds_exactly_what_brute_force_finds(
    chunks: int | None, entries: dict[int, bytes], queries: list[bytes], radius: int
) -> None:
    """The same rows, ids, distances and order."""
    with laid_out(chunks):
        index = HammingIndex()
        index.add(np.array(list(entries), np.uint64), table(*entries.values()))

        assert answers(index, queries, radius) == brute_force(entries, queries, radius)


def near_and_far(centre: bytes, random: np.random.Generator) -> Iterator[bytes]:
    """Hashes at every distance from *centre* up to 70, with the differing bits spread, or
    crowded into few places: where chunks and their neighbours have the most, or none."""
    for distance in range(71):
        for window in (256, max(distance, 32), max(distance, 16), distance):
            start = random.integers(0, 257 - window)
            bits = start + random.permutation(window)[:distance]
            yield flipped(centre, *bits.tolist())


@pytest.mark.parametrize("chunks", LAYOUTS[1:])
def test_nothing_within_the_radius_is_missed_at_any_radius(chunks: int) -> None:
    """From 0 to 63 bits, which tables are asked with, and beyond, wherever the bits lie."""
    random = np.random.default_rng(7)
    centres = [ZERO, ONES, *(random.bytes(32) for _ in range(3))]
    stored = [hash for centre in centres for hash in near_and_far(centre, random)]
    entries = dict(enumerate(stored))
    with laid_out(chunks):
        index = HammingIndex()
        index.add(np.arange(len(stored)), table(*stored))
        for radius in range(67):
            assert answers(index, centres, radius) == brute_force(entries, centres, radius)


class IndexUnderChange(RuleBasedStateMachine):
    """Additions, replacements and removals in any order, checked after each."""

    chunks: int | None = None

    def __init__(self) -> None:
        super().__init__()
        self._laid_out = laid_out(self.chunks)
        self._laid_out.__enter__()
        self.index = HammingIndex()
        self.entries: dict[int, bytes] = {}

    def teardown(self) -> None:
        self._laid_out.__exit__(None, None, None)

    @rule(new=st.lists(st.tuples(ids, hashes), max_size=6))
    def add(self, new: list[tuple[int, bytes]]) -> None:
        self.index.add(
            np.array([id for id, _ in new], np.uint64), table(*(hash for _, hash in new))
        )
        self.entries.update(new)

    @rule(gone=st.lists(ids, max_size=6))
    def remove(self, gone: list[int]) -> None:
        self.index.remove(np.array(gone, np.uint64))
        for id in gone:
            self.entries.pop(id, None)

    @rule(first=st.integers(0, 9), length=st.integers(0, 3), hash=hashes)
    def replace_range(self, first: int, length: int, hash: bytes) -> None:
        self.index.add([first], table(hash), in_place_of=[[first, first + length]])
        for id in range(first, first + length + 1):
            self.entries.pop(id, None)
        self.entries[first] = hash

    @rule(first=st.integers(0, 9), length=st.integers(0, 3))
    def remove_range(self, first: int, length: int) -> None:
        self.index.remove_ranges([[first, first + length]])
        for id in range(first, first + length + 1):
            self.entries.pop(id, None)

    @rule(query=hashes, radius=radii)
    def search(self, query: bytes, radius: int) -> None:
        assert answers(self.index, [query], radius) == brute_force(self.entries, [query], radius)

    @rule()
    def save_and_open(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.index.save(Path(folder, "hashes"))
            self.index, _ = HammingIndex.open(Path(folder, "hashes"))

    @invariant()
    def holds_what_was_put_there(self) -> None:
        assert len(self.index) == len(self.entries)
        assert all(id in self.index for id in self.entries)


class IndexWithTables(IndexUnderChange):
    chunks = 16


class IndexWithWideTables(IndexUnderChange):
    chunks = 12


_QUICK = settings(max_examples=40, stateful_step_count=25, deadline=None)
test_index_stays_exact_while_it_changes = IndexUnderChange.TestCase
test_index_stays_exact_while_it_changes.settings = _QUICK
test_tables_stay_exact_while_they_change = IndexWithTables.TestCase
test_tables_stay_exact_while_they_change.settings = _QUICK
test_wide_tables_stay_exact_while_they_change = IndexWithWideTables.TestCase
test_wide_tables_stay_exact_while_they_change.settings = settings(
    max_examples=10, stateful_step_count=25, deadline=None
)


def test_cluster_of_equal_hashes_is_found_whole() -> None:
    """Ten thousand copies of one hash, over more than one block of the scan."""
    index = HammingIndex()
    count = 70_000
    index.add(np.arange(count), np.zeros((count, 32), np.uint8))

    rows, found, distances = index.range_search(np.zeros((2, 32), np.uint8), 0)

    assert found.tolist() == [*range(count), *range(count)]
    assert set(distances.tolist()) == {0}
    assert np.bincount(rows).tolist() == [count, count]


def test_every_neighbour_at_one_bit_is_found() -> None:
    """No bit of the 256 is forgotten."""
    index = HammingIndex()
    index.add(np.arange(256), table(*(flipped(ZERO, bit) for bit in range(256))))

    assert len(answers(index, [ZERO], 0)) == 0
    assert [id for _, id, _ in answers(index, [ZERO], 1)] == list(range(256))


def test_the_last_of_two_hashes_for_one_id_counts() -> None:
    """Within one call as between two."""
    index = HammingIndex()
    index.add([7, 8, 7], table(ZERO, ZERO, ONES))

    assert answers(index, [ONES], 0) == [(0, 7, 0)]
    assert answers(index, [ZERO], 0) == [(0, 8, 0)]
    assert len(index) == 2


def test_empty_index_and_empty_question_have_empty_answers() -> None:
    """With the documented types."""
    index = HammingIndex()

    assert answers(index, [ZERO], 256) == []
    index.add([], np.empty((0, 32), np.uint8))
    index.remove([])
    index.add([1], table(ZERO))
    assert answers(index, [], 256) == []


@pytest.mark.parametrize(
    ("new_ids", "new_hashes", "reason"),
    [
        ([1, 2], np.zeros((1, 32), np.uint8), "2 ids came with 1 hashes"),
        ([1], np.zeros((1, 31), np.uint8), "shape"),
        ([1], np.zeros((1, 32), np.int64), "uint8"),
        ([1], np.zeros(32, np.uint8), "shape"),
        ([-1], np.zeros((1, 32), np.uint8), "negative"),
        ([1.5], np.zeros((1, 32), np.uint8), "whole numbers"),
        (["a"], np.zeros((1, 32), np.uint8), "whole numbers"),
        ([[1]], np.zeros((1, 32), np.uint8), "one dimension"),
    ],
)
def test_wrong_shapes_are_refused_and_add_nothing(
    new_ids: list[object], new_hashes: npt.NDArray[np.generic], reason: str
) -> None:
    """Half an addition would be a picture that is silently not found."""
    index = HammingIndex()

    with pytest.raises(ValueError, match=reason):
        index.add(np.array(new_ids), new_hashes)

    assert len(index) == 0


@pytest.mark.parametrize("radius", [-1, 257])
def test_radius_outside_the_hash_is_refused(radius: int) -> None:
    """An empty answer would look like safety."""
    with pytest.raises(ValueError, match="radius"):
        HammingIndex().range_search(table(ZERO), radius)


@pytest.mark.parametrize("chunks", [None, 16])
def test_threads_may_change_and_search_at_once(chunks: int | None) -> None:
    """A search sees a change whole or not at all, and those that stay always."""
    with laid_out(chunks):
        check_threads()


def check_threads() -> None:
    index = HammingIndex()
    index.add(np.arange(100), np.zeros((100, 32), np.uint8))
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (500, 32)).astype(np.uint8)
    wrong: list[int] = []
    stop = threading.Event()
    # One of the two is there at each moment, and never both.
    index.add([5000], table(ONES))

    def search() -> None:
        while not stop.is_set():
            count = len(index.range_search(table(ZERO), 0)[0])
            either = index.range_search(table(ONES, flipped(ONES, 1)), 0)[1].tolist()
            if count != 100 or either != [5000]:
                wrong.append(count)

    searchers = [threading.Thread(target=search) for _ in range(3)]
    for thread in searchers:
        thread.start()
    for turn in range(60):
        index.add(np.arange(1000, 1500), noise)
        index.add([5000], table(flipped(ONES, 1) if turn % 2 == 0 else ONES))
        index.remove(np.arange(1000, 1500))
    stop.set()
    for thread in searchers:
        thread.join()

    assert not wrong
    assert len(index) == 101


@pytest.mark.parametrize("chunks", [None, 16])
def test_saved_index_finds_the_same_and_keeps_the_note(tmp_path: Path, chunks: int | None) -> None:
    """What was removed is not resurrected; what is added after it was opened counts."""
    random = np.random.default_rng(3)
    hashes = random.integers(0, 256, (200, 32)).astype(np.uint8)
    with laid_out(chunks):
        index = HammingIndex()
        index.add(np.arange(200), hashes)
        index.remove(np.arange(0, 200, 3))
        index.save(tmp_path / "hashes", {"sequence": 41})

        opened, note = HammingIndex.open(tmp_path / "hashes")
        opened.remove([1])
        opened.add([500], hashes[:1])
        index.remove([1])
        index.add([500], hashes[:1])

        assert note == {"sequence": 41}
        for ours, theirs in zip(
            index.range_search(hashes, 31), opened.range_search(hashes, 31), strict=True
        ):
            assert np.array_equal(ours, theirs)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """An index with tables, in its file."""
    with laid_out(16):
        index = HammingIndex()
        hashes = np.random.default_rng(0).integers(0, 256, (1000, 32)).astype(np.uint8)
        index.add(np.arange(1000), hashes)
        index.save(tmp_path / "hashes")
    return tmp_path / "hashes"


@pytest.mark.parametrize("name", ["ids", "rows", "starts", "places", "partners"])
def test_one_wrong_bit_is_found_out(saved: Path, name: str) -> None:
    """A snapshot that is silently wrong would let pictures through."""
    content = bytearray(saved.read_bytes())
    array = Snapshot.open(saved).arrays[f"hashes/{name}"]
    content[content.find(array.tobytes()) + array.nbytes // 2] ^= 4
    saved.write_bytes(content)

    with pytest.raises(SnapshotError, match=name):
        HammingIndex.open(saved)


@pytest.mark.parametrize("kept", [0, 5, 30, 300, 65536, -1])
def test_file_that_was_cut_off_is_found_out(saved: Path, kept: int) -> None:
    """At its very end, too."""
    saved.write_bytes(saved.read_bytes()[:kept])

    with pytest.raises(SnapshotError):
        HammingIndex.open(saved)


@pytest.mark.parametrize("at", [0, 17, 20, 28, 40, 400])
def test_wrong_header_is_found_out(saved: Path, at: int) -> None:
    """Magic, length, checksum, and what they are of."""
    content = bytearray(saved.read_bytes())
    content[at] ^= 1
    saved.write_bytes(content)

    with pytest.raises(SnapshotError):
        HammingIndex.open(saved)


def test_full_disk_leaves_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing half-written beside it."""
    index = HammingIndex()
    index.save(tmp_path / "hashes", {"turn": 1})

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    index.add([1], table(ZERO))
    with pytest.raises(OSError, match="No space"):
        index.save(tmp_path / "hashes", {"turn": 2})

    assert HammingIndex.open(tmp_path / "hashes")[1] == {"turn": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["hashes"]


def test_ids_outside_the_replaced_ranges_are_refused() -> None:
    """They could stand beside their older selves."""
    index = HammingIndex()
    with pytest.raises(ValueError, match="ranges"):
        index.add([5], table(ZERO), in_place_of=[[1, 4]])
    with pytest.raises(ValueError, match="overlaps"):
        index.add([5], table(ZERO), in_place_of=[[1, 5], [5, 6]])
    with pytest.raises(ValueError, match="pairs"):
        index.remove_ranges([1, 2])
    assert len(index) == 0
