"""The form of lines and documents: as the published schema says, whatever is sent."""

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey
from joserfc.jws import deserialize_json

from library.exchange.hash_list.publisher import NOW, YEAR, entry
from library.films import drawn_film
from staydown import DecoderPool, compare, fingerprint_bytes
from staydown.exchange.hash_list import (
    BadForm,
    Head,
    Keys,
    Line,
    ListError,
    Prints,
    Provenance,
    PublicKey,
    SigningKey,
    State,
    Tally,
    open_head,
    open_keys,
    read_line,
)
from staydown.exchange.hash_list.line import canonical
from staydown.exchange.hash_list.signing import decode

SCHEMA = json.loads(
    files("staydown.exchange.hash_list").joinpath("hash-list-1.schema.json").read_text()
)
FILM = Prints(kind="video", film=((0, 90, bytes(range(32))), (1000, 80, bytes(32))), duration=2000)
LINES = [
    Line(1, NOW, "add", "0" * 32, entry(1)),
    Line(2, NOW, "change", "0" * 32, entry(1, expires_at=NOW + YEAR, prints=FILM)),
    Line(3, NOW, "add", "1" * 32, entry(2, provenance=Provenance("imported", "a.b", "stopncii"))),
    Line(3, NOW, "add", "1" * 32, entry(2)).black_out(),
    Line(4, NOW, "retract", "0" * 32, reason="withdrawn"),
]
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab0:-TZ", max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "md5", "how", "x"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def schema_of(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


def places(values: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in *values*, as the names that lead there."""
    inner = values.items() if isinstance(values, dict) else ()
    rows = enumerate(values) if isinstance(values, list) else ()
    return [path] * bool(path) + [
        place for name, value in (*inner, *rows) for place in places(value, (*path, name))
    ]


PLACES = [(line, place) for line in LINES for place in places(json.loads(line.to_text()))]


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_read_as_it_was_written(line: Line) -> None:
    text = line.to_text()
    schema_of("line").validate(json.loads(text))

    read, digest = read_line(text.encode())

    assert (read, digest) == (line, line.digest())


@settings(max_examples=400, deadline=None)
@given(place=st.sampled_from(PLACES), value=ANYTHING)
def test_a_wrong_type_anywhere_is_bad_form_and_never_a_crash(
    place: tuple[Line, tuple[Any, ...]], value: Any
) -> None:
    """And what we take, the published schema takes too."""
    line, path = place
    values = json.loads(line.to_text())
    inner = values
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value

    try:
        read_line(canonical(values).encode())
    except ListError:
        return
    schema_of("line").validate(without_nulls(values))


def without_nulls(values: Any) -> Any:
    """What is null is as good as left out."""
    if isinstance(values, dict):
        return {name: without_nulls(each) for name, each in values.items() if each is not None}
    return [without_nulls(each) for each in values] if isinstance(values, list) else values


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_line(raw: bytes) -> None:
    with pytest.raises(ListError):
        read_line(raw)


HEAD = Tally().after(LINES[:1]).head("forum.example", number=1, keys=1, now=NOW)
KEY = SigningKey(bytes(32))
KEYS = Keys("forum.example", 1, 1, KEY.public, (KEY.public,), NOW, NOW + YEAR)


@pytest.mark.parametrize(
    ("raw", "name"), [(HEAD.sign(KEY), "head"), (KEYS.sign([KEY]), "keys")], ids=["head", "keys"]
)
def test_the_documents_are_as_the_schema_says(raw: bytes, name: str) -> None:
    schema_of("signed").validate(json.loads(raw))
    schema_of(name).validate(json.loads(decode(json.loads(raw)["payload"])))


def test_a_document_is_read_as_it_was_written() -> None:
    assert open_head(HEAD.sign(KEY))[0] == HEAD
    assert open_keys(KEYS.sign([KEY]))[0] == KEYS


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(sorted(n for n in HEAD.__slots__)), value=ANYTHING, deep=st.booleans())
def test_a_wrong_type_in_a_document_is_bad_form(name: str, value: Any, deep: bool) -> None:
    raw = json.loads(decode(json.loads(HEAD.sign(KEY))["payload"]))
    raw[name] = [value] if deep else value
    try:
        Head.from_dict(raw)
    except ListError:
        return
    schema_of("head").validate(raw)


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(sorted(State.__slots__)), value=ANYTHING)
def test_a_damaged_state_is_bad_form(name: str, value: Any) -> None:
    stored = State("forum.example", KEY.public).to_dict()
    try:
        State.from_dict({**stored, name: value})
    except BadForm:
        return


def test_any_jose_library_reads_a_head() -> None:
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": str(KEY.public)})
    read = deserialize_json(json.loads(HEAD.sign(KEY)), key, algorithms=["Ed25519"])

    assert json.loads(read.payload)["list"] == "forum.example"


def test_a_film_is_shared_once_a_second_and_found_again(pool: DecoderPool) -> None:
    shown = fingerprint_bytes(drawn_film(1), pool=pool, look="reported")

    shared = Prints.from_dict(json.loads(json.dumps(Prints.of(shown).to_dict())))
    read = shared.fingerprint()

    assert [when // 1000 for when, _, _ in shared.film] == [0, 1, 2, 3]
    assert read is not None
    match = compare(read, shown)
    assert match is not None
    assert match.kind in ("identical", "same")


def test_the_local_layer_never_leaves(pool: DecoderPool) -> None:
    shown = fingerprint_bytes(drawn_film(1), pool=pool, look="reported")

    names = set(Prints.of(shown).to_dict())

    assert names == {"kind", "sha256", "md5", "film", "duration"}


def test_a_hash_that_no_picture_has_matches_nothing() -> None:
    """All zeros match every plain grey upload: lists hold such mistakes."""
    read = Prints(pdq=bytes(32)).fingerprint()

    assert read is not None
    assert read.quality == 0


def test_a_signing_key_never_shows_itself() -> None:
    key = SigningKey.new()

    assert key.to_text() not in f"{key!r} {key} {vars(key)}"
    assert SigningKey.read(key.to_text()).public == key.public
    assert PublicKey.read(str(key.public)) == key.public
    with pytest.raises(BadForm) as refused:
        SigningKey.read(key.to_text() + "AAAA")
    assert key.to_text() not in str(refused.value)


DOCUMENT = json.loads(HEAD.sign(KEY))


@settings(max_examples=200, deadline=None)
@given(place=st.sampled_from(places(DOCUMENT)), value=ANYTHING)
def test_a_wrong_type_in_an_envelope_is_bad_form(place: tuple[Any, ...], value: Any) -> None:
    document = json.loads(json.dumps(DOCUMENT))
    inner = document
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value

    with pytest.raises(ListError):
        open_head(json.dumps(document).encode())[1].check([KEY.public], "head")
