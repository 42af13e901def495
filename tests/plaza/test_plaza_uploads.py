"""Every upload meets the gate first, and nothing shown stays unknown to Staydown."""

import html
from urllib.parse import quote

import pytest
import requests
from examples.plaza.pages import MAX_UPLOAD_BYTES
from fake_staydown import FakeStaydown
from plaza_world import Plaza, drawn, wait_for


def test_an_allowed_picture_is_shown_and_registered(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """The gate is asked, the page is up, and Staydown knows both addresses."""
    answer = plaza.upload(picture, title="Hills at noon")

    assert answer.status_code == 201
    said = answer.json()
    assert said["url"] == f"{plaza.url}/p/{said['id']}"
    (asked,) = staydown.checked
    assert asked == {"reference": asked["reference"], "uploader": "charlie"}
    assert asked["reference"] in staydown.items, "it keeps its name"
    assert staydown.items[said["id"]] == {
        "id": said["id"],
        "url": said["url"],
        "media_url": said["media_url"],
        "uploader": "charlie",
    }
    page = requests.get(said["url"], timeout=10)
    assert "Hills at noon" in page.text
    assert "by charlie" in page.text
    file = requests.get(said["media_url"], timeout=10)
    assert file.content == picture
    assert file.headers["Content-Type"] == "image/jpeg"
    assert file.headers["Cache-Control"] == "no-store"
    assert f"/p/{said['id']}" in plaza.get("/").text


def test_the_form_leads_to_the_new_page(plaza: Plaza, picture: bytes) -> None:
    """Without JavaScript: a form, a redirect, the picture."""
    answer = plaza.upload(picture, as_json=False)

    assert answer.status_code == 303
    assert plaza.get(answer.headers["Location"]).status_code == 200


def test_a_blocked_picture_leaves_nothing_behind(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """No row, no file, no item: the person reads why, and keeps what they typed."""
    staydown.verdicts[picture] = "block"

    answer = plaza.upload(picture)
    page = plaza.upload(picture, title="My <own> hills", as_json=False)

    assert answer.status_code == page.status_code == 403
    assert "taken down to protect the person it shows" in answer.json()["error"]
    assert 'value="My &lt;own&gt; hills"' in page.text
    assert "taken down to protect the person it shows" in page.text
    assert plaza.board.of("charlie") == []
    assert not staydown.items
    assert not [path for path in plaza.folder.glob("*/*") if path.is_file()]


def test_a_held_picture_is_nobodys_to_see_until_it_is_released(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """Held: no page, no file, not in the grid. Released by the gate: all of it, registered."""
    staydown.verdicts[picture] = "hold"

    answer = plaza.upload(picture)

    assert answer.status_code == 202
    assert answer.json()["state"] == "held"
    picture_id = answer.json()["id"]
    assert plaza.get(f"/p/{picture_id}").status_code == 404
    assert plaza.get(f"/media/{picture_id}.jpg").status_code == 404
    assert picture_id not in plaza.get("/").text
    assert "Waiting to be checked" in plaza.get("/me/charlie").text

    staydown.verdicts[picture] = "allow"
    wait_for(lambda: plaza.shows(picture_id), why="released")
    wait_for(lambda: picture_id in staydown.items, why="registered")


def test_a_held_picture_that_the_gate_then_blocks_is_dropped(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """It was never shown, and its file does not stay."""
    staydown.verdicts[picture] = "hold"
    picture_id = plaza.upload(picture).json()["id"]

    staydown.verdicts[picture] = "block"
    wait_for(lambda: "Not posted" in plaza.get("/me/charlie").text, why="refused")

    assert plaza.get(f"/p/{picture_id}").status_code == 404
    assert not [path for path in plaza.folder.glob("*/*") if path.is_file()]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (b"", "Choose a picture first"),
        (b"just some words", "not a picture that can be shown here"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not a picture"),
        (drawn("cut")[:2000], "This file is damaged and cannot be read."),
    ],
    ids=["empty", "text", "svg", "truncated"],
)
def test_a_file_that_is_no_picture_gets_one_sentence(
    plaza: Plaza, file: bytes, sentence: str
) -> None:
    """4xx, one sentence, nothing stored; Staydown's own sentence where it looked."""
    for as_json in (True, False):
        answer = plaza.upload(file, as_json=as_json)

        assert answer.status_code == 422
        assert sentence in html.unescape(answer.text)
    assert plaza.board.of("charlie") == []


def test_a_form_without_a_file_asks_for_one(plaza: Plaza) -> None:
    answer = requests.post(f"{plaza.url}/upload", data={"name": "charlie"}, timeout=10)

    assert answer.status_code == 422
    assert "Choose a picture first" in answer.text


def test_a_file_that_is_too_large_is_413(plaza: Plaza, staydown: FakeStaydown) -> None:
    """The gate is not even asked."""
    answer = plaza.upload(b"\xff\xd8\xff" + bytes(MAX_UPLOAD_BYTES + 100_000))

    assert answer.status_code == 413
    assert answer.json() == {"error": "This file is too large. A picture may have up to 20 MB."}
    assert not staydown.checked


def test_while_staydown_is_down_uploads_are_held_and_come_up_after(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """Fail to hold: nothing that Staydown has not seen is shown."""
    staydown.stop()

    answer = plaza.upload(picture)

    assert answer.status_code == 202
    picture_id = answer.json()["id"]
    assert plaza.get(f"/p/{picture_id}").status_code == 404

    staydown.start()
    wait_for(lambda: plaza.shows(picture_id), why="released")
    wait_for(lambda: picture_id in staydown.items, why="registered")


def test_a_wrong_key_is_no_answer_about_the_picture(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """401 is about us: the picture is held, not refused and not shown."""
    staydown.key = "another"

    assert plaza.upload(picture).status_code == 202


def test_an_answer_that_is_no_answer_holds(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """A verdict that Plaza does not know is not a yes."""
    staydown.verdicts[picture] = "maybe"

    assert plaza.upload(picture).status_code == 202


def test_what_slipped_past_the_gate_is_withdrawn_at_registration(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """Kept down between the two calls: not shown a moment longer."""
    staydown.verdicts_at_registration[picture] = "block"

    answer = plaza.upload(picture)

    assert answer.status_code == 202
    assert plaza.get(f"/p/{answer.json()['id']}").status_code == 404


def test_a_second_registration_leaves_the_decision_to_a_person(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """Staydown knows it and may have decided to leave it: its verdict here is no order."""
    picture_id = plaza.posted(picture)
    staydown.verdicts[picture] = "block"

    plaza.board.register_everything()
    wait_for(lambda: plaza.board.unregistered() == 0, why="registered again")

    assert plaza.shows(picture_id)


def test_what_is_up_after_a_crash_is_registered_still(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """The errand is a row of the same transaction; a new process finds it."""
    picture_id = plaza.posted(picture)
    staydown.items.clear()
    plaza.board.register_everything()
    plaza.close()

    plaza.open()

    wait_for(lambda: picture_id in staydown.items, why="registered by the new process")


def test_an_uploader_deletes_their_picture(
    plaza: Plaza, staydown: FakeStaydown, picture: bytes
) -> None:
    """Page and file are gone at once, the file itself too, and Staydown hears of it."""
    picture_id = plaza.posted(picture)

    answer = requests.post(f"{plaza.url}/p/{picture_id}/delete", timeout=10, allow_redirects=False)

    assert answer.status_code == 303
    assert plaza.get(f"/p/{picture_id}").status_code == 410
    assert not list(plaza.folder.glob("*/*.jpg"))
    wait_for(lambda: picture_id not in staydown.items, why="struck out")


def test_hostile_titles_and_names_stay_words(plaza: Plaza, picture: bytes) -> None:
    """Escaped everywhere, on one line, without marks that turn the reading direction."""
    title = "<script>alert(1)</script>\u202egpj\x00\n\"' onload=x"
    name = "../<b>Mallory</b>"
    picture_id = plaza.posted(picture, title=title, name=name)
    uploader = plaza.board.picture(picture_id).uploader  # type: ignore[union-attr]

    pages = [plaza.get(path) for path in ("/", f"/p/{picture_id}", f"/me/{quote(uploader)}")]

    for page in pages:
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "<b>" not in page.text
        assert "\"' onload" not in page.text
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;gpj" in pages[1].text
    assert "/" not in uploader


@pytest.mark.parametrize("name", ["", "   ", "..", ".", "\u200b", "/"])
def test_a_name_that_is_no_name_is_guest(plaza: Plaza, picture: bytes, name: str) -> None:
    picture_id = plaza.posted(picture, name=name, title="")

    found = plaza.board.picture(picture_id)
    assert found is not None
    assert (found.uploader, found.title) == ("Guest", "Untitled")


@pytest.mark.parametrize(
    "path",
    [
        "/p/..%2f..%2fcredentials",
        "/p/../../credentials.json",
        "/media/..%2fcredentials.json",
        "/media/../plaza.sqlite3",
        "/media/%2e%2e%2fplaza.sqlite3",
        "/media/x.jpg%00.png",
        "/media/quarantine%2fx.jpg",
        "/p/" + "a" * 5000,
        "/p/%ff%fe",
        "/nothing",
    ],
)
def test_no_path_leads_out_of_the_board(plaza: Plaza, path: str) -> None:
    """A page that says so, and never a file that is no public picture."""
    (plaza.folder / "credentials.json").write_text("a secret")

    request = requests.Request("GET", plaza.url).prepare()
    request.url = plaza.url + path  # as it is: not tidied up by the client
    with requests.Session() as session:
        answer = session.send(request, timeout=10)

    assert answer.status_code in (400, 404)
    assert "a secret" not in answer.text
    assert "<h1>" in answer.text


def test_a_form_on_another_site_cannot_post(plaza: Plaza, picture: bytes) -> None:
    """A browser says where a form came from."""
    answer = requests.post(
        f"{plaza.url}/upload",
        files={"file": ("a.jpg", picture)},
        headers={"Origin": "https://elsewhere.example"},
        timeout=10,
    )

    assert answer.status_code == 403
    assert plaza.board.public(limit=9) == []


def test_each_page_leads_to_staydowns_form(plaza: Plaza, picture: bytes) -> None:
    """From a picture with its address filled in; from everywhere without."""
    picture_id = plaza.posted(picture)
    here = quote(f"{plaza.url}/p/{picture_id}", safe="")

    assert (
        f'href="https://staydown.example/report/?url={here}"' in plaza.get(f"/p/{picture_id}").text
    )
    for path in ("/", "/upload", "/me", "/me/charlie", f"/p/{picture_id}", "/nothing"):
        assert 'href="https://staydown.example/report/"' in plaza.get(path).text


def test_the_grid_has_pages(plaza: Plaza, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a phone can load at once; any page number is answered."""
    monkeypatch.setattr("examples.plaza.pages.PAGE_SIZE", 3)
    for number in range(5):
        plaza.posted(drawn(str(number)))

    first, second = plaza.get("/").text, plaza.get("/?page=2").text

    assert first.count('<img src="/media/') == 3
    assert second.count('<img src="/media/') == 2
    for page in ("0", "-3", "9" * 30, "x"):
        assert plaza.get(f"/?page={page}").status_code == 200
