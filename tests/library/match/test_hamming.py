"""The index finds all that brute force finds, in one order, whatever the hashes are."""

import threading

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from staydown import HammingIndex

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
radii = st.sampled_from([0, 1, 15, 16, 31, 32, 60, 128, 256])


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.integers(0, 2**64 - 1), hashes), st.lists(hashes, min_size=1), radii)
def test_search_finds_exactly_what_brute_force_finds(
    entries: dict[int, bytes], queries: list[bytes], radius: int
) -> None:
    """The same rows, ids, distances and order."""
    index = HammingIndex()
    index.add(np.array(list(entries), np.uint64), table(*entries.values()))

    assert answers(index, queries, radius) == brute_force(entries, queries, radius)


class IndexUnderChange(RuleBasedStateMachine):
    """Additions, replacements and removals in any order, checked after each."""

    def __init__(self) -> None:
        super().__init__()
        self.index = HammingIndex()
        self.entries: dict[int, bytes] = {}

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

    @rule(query=hashes, radius=radii)
    def search(self, query: bytes, radius: int) -> None:
        assert answers(self.index, [query], radius) == brute_force(self.entries, [query], radius)

    @invariant()
    def holds_what_was_put_there(self) -> None:
        assert len(self.index) == len(self.entries)
        assert all(id in self.index for id in self.entries)


test_index_stays_exact_while_it_changes = IndexUnderChange.TestCase
test_index_stays_exact_while_it_changes.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None
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


def test_threads_may_change_and_search_at_once() -> None:
    """A search sees an entry whole or not at all, and those that stay always."""
    index = HammingIndex()
    index.add(np.arange(100), np.zeros((100, 32), np.uint8))
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (500, 32)).astype(np.uint8)
    wrong: list[int] = []
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            count = len(index.range_search(table(ZERO), 0)[0])
            if count != 100:
                wrong.append(count)

    searchers = [threading.Thread(target=search) for _ in range(3)]
    for thread in searchers:
        thread.start()
    for _ in range(60):
        index.add(np.arange(1000, 1500), noise)
        index.remove(np.arange(1000, 1500))
    stop.set()
    for thread in searchers:
        thread.join()

    assert not wrong
    assert len(index) == 100
