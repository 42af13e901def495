"""The client against a real server: each method, sync and async."""

import io
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import pytest

import staydown as library
from library.client.forum import Forum, picture
from library.films import drawn_film
from staydown.client import (
    AsyncStaydown,
    Item,
    NotFound,
    Notice,
    Refused,
    Staydown,
    Unreachable,
    Verdict,
    read_check,
)
from story.world import Server, wait_for


class Pipe(io.RawIOBase):
    """A file that cannot be rewound, and has no length."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


@pytest.mark.parametrize("way", ["path", "text path", "bytes", "file", "pipe", "prints"])
def test_a_kept_down_picture_is_blocked_however_it_is_sent(
    staydown: Staydown, kept_down: bytes, tmp_path: Path, way: str
) -> None:
    """With the evidence, and the host's own name for it."""
    path = tmp_path / "upload.jpg"
    path.write_bytes(kept_down)
    if way == "prints":
        verdict = staydown.check(fingerprints=[library.fingerprint_file(path)], reference="up-1")
    else:
        file: dict[str, Any] = {
            "path": path,
            "text path": str(path),
            "bytes": kept_down,
            "file": io.BytesIO(kept_down),
            "pipe": io.BufferedReader(Pipe(kept_down)),
        }
        verdict = staydown.check(file[way], reference="up-1", uploader="mallory")

    assert verdict.blocks
    assert verdict.id
    assert verdict.reference == "up-1"
    assert verdict.matches[0].kind in ("identical", "same")
    assert verdict.matches[0].keep_down == 1


def test_another_picture_is_allowed(staydown: Staydown, kept_down: bytes) -> None:
    verdict = staydown.check(picture(12))

    assert (verdict.answer, verdict.matches, verdict.why) == ("allow", (), "")
    assert verdict.reference, "it was given a name"


def test_an_open_file_is_left_as_it_was_given(staydown: Staydown, tmp_path: Path) -> None:
    """Open, and at its beginning: the host stores it next."""
    path = tmp_path / "upload.jpg"
    path.write_bytes(picture(12))
    with path.open("rb") as file:
        staydown.check(file)
        assert file.tell() == 0


def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(staydown: Staydown) -> None:
    with pytest.raises(Refused, match="not a picture") as refused:
        staydown.check(b"just words")

    assert (refused.value.code, refused.value.status) == ("not_media", 415)


def test_what_is_shown_is_registered_and_forgotten(
    server: Server, staydown: Staydown, forum: Forum
) -> None:
    """Ids are the host's own, whatever is in them; forgetting twice is as good as once."""
    for _ in range(2):
        verdict = staydown.register("a/b ü?", url=f"{forum.url}/p/2", file=picture(2))
        assert verdict.allows
    query = "SELECT gone_at IS NULL FROM catalogue_item WHERE host_item_id = 'a/b ü?'"
    assert server.rows(query) == [(1,)]

    for _ in range(2):
        staydown.forget("a/b ü?")
    staydown.forget("never was")

    assert server.rows(query) == [(0,)]


def test_many_are_registered_and_each_says_what_came_of_it(
    staydown: Staydown, forum: Forum, kept_down: bytes
) -> None:
    prints = library.fingerprint_bytes(picture(3))
    items = [
        Item("m1", f"{forum.url}/p/m1", fingerprint=prints),
        Item("m2", "https://elsewhere.example/", fingerprint=prints),
        Item("m3", f"{forum.url}/p/m3", file=kept_down),
    ]

    first, second, third = staydown.register_many(items)

    assert first.verdict is not None
    assert first.verdict.allows
    assert isinstance(second.error, Refused)
    assert second.error.code == "not-your-address"
    assert third.verdict is not None
    assert third.verdict.blocks


def test_many_go_in_one_request(
    staydown: Staydown, forum: Forum, kept_down: bytes, requests: list[tuple[str, str]]
) -> None:
    """But for those with a file; each is answered for itself, in order."""
    prints = library.fingerprint_bytes(picture(3))
    items = [
        Item("b1", f"{forum.url}/p/b1", fingerprint=prints),
        Item("b2", "https://elsewhere.example/", fingerprint=prints),
        Item("b3", f"{forum.url}/p/b3", fingerprint=library.fingerprint_bytes(kept_down)),
        Item("b4", f"{forum.url}/p/b4", file=picture(4)),
        Item("b5", f"{forum.url}/p/b5", fingerprint=prints),
        Item("b6", f"{forum.url}/p/b6"),
    ]

    came = list(staydown.register_many(iter(items)))

    assert [one.item for one in came] == items
    verdicts = [one.verdict and (one.verdict.answer, one.verdict.reference) for one in came]
    assert verdicts == [
        ("allow", "b1"), None, ("block", "b3"), ("allow", "b4"), ("allow", "b5"), None,
    ]  # fmt: skip
    errors = [getattr(one.error, "code", None) for one in came]
    assert errors == [None, "not-your-address", None, None, None, "bad-fingerprint"]
    assert requests == [("POST", "/api/v1/items")] * 3

    requests.clear()
    staydown.forget_many(item for item in ("b1", "b3", "b4", "b5", "never was"))
    assert requests == [("DELETE", "/api/v1/items")]
    staydown.forget_many([])
    assert len(requests) == 1


@pytest.fixture
def requests(staydown: Staydown, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Method and path of each request that the client sends."""
    sent: list[tuple[str, str]] = []
    send = staydown._http.request

    def note(**told: Any) -> Any:
        sent.append((told["method"], told["url"]))
        return send(**told)

    monkeypatch.setattr(staydown._http, "request", note)
    return sent


def test_a_picture_is_checked_by_its_address(
    staydown: Staydown, forum: Forum, kept_down: bytes
) -> None:
    """Staydown fetches it; what it cannot have it says."""
    forum.files["again"] = kept_down

    assert staydown.check(url=f"{forum.url}/p/again").blocks
    with pytest.raises(Refused) as refused:
        staydown.check(url=f"{forum.url}/p/nothing")
    assert refused.value.code == "url-not-there"
    for wrong in ({}, {"file": kept_down}, {"fingerprints": [{}]}):
        with pytest.raises(ValueError, match="either"):
            staydown.check(**wrong, url=f"{forum.url}/p/again" if wrong else "")


def test_a_question_under_one_name_has_one_answer(staydown: Staydown, kept_down: bytes) -> None:
    """It is stopped once, however often it is sent."""
    first, again = (staydown.check(kept_down, reference="r", idempotency_key="k") for _ in "12")

    assert first.blocks
    assert first == again
    assert staydown.check(kept_down, reference="r").id != first.id
    with pytest.raises(Refused) as refused:
        staydown.check(picture(12), reference="r", idempotency_key="k")
    assert refused.value.code == "already-used"


def test_a_film_is_checked_later(staydown: Staydown, forum: Forum, kept_down: bytes) -> None:
    """Held until then; its verdict comes by the webhook, and to who asks."""
    film = drawn_film(7)
    forum.staydown = staydown

    waiting = staydown.check(film, reference="film-7", films_later=True)
    assert (waiting.answer, waiting.why, waiting.reference) == ("hold", "later", "film-7")
    wait_for(lambda: not staydown.film(waiting.id).why, why="the film was checked")

    assert staydown.film(waiting.id).allows
    wait_for(lambda: "check.done" in [e["event"] for e in forum.events], why="the forum was told")
    (event,) = [event for event in forum.events if event["event"] == "check.done"]
    told = read_check(event["check"])
    assert (told.answer, told.reference) == ("allow", "film-7")
    assert staydown.check(kept_down, films_later=True).blocks, "a picture is answered at once"
    with pytest.raises(NotFound):
        staydown.film("00000000-0000-0000-0000-000000000000")

    broken = staydown.check(film[:200], films_later=True)
    with pytest.raises(Refused, match=r"film|picture|file"):
        wait_for(lambda: not staydown.film(broken.id).why, why="the film was read")


def test_a_notice_is_passed_on_once(staydown: Staydown) -> None:
    """Sent again with its key it is the same one; its code says where it stands."""
    notice = Notice("Alice", "alice@example.org", good_faith=True, urls=["https://x.example/1"])

    first, second = (staydown.send_notice(notice, idempotency_key="form-7") for _ in range(2))

    assert first == second
    assert staydown.notice_status(first.code)["received_at"] == first.received_at
    with pytest.raises(NotFound):
        staydown.notice_status("AAAA-AAAA-AAAA-AAAA")
    with pytest.raises(Refused) as refused:
        staydown.send_notice(Notice("", "alice@example.org", good_faith=True))
    assert {"signature", "pictures"} <= set(refused.value.problem["missing"])


def test_cases_are_read(staydown: Staydown, kept_down: bytes) -> None:
    (case,) = staydown.cases()
    assert staydown.case(case["id"])["items"][0]["item"] == "1"
    with pytest.raises(NotFound):
        staydown.case(10**6)


def test_the_async_client_does_the_same(
    server: Server, forum: Forum, credentials: dict[str, str], kept_down: bytes
) -> None:
    async def story() -> None:
        forum.files["async"] = kept_down
        async with AsyncStaydown(server.url, **credentials) as staydown:
            assert (await staydown.check(kept_down)).blocks
            assert (await staydown.check(io.BufferedReader(Pipe(picture(12))))).allows
            with pytest.raises(Refused):
                await staydown.check(b"just words")
            shown = Item("as", f"{forum.url}/p/as", file=picture(4))
            assert [one.error async for one in staydown.register_many([shown])] == [None]
            assert (await staydown.check(url=f"{forum.url}/p/async")).blocks
            await staydown.forget_many(["as"])
            film = await staydown.check(drawn_film(8), films_later=True)
            assert (await staydown.film(film.id)).holds or (await staydown.film(film.id)).allows
            notice = Notice("Alice", "a@example.org", True, urls=["https://x.example/1"])
            receipt = await staydown.send_notice(notice)
            assert (await staydown.notice_status(receipt.code))["withdrawn"] is False
            (case,) = [case async for case in staydown.cases()]
            assert (await staydown.case(case["id"]))["number"] == case["number"]

    anyio.run(story)


def test_a_wrong_key_is_no_answer_about_the_picture(server: Server) -> None:
    """Held for an upload; an error where nothing could be held."""
    with Staydown(server.url, "sd_wrong") as staydown:
        verdict = staydown.check(picture(5), reference="up")
        assert verdict == Verdict("hold", reference="up", why="key-refused")
        with pytest.raises(Unreachable, match="key-refused"):
            list(staydown.cases())


def test_a_large_file_is_never_in_memory(server: Server, tmp_path: Path) -> None:
    """60 MB go through in pieces; Staydown says what it thinks of them."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    with Staydown(server.url, "sd_wrong") as staydown:
        staydown.check(picture(5))  # what is imported and made at the first call
        tracemalloc.start()
        try:
            assert staydown.check(path).why == "key-refused"
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


def test_the_client_needs_nothing_of_the_library() -> None:
    """Nothing that decodes, searches or serves is imported with it."""
    code = "import staydown.client, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = set(done.stdout.split())
    assert "httpx" in loaded
    assert not loaded & {"numpy", "numba", "cv2", "PIL", "django", "starlette", "staydown.match"}


@pytest.mark.parametrize(
    "options", [{"when_unreachable": "maybe"}, {"when_unreachable": "allow"}], ids=str
)
def test_a_choice_that_cannot_be_kept_is_said_at_once(dead: str, options: dict[str, Any]) -> None:
    """Letting through needs a place to remember it."""
    with pytest.raises(ValueError, match="when_unreachable"):
        Staydown(dead, "sd_x", **options)


def test_a_file_or_fingerprints(staydown: Staydown) -> None:
    both: tuple[BinaryIO, list[dict[str, Any]]] = (io.BytesIO(b"x"), [{}])
    with pytest.raises(ValueError, match="either a file or fingerprints"):
        staydown.check(both[0], fingerprints=both[1])
    with pytest.raises(ValueError, match="either a file or fingerprints"):
        staydown.check()
