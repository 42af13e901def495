"""POST and DELETE /items for many: each for itself, in one go."""

from typing import Any

import pytest

from server.api.client import Api, problem
from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, recompressed, scene
from server.story import rows_of
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item

pytestmark = pytest.mark.django_db


def item(plaza: HostDouble, item_id: str, content: bytes, **more: Any) -> dict[str, Any]:
    made = fingerprint(content).to_dict()
    return {"id": item_id, "url": plaza.page(item_id), "fingerprint": made, **more}


def test_many_are_registered_each_with_its_verdict(
    api: Api, plaza: HostDouble, removed_case: Case, picture: bytes
) -> None:
    """What slipped past the gate joins its case; again is harmless."""
    sent = [
        item(plaza, "1", jpeg(scene(2)), uploader="m"),
        item(plaza, "slipped", recompressed(picture)),
    ]

    first, again = (api.json("/items", {"items": sent}) for _ in range(2))

    assert first.status_code == again.status_code == 200
    told = first.json()["items"]
    assert [(one["id"], one["verdict"], one["is_new"]) for one in told] == [
        ("1", "allow", True),
        ("slipped", "block", True),
    ]
    assert [one["is_new"] for one in again.json()["items"]] == [False, False]
    assert told[1]["matches"][0]["kind"] == "same"
    assert Item.objects.get(host_item_id="1").uploader == "m"
    assert "slipped" in [row.item.host_item_id for row in rows_of(removed_case) if row.item]


def test_one_that_is_wrong_stops_no_other(api: Api, plaza: HostDouble) -> None:
    """It is named, with what is wrong."""
    good = item(plaza, "good", jpeg(scene(2)))
    wrong: list[Any] = [
        {**good, "url": "https://elsewhere.example/1"},
        {**good, "id": ""},
        {**good, "id": 7},
        {**good, "fingerprint": {}},
        {"id": "none"},
        None,
    ]

    told = api.json("/items", {"items": [*wrong, good]}).json()["items"]

    assert [one["problem"]["code"] for one in told[:-1]] == [
        *("not-your-address", "missing-field", "bad-field", "bad-fingerprint"),
        *("missing-field", "not-an-object"),
    ]
    assert told[-1]["verdict"] == "allow"
    assert [one.host_item_id for one in Item.objects.all()] == ["good"]


def test_many_are_struck_out(api: Api, other_api: Api, plaza: HostDouble) -> None:
    """Which were known is said; other hosts' are not."""
    sent = [item(plaza, str(number), jpeg(scene(2))) for number in range(3)]
    api.json("/items", {"items": sent})

    def strike_out(who: Api, *ids: Any) -> Any:
        import json

        body = json.dumps({"ids": ids})
        return who.call("DELETE", "/items", data=body, content_type="application/json")

    assert strike_out(other_api, "0").json() == {"struck_out": [], "unknown": ["0"]}
    answer = strike_out(api, "0", "never", "2", "0")
    assert answer.status_code == 200
    assert answer.json() == {"struck_out": ["0", "2"], "unknown": ["never"]}
    gone = Item.objects.exclude(gone_at=None).values_list("host_item_id", flat=True)
    assert sorted(gone) == ["0", "2"]
    for ids in ([], [7], ["x"] * 501, ["\x00"]):
        assert problem(strike_out(api, *ids))["field"] == "ids"


@pytest.mark.parametrize("items", [[], {}, None, "x", [{}] * 501])
def test_a_list_that_is_none_is_a_problem(api: Api, items: Any) -> None:
    answer = api.json("/items", {"items": items})

    assert (answer.status_code, problem(answer)["field"]) == (422, "items")


def test_a_body_that_is_no_json_strikes_nothing_out(api: Api) -> None:
    assert problem(api.call("DELETE", "/items", data=b"x"))["status"] == 422
