"""POST and DELETE /items: what a host shows."""

from typing import Any

import pytest

from server.api.client import Api, problem
from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, recompressed, scene
from server.story import rows_of
from staydown_server.accounts.models import Host
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item
from staydown_server.gate.models import Check

pytestmark = pytest.mark.django_db


def test_an_item_is_registered_as_a_form(api: Api, plaza: HostDouble, picture: bytes) -> None:
    """New is 201, known is 200; both say what the gate thinks."""
    fields = {"id": "p/1", "url": plaza.page("1"), "media_url": plaza.file("1"), "uploader": "m"}
    first, second = (api.form("/items", picture, **fields) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == {"id": "p/1", "verdict": "allow", "matches": []}
    item = Item.objects.get()
    assert item.load_fingerprint() == fingerprint(picture)
    assert (item.url, item.media_url, item.uploader) == (plaza.page("1"), plaza.file("1"), "m")


@pytest.mark.parametrize("several", [True, False])
def test_an_item_is_registered_as_json(
    api: Api, plaza: HostDouble, picture: bytes, several: bool
) -> None:
    """With a fingerprint made elsewhere."""
    made = fingerprint(picture).to_dict()
    sent = {"fingerprints": [made]} if several else {"fingerprint": made}

    answer = api.json("/items", {"id": "1", "url": plaza.page("1"), **sent})

    assert answer.status_code == 201
    assert Item.objects.get().load_fingerprint() == fingerprint(picture)


def test_an_item_that_slipped_past_the_gate_joins_the_case(
    api: Api, removed_case: Case, plaza: HostDouble, picture: bytes
) -> None:
    """The verdict says block, and a person hears of it; but nothing was stopped."""
    copy = recompressed(picture)
    answer = api.form("/items", copy, id="slipped", url=plaza.page("slipped"))

    assert answer.status_code == 201
    assert answer.json()["verdict"] == "block"
    assert not Check.objects.exists()
    assert [row.item.host_item_id for row in rows_of(removed_case) if row.item] == [
        "alices",
        "slipped",
    ]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"id": ""}, "missing-field", "id"),
        ({"id": None}, "bad-field", "id"),
        ({"id": 7}, "bad-field", "id"),
        ({"id": "x" * 201}, "field-too-long", "id"),
        ({"id": "a\x00b"}, "bad-field", "id"),
        ({"id": "\ud800"}, "bad-field", "id"),
        ({"url": ""}, "missing-field", "url"),
        ({"url": "x" * 2001}, "field-too-long", "url"),
        ({"url": ["a"]}, "bad-field", "url"),
        ({"url": "https://elsewhere.example/1"}, "not-your-address", None),
        ({"url": "javascript:alert(1)"}, "not-your-address", None),
        ({"url": "not an address"}, "not-your-address", None),
        ({"media_url": "http://169.254.169.254/"}, "not-your-address", None),
        ({"media_url": {}}, "bad-field", "media_url"),
        ({"uploader": "x" * 201}, "field-too-long", "uploader"),
        ({"uploader": "\x00"}, "bad-field", "uploader"),
        ({"fingerprint": {}}, "bad-fingerprint", None),
        ({"fingerprint": None}, "bad-fingerprint", None),
        ({"fingerprints": []}, "nothing-to-check", None),
    ],
)
def test_a_wrong_field_is_named(
    api: Api, plaza: HostDouble, changes: dict[str, Any], code: str, field: str | None
) -> None:
    """And nothing is registered."""
    item = {
        "id": "1",
        "url": plaza.page("1"),
        "fingerprint": fingerprint(jpeg(scene(2))).to_dict(),
    }

    answer = api.json("/items", {**item, **changes})

    said = problem(answer)
    assert (answer.status_code, said["code"], said.get("field")) == (422, code, field)
    assert not Item.objects.exists()


def test_two_fingerprints_are_no_item(api: Api, plaza: HostDouble) -> None:
    """Nor two files."""
    one = fingerprint(jpeg(scene(2))).to_dict()
    item = {"id": "1", "url": plaza.page("1")}

    assert problem(api.json("/items", {**item, "fingerprints": [one, one]}))["code"] == (
        "one-fingerprint"
    )
    answer = api.form("/items", jpeg(scene(2)), jpeg(scene(3)), **item)
    assert problem(answer)["code"] == "one-file"


def test_a_raw_file_without_fields_is_a_problem(api: Api, picture: bytes) -> None:
    """It says which field is missing."""
    assert problem(api.raw("/items", picture))["field"] == "id"


def test_an_item_is_struck_out(api: Api, alices_item: Item) -> None:
    """Twice is as good as once; an unknown one is a 404."""
    for _ in range(2):
        answer = api.call("DELETE", "/items/alices")
        assert (answer.status_code, answer.content) == (204, b"")
    alices_item.refresh_from_db()
    assert alices_item.gone_at is not None

    for unknown in ("/items/never", "/items/%00", "/items/" + "x" * 5000, "/items/%ff%fe"):
        answer = api.call("DELETE", unknown)
        assert answer.status_code == 404
        problem(answer)


def test_ids_may_hold_anything_that_an_address_may(
    api: Api, plaza: HostDouble, picture: bytes
) -> None:
    """Slashes, accents, spaces: the id is the host's own."""
    from urllib.parse import quote

    for item_id in ("a/b/c", "é ü", "100%", "?#&", "..", "😢"):
        answer = api.form("/items", picture, id=item_id, url=plaza.page("1"))
        assert answer.status_code == 201
        gone = api.call("DELETE", "/items/" + quote(item_id, safe=""))
        assert gone.status_code == 204, item_id


def test_another_host_cannot_strike_it_out(other_api: Api, alices_item: Item) -> None:
    """The id is the host's own."""
    assert other_api.call("DELETE", "/items/alices").status_code == 404
    alices_item.refresh_from_db()
    assert alices_item.gone_at is None


def test_another_host_cannot_register_it(
    other_api: Api, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """Nor speak for its addresses."""
    answer = other_api.form("/items", picture, id="1", url=plaza.page("1"))

    assert problem(answer)["code"] == "not-your-address"
