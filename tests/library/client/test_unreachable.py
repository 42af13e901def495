"""A Staydown that is down, slow or wrong: the host's choice, and what is told later."""

import asyncio
import io
import logging
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import anyio
import pytest

import staydown as library
from library.client.forum import Door, Forum, picture, silent_server
from staydown.client import (
    AsyncStaydown,
    CaughtUp,
    Entry,
    Item,
    Spool,
    Staydown,
    Unreachable,
    Verdict,
)
from staydown.client.breaker import Breaker
from story.world import Server, wait_for

Make = Callable[..., Staydown]
Told = list[tuple[Entry, Verdict]]


def test_what_is_held_while_staydown_is_down_says_why(dead: str) -> None:
    """Without a spool, too: nothing that Staydown has not seen is shown."""
    with Staydown(dead, "sd_x") as staydown:
        verdict = staydown.check(picture(1), reference="up-1")
        assert verdict == Verdict("hold", reference="up-1", why="down")
        for lost in (
            lambda: staydown.register("1", url="http://x/", file=picture(1)),
            lambda: staydown.forget("1"),
        ):
            with pytest.raises(Unreachable):
                lost()


def test_a_dead_staydown_costs_milliseconds(forgetful: Make) -> None:
    """After the first upload nobody waits for it, and each upload is on the disk."""
    staydown = forgetful()
    staydown.check(picture(1))

    began = time.perf_counter()
    verdicts = [staydown.check(picture(1)) for _ in range(20)]
    each = (time.perf_counter() - began) / 20

    assert all(verdict.allows and verdict.remembered for verdict in verdicts)
    assert {verdict.why for verdict in verdicts} == {"resting"}
    assert each < 0.15
    assert staydown.spool is not None
    assert len(staydown.spool) == 21


def test_a_silent_staydown_costs_one_time_out_and_then_milliseconds(forgetful: Make) -> None:
    """It takes connections and says nothing, not even that it lives."""
    with silent_server(lives=False) as url:
        staydown = forgetful(url, timeout=1.0)
        assert staydown.check(picture(1)).why == "slow"
        began = time.perf_counter()
        for _ in range(10):
            assert staydown.check(picture(1)).why == "resting"
        # None of the ten asked.
        assert time.perf_counter() - began < 1.0


def test_a_file_that_takes_long_does_not_switch_the_gate_off(forgetful: Make) -> None:
    """Staydown lives; whoever made the file must not open the door for others."""
    with silent_server(lives=True) as url:
        staydown = forgetful(url, timeout=0.2)
        assert [staydown.check(picture(1)).why for _ in range(5)] == ["slow"] * 5


def test_a_server_killed_in_the_middle_of_an_upload(
    server: Server, credentials: dict[str, str], kept_down: bytes, forgetful: Make
) -> None:
    """The upload is let through whole, remembered whole, and blocked when Staydown is back."""
    # What follows the picture changes the file, not what it shows; it makes it several pieces.
    upload = kept_down + bytes(500_000)

    class KillsTheServer(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 100_000 and server.process and server.process.poll() is None:
                server.kill()
            return super().read(size)

    staydown = forgetful(server.url, **credentials)
    try:
        verdict = staydown.check(KillsTheServer(upload), reference="up-1")
        assert verdict == Verdict("allow", reference="up-1", why="down", remembered=True)
        assert staydown.spool is not None
        (kept,) = staydown.spool.folder.glob("*.upload")
        assert kept.read_bytes() == upload
    finally:
        server.end()
        server.start()

    told: Told = []
    assert staydown.catch_up(lambda *late: told.append(late)) == CaughtUp(told=1, left=0)
    ((entry, late),) = told
    assert (entry.kind, entry.name, entry.shown) == ("check", "up-1", True)
    assert late.blocks
    assert not list(staydown.spool.folder.glob("*.upload")), "nothing of it is kept"
    assert staydown.check(picture(2)).why == "", "the gate is asked again at once"


def test_items_shown_while_it_was_down_are_registered_later(
    server: Server,
    credentials: dict[str, str],
    forum: Forum,
    kept_down: bytes,
    dead: str,
    tmp_path: Path,
) -> None:
    """All but those that went meanwhile; what is kept down is said."""
    options: dict[str, Any] = {"when_unreachable": "allow", "spool": tmp_path / "spool"}
    with Staydown(dead, "sd_x", **options) as staydown:
        for item_id, file in (
            ("late-1", kept_down),
            ("late-2", picture(6)),
            ("late-3", picture(7)),
        ):
            staydown.register(item_id, url=f"{forum.url}/p/{item_id}", file=file)
        staydown.forget("late-2")

    told: Told = []
    with Staydown(server.url, **credentials, **options) as staydown:
        assert staydown.catch_up(lambda *late: told.append(late)) == CaughtUp(told=3, left=0)

    assert [(entry.name, verdict.answer) for entry, verdict in told] == [
        ("late-1", "block"),
        ("late-3", "allow"),
    ]
    found = server.rows("SELECT host_item_id FROM catalogue_item WHERE host_item_id LIKE 'late-%'")
    assert {name for (name,) in found} == {"late-1", "late-3"}


def test_an_address_is_asked_about_later_as_it_would_have_been(
    server: Server, credentials: dict[str, str], forum: Forum, kept_down: bytes, forgetful: Make
) -> None:
    """Many items too: each waits by itself."""
    door = Door(server)
    staydown = forgetful(door.url, **credentials)
    forum.files["late"] = kept_down
    page = f"{forum.url}/p/late"
    prints = library.fingerprint_bytes(picture(3))
    items = [Item(name, f"{forum.url}/p/{name}", fingerprint=prints) for name in ("l1", "l2")]

    waits = staydown.check(url=page, reference="up-9", films_later=True, idempotency_key="late")
    came = list(staydown.register_many(items))
    staydown.forget_many(["l1"])

    assert waits.remembered
    assert [one.verdict and one.verdict.remembered for one in came] == [True, True]
    door.open()
    told: Told = []
    try:
        wait_for(lambda: staydown.catch_up(lambda *one: told.append(one)).left == 0, why="told")
    finally:
        door.shut()
    (check, verdict), (item, registered) = told
    assert (check.headers["Prefer"], check.headers["Idempotency-Key"]) == ("respond-async", "late")
    assert (verdict.answer, verdict.why, verdict.reference) == ("hold", "later", "up-9")
    assert (item.name, registered.answer) == ("l2", "allow")


def test_an_upload_that_cannot_be_read_is_said_later_and_not_tried_for_ever(
    server: Server, credentials: dict[str, str], dead: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"when_unreachable": "allow", "spool": tmp_path / "spool"}
    with Staydown(dead, "sd_x", **options) as staydown:
        staydown.check(b"just words", reference="up-9")

    told: Told = []
    with Staydown(server.url, **credentials, **options) as staydown:
        staydown.catch_up(lambda *late: told.append(late))
        assert len(Spool(tmp_path / "spool")) == 0

    assert told[0][1] == Verdict("hold", reference="up-9", why="not_media")


def test_where_the_hosts_own_code_fails_the_verdict_comes_again(
    server: Server, credentials: dict[str, str], dead: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"when_unreachable": "allow", "spool": tmp_path / "spool"}
    with Staydown(dead, "sd_x", **options) as staydown:
        staydown.check(picture(1))

    def fails(entry: Entry, verdict: Verdict) -> None:
        raise OSError("the forum's disk is full")

    with Staydown(server.url, **credentials, **options) as staydown:
        with pytest.raises(OSError, match="disk is full"):
            staydown.catch_up(fails)
        told: Told = []
        assert staydown.catch_up(lambda *late: told.append(late)).told == 1
    assert len(told) == 1


def test_while_it_stays_down_nothing_leaves_the_spool(forgetful: Make) -> None:
    staydown = forgetful()
    staydown.check(picture(1))

    assert staydown.catch_up(lambda *_: pytest.fail("nobody has said anything")) == CaughtUp(0, 1)


def test_a_full_spool_lets_nothing_more_through_and_says_so(
    forgetful: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By number and by size; what is in it stays."""
    for name, limit in (("number", {"most_entries": 2}), ("size", {"most_bytes": 90_000})):
        spool = Spool(tmp_path / name, **limit)
        staydown = forgetful(spool=spool)
        with caplog.at_level(logging.WARNING):
            verdicts = [staydown.check(bytes(40_000), reference=f"{n}") for n in range(3)]

        assert [verdict.answer for verdict in verdicts] == ["allow", "allow", "hold"]
        assert verdicts[2].why == "spool-full"
        assert "Upload 2 is held. The spool holds" in caplog.text
        assert [entry.name for _, entry in spool.entries()] == ["0", "1"]
        assert len(list(spool.folder.glob("*.upload"))) == 2


def test_a_spool_that_cannot_be_written_holds(forgetful: Make, tmp_path: Path) -> None:
    """Nor is anything let through that nobody would remember."""
    spool = Spool(tmp_path / "spool")
    for path in spool.folder.iterdir():
        path.unlink()
    spool.folder.rmdir()

    assert forgetful(spool=spool).check(picture(1)).why == "spool-failed"


def test_the_async_client_lets_through_and_catches_up_too(
    server: Server, credentials: dict[str, str], kept_down: bytes, dead: str, tmp_path: Path
) -> None:
    """With a coroutine to hear the verdict."""
    options: dict[str, Any] = {"when_unreachable": "allow", "spool": tmp_path / "spool"}
    told: Told = []

    async def story() -> None:
        heard = anyio.Event()

        async def hear(entry: Entry, verdict: Verdict) -> None:
            told.append((entry, verdict))
            heard.set()

        async with AsyncStaydown(dead, "sd_x", **options) as staydown:
            assert (await staydown.check(kept_down, reference="up-3")).remembered
        async with AsyncStaydown(server.url, **credentials, **options) as staydown:
            with anyio.fail_after(20):
                catching_up = asyncio.create_task(staydown.keep_caught_up(hear, every=0.05))
                await heard.wait()
                catching_up.cancel()

    anyio.run(story)
    assert [(entry.name, verdict.answer) for entry, verdict in told] == [("up-3", "block")]


def test_keeping_caught_up_survives_a_fault_and_stops(
    server: Server, credentials: dict[str, str], dead: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"when_unreachable": "allow", "spool": tmp_path / "spool"}
    with Staydown(dead, "sd_x", **options) as staydown:
        staydown.check(picture(1))
    heard: list[str] = []

    def hear(entry: Entry, verdict: Verdict) -> None:
        heard.append(entry.name)
        if len(heard) == 1:
            raise ValueError("the forum's own fault")

    with Staydown(server.url, **credentials, **options) as staydown:
        stop = staydown.keep_caught_up(hear, every=0.05)
        deadline = time.monotonic() + 20
        while len(Spool(tmp_path / "spool")) and time.monotonic() < deadline:
            time.sleep(0.05)
        stop()
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (500, b"{}", "status-500"),
        (404, b'{"code": "not-found"}', "status-404"),
        (302, b"", "status-302"),
        (200, b"<html>", "not-json"),
        (200, b"[]", "not-json"),
        (200, b'{"verdict": "maybe"}', "unknown-verdict"),
        (200, b'{"verdict": "maybe", "matches": 7}', "unknown-verdict"),
        (200, b"{}", "unknown-verdict"),
    ],
)
def test_an_answer_that_is_none_holds(status: int, body: bytes, why: str) -> None:
    """Whoever is at that address: only a clear yes is a yes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        with Staydown(f"http://127.0.0.1:{server.server_port}", "sd_x") as staydown:
            verdict = staydown.check(picture(1))
        server.shutdown()
        thread.join()

    assert (verdict.answer, verdict.why) == ("hold", why)


def test_the_breaker_rests_longer_each_time_and_lets_one_caller_try() -> None:
    now = [0.0]
    breaker = Breaker(failures=2, rest=5, longest_rest=8, clock=lambda: now[0])
    for _ in range(2):
        assert breaker.may_try()
        breaker.failed()
    assert not breaker.may_try()

    now[0] = 5
    assert [breaker.may_try(), breaker.may_try()] == [True, False]
    breaker.failed()
    now[0] = 12.9
    assert not breaker.may_try(), "it rests for 8 seconds now"
    now[0] = 13
    assert breaker.may_try()
    breaker.worked()
    assert [breaker.may_try(), breaker.may_try()] == [True, True]
