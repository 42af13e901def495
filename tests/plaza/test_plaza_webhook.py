"""Plaza obeys Staydown, and nobody else; once, and not twice."""

import html
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from fake_staydown import FakeStaydown, signature
from plaza_world import Plaza, drawn, wait_for

REASONS = {
    "decision": "removed",
    "facts": "Reported as published without consent.",
    "ground": "Intimate image published without the consent of the person it shows",
    "appeal_url": "https://staydown.example/reasons/ABCDEF/",
}


@pytest.fixture
def item(plaza: Plaza, picture: bytes) -> str:
    """Charlie's picture, up on Plaza."""
    return plaza.posted(picture)


def test_a_removal_takes_the_picture_down_and_keeps_it(
    plaza: Plaza, staydown: FakeStaydown, item: str, picture: bytes
) -> None:
    """Page and file are gone for everyone; the file waits in quarantine, unchanged."""
    answer = staydown.send(plaza.url, "item.remove", item, statement_of_reasons=REASONS)

    assert (answer.status_code, answer.json()) == (200, {"status": "done"})
    for path in (f"/p/{item}", f"/media/{item}.jpg"):
        gone = plaza.get(path)
        assert gone.status_code == 410
        assert "This picture is no longer here." in gone.text
        assert "charlie" not in gone.text
    assert item not in plaza.get("/").text
    assert (plaza.folder / "quarantine" / f"{item}.jpg").read_bytes() == picture
    assert not list((plaza.folder / "pictures").iterdir())


def test_the_uploader_reads_why_and_where_to_appeal(
    plaza: Plaza, staydown: FakeStaydown, item: str
) -> None:
    """Staydown's statement of reasons, in its own words."""
    staydown.send(plaza.url, "item.remove", item, statement_of_reasons=REASONS)

    page = html.unescape(plaza.get("/me/charlie").text)

    for expected in (REASONS["facts"], REASONS["ground"], f'href="{REASONS["appeal_url"]}"'):
        assert expected in page


@pytest.mark.parametrize(
    "reasons",
    [
        {"text": "<img src=x onerror=alert(1)>", "appeal_url": "javascript:alert(1)"},
        {"text": 7, "appeal_url": {"a": 1}},
        {},
        None,
    ],
)
def test_odd_reasons_are_shown_as_words_or_not_at_all(
    plaza: Plaza, staydown: FakeStaydown, item: str, reasons: dict[str, Any] | None
) -> None:
    """Not even Staydown can put a script into Plaza's pages; the removal counts anyhow."""
    assert staydown.send(
        plaza.url, "item.remove", item, statement_of_reasons=reasons
    ).ok  # fmt: skip

    page = plaza.get("/me/charlie")

    assert page.status_code == 200
    assert "<img src=x" not in page.text
    assert "javascript:" not in page.text


def test_a_restored_picture_is_back_as_it_was(
    plaza: Plaza, staydown: FakeStaydown, item: str, picture: bytes
) -> None:
    staydown.send(plaza.url, "item.remove", item, statement_of_reasons=REASONS)

    answer = staydown.send(plaza.url, "item.restore", item)

    assert answer.status_code == 200
    assert plaza.shows(item)
    assert plaza.get(f"/media/{item}.jpg").content == picture
    assert REASONS["facts"] not in plaza.get("/me/charlie").text


def test_an_order_arriving_twice_is_obeyed_once(
    plaza: Plaza, staydown: FakeStaydown, item: str
) -> None:
    """Delivered again after the picture was restored, the old removal changes nothing."""
    staydown.send(plaza.url, "item.remove", item, event_id="first")
    staydown.send(plaza.url, "item.restore", item, event_id="second")

    again = staydown.send(plaza.url, "item.remove", item, event_id="first")

    assert again.status_code == 200
    assert plaza.shows(item)


def test_a_call_overheard_and_replayed_changes_nothing(
    plaza: Plaza, staydown: FakeStaydown, item: str
) -> None:
    """The very same bytes, signature and all, within its five minutes."""
    event = {"event": "item.remove", "id": "e1", "item": {"id": item}}
    body = json.dumps({**event, "created": datetime.now(UTC).isoformat()}).encode()
    url = f"{plaza.url}/staydown/webhook"
    headers = signature(url, body, nonce="e1", created=datetime.now(UTC))
    assert requests.post(url, data=body, headers=headers, timeout=10).ok
    staydown.send(plaza.url, "item.restore", item)

    assert requests.post(url, data=body, headers=headers, timeout=10).status_code == 200

    assert plaza.shows(item)


def test_two_orders_to_remove_are_one_removal(
    plaza: Plaza, staydown: FakeStaydown, item: str
) -> None:
    assert staydown.send(plaza.url, "item.remove", item).status_code == 200
    assert staydown.send(plaza.url, "item.remove", item).status_code == 200
    assert staydown.send(plaza.url, "item.restore", item).status_code == 200
    assert staydown.send(plaza.url, "item.restore", item).status_code == 200
    assert plaza.shows(item)


def test_a_late_restore_does_not_undo_a_newer_removal(
    plaza: Plaza, staydown: FakeStaydown, item: str
) -> None:
    """Written before the removal, delivered after it: Staydown is told that it did not count."""
    staydown.send(plaza.url, "item.remove", item)
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()

    answer = staydown.send(plaza.url, "item.restore", item, created=an_hour_ago)

    assert answer.status_code == 409
    assert plaza.get(f"/p/{item}").status_code == 410


def test_a_late_removal_still_removes(plaza: Plaza, staydown: FakeStaydown, item: str) -> None:
    """In doubt the picture goes: hiding too much can be undone, showing too much cannot."""
    staydown.send(plaza.url, "item.restore", item)
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()

    staydown.send(plaza.url, "item.remove", item, created=an_hour_ago)

    assert plaza.get(f"/p/{item}").status_code == 410


@pytest.mark.parametrize(
    "forgery",
    [
        {"secret": "a guess"},
        {"host": "another-host"},
        {"tag": "something-else"},
        {"minutes_ago": 6},
        {"minutes_ago": -6},
        {"signed_for": "http://127.0.0.1:1/staydown/webhook"},
        {"covered": ("@method", "content-type")},
        {"covered": ("@method", "@target-uri")},
        {"covered": ("@target-uri", "content-type")},
        {"tamper": b'{"event": "item.remove"}'},
        {"tamper": b" "},
    ],
    ids=str,
)
def test_a_call_that_staydown_did_not_sign_just_so_is_refused(
    plaza: Plaza, staydown: FakeStaydown, item: str, forgery: dict[str, Any]
) -> None:
    """Wrong secret, host, purpose, time, address, coverage or content: 401, nothing happens."""
    answer = staydown.send(plaza.url, "item.remove", item, **forgery)

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/json"
    assert plaza.shows(item)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Signature": "x", "Signature-Input": "y"},
        {"Signature": "staydown=:AA==:", "Signature-Input": 'staydown=();tag="staydown-webhook"'},
        {"Signature": "a" * 9000, "Signature-Input": "((((", "Content-Digest": "sha-256=:!:"},
        {"Signature-Input": 'staydown=("@method");created=99999999999999999;keyid="plaza"'},
    ],
    ids=["none", "noise", "empty", "long", "half"],
)
def test_a_stranger_gets_401_and_nothing_else(
    plaza: Plaza, item: str, headers: dict[str, str]
) -> None:
    """No signature, or noise in its place, never 500."""
    answer = requests.post(
        f"{plaza.url}/staydown/webhook",
        data=f'{{"event": "item.remove", "item": {{"id": "{item}"}}}}',
        headers={"Content-Type": "application/json", **headers},
        timeout=10,
    )

    assert answer.status_code == 401
    assert plaza.shows(item)


def test_an_unknown_item_is_404(plaza: Plaza, staydown: FakeStaydown) -> None:
    """Staydown learns that there is nothing to remove; a path in the id is just unknown."""
    for item in ("never-was", "../credentials.json", "", "a" * 3000):
        for event in ("item.remove", "item.restore"):
            assert staydown.send(plaza.url, event, item).status_code == 404


def test_an_event_for_an_unknown_item_can_come_again(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """404 was not obedience: the same event counts once the item is there."""
    assert staydown.send(plaza.url, "item.remove", "x", event_id="e").status_code == 404
    item = plaza.posted(picture)

    staydown.send(plaza.url, "item.remove", item, event_id="e")

    assert plaza.get(f"/p/{item}").status_code == 410


@pytest.mark.parametrize("oddity", [{"created": "yesterday"}, {"created": "2026-01-01T00:00:00"}])
def test_an_event_that_is_not_understood_is_400(
    plaza: Plaza, staydown: FakeStaydown, item: str, oddity: dict[str, Any]
) -> None:
    """Signed, but not in our language: Staydown must not take it for done."""
    assert staydown.send(plaza.url, "item.remove", item, **oddity).status_code == 400
    assert staydown.send(plaza.url, "item.explode", item).status_code == 400
    assert plaza.shows(item)


def test_an_order_reaches_a_held_picture(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """A person decided about it: out of the waiting room, into view or into quarantine."""
    other = drawn("other")
    staydown.verdicts = {picture: "hold", other: "hold"}
    released, removed = (plaza.upload(file).json()["id"] for file in (picture, other))

    staydown.send(plaza.url, "item.restore", released)
    staydown.send(plaza.url, "item.remove", removed)

    assert plaza.shows(released)
    assert plaza.get(f"/p/{removed}").status_code == 410


# Uploads that a person decides about


@pytest.fixture
def held(plaza: Plaza, staydown: FakeStaydown, picture: bytes) -> str:
    """Charlie's upload, which the gate holds."""
    staydown.verdicts = {picture: "hold"}
    return str(plaza.upload(picture).json()["id"])


def told(plaza: Plaza, staydown: FakeStaydown, event: str, held: str, **more: Any) -> Any:
    return staydown.send(plaza.url, event, "", upload={"id": "a-check", "reference": held}, **more)


def test_an_upload_that_was_let_through_goes_public_and_is_registered(
    plaza: Plaza, staydown: FakeStaydown, held: str, picture: bytes
) -> None:
    """Under the name by which the gate was asked."""
    assert not plaza.shows(held)
    staydown.verdicts = {}

    assert told(plaza, staydown, "upload.allowed", held).status_code == 200

    assert plaza.shows(held)
    assert plaza.get(f"/media/{held}.jpg").content == picture
    wait_for(lambda: held in staydown.items, why="registered")


def test_a_refused_upload_vanishes_and_its_uploader_reads_why(
    plaza: Plaza, staydown: FakeStaydown, held: str, picture: bytes
) -> None:
    """Nobody else learns that it was there; the file waits, should an appeal be won."""
    told(plaza, staydown, "upload.refused", held, statement_of_reasons=REASONS)

    assert plaza.get(f"/p/{held}").status_code == 404
    page = html.unescape(plaza.get("/me/charlie").text)
    assert "Not posted" in page
    for expected in (REASONS["facts"], f'href="{REASONS["appeal_url"]}"'):
        assert expected in page
    assert (plaza.folder / "quarantine" / f"{held}.jpg").read_bytes() == picture
    asked = len(staydown.checked)

    told(plaza, staydown, "upload.allowed", held)

    assert plaza.shows(held)
    assert REASONS["facts"] not in plaza.get("/me/charlie").text
    assert len(staydown.checked) == asked, "nobody asks the gate about what a person decided"


def test_a_decision_about_an_upload_is_obeyed_once(
    plaza: Plaza, staydown: FakeStaydown, held: str
) -> None:
    """A second delivery, or a late one, changes nothing; nor does it undo a removal."""
    told(plaza, staydown, "upload.refused", held, event_id="first")
    told(plaza, staydown, "upload.allowed", held, event_id="second")
    assert told(plaza, staydown, "upload.refused", held, event_id="first").status_code == 200
    assert plaza.shows(held)
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert told(plaza, staydown, "upload.refused", held, created=an_hour_ago).status_code == 409
    assert plaza.shows(held)

    staydown.send(plaza.url, "item.remove", held)
    assert told(plaza, staydown, "upload.allowed", held).status_code == 409
    assert plaza.get(f"/p/{held}").status_code == 410
    assert told(plaza, staydown, "upload.allowed", "never-was").status_code == 404


# A moderator looks


def look(plaza: Plaza, path: str, **changes: Any) -> requests.Response:
    """GET *path* as Staydown does for a moderator, or nearly so."""
    values: dict[str, Any] = {"tag": "staydown-look", "covered": ("@method", "@target-uri")}
    signed_for = changes.pop("signed_for", path)
    created = datetime.now(UTC) + changes.pop("after", timedelta(0))
    headers = signature(
        plaza.url + signed_for,
        b"",
        method="GET",
        nonce="n",
        **{"created": created, **values, **changes},
    )
    return requests.get(plaza.url + path, headers=headers, timeout=10)


def test_a_moderator_may_see_what_was_taken_down(
    plaza: Plaza, staydown: FakeStaydown, item: str, picture: bytes
) -> None:
    """For an appeal, or to tell an upload from it; everybody else gets 410."""
    path = f"/media/{item}.jpg"
    staydown.send(plaza.url, "item.remove", item)

    assert look(plaza, path).content == picture
    assert plaza.get(path).status_code == 410
    assert look(plaza, f"/p/{item}").status_code == 410, "the file only"


@pytest.mark.parametrize(
    "forgery",
    [
        {"secret": "a guess"},
        {"tag": "staydown-webhook"},
        {"covered": ("@method",)},
        {"after": -timedelta(minutes=10)},
        {"signed_for": "/media/another.jpg"},
    ],
    ids=str,
)
def test_nobody_else_may(
    plaza: Plaza, staydown: FakeStaydown, item: str, forgery: dict[str, Any]
) -> None:
    staydown.send(plaza.url, "item.remove", item)

    assert look(plaza, f"/media/{item}.jpg", **forgery).status_code == 410


def test_what_its_uploader_deleted_cannot_come_back(
    plaza: Plaza, staydown: FakeStaydown, item: str
) -> None:
    requests.post(f"{plaza.url}/p/{item}/delete", timeout=10)

    assert staydown.send(plaza.url, "item.remove", item).status_code == 200
    assert staydown.send(plaza.url, "item.restore", item).status_code == 409
    assert plaza.get(f"/p/{item}").status_code == 410


def test_after_a_crash_in_the_middle_files_are_where_their_rows_say(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """Power failed between the row and the move, both ways, and inside an upload."""
    up, down = plaza.posted(picture), plaza.posted(drawn("other"))
    staydown.send(plaza.url, "item.remove", down)
    shown, hidden = plaza.folder / "pictures", plaza.folder / "quarantine"
    plaza.close()
    (shown / f"{up}.jpg").rename(hidden / f"{up}.jpg")
    (hidden / f"{down}.jpg").rename(shown / f"{down}.jpg")
    (hidden / "feedbeef.part").write_bytes(b"half a")

    plaza.open()

    assert plaza.shows(up)
    assert plaza.get(f"/media/{down}.jpg").status_code == 410
    assert [path.name for path in hidden.iterdir()] == [f"{down}.jpg"]
