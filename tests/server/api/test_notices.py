"""POST /notices and GET /notices/{receipt}: a host passes on what a person told it."""

from typing import Any

import pytest

from server.api.client import Api, problem
from server.pictures import fingerprint, jpeg, scene
from server.story import ALICE, ALICES_ADDRESS, bob_decides, run_jobs
from staydown_server.accounts import pace
from staydown_server.accounts.models import User
from staydown_server.catalogue.models import Item
from staydown_server.notices.models import Notice
from staydown_server.notices.receive import notice_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(alices_item: Item) -> dict[str, Any]:
    return {
        "signature": ALICE,
        "urls": [alices_item.url],
        "good_faith": True,
        "contact": ALICES_ADDRESS,
    }


def test_a_notice_is_received_and_followed(api: Api, told: dict[str, Any], bob: User) -> None:
    """From the receipt to removed."""
    answer = api.json("/notices", told)
    assert answer.status_code == 201
    receipt = answer.json()["receipt"]
    assert Notice.objects.get().received_at.isoformat() == answer.json()["received_at"]
    run_jobs()

    waiting = api.get(f"/notices/{receipt}").json()
    assert [picture["state"] for picture in waiting["pictures"]] == ["waiting"]
    case = Notice.objects.get().case
    bob_decides(case, bob)
    run_jobs()

    done = api.get(f"/notices/{receipt}").json()
    assert [picture["state"] for picture in done["pictures"]] == ["removed"]
    assert done["deadline"] == case.deadline.isoformat()
    assert (done["withdrawn"], done["searched"], done["attempts_stopped"]) == (False, 1, 0)


def test_a_notice_can_hold_fingerprints_alone(api: Api, told: dict[str, Any]) -> None:
    """Made on the person's own device."""
    made = fingerprint(jpeg(scene(1))).to_dict()

    answer = api.json("/notices", {**told, "urls": [], "fingerprints": [made]})

    assert answer.status_code == 201
    assert Notice.objects.get().content["fingerprints"] == [made]


def test_what_the_host_asked_beside_is_passed_on(api: Api, told: dict[str, Any]) -> None:
    """A deposit, of a minor, with what was signed."""
    made = fingerprint(jpeg(scene(1))).to_dict()
    beside = {"kind": "deposit", "about_minor": True, "statement": "It shows me."}

    answer = api.json("/notices", {**told, "urls": [], "fingerprints": [made], **beside})

    assert answer.status_code == 201
    assert beside.items() <= Notice.objects.get().content.items()
    assert problem(api.json("/notices", {**told, "kind": "wish"}))["code"] == "bad-field"


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"signature": ""}, ["signature"]),
        ({"urls": []}, ["pictures"]),
        ({"urls": ["not an address"]}, ["pictures"]),
        ({"good_faith": False}, ["good_faith"]),
        ({"good_faith": "yes"}, ["good_faith"]),
        ({"good_faith": 1}, ["good_faith"]),
        ({"contact": " "}, ["contact"]),
        ({"signature": "", "contact": ""}, ["signature", "contact"]),
    ],
)
def test_what_is_missing_is_named(
    api: Api, told: dict[str, Any], changes: dict[str, Any], missing: list[str]
) -> None:
    """So that the host can ask the person for it."""
    answer = api.json("/notices", {**told, **changes})

    assert answer.status_code == 422
    assert problem(answer)["code"] == "incomplete-notice"
    assert problem(answer)["missing"] == missing
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature": None}, "bad-field"),
        ({"signature": "\x00"}, "bad-field"),
        ({"signature": "\ud800"}, "bad-field"),
        ({"contact": 5}, "bad-field"),
        ({"contact": "x" * 501}, "field-too-long"),
        ({"explanation": "x" * 20_001}, "field-too-long"),
        ({"on_behalf_of": ["x"]}, "bad-field"),
        ({"urls": "https://plaza.example"}, "bad-field"),
        ({"urls": [1]}, "bad-field"),
        ({"urls": ["https://plaza.example/\x00"]}, "bad-field"),
        ({"urls": ["https://plaza.example/\udfff"]}, "bad-field"),
        ({"urls": ["https://plaza.example/" + "x" * 20_001]}, "field-too-long"),
        ({"urls": [f"https://p.example/{n}" for n in range(201)]}, "too-many-places"),
        ({"fingerprints": {}}, "bad-field"),
        ({"fingerprints": [{}]}, "bad-fingerprint"),
        ({"fingerprints": ["x"]}, "bad-fingerprint"),
    ],
)
def test_a_wrong_field_is_a_problem(
    api: Api, told: dict[str, Any], changes: dict[str, Any], code: str
) -> None:
    """And nothing is stored."""
    answer = api.json("/notices", {**told, **changes})

    assert (answer.status_code, problem(answer)["code"]) == (422, code)
    assert not Notice.objects.exists()


def test_a_repeated_request_is_one_notice(api: Api, told: dict[str, Any]) -> None:
    """With an Idempotency-Key: the same receipt; with other words: 409."""
    key = {"headers": {"Idempotency-Key": "form-1"}}

    first = api.json("/notices", told, **key)
    second = api.json("/notices", told, **key)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    changed = api.json("/notices", {**told, "explanation": "More."}, **key)
    assert changed.status_code == 409
    assert problem(changed)["code"] == "already-used"


def test_two_hosts_may_use_the_same_idempotency_key(
    api: Api, other_api: Api, told: dict[str, Any]
) -> None:
    """One never gets the other one's receipt."""
    key = {"headers": {"Idempotency-Key": "form-1"}}

    one = api.json("/notices", told, **key).json()["receipt"]
    two = other_api.json("/notices", told, **key).json()["receipt"]

    assert one != two
    assert Notice.objects.count() == 2


def test_wrong_and_unknown_receipts_look_the_same(api: Api, told: dict[str, Any]) -> None:
    """To the byte."""
    code = api.json("/notices", told).json()["receipt"]
    answers = [
        api.get(f"/notices/{wrong}")
        for wrong in (code[:-1] + ("A" if code[-1] != "A" else "B"), "AAAA-AAAA", "x", "%00", "é")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    problem(answers[0])


def test_a_receipt_is_read_as_people_write_it(api: Api, told: dict[str, Any]) -> None:
    """In lower case, without dashes."""
    code = api.json("/notices", told).json()["receipt"]

    assert api.get(f"/notices/{code.lower().replace('-', '')}").status_code == 200
    notice = notice_of(code)
    assert notice
    assert case_of_is_absent(notice)


def case_of_is_absent(notice: Notice) -> bool:
    """The case is opened by a job, not in the request."""
    return not hasattr(notice, "case")


def test_many_wrong_codes_slow_the_host_down(
    api: Api, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right ones never do; after the wait it goes on."""
    now = pace.time.monotonic()
    monkeypatch.setattr(pace.time, "monotonic", lambda: now)
    receipt = api.json("/notices", told).json()["receipt"]
    for _ in range(3):
        assert api.get(f"/notices/{receipt}").status_code == 200
    statuses = {api.get(f"/notices/WRONG{number}").status_code for number in range(100)}
    assert statuses == {404}

    answer = api.get(f"/notices/{receipt}")

    assert answer.status_code == 429
    assert problem(answer)["code"] == "too-many-wrong-codes"
    assert int(answer.headers["Retry-After"]) == problem(answer)["retry_after"] == 1
    now += 1
    assert api.get(f"/notices/{receipt}").status_code == 200
