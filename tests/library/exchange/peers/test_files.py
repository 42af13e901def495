"""The field's files of hashes, in and out."""

import io
import json
import pickle

import pytest

from library.exchange.hash_list.publisher import entry
from staydown.exchange.hash_list import Entry, Prints
from staydown.exchange.peers.files import (
    FORMS,
    Damaged,
    FileFormError,
    Form,
    form_of,
    read_hashes,
    write_hashes,
)

PDQ, OTHER, MD5 = "0f" * 32, "3c" * 32, "ab" * 16
FILM = Prints(
    kind="video",
    md5=MD5,
    film=((0, 90, bytes.fromhex(PDQ)), (1000, 80, bytes.fromhex(OTHER))),
    duration=2000,
)
VPDQ = f"0,90,{PDQ},0\n1,80,{OTHER},1\n"


def read(text: str) -> list[Prints | Damaged]:
    return list(read_hashes(text, form_of(text)))


def test_a_csv_file_names_its_columns_in_any_order() -> None:
    text = f"\ufeffName, PDQ ,md5,Quality\nwho knows,{PDQ.upper()},{MD5},77\nx,,{MD5},\n"

    assert read(text) == [
        Prints(pdq=bytes.fromhex(PDQ), md5=MD5, quality=77),
        Prints(md5=MD5),
    ]


def test_what_the_threatexchange_command_prints_is_read() -> None:
    """Examples and false alarms stand in it too, and are no entries."""
    text = (
        "signal_type,signal_str,collab,category,tags\n"
        f"pdq,{PDQ},Sample Data,POSITIVE_CLASS,ncii\n"
        f"pdq,{OTHER},Sample Data,NEGATIVE_CLASS,\n"
        f"video_md5,{MD5},Sample Data,INVESTIGATION_SEED,\n"
        "url,https://example.org,Sample Data,POSITIVE_CLASS,\n"
    )

    pdq, film, damaged = read(text)

    assert pdq == Prints(pdq=bytes.fromhex(PDQ))
    assert film == Prints(kind="video", md5=MD5)
    assert damaged == Damaged(5, "This kind of hash is none of ours.")


def test_its_lines_and_local_files_are_read() -> None:
    assert read(f"pdq {PDQ}\nvideo_md5 {MD5}\n") == [
        Prints(pdq=bytes.fromhex(PDQ)),
        Prints(kind="video", md5=MD5),
    ]


@pytest.mark.parametrize("shape", ["list", "page", "lines"])
def test_threat_updates_are_read(shape: str) -> None:
    records = [
        {"id": "1", "type": "HASH_PDQ", "indicator": PDQ, "should_delete": False},
        {"id": "2", "type": "HASH_MD5", "indicator": MD5, "should_delete": True},
        {"id": "3", "type": "DOMAIN", "indicator": "example.org", "should_delete": False},
    ]
    text = {
        "list": json.dumps(records, indent=1),
        "page": json.dumps({"data": records}),
        "lines": "".join(json.dumps(each) + "\n" for each in records),
    }[shape]

    pdq, damaged = read(text)

    assert pdq == Prints(pdq=bytes.fromhex(PDQ))
    assert isinstance(damaged, Damaged)


def test_a_vpdq_file_is_one_film() -> None:
    assert read(VPDQ) == [Prints(kind="video", film=FILM.film, duration=2000)]


def test_its_pickles_are_never_read() -> None:
    with pytest.raises(FileFormError, match="dataset -P --csv"):
        form_of(pickle.dumps({"a": 1}).decode("utf-8-sig", "surrogateescape"))


@pytest.mark.parametrize("text", ["", "hello\nworld", "a,b,c\n1,2,3\n", "\x00\x01"])
def test_a_file_of_another_kind_is_named_as_such(text: str) -> None:
    with pytest.raises(FileFormError, match="no file of hashes"):
        form_of(text)


@pytest.mark.parametrize(
    "text",
    [
        f"pdq {PDQ[:-1]}\n",
        "md5,pdq\nnone,\n",
        "md5\n\n,\n",
        '[{"type": "HASH_PDQ"}]',
        "[3]",
        '{"type": "HASH_PDQ", "indicator": [1]}\nnone\n',
        f"0,900,{PDQ},0\n",
        "vpdq none\n",
    ],
)
def test_what_is_damaged_is_told_with_its_line(text: str) -> None:
    found = read(text)

    assert found
    assert all(isinstance(each, Damaged) and each.line >= 1 for each in found)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "vpdq"])
def test_what_is_written_is_read_again(form: Form) -> None:
    entries = [("0" * 32, entry(1)), ("1" * 32, entry(2, prints=FILM))]
    out = io.StringIO()

    left_out = write_hashes(entries, form, out)

    assert left_out == 0
    assert form_of(out.getvalue()) == form
    found = read(out.getvalue())
    assert not [each for each in found if isinstance(each, Damaged)]
    pdqs = {each.pdq for each in found if isinstance(each, Prints)}
    assert entry(1).prints.pdq in pdqs
    assert MD5 in {each.md5 for each in found if isinstance(each, Prints)}
    if form == "csv":
        assert found == [entry(1).prints, FILM]


def test_a_vpdq_file_holds_one_film() -> None:
    out = io.StringIO()
    entries: list[tuple[str, Entry]] = [("1" * 32, entry(2, prints=FILM)), ("0" * 32, entry(1))]

    assert write_hashes(entries, "vpdq", out) == 1
    assert out.getvalue() == VPDQ


def test_an_exact_hash_of_a_picture_has_no_name_there() -> None:
    only_sha = entry(1, prints=Prints(sha256="ab" * 32))

    assert write_hashes([("0" * 32, only_sha)], "threatexchange-lines", io.StringIO()) == 1
