"""A bank finds what was put in, in every orientation, and survives its file."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.pictures import drawing
from staydown import PDQ_CONFIDENT, PDQ_STRICT, Bank, BankError, Fingerprint, compare
from staydown.fingerprint.pdq import pdq


def print_of(seed: int, *, sha256: str | None = None, quality: int | None = None) -> Fingerprint:
    hashed = pdq(drawing(320, 240, seed))
    return Fingerprint(
        sha256=sha256 or f"{seed:064x}",
        pdq=hashed.original,
        quality=hashed.quality if quality is None else quality,
        dihedral=hashed.dihedral,
    )


def changed(fingerprint: Fingerprint, bits: int, seed: int = 99) -> Fingerprint:
    """A copy whose hash differs by *bits*, known by its hash alone."""
    assert fingerprint.pdq is not None
    number = int.from_bytes(fingerprint.pdq) ^ ((1 << bits) - 1) << seed
    return Fingerprint(pdq=number.to_bytes(32), quality=fingerprint.quality)


def found(bank: Bank, fingerprint: Fingerprint) -> list[str | None]:
    return [match.id for match in bank.search(fingerprint)]


ALICES = print_of(1)


@pytest.fixture
def bank() -> Bank:
    """Alice's picture among others."""
    bank = Bank()
    for seed in range(2, 12):
        bank.add(f"other-{seed}", print_of(seed))
    bank.add("alice", ALICES)
    return bank


def test_bank_finds_the_same_file(bank: Bank) -> None:
    """Identical beats every other kind."""
    (match,) = bank.search(ALICES)

    assert (match.id, match.kind, match.score) == ("alice", "identical", 1.0)


@pytest.mark.parametrize("bits", [0, 1, 16, 31])
def test_bank_finds_a_near_copy(bank: Bank, bits: int) -> None:
    """Up to the threshold, with the distance as evidence."""
    (match,) = bank.search(changed(ALICES, bits))

    assert (match.id, match.kind, match.distance) == ("alice", "same", bits)
    assert match.score == pytest.approx(1 - bits / 128, abs=1e-4)


def test_bank_does_not_find_what_is_farther(bank: Bank) -> None:
    """32 bits is no match."""
    assert bank.search(changed(ALICES, 32)) == []


@pytest.mark.parametrize("turn", range(8))
def test_bank_finds_a_turned_copy(bank: Bank, turn: int) -> None:
    """Mirrored, flipped and turned: one entry answers all eight, as `compare` does."""
    turned = Fingerprint(pdq=ALICES.dihedral[turn], quality=90)

    (match,) = bank.search(turned)

    expected = compare(ALICES, turned)
    assert expected is not None
    assert (match.id, match.orientation) == ("alice", expected.orientation)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=8),
    st.integers(0, 5),
    st.integers(0, 40),
    st.sampled_from([PDQ_CONFIDENT, PDQ_STRICT]),
)
def test_bank_says_what_compare_says(seeds: list[int], asked: int, bits: int, threshold) -> None:  # type: ignore[no-untyped-def]
    """One rule for what matches, asked one by one or all at once."""
    bank = Bank()
    entries = {f"{at}": print_of(seed) for at, seed in enumerate(seeds)}
    bank.add_many(entries.items())
    suspect = changed(print_of(asked), bits)

    searched = {match.id: match for match in bank.search(suspect, threshold=threshold)}

    for id, entry in entries.items():
        match = compare(entry, suspect, threshold=threshold)
        assert (match is None) == (id not in searched)
        if match is not None:
            assert searched[id].distance == match.distance
            assert searched[id].orientation == match.orientation


def test_best_match_comes_first() -> None:
    """Identical, then by distance, then by id: the same order every time."""
    bank = Bank()
    bank.add("far", changed(ALICES, 20))
    bank.add("b-near", changed(ALICES, 3))
    bank.add("a-near", changed(ALICES, 3))
    bank.add("file", ALICES)

    assert found(bank, ALICES) == ["file", "a-near", "b-near", "far"]


def test_removed_entry_is_never_found_again(bank: Bank) -> None:
    """A retraction takes effect at once; repeating it is harmless."""
    bank.remove("alice")
    bank.remove("alice")

    assert "alice" not in bank
    assert bank.search(ALICES) == []
    assert bank.get("alice") is None
    assert len(bank) == 10


def test_adding_an_id_again_replaces_what_was_there(bank: Bank) -> None:
    """By its hash and by its digest."""
    bank.add("alice", print_of(50))

    assert bank.search(ALICES) == []
    assert found(bank, print_of(50)) == ["alice"]
    assert len(bank) == 11


def test_replacing_a_picture_by_a_digest_forgets_its_hash(bank: Bank) -> None:
    """And the other way round."""
    bank.add("alice", Fingerprint(sha256="ee" * 32))
    assert bank.search(ALICES) == []
    assert found(bank, Fingerprint(sha256="ee" * 32)) == ["alice"]

    bank.add("alice", ALICES)
    assert found(bank, changed(ALICES, 4)) == ["alice"]


def test_one_file_under_two_ids_is_found_twice(bank: Bank) -> None:
    """Removing one leaves the other."""
    bank.add("again", ALICES)
    assert found(bank, ALICES) == ["again", "alice"]

    bank.remove("alice")
    assert found(bank, ALICES) == ["again"]


def test_plain_entry_is_found_as_a_file_but_never_by_its_hash() -> None:
    """Blank pages lie close together by chance: they would block one another."""
    bank = Bank()
    bank.add("blank", print_of(1, quality=49))

    assert bank.search(changed(print_of(1, quality=100), 0)) == []
    assert found(bank, print_of(1, quality=49)) == ["blank"]


def test_plain_suspect_is_never_matched_by_its_hash(bank: Bank) -> None:
    """The quality of both sides counts."""
    plain = Fingerprint(pdq=ALICES.pdq, quality=49)

    assert bank.search(plain) == []
    assert found(bank, Fingerprint(pdq=ALICES.pdq, quality=50)) == ["alice"]


def test_md5_alone_finds_a_file() -> None:
    """Partners' lists often hold nothing else; a fingerprint needs one of the others too."""
    bank = Bank()
    bank.add("listed", Fingerprint(md5="cd" * 16, pdq=bytes(32), quality=0))

    assert found(bank, Fingerprint(sha256="11" * 32, md5="cd" * 16)) == ["listed"]
    assert bank.search(Fingerprint(sha256="11" * 32, md5="ab" * 16)) == []


def test_md5_does_not_overrule_sha256() -> None:
    """MD5 collisions can be made: two files with different SHA-256 are two files."""
    bank = Bank()
    bank.add("one", Fingerprint(sha256="aa" * 32, md5="cd" * 16))

    assert bank.search(Fingerprint(sha256="bb" * 32, md5="cd" * 16)) == []


def test_id_is_a_string() -> None:
    """A number would come back from the file as another type."""
    with pytest.raises(TypeError, match="string"):
        Bank().add(5, ALICES)  # type: ignore[arg-type]


def test_bank_survives_its_file(bank: Bank, tmp_path: Path) -> None:
    """Names of any kind, fingerprints of any kind."""
    bank.add("é \n \udc80", Fingerprint(sha256="ee" * 32))
    bank.save(tmp_path / "a.bank")

    loaded = Bank.load(tmp_path / "a.bank")

    assert {id: loaded.get(id) for id in loaded} == {id: bank.get(id) for id in bank}
    assert found(loaded, changed(ALICES, 9)) == ["alice"]


def test_saving_replaces_the_file_whole_and_leaves_nothing_beside_it(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk leaves the bank that was there."""
    path = tmp_path / "a.bank"
    bank.save(path)
    before = path.read_bytes()

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        Bank().save(path)

    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.bank"]


DAMAGE = {
    "empty": (lambda lines: [], "Line 1"),
    "another kind of file": (lambda lines: [b"\x89PNG\r\n", b"\x1a\n"], "Line 1"),
    "a later version": (
        lambda lines: [lines[0].replace(b'"version": 1', b'"version": 2'), *lines[1:]],
        "version",
    ),
    "cut between lines": (lambda lines: lines[:-1], "ends early"),
    "cut within a line": (lambda lines: [*lines[:-1], lines[-1][:-9]], "Line 12"),
    "a digit lost": (lambda lines: [*lines[:-1], lines[-1].replace(b'"pdq": "', b'"pdq": "0')],
                     "Line 12"),
    "no id": (lambda lines: [*lines[:-1], lines[-1].replace(b'"id"', b'"ip"')], "no id"),
    "not text": (lambda lines: [*lines[:3], b"\xff\xff\n", *lines[4:]], "Line 4"),
    "a list": (lambda lines: [*lines[:3], b"[1]\n", *lines[4:]], "Line 4"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_file_is_refused_with_its_line(bank: Bank, tmp_path: Path, damage: str) -> None:
    """A bank that is silently short lets pictures through."""
    bank.save(tmp_path / "a.bank")
    lines = (tmp_path / "a.bank").read_bytes().splitlines(keepends=True)
    spoil, reason = DAMAGE[damage]
    (tmp_path / "b.bank").write_bytes(b"".join(spoil(lines)))

    with pytest.raises(BankError, match=reason):
        Bank.load(tmp_path / "b.bank")


def test_file_is_json_lines_that_anyone_can_read(bank: Bank, tmp_path: Path) -> None:
    """Nothing pickled."""
    bank.save(tmp_path / "a.bank")

    header, *entries = [
        json.loads(line) for line in (tmp_path / "a.bank").read_bytes().splitlines()
    ]

    assert header == {"format": "staydown-bank", "version": 1, "entries": 11}
    assert entries[-1] == {"id": "alice", **ALICES.to_dict()}


def test_threads_may_change_and_search_at_once(bank: Bank) -> None:
    """Alice's picture is found at every moment of a busy day."""
    missed: list[int] = []
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            if found(bank, ALICES) != ["alice"]:
                missed.append(1)

    searcher = threading.Thread(target=search)
    searcher.start()
    for round_ in range(150):
        bank.add(f"new-{round_ % 7}", print_of(20 + round_ % 5))
        bank.remove(f"new-{(round_ + 3) % 7}")
    stop.set()
    searcher.join()

    assert not missed


def film(*seeds: int, quality: int | None = None) -> Fingerprint:
    """An animation that shows the drawings, one after another."""
    first, *others = (print_of(seed, quality=quality) for seed in seeds)
    return replace(first, sha256="f" * 64, frames=tuple(each.hashes[0] for each in others))


def test_bank_finds_a_picture_behind_the_first_frame(bank: Bank) -> None:
    """A harmless beginning hides nothing, on either side."""
    assert found(bank, film(20, 21, 1)) == ["alice"]
    bank.add("film", film(30, 31, 32))
    assert found(bank, print_of(32)) == ["film"]
    assert found(bank, film(40, 31)) == ["film"]


def test_bank_names_an_entry_once_however_many_frames_match(bank: Bank) -> None:
    """With the nearest of them as evidence."""
    bank.add("film", film(30, 31, 32))

    (match,) = bank.search(replace(film(31, 32), sha256="e" * 64))

    assert (match.id, match.kind, match.distance) == ("film", "same", 0)


def test_removed_film_leaves_no_frame_behind(bank: Bank) -> None:
    """Replaced by a still, or removed: each of its frames is gone."""
    bank.add("film", film(30, 31, 32))
    bank.add("film", print_of(30))
    assert found(bank, print_of(32)) == []
    bank.add("film", film(30, 31, 32))
    bank.remove("film")
    assert [found(bank, print_of(seed)) for seed in (30, 31, 32)] == [[], [], []]


def test_frames_of_poor_quality_take_no_part(bank: Bank) -> None:
    """A blank frame matches nothing, and keeps the others from nothing."""
    bank.add("film", film(30, 31, quality=20))

    assert found(bank, print_of(31)) == []


def test_bank_agrees_with_compare_on_films(bank: Bank) -> None:
    """One rule, whether two are compared or many searched."""
    reported, suspect = film(30, 31), film(50, 31, 52)
    bank.add("film", reported)

    (match,) = bank.search(replace(suspect, sha256="e" * 64))

    assert replace(match, id=None) == compare(reported, replace(suspect, sha256="e" * 64))
