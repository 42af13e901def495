"""Partners by clicking in a real browser: a quarantine is let go, a decision kept to ourselves."""

from pathlib import Path

import pytest
import requests
from person import DESKTOP, PHONE, Person
from playwright.sync_api import Browser, expect
from world import Server, Visitor, wait_for

from server.sharing.partner import NAME, entry, friends_at

pytestmark = pytest.mark.browser

PDQ = "a5" * 32


def test_partners_at_the_desk(tmp_path: Path, chromium: Browser) -> None:
    """In English at a desk, in French on a phone."""
    server = Server(tmp_path / "staydown", STAYDOWN_FOLLOW_SECONDS="0.5")
    with friends_at(tmp_path / "friends") as friends:
        try:
            server.start()
            friends.put(*(entry(number) for number in range(3)))
            key = _set_up(server, tmp_path, friends.address, str(friends.root.public))
            _look_around(server, chromium, key)
        finally:
            server.end()


def _set_up(server: Server, folder: Path, address: str, root: str) -> str:
    """A list of ours with a decision on it, and one that we follow, all of it waiting."""
    key_file = folder / "key"
    key_file.write_text("sp_theirs")
    for command in (
        ("begin", "first.example", "--root-key", str(folder / "root")),
        ("let-read", NAME, "--list", "first.example"),
        *[("follow", NAME, "--address", address, "--root", root, "--key-file", str(key_file),
           "--trust", "trusted", "--most-a-day", "1")],
    ):  # fmt: skip
        done = server.command_line("partner", *command)
        assert done.returncode == 0, done.stderr
    key = server.add_host("forum", "http://127.0.0.1:9")["api_key"]
    url = "http://127.0.0.1:9/p/1"
    _post(server, key, "items", {"id": "1", "url": url, "fingerprint": _print(PDQ)})
    Visitor(server).report(url)
    wait_for(lambda: _ready(server), why="swept")
    return key


def _look_around(server: Server, chromium: Browser, key: str) -> None:
    ada = Person(chromium, "ada-partners-en", DESKTOP, "en")
    ada.page.goto(server.sign_in_link("ada@example.org"))
    ada.clicks("main button")
    ada.page.goto(f"{server.url}/desk/cases/1/")
    ada.page.locator("#reason").fill("Reported as published without consent.")
    ada.clicks("#decide button")
    wait_for(lambda: server.rows("SELECT op FROM sharing_line") == [("add",)], why="published")

    ada.clicks('nav a[href="/desk/partners/"]')
    ada.looks("partners")
    ada.clicks(f'a:has-text("{NAME}")')
    expect(ada.page.locator('[data-why="burst"]')).to_contain_text("3 entries")
    ada.looks("partner")
    pdq = entry(1).prints.pdq
    assert pdq is not None
    assert _check(server, key, pdq.hex()) == "allow"
    ada.clicks('button[value="release"]')
    expect(ada.page.locator("main")).to_contain_text("3 entries are live now.")
    assert _check(server, key, pdq.hex()) == "block"
    wait_for(lambda: "Case" not in ada.page.title(), why="still there")
    ada.page.reload()
    expect(ada.page.locator("main")).to_contain_text("1 upload stopped by them")
    ada.looks("released")

    ada.page.goto(f"{server.url}/desk/shared/")
    ada.looks("shared")
    ada.clicks('button[value="keep"]')
    expect(ada.page.locator("[data-keep]")).to_contain_text("not shared")

    phone = Person(chromium, "ada-partners-fr", PHONE, "fr")
    phone.page.goto(server.sign_in_link("ada@example.org"))
    phone.clicks("main button")
    for path in ("partners/", "partners/1/", "shared/"):
        phone.page.goto(f"{server.url}/desk/{path}")
        phone.looks(path.strip("/").replace("/", "-"))
    for person in (ada, phone):
        assert person.called <= {server.url.removeprefix("http://")}
        person.leaves()


def _print(pdq: str) -> dict[str, object]:
    return {"pdq": pdq, "quality": 100}


def _check(server: Server, key: str, pdq: str) -> str:
    return str(_post(server, key, "check", {"fingerprints": [_print(pdq)]})["verdict"])


def _post(server: Server, key: str, path: str, body: dict[str, object]) -> dict[str, object]:
    answer = requests.post(
        f"{server.url}/api/v1/{path}",
        json=body,
        headers={"Authorization": f"Bearer {key}"},
        timeout=30,
    )
    assert answer.ok, answer.text
    told: dict[str, object] = answer.json()
    return told


def _ready(server: Server) -> bool:
    return server.rows("SELECT state FROM cases_caseitem") == [("ready",)]
