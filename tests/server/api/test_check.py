"""POST /check: what may be shown."""

import json
from typing import Any

import pytest

from server.api.client import Api, problem
from server.pictures import (
    UNREADABLE,
    fingerprint,
    jpeg,
    mirrored,
    recompressed,
    scene,
    with_region_replaced,
)
from staydown_server.cases.models import Case
from staydown_server.gate.models import Check, HeldUpload, KeepDown

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("way", ["multipart", "raw", "json"])
@pytest.mark.parametrize("change", [bytes, recompressed, mirrored])
def test_a_copy_is_blocked_however_it_is_sent(
    api: Api, removed_case: Case, picture: bytes, way: str, change: Any
) -> None:
    """As a form, as the body itself, or as a fingerprint made elsewhere."""
    upload = change(picture)
    if way == "multipart":
        answer = api.form("/check", upload, uploader="mallory")
    elif way == "raw":
        answer = api.raw("/check", upload, "image/jpeg")
    else:
        answer = api.json("/check", {"fingerprints": [fingerprint(upload).to_dict()]})

    assert answer.status_code == 200
    said = answer.json()
    assert said["verdict"] == "block"
    assert said["id"] == str(Check.objects.get().pk)
    (match,) = said["matches"]
    assert match["keep_down"] == KeepDown.objects.get().pk
    assert match["kind"] in ("identical", "same")
    assert 0 < match["score"] <= 1


def test_another_picture_is_allowed(api: Api, removed_case: Case) -> None:
    """With no match."""
    answer = api.raw("/check", jpeg(scene(2)))

    assert answer.status_code == 200
    assert (answer.json()["verdict"], answer.json()["matches"]) == ("allow", [])


@pytest.mark.parametrize("way", ["multipart", "raw"])
def test_what_may_be_somebody_elses_is_held(
    api: Api, drawn_case: Case, drawing: bytes, way: str
) -> None:
    """With the evidence, under one id however often it is asked about; never blocked."""
    upload = with_region_replaced(drawing)
    said = [
        api.form("/check", upload, reference="up-1", uploader="mallory").json()
        if way == "multipart"
        else api.raw("/check", upload, "image/jpeg").json()
        for _ in range(2)
    ]

    held = HeldUpload.objects.get()
    assert [each["verdict"] for each in said] == ["hold", "hold"]
    assert {each["id"] for each in said} == {str(held.gate_check_id)}
    assert said[0]["matches"][0]["kind"] == "region-replaced"
    assert said[0]["matches"][0]["region"]["differs"]["outline"]
    named = ("up-1", "mallory") if way == "multipart" else ("", "")
    assert (held.reference, held.uploader) == named


def test_fingerprints_can_be_named_too(api: Api, drawn_case: Case, drawing: bytes) -> None:
    """And a name that cannot be kept is a problem."""
    sent = {"fingerprints": [fingerprint(drawing).to_dict()], "reference": "up-1"}
    assert api.json("/check", sent).json()["verdict"] == "block"

    for reference in (7, None, "x" * 201, "a\x00b"):
        answer = api.json("/check", {**sent, "reference": reference})
        assert (answer.status_code, problem(answer)["field"]) == (422, "reference")


def test_of_several_fingerprints_the_strictest_verdict_counts(
    api: Api, removed_case: Case, picture: bytes
) -> None:
    """One bad frame is enough."""
    harmless = [fingerprint(jpeg(scene(seed))).to_dict() for seed in (2, 3)]
    kept_down = fingerprint(picture).to_dict()

    for sent in ([kept_down, *harmless], [*harmless, kept_down]):
        assert api.json("/check", {"fingerprints": sent}).json()["verdict"] == "block"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("empty", 422, "empty_file"),
        ("text", 415, "not_media"),
        ("truncated", 422, "truncated_media"),
        ("bomb", 413, "too_large"),
    ],
)
@pytest.mark.parametrize("way", ["multipart", "raw"])
def test_a_file_that_is_no_picture_is_a_problem(
    api: Api, fault: str, status: int, code: str, way: str
) -> None:
    """A clear one, and the service goes on."""
    content = UNREADABLE[fault]
    answer = api.form("/check", content) if way == "multipart" else api.raw("/check", content)

    said = problem(answer)
    assert (answer.status_code, said["code"]) == (status, code)
    assert api.raw("/check", jpeg(scene(2))).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (" ", 400, "not-json"),
        ("{", 400, "not-json"),
        (b"\xff\xfe\xfd", 400, "not-json"),
        ("9" * 5000, 400, "not-json"),
        ("[" * 100_000, 400, "not-json"),
        ("[]", 422, "not-an-object"),
        ('"text"', 422, "not-an-object"),
        ("null", 422, "not-an-object"),
        ("{}", 422, "nothing-to-check"),
        ('{"fingerprints": []}', 422, "nothing-to-check"),
        ('{"fingerprints": {}}', 422, "nothing-to-check"),
        ('{"fingerprints": null}', 422, "nothing-to-check"),
        ('{"fingerprints": [null]}', 422, "bad-fingerprint"),
        ('{"fingerprints": [[]]}', 422, "bad-fingerprint"),
        ('{"fingerprints": [{}]}', 422, "bad-fingerprint"),
        ('{"fingerprints": [{"sha256": 1}]}', 422, "bad-fingerprint"),
        ('{"fingerprints": [{"sha256": "\\u0000"}]}', 422, "bad-fingerprint"),
        ('{"fingerprints": [{"sha256": "\\ud800"}]}', 422, "bad-fingerprint"),
        ('{"fingerprints": [{"version": NaN}]}', 422, "bad-fingerprint"),
        ('{"fingerprints": [{"pdq": "00", "quality": 1e999}]}', 422, "bad-fingerprint"),
    ],
)
def test_json_that_is_not_as_documented_is_a_problem(
    api: Api, body: Any, status: int, code: str
) -> None:
    """Never a 500."""
    answer = api.json("/check", body)

    assert (problem(answer)["code"], answer.status_code) == (code, status)


@pytest.mark.parametrize("depth", [10, 500, 850, 880, 900, 910, 920, 930, 940, 950, 960, 980, 2000])
def test_deep_nesting_is_a_problem(api: Api, depth: int) -> None:
    """Wherever the reader's patience ends."""
    nested = "[" * depth + "]" * depth

    answer = api.json("/check", f'{{"fingerprints": [{{"sha256": {nested}}}]}}')

    assert problem(answer)["code"] in ("not-json", "bad-fingerprint")


def test_too_many_fingerprints_are_a_problem(api: Api) -> None:
    """A hundred are fine."""
    one = fingerprint(jpeg(scene(2))).to_dict()

    assert api.json("/check", {"fingerprints": [one] * 100}).status_code == 200
    assert problem(api.json("/check", {"fingerprints": [one] * 101}))["code"] == (
        "too-many-fingerprints"
    )


@pytest.mark.parametrize("files", [0, 2])
def test_a_form_has_exactly_one_file(api: Api, picture: bytes, files: int) -> None:
    """Neither none nor two."""
    answer = api.form("/check", *[picture] * files, note="x")

    assert problem(answer)["code"] == "one-file"


@pytest.mark.parametrize(
    ("body", "content_type", "codes"),
    [
        (b"x", "multipart/form-data", {"bad-multipart"}),
        (b"x", "multipart/form-data; boundary=", {"bad-multipart"}),
        (b"x", "multipart/form-data; boundary=x", {"bad-multipart", "one-file"}),
        (b"--x\r\nrubbish", "multipart/form-data; boundary=x", {"bad-multipart", "one-file"}),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n!!!!\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
            {"bad-multipart", "one-file", "not_media", "empty_file"},
        ),
        (b"x", "text/plain", {"not_media"}),
        (b"x", "application/x-www-form-urlencoded", {"not_media"}),
        (b"x", "nonsense", {"not_media"}),
        (b"", "", {"empty_file"}),
        (b"x", "application/json; charset=utf-99", {"not-json"}),
    ],
)
def test_a_body_of_another_kind_is_a_problem(
    api: Api, body: bytes, content_type: str, codes: set[str]
) -> None:
    """Broken forms, and content types that say something else."""
    assert problem(api.raw("/check", body, content_type))["code"] in codes


def test_many_fields_or_files_are_a_problem(api: Api) -> None:
    """However they are spread."""
    assert problem(api.form("/check", *[b"x"] * 150))["status"] in (400, 413, 422)
    fields = {f"field{number}": "x" for number in range(2000)}
    assert problem(api.form("/check", b"x", **fields))["status"] in (400, 413, 422)
    assert problem(api.form("/check", b"x", field="x" * 11_000_000))["status"] in (400, 413, 422)


def test_a_body_over_the_limit_is_refused_unread(api: Api, settings: Any) -> None:
    """By what it says of its length."""
    settings.UPLOAD_LIMIT = 1000
    answer = api.raw("/check", bytes(1001))

    assert answer.status_code == 413
    assert problem(answer)["code"] == "too-large"


def test_a_json_body_over_its_limit_is_refused(api: Api) -> None:
    """It is for fingerprints, not for files."""
    answer = api.json("/check", json.dumps({"fingerprints": [], "x": "x" * 2_000_000}))

    assert answer.status_code == 413
    problem(answer)


def test_a_body_without_a_length_is_refused(api: Api) -> None:
    """Chunked bodies have no limit that could be checked."""
    answer = api.call("POST", "/check", headers={"Transfer-Encoding": "chunked"}, CONTENT_LENGTH="")

    assert answer.status_code == 411
    assert problem(answer)["code"] == "length-required"


@pytest.mark.parametrize("length", ["-5", "abc", "²", "1e3", "99999999999999999999", "9" * 5000])
def test_a_length_that_is_none_does_no_harm(api: Api, length: str) -> None:
    """A server in front usually refuses it; we do not fall over it."""
    answer = api.json("/check", "{}", CONTENT_LENGTH=length)

    problem(answer)
    assert answer.status_code < 500
