"""What Mallory tries with a list: each attempt is refused by its own name, and changes nothing."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from library.exchange.hash_list.publisher import LIST, NOW, YEAR, Follower, Publisher, entry
from staydown.exchange.hash_list import (
    Altered,
    BadForm,
    Change,
    Expired,
    Forged,
    Forked,
    FromTheFuture,
    Head,
    Inconsistent,
    Keys,
    Line,
    OutOfOrder,
    RolledBack,
    SigningKey,
    TooLarge,
    Truncated,
    UnknownVersion,
    UntrustedKey,
    Withheld,
    WrongList,
    open_head,
    write_head,
    write_keys,
)
from staydown.exchange.hash_list.line import LONGEST_LINE
from staydown.exchange.hash_list.signing import decode, encode, signed


@pytest.fixture
def served(publisher: Publisher) -> Publisher:
    """A list of seven entries on three pages."""
    publisher.add(1, 2, 3, 4, 5, 6, 7)
    return publisher


def page(publisher: Publisher, number: int) -> Path:
    return publisher.folder / f"pages/{number}.jsonl"


def test_a_forged_signature(served: Publisher, follower: Follower) -> None:
    """She writes what she likes into the head, and keeps the signature."""
    file = served.folder / "head.json"
    document = json.loads(file.read_bytes())
    said = json.loads(decode(document["payload"]))
    said["standing"] = 1
    document["payload"] = encode(json.dumps(said).encode())
    file.write_bytes(json.dumps(document).encode())

    with pytest.raises(Forged, match="changed after it was signed"):
        follower.follow()
    assert not follower.steps


def test_a_key_of_her_own(served: Publisher, follower: Follower) -> None:
    served.signer = SigningKey.new()
    served.sign()

    with pytest.raises(UntrustedKey, match="does not sign this list"):
        follower.follow()


def test_the_algorithm_none(served: Publisher, follower: Follower) -> None:
    file = served.folder / "head.json"
    document = json.loads(file.read_bytes())
    header = json.loads(decode(document["signatures"][0]["protected"]))
    document["signatures"] = [
        {"protected": encode(json.dumps({**header, "alg": "none"}).encode()), "signature": ""}
    ]
    file.write_bytes(json.dumps(document).encode())

    with pytest.raises(BadForm, match="alg Ed25519"):
        follower.follow()


def test_a_head_signed_as_if_it_were_keys(served: Publisher, follower: Follower) -> None:
    """What was signed as one kind of document is never read as another."""
    (served.folder / "head.json").write_bytes((served.folder / "keys/1.json").read_bytes())

    with pytest.raises(BadForm, match="staydown-hash-list-head"):
        follower.follow()


def test_a_replayed_old_head(served: Publisher, follower: Follower) -> None:
    old = (served.folder / "head.json").read_bytes()
    served.publish(Change.retract(served.lines[0].id, "withdrawn"))
    follower.follow()
    (served.folder / "head.json").write_bytes(old)

    with pytest.raises(RolledBack, match="replayed"):
        follower.follow()
    assert len(follower.names) == 6


def test_an_old_head_of_the_same_length(served: Publisher, follower: Follower) -> None:
    old = (served.folder / "head.json").read_bytes()
    served.sign()
    follower.follow()
    (served.folder / "head.json").write_bytes(old)

    with pytest.raises(RolledBack):
        follower.follow()


def test_a_head_frozen_in_time(served: Publisher, follower: Follower) -> None:
    with pytest.raises(Expired, match="hold back a newer one"):
        follower.follow(NOW + timedelta(days=8))


def test_keys_frozen_in_time(served: Publisher, follower: Follower) -> None:
    """A signer whose key nobody renewed for a year signs on."""
    served.now += YEAR
    served.sign()

    with pytest.raises(Expired, match="keys document"):
        follower.follow(served.now)


def test_a_head_from_the_future(served: Publisher, follower: Follower) -> None:
    with pytest.raises(FromTheFuture, match="clock"):
        follower.follow(NOW - timedelta(days=1))


def test_a_truncated_page(served: Publisher, follower: Follower) -> None:
    rows = page(served, 2).read_bytes().splitlines(keepends=True)
    page(served, 2).write_bytes(rows[0])

    with pytest.raises(Truncated, match="lacks lines between 4 and 6"):
        follower.follow()
    assert follower.state.sequence == 3


def test_a_page_cut_in_a_line(served: Publisher, follower: Follower) -> None:
    page(served, 1).write_bytes(page(served, 1).read_bytes()[:-9])

    with pytest.raises(Truncated, match="middle of a line"):
        follower.follow()


def test_an_empty_page(served: Publisher, follower: Follower) -> None:
    page(served, 1).write_bytes(b"")

    with pytest.raises(Truncated):
        follower.follow()


def test_swapped_pages(served: Publisher, follower: Follower) -> None:
    one, two = page(served, 1).read_bytes(), page(served, 2).read_bytes()
    page(served, 1).write_bytes(two)
    page(served, 2).write_bytes(one)

    with pytest.raises(OutOfOrder, match="line 4 where 1 must come"):
        follower.follow()
    assert not follower.steps


def test_swapped_lines(served: Publisher, follower: Follower) -> None:
    one, two, three = page(served, 1).read_bytes().splitlines(keepends=True)
    page(served, 1).write_bytes(one + three + two)

    with pytest.raises(OutOfOrder):
        follower.follow()


def test_a_duplicate_sequence(served: Publisher, follower: Follower) -> None:
    one, two, three = page(served, 1).read_bytes().splitlines(keepends=True)
    page(served, 1).write_bytes(one + two + two + three)

    with pytest.raises(OutOfOrder, match="line 2 where 3 must come"):
        follower.follow()


def test_a_line_of_her_own(served: Publisher, follower: Follower) -> None:
    """A picture of a popular cat, in place of an entry, under its number and name."""
    real = served.lines[1]
    cat = Line(2, real.at, "add", real.id, entry(99))
    rows = page(served, 1).read_bytes().splitlines(keepends=True)
    rows[1] = cat.to_text().encode() + b"\n"
    page(served, 1).write_bytes(b"".join(rows))

    with pytest.raises(Altered, match="not those that its head signs"):
        follower.follow()
    assert not follower.steps


def test_an_entry_hidden_by_the_mirror(served: Publisher, follower: Follower) -> None:
    """To black out a line is anyone's right, so that of an entry that stands is noticed."""
    rows = page(served, 1).read_bytes().splitlines(keepends=True)
    rows[1] = served.lines[1].black_out().to_text().encode() + b"\n"
    page(served, 1).write_bytes(b"".join(rows))

    with pytest.raises(Withheld, match="1 entries of the list are blacked out"):
        follower.follow()
    with pytest.raises(Withheld):
        follower.follow()


def test_two_histories(served: Publisher, follower: Follower, tmp_path: Path) -> None:
    """With the signer's key she shows this follower another history than everybody else."""
    follower.follow()
    other = Publisher(tmp_path / "other", root=served.root, signer=served.signer, heads=8)
    other.add(*range(50, 57))
    write_head(served.folder, (other.folder / "head.json").read_bytes())

    with pytest.raises(Forked, match="rewritten"):
        follower.follow()


def test_two_histories_from_a_page_on(
    served: Publisher, follower: Follower, tmp_path: Path
) -> None:
    served.lines, served.tally = served.lines[:6], served.tally
    follower.follow(until=lambda step: step.state.sequence == 6)
    other = Publisher(tmp_path / "other", root=served.root, signer=served.signer, heads=8)
    other.add(*range(50, 59))
    write_head(served.folder, (other.folder / "head.json").read_bytes())

    with pytest.raises(Forked):
        follower.follow()


def test_another_list(served: Publisher, follower: Follower) -> None:
    head, _ = open_head((served.folder / "head.json").read_bytes())
    other = Head(**{**{n: getattr(head, n) for n in head.__slots__}, "list": "mallory.example"})
    write_head(served.folder, other.sign(served.signer))

    with pytest.raises(WrongList):
        follower.follow()


def test_an_unknown_version(served: Publisher, follower: Follower) -> None:
    head, document = open_head((served.folder / "head.json").read_bytes())
    assert head.list == LIST
    later = signed({**document.values, "version": 2}, "staydown-hash-list-head", [served.signer])
    write_head(served.folder, later)

    with pytest.raises(UnknownVersion, match="version 2 of the format; this program reads 1"):
        follower.follow()


def test_a_huge_line(served: Publisher, follower: Follower) -> None:
    page(served, 1).write_bytes(b"[" * (LONGEST_LINE + 1) + b"\n")

    with pytest.raises(TooLarge, match="longer than"):
        follower.follow()


def test_a_line_as_deep_as_a_well(served: Publisher, follower: Follower) -> None:
    page(served, 1).write_bytes(b"[" * LONGEST_LINE + b"\n")

    with pytest.raises(BadForm, match="not valid JSON"):
        follower.follow()


def test_a_retraction_of_an_unknown_entry(served: Publisher, follower: Follower) -> None:
    """Only who holds the signer's key can write it; what reads the list says so."""
    follower.follow()
    served.lines.append(Line(8, NOW, "retract", "0" * 32, reason="mistaken"))
    served.tally = served.tally.after(served.lines[-1:])
    served.heads += 1
    rows = "".join(line.to_text() + "\n" for line in served.lines[6:])
    page(served, 3).write_text(rows)
    write_head(
        served.folder,
        served.tally.head(LIST, number=served.heads, keys=1, now=NOW).sign(served.signer),
    )
    before = follower.state

    with pytest.raises(Inconsistent, match="about what does not stand"):
        follower.follow()
    assert (follower.state, len(follower.names)) == (before, 7)


def test_an_entry_added_twice(served: Publisher, follower: Follower) -> None:
    served.publish(Change("add", served.lines[0].id, entry(1)))
    follower.follow(until=lambda step: step.state.sequence == 6)

    with pytest.raises(Inconsistent, match="adds what stands"):
        follower.follow()


def test_a_stolen_key_is_rotated_out(served: Publisher, follower: Follower) -> None:
    """With the stolen signer's key she lists a cat. The root, off-line, dismisses the key."""
    follower.follow()
    stolen = served.signer
    honest = list(served.lines)
    (cat,) = served.add(99)
    follower.follow()
    assert cat in follower.names

    served.rotate(signer=SigningKey.new(), begin_anew=True)
    served.publish(*(Change("add", line.id, line.entry) for line in honest))
    follower.follow()
    assert follower.names == {line.id for line in honest}

    served.signer = stolen
    served.sign()
    with pytest.raises(UntrustedKey):
        follower.follow()


def test_a_stolen_key_cannot_appoint_another(served: Publisher, follower: Follower) -> None:
    follower.follow()
    hers = SigningKey.new()
    keys = Keys(LIST, 2, 1, hers.public, (hers.public,), NOW, NOW + YEAR)
    write_keys(served.folder, 2, keys.sign([served.signer, hers]))
    served.signer, served.keys = hers, 2
    served.sign()

    with pytest.raises(UntrustedKey, match="keys document"):
        follower.follow()


def test_a_stolen_key_cannot_make_the_list_begin_anew(
    served: Publisher, follower: Follower
) -> None:
    follower.follow()
    served.generation = 2
    served.sign()

    with pytest.raises(Forked):
        follower.follow()


def test_a_stolen_key_cannot_use_up_the_numbers(served: Publisher, follower: Follower) -> None:
    """The highest number that there is, signed once, must not end the list for ever."""
    served.heads = (1 << 53) - 2
    served.sign()
    follower.follow()
    served.rotate(signer=SigningKey.new())
    served.heads = 10
    served.add(8)

    follower.follow()

    assert len(follower.names) == 8


def test_a_root_that_does_not_sign_for_itself(served: Publisher, follower: Follower) -> None:
    """A slip of the owner's, not to be followed into a list that nobody can renew."""
    keys = Keys(LIST, 2, 1, SigningKey.new().public, (served.signer.public,), NOW, NOW + YEAR)
    write_keys(served.folder, 2, keys.sign([served.root]))
    served.keys = 2
    served.sign()

    with pytest.raises(UntrustedKey):
        follower.follow()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line.replace(b'"at":', b' "at":'),
        lambda line: line.replace(b"{", b'{"aa":1.0,', 1),
        lambda line: line.replace(b"{", b'{"aa":"\xc3\xa9",', 1),
        lambda line: line.replace(b"{", b'{"aa":"\\u0041",', 1),
        lambda line: line.replace(b"{", b'{"aa":"\\ud800",', 1),
        lambda line: line.replace(b"{", b'{"aa":NaN,', 1),
        lambda line: line.replace(b'"id":', b'"id":"","id":'),
    ],
    ids=["space", "fraction", "not-ascii", "escape", "surrogate", "nan", "twice"],
)
def test_a_line_that_two_programs_read_differently(
    served: Publisher, follower: Follower, spoil: Callable[[bytes], bytes]
) -> None:
    rows = page(served, 1).read_bytes().splitlines(keepends=True)
    page(served, 1).write_bytes(spoil(rows[0]) + b"".join(rows[1:]))

    with pytest.raises(BadForm):
        follower.follow()
