"""The receipt: shown once, robust against reloading, saved as a file that says nothing."""

import re
from typing import Any

import pytest
from django.test import Client

from server.web.pages import text
from staydown_server.web import sealed

pytestmark = pytest.mark.django_db

NOTE = "/report/received/code.txt"


@pytest.fixture
def sender(filled: dict[str, Any]) -> Client:
    """Alice's browser, which has just sent her notice."""
    browser = Client()
    assert browser.post("/report/", filled).headers["Location"] == "/report/received/"
    return browser


def code_on(answer: Any) -> str:
    found = re.search(r"data-receipt>([A-Z2-7-]{19})<", text(answer))
    assert found
    return found[1]


def test_reloading_shows_the_same_code(sender: Client) -> None:
    """A lost answer, a reload after printing, a saved file in between."""
    first = code_on(sender.get("/report/received/"))
    assert sender.get(NOTE).status_code == 200

    assert code_on(sender.get("/report/received/")) == first
    assert sender.head("/report/received/").status_code == 200


def test_once_the_person_has_gone_on_it_is_shown_no_more(sender: Client) -> None:
    """The browser's history leads to the status page, which does not say the code."""
    code = code_on(sender.get("/report/received/"))
    page = text(sender.get("/status/"))

    assert code not in page
    assert sender.get("/report/received/").headers["Location"] == "/status/"
    assert sender.get(NOTE).headers["Location"] == "/status/"
    assert code not in text(sender.get("/status/"))


@pytest.mark.parametrize("way", ["/leave/", "/status/leave/"])
def test_leaving_forgets_it(sender: Client, way: str) -> None:
    """The quick way and the slow way."""
    sender.post(way) if way == "/status/leave/" else sender.get(way)

    assert sender.get("/report/received/").headers["Location"] == "/status/"
    assert 'name="code"' in text(sender.get("/status/"))


def test_after_ten_minutes_it_is_shown_no_more(
    sender: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the browser kept its cookie; the status page stays open a little longer."""
    now = sealed.time.time()
    monkeypatch.setattr(sealed.time, "time", lambda: now + 601)
    assert sender.get("/report/received/").headers["Location"] == "/status/"
    assert "data-step" in text(sender.get("/status/"))

    monkeypatch.setattr(sealed.time, "time", lambda: now + 1801)
    assert 'name="code"' in text(sender.get("/status/"))


def test_typing_the_code_does_not_bring_the_receipt_back(sender: Client) -> None:
    """It opens the status page only."""
    code = code_on(sender.get("/report/received/"))
    browser = Client()
    browser.post("/status/", {"code": code})

    assert browser.get("/report/received/").headers["Location"] == "/status/"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_file_opens_the_page_and_has_a_neutral_name(
    filled: dict[str, Any], settings: Any, language: str
) -> None:
    """The code, where it is used, and when: nothing about what it is for."""
    settings.PUBLIC_URL = "https://help.example"
    browser = Client(headers={"Accept-Language": language})
    code = code_on(browser.post("/report/", filled, follow=True))

    answer = browser.get(NOTE)

    assert answer.headers["Content-Disposition"] == 'attachment; filename="note.txt"'
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    lines = answer.content.decode("utf-8-sig").split("\r\n")
    assert lines[:2] == [code, "https://help.example/status/"]
    assert lines[2].endswith("(UTC)")
    assert lines[3:] == [""]
    assert Client().post("/status/", {"code": lines[0]}).status_code == 302


def test_the_cookies_do_not_tell_the_code(sender: Client) -> None:
    """Nor can one be used as the other."""
    code = code_on(sender.get("/report/received/"))
    cookies = {name: morsel.value for name, morsel in sender.cookies.items()}

    assert code not in str(cookies)
    swapped = Client()
    swapped.cookies["staydown_code"] = cookies["staydown_receipt"]
    assert swapped.get("/report/received/").headers["Location"] == "/status/"
    assert sender.cookies["staydown_code"]["httponly"]
    assert sender.cookies["staydown_code"]["samesite"] == "Strict"


@pytest.mark.parametrize("forged", ["x", "AAAA-AAAA-AAAA-AAAA", "AQ==", ""])
def test_a_stranger_sees_no_receipt(charlie: Client, forged: str) -> None:
    """Whatever they bring."""
    charlie.cookies["staydown_code"] = forged
    for path in ("/report/received/", NOTE):
        assert charlie.get(path).headers["Location"] == "/status/"


def test_the_copy_button_waits_for_a_script(sender: Client) -> None:
    """Without one it is not there; the script is ours."""
    page = text(sender.get("/report/received/"))

    assert re.search(r"<button[^>]* hidden [^>]*data-copy", page)
    assert "/static/staydown/copy.js" in page
    script = Client().get("/static/staydown/copy.js")
    assert b"clipboard" in b"".join(script)
