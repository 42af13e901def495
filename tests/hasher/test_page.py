"""While files are hashed: nothing leaves, the page answers, and the person can stop it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Playwright, Worker, expect

from hasher.conftest import choose, with_worker_of
from hasher.world import serving, started
from library.films import drawn_film, filmed, scene
from library.pictures import drawing, encoded, sample
from staydown import Fingerprint, fingerprint_bytes

pytestmark = pytest.mark.browser

PAGE = {"/", "/page.js", "/staydown/icon.svg", "/staydown/hasher.js", "/staydown/hasher-worker.js"}


def network_log(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of Chromium's own log of everything that it did with the network."""
    log = json.loads(path.read_text("utf-8"))
    names = {number: name for name, number in log["constants"]["logEventTypes"].items()}
    for event in log["events"]:
        yield names[event["type"]], event.get("params", {})


def test_no_byte_of_a_file_leaves_the_device(playwright: Playwright, tmp_path: Path) -> None:
    """All that Chromium sent, to anybody, is the requests for the page and the fingerprints."""
    log = tmp_path / "network.json"
    files = [sample(3)[1], drawn_film(11), encoded(drawing(500, 400, 12), "PNG")]
    with serving() as site:
        browser = started(
            playwright.chromium, f"--log-net-log={log}", "--net-log-capture-mode=Everything"
        )
        page = browser.new_page()
        page.goto(site.url)
        choose(page, tmp_path, *files)
        outcomes = page.evaluate("hashAll()")
        page.click("button")
        expect(page.locator("button")).to_be_enabled()
        browser.close()

    assert [outcome["reason"] for outcome in outcomes] == [None, None, None]
    assert set(site.paths) == {*PAGE, "/notice"}
    assert site.paths.count("/notice") == 1
    (body,) = site.bodies
    assert b"fingerprints=" in body
    asked, sent = set(), bytearray()
    for name, params in network_log(log):
        if name == "URL_REQUEST_START_JOB" and "url" in params:
            # Chromium asks its maker for updates, in vain; nobody else initiates nothing.
            if params["initiator"] != "not an origin" or params["url"].startswith(site.url):
                asked.add(params["url"])
        elif name.endswith("_BYTES_SENT"):
            sent += base64.b64decode(params["bytes"])
    assert asked == {site.url + path for path in {*PAGE, "/notice"}}
    # The log is whole: it holds what the server got.
    assert body in sent
    assert len(sent) < 8000 + len(body)
    for content in files:
        assert len(content) > 20_000
        for at in range(0, len(content) - 16, 16):
            assert content[at : at + 16] not in sent
        assert base64.b64encode(content[3000:3300])[4:-4] not in sent


def test_the_worker_can_ask_nobody(page: Page, tmp_path: Path) -> None:
    """By the policy of its script, even if somebody put other code into it."""
    page.route(
        "**/curious-worker.js",
        lambda route: route.fulfill(
            content_type="text/javascript",
            headers={"Content-Security-Policy": "default-src 'none'"},
            body="""onmessage = ({ data }) => fetch("/notice", { method: "POST", body: data })
                .then(() => "sent", () => "refused")
                .then((word) => postMessage({ outcome: word }));""",
        ),
    )
    page.evaluate("hasher.script = '/curious-worker.js'")
    choose(page, tmp_path, b"A stranger's picture")

    assert page.evaluate("hasher.fingerprint(chosen()[0])") == "refused"


WATCHED = """async () => {
    const told = [];
    const gaps = [];
    let last = performance.now();
    const ticks = setInterval(() => {
        gaps.push(performance.now() - last);
        last = performance.now();
    }, 10);
    const outcomes = [];
    for (const file of chosen()) {
        outcomes.push(await hasher.fingerprint(file, { progress: (share) => told.push(share) }));
    }
    clearInterval(ticks);
    return { outcomes, told, silent: Math.max(...gaps), ticks: gaps.length };
}"""


def test_the_page_answers_and_tells_how_far_it_is(page: Page, tmp_path: Path) -> None:
    """Large pictures, and a film of 720p: the two minutes of 1080p are in the benchmarks."""
    large = np.asarray(drawing(1000, 750, 13)).repeat(4, axis=0).repeat(4, axis=1)
    film = filmed((each.repeat(3, axis=0).repeat(4, axis=1) for each in scene(13, 6)), key_every=60)
    choose(page, tmp_path, encoded(large, "JPEG"), film)

    found = page.evaluate(WATCHED)

    assert [outcome["reason"] for outcome in found["outcomes"]] == [None, None]
    # Were it the page that hashes, it would be silent for seconds.
    assert found["silent"] < 1000
    assert found["ticks"] > 10
    told = found["told"]
    restarts = [at for at in range(1, len(told)) if told[at] < told[at - 1]]
    assert len(told) >= 3
    assert len(restarts) == 1, "it goes forward, once for each file"
    assert all(0 <= share <= 1 for share in told)


def test_a_person_can_stop_it(page: Page, tmp_path: Path) -> None:
    """At once, in the middle of a film; those that wait their turn are hashed as ever."""
    picture = encoded(drawing(500, 400, 14))
    choose(page, tmp_path, filmed(scene(14, 30), key_every=600), picture)
    workers: list[Worker] = []
    page.on("worker", lambda worker: workers.append(worker))

    found = page.evaluate(
        """async () => {
            const [film, picture] = chosen();
            const stop = new AbortController();
            let started;
            const begun = new Promise((resolve) => (started = resolve));
            const first = hasher.fingerprint(film, { progress: started, signal: stop.signal });
            const second = hasher.fingerprint(picture, { signal: AbortSignal.timeout(60_000) });
            await begun;
            const asked = performance.now();
            stop.abort();
            const name = await first.catch((error) => error.name);
            const waited = performance.now() - asked;
            const late = await hasher.fingerprint(film, { signal: stop.signal })
                .catch((error) => error.name);
            return { name, waited, late, second: await second };
        }"""
    )

    assert len(workers) == 2, "the first was ended in the middle of its work"
    assert page.workers == workers[1:]
    assert (found["name"], found["late"]) == ("AbortError", "AbortError")
    assert found["waited"] < 500
    expected = fingerprint_bytes(picture)
    assert Fingerprint.from_dict(found["second"]["fingerprint"]).pdq == expected.pdq


def test_a_worker_that_dies_is_replaced(page: Page, tmp_path: Path) -> None:
    """One clear reason for the file at hand, and the next has another worker."""
    page.route(
        "**/mortal-worker.js",
        lambda route: route.fulfill(
            content_type="text/javascript",
            body="onmessage = () => { throw new Error('no memory left'); };",
        ),
    )
    choose(page, tmp_path, encoded(drawing(500, 400, 15)))

    died, after = page.evaluate(
        """async () => {
            const script = hasher.script;
            // What the browser says of it on the console is expected here.
            hasher.script = "/mortal-worker.js";
            addEventListener("error", (event) => event.preventDefault());
            const died = await hasher.fingerprint(chosen()[0]);
            hasher.script = script;
            return [died, await hasher.fingerprint(chosen()[0])];
        }"""
    )

    assert died == {"fingerprint": None, "reason": {"code": "hasher_died"}}
    assert after["reason"] is None


def test_a_fault_of_ours_is_heard_of(page: Page, tmp_path: Path) -> None:
    """Not silence for ever, where a browser does what none should."""
    with_worker_of(page, "ImageDecoder.isTypeSupported = () => Promise.reject(new TypeError());")
    choose(page, tmp_path, encoded(drawing(500, 400, 17)))

    (outcome,) = page.evaluate("hashAll()")

    assert outcome == {"fingerprint": None, "reason": {"code": "hasher_died"}}


def test_a_file_that_changes_meanwhile_has_a_reason(page: Page, tmp_path: Path) -> None:
    """Or is gone: phones move pictures to a cloud."""
    picture = encoded(drawing(500, 400, 16))
    choose(page, tmp_path, picture, picture)
    (tmp_path / "0").unlink()
    (tmp_path / "1").write_bytes(picture[::-1])

    for outcome in page.evaluate("hashAll()"):
        assert outcome == {"fingerprint": None, "reason": {"code": "unreadable_file"}}
