"""The notice form: what is missing is asked for, what was given is kept."""

import html
import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import get_language

from server.pictures import UNREADABLE, fingerprint, jpeg, scene
from server.story import run_jobs
from server.web.pages import text, value_of
from staydown_server.cases.models import Case
from staydown_server.notices.models import Notice

pytestmark = pytest.mark.django_db

FIELDS = ("places", "explanation", "on_behalf_of", "signature", "contact", "good_faith")


def file(content: bytes, name: str = "picture.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_whole_notice_is_received(charlie: Client, filled: dict[str, Any]) -> None:
    """And answered with a code that opens the status page."""
    answer = charlie.post("/report/", filled, follow=True)

    assert answer.redirect_chain == [("/report/received/", 302)]
    notice = Notice.objects.get()
    assert notice.content["places"] == filled["places"]
    assert notice.content["signature"] == filled["signature"]
    page = text(answer)
    code = page.partition("data-receipt>")[2].partition("<")[0]
    run_jobs()
    opened = Client().post("/status/", {"code": code}, follow=True)
    assert Case.objects.get().number in text(opened)


@pytest.mark.parametrize("name", ["places", "signature", "contact", "good_faith"])
def test_what_is_missing_is_asked_for_and_the_rest_is_kept(
    charlie: Client, filled: dict[str, Any], name: str
) -> None:
    """Each of the four elements by itself."""
    filled |= {name: "", "on_behalf_of": "my daughter <Ada> & co"}
    answer = charlie.post("/report/", filled)

    assert answer.status_code == 422
    for other in FIELDS:
        assert value_of(answer, other) == filled[other]
    assert value_of(answer, "submission") == filled["submission"]
    assert text(answer).count('aria-invalid="true"') == 1
    assert not Notice.objects.exists()

    filled[name] = "https://plaza.example/p/1" if name == "places" else "yes"
    assert charlie.post("/report/", filled).status_code == 302
    assert Notice.objects.count() == 1


@pytest.mark.parametrize("name", ["places", "explanation", "on_behalf_of", "signature", "contact"])
def test_what_is_too_long_is_asked_about_and_kept(
    charlie: Client, filled: dict[str, Any], name: str
) -> None:
    """Nothing is cut off."""
    filled[name] = "https://plaza.example/ " + "é" * 20_001

    answer = charlie.post("/report/", filled)

    assert answer.status_code == 422
    for other in FIELDS:
        assert value_of(answer, other) == filled[other]
    assert "question" in text(answer)


def test_an_empty_form_is_asked_about_at_once(charlie: Client, db: None) -> None:
    """Four questions, and no error."""
    answer = charlie.post("/report/", {})

    assert answer.status_code == 422
    assert text(answer).count('aria-invalid="true"') == 4


def test_the_form_can_be_opened_from_where_the_picture_is_shown(charlie: Client) -> None:
    """With its address filled in, and harmlessly so."""
    answer = charlie.get("/report/", {"url": 'https://plaza.example/p/1?a=1&b="><script>'})

    assert value_of(answer, "places") == 'https://plaza.example/p/1?a=1&b="><script>'
    assert "<script>" not in text(answer)


def test_a_second_click_makes_one_notice(charlie: Client, filled: dict[str, Any]) -> None:
    """With the same code on the page."""
    first = charlie.post("/report/", filled, follow=True)
    second = Client().post("/report/", filled, follow=True)

    assert Notice.objects.count() == 1
    assert (
        text(first).partition("data-receipt>")[2][:19]
        == (text(second).partition("data-receipt>")[2][:19])
    )


def test_a_changed_form_sent_again_is_asked_about(charlie: Client, filled: dict[str, Any]) -> None:
    """It can then be sent as a second notice."""
    charlie.post("/report/", filled)
    filled["explanation"] = "One thing more."

    answer = charlie.post("/report/", filled)

    assert answer.status_code == 422
    assert value_of(answer, "explanation") == "One thing more."
    filled["submission"] = value_of(answer, "submission")
    assert charlie.post("/report/", filled).status_code == 302
    assert Notice.objects.count() == 2


def test_a_file_is_turned_into_a_fingerprint(
    charlie: Client, filled: dict[str, Any], picture: bytes, settings: Any
) -> None:
    """And thrown away."""
    from pathlib import Path

    filled |= {"places": "", "files": [file(picture), file(jpeg(scene(2)))]}

    assert charlie.post("/report/", filled).status_code == 302

    kept = Notice.objects.get().content["fingerprints"]
    assert kept == [fingerprint(one).to_dict(with_local=True) for one in (picture, jpeg(scene(2)))]
    assert list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir()) == []


def test_noted_files_survive_a_question(
    charlie: Client, filled: dict[str, Any], picture: bytes
) -> None:
    """A browser forgets the chosen files; the form does not."""
    asked = charlie.post(
        "/report/", filled | {"places": "", "contact": "", "files": [file(picture)]}
    )
    assert asked.status_code == 422
    kept = value_of(asked, "kept")
    assert kept
    assert (fingerprint(picture).sha256 or "-") not in text(asked)

    answer = charlie.post("/report/", filled | {"places": "", "kept": kept})

    assert answer.status_code == 302
    assert Notice.objects.get().content["fingerprints"] == [
        fingerprint(picture).to_dict(with_local=True)
    ]


@pytest.mark.parametrize("kept", ["x", "é", "AAAA", "AQ==", "%", "x" * 10_000])
def test_noted_files_that_are_not_ours_are_ignored(
    charlie: Client, filled: dict[str, Any], kept: str
) -> None:
    """Nobody plants a fingerprint that way."""
    assert charlie.post("/report/", filled | {"kept": kept}).status_code == 302
    assert Notice.objects.get().content["fingerprints"] == []


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("fault", sorted(UNREADABLE))
def test_a_file_that_cannot_be_read_is_asked_about(
    filled: dict[str, Any], picture: bytes, fault: str, language: str
) -> None:
    """In a sentence, in the person's language; the readable ones beside it are noted."""
    browser = Client(headers={"Accept-Language": language})
    sent = filled | {"files": [file(picture), file(UNREADABLE[fault], "<b>odd.jpg")]}

    answer = browser.post("/report/", sent)

    assert answer.status_code == 422
    page = text(answer)
    assert "&lt;b&gt;odd.jpg" in page
    assert "<b>odd" not in page
    assert ("fichier" in page or "image" in page) if language == "fr" else "file" in page
    for name in FIELDS:
        assert value_of(answer, name) == filled[name]
    kept = value_of(answer, "kept")
    assert browser.post("/report/", filled | {"kept": kept}).status_code == 302
    assert Notice.objects.get().content["fingerprints"] == [
        fingerprint(picture).to_dict(with_local=True)
    ]


@pytest.mark.parametrize("count", [21, 60])
def test_too_many_files_are_asked_about(
    charlie: Client, filled: dict[str, Any], picture: bytes, count: int
) -> None:
    """Twenty are noted, and nothing that was typed is lost."""
    answer = charlie.post("/report/", filled | {"files": [file(picture) for _ in range(count)]})

    assert answer.status_code == 422
    for name in FIELDS:
        assert value_of(answer, name) == filled[name]
    assert "20" in text(answer)


def test_hostile_text_is_shown_as_text(
    charlie: Client, filled: dict[str, Any], bobs_browser: Client
) -> None:
    """On the form, and on Bob's page."""
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% load x %}"
    filled |= dict.fromkeys(("explanation", "signature", "contact", "on_behalf_of"), hostile)
    filled["places"] += f" {hostile}"

    asked = charlie.post("/report/", filled | {"good_faith": ""})
    assert "<script>" not in text(asked)
    assert "<img src=x" not in text(asked)
    assert charlie.post("/report/", filled).status_code == 302
    run_jobs()
    page = text(bobs_browser.get(f"/desk/cases/{Case.objects.get().pk}/"))
    assert "<script>" not in page
    assert "onerror=alert(1)&gt;" in page
    assert "{{ 7*7 }}" in page


@pytest.mark.parametrize("odd", ["\x00", "\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe"])
def test_odd_characters_do_no_harm(charlie: Client, filled: dict[str, Any], odd: Any) -> None:
    """In any field."""
    from urllib.parse import urlencode

    sent = urlencode(dict.fromkeys(filled, odd) | {"good_faith": "yes"})

    answer = charlie.post("/report/", sent, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=x"),
        (b"--x\r\nrubbish", "multipart/form-data; boundary=x"),
        (b"x" * 3_000_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(2000)), "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_no_browser_sends_gets_a_calm_page(
    charlie: Client, db: None, body: bytes, content_type: str
) -> None:
    """Never a 500."""
    answer = charlie.post("/report/", body, content_type=content_type)

    assert answer.status_code in (400, 413, 422)
    assert "<h1>" in text(answer)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_over_the_limit_gets_a_calm_page_in_the_persons_language(
    filled: dict[str, Any], settings: Any, language: str
) -> None:
    """Before it is read."""
    settings.UPLOAD_LIMIT = 1000
    browser = Client(headers={"Accept-Language": language})

    answer = browser.post("/report/", filled | {"explanation": "x" * 2000})

    assert answer.status_code == 413
    assert f'<html lang="{language}">' in text(answer)


def test_fingerprints_made_on_the_device_are_taken_in(
    charlie: Client, filled: dict[str, Any], picture: bytes
) -> None:
    """Without a local layer, whoever says that it is one: ours is keyed."""
    made = fingerprint(picture).to_dict(with_local=True)
    assert made["local"]

    answer = charlie.post("/report/", filled | {"places": "", "fingerprints": json.dumps([made])})

    assert answer.status_code == 302
    (kept,) = Notice.objects.get().content["fingerprints"]
    assert kept["pdq"] == made["pdq"]
    assert not kept.get("local")


@pytest.mark.parametrize(
    "garbled", ["{", "{}", "[1]", '[{"version": 1}]', '[{"version": 99}]', "[" * 5000, "[[[]]]"]
)
def test_garbled_fingerprints_are_asked_for_again(
    charlie: Client, filled: dict[str, Any], garbled: str
) -> None:
    """With everything else kept."""
    answer = charlie.post("/report/", filled | {"fingerprints": garbled})

    assert answer.status_code == 422
    assert 'id="files-question"' in text(answer)
    assert value_of(answer, "places") == filled["places"]
    assert not Notice.objects.exists()


def test_a_file_sent_after_its_fingerprint_is_one_thing(
    charlie: Client, filled: dict[str, Any], picture: bytes
) -> None:
    """And the fuller one is kept."""
    made = json.dumps([fingerprint(picture).to_dict()] * 3)

    charlie.post("/report/", filled | {"fingerprints": made, "files": [file(picture)]})

    (kept,) = Notice.objects.get().content["fingerprints"]
    assert kept["local"]


def test_another_language_keeps_everything(
    charlie: Client, filled: dict[str, Any], picture: bytes
) -> None:
    """And asks for nothing."""
    answer = charlie.post("/report/", filled | {"language": "fr", "files": [file(picture)]})

    assert answer.status_code == 200
    assert '<html lang="fr">' in text(answer)
    assert '<div id="files-kept">' in text(answer)
    assert value_of(answer, "places") == filled["places"]
    assert answer.headers["Content-Language"] == "fr"
    assert charlie.cookies["staydown_language"].value == "fr"
    assert get_language() == "en", "the next to be served by this thread is somebody else"
    assert not Notice.objects.exists()
    for wrong in ("xx", "../en", "fr" * 99):
        assert charlie.post("/report/", filled | {"language": wrong}).status_code != 200


def test_what_is_feared_is_deposited(
    charlie: Client, filled: dict[str, Any], picture: bytes
) -> None:
    """By its fingerprint; an address is not asked for, and the statement says what is feared."""
    wanted = filled | {"places": "", "kind": "deposit"}
    answer = charlie.post("/report/", wanted)
    assert answer.status_code == 422
    assert 'id="fingerprints-question"' in text(answer)

    assert charlie.post("/report/", wanted | {"files": [file(picture)]}).status_code == 302
    content = Notice.objects.get().content
    assert content["kind"] == "deposit"
    assert (
        "I fear that it will be published without my consent, or without theirs."
        in content["statement"]
    )


def test_what_was_signed_is_stored(charlie: Client, filled: dict[str, Any]) -> None:
    """Sentence by sentence, in the language in which it was read."""
    shown = html.unescape(text(charlie.get("/report/", headers={"accept-language": "fr"})))
    charlie.post("/report/", filled, headers={"accept-language": "fr"})

    sentences = Notice.objects.get().content["statement"].splitlines()
    assert len(sentences) == 4
    assert all(sentence in shown for sentence in sentences)


def test_what_was_read_is_what_is_stored_as_signed(charlie: Client, filled: dict[str, Any]) -> None:
    """Though another tab has chosen another language meanwhile."""
    french = {"accept-language": "fr"}

    charlie.post("/report/", filled | {"shown_in": "en"}, headers=french)

    content = Notice.objects.get().content
    assert content["language"] == "en"
    assert content["statement"].startswith("The picture or film shows me")


def test_files_noted_before_can_be_left_out(
    charlie: Client, filled: dict[str, Any], picture: bytes
) -> None:
    """The wrong one was chosen."""
    asked = charlie.post("/report/", filled | {"signature": "", "files": [file(picture)]})
    kept = filled | {"kept": value_of(asked, "kept")}

    charlie.post("/report/", kept | {"leave_out": "yes"})

    assert Notice.objects.get().content["fingerprints"] == []


def test_every_file_that_cannot_be_read_is_named(charlie: Client, filled: dict[str, Any]) -> None:
    """Not only the last one."""
    files = [file(UNREADABLE["text"], "notes.txt"), file(UNREADABLE["empty"], "empty.jpg")]

    page = text(charlie.post("/report/", filled | {"files": files}))

    assert "notes.txt: " in page
    assert "empty.jpg: " in page


def test_what_is_no_link_is_said_to_be_none(charlie: Client, filled: dict[str, Any]) -> None:
    """Whoever pasted something is not asked to paste something."""
    page = text(charlie.post("/report/", filled | {"places": "on that site, you know"}))

    assert 'id="pictures-question">We could not find a link in this.' in page


def test_leaving_quickly_forgets_the_receipt(
    charlie: Client, filled: dict[str, Any], settings: Any
) -> None:
    """And leads to a page that everybody visits."""
    charlie.post("/report/", filled)
    assert charlie.cookies["staydown_receipt"].value

    answer = charlie.get("/leave/")

    assert answer.headers["Location"] == settings.LEAVE_TO
    assert not charlie.cookies["staydown_receipt"].value


def test_a_flood_from_one_connection_is_slowed_down_and_nobody_is_shut_out(
    charlie: Client, filled: dict[str, Any], picture: bytes
) -> None:
    """What was typed and chosen is kept; whoever has waited is let in, however many others come."""
    for number in range(30):
        assert charlie.post("/report/", filled | {"submission": f"{number}"}).status_code == 302
    mine = filled | {"submission": "mine"}
    answer = charlie.post("/report/", mine | {"files": [file(picture)]})

    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 10
    assert value_of(answer, "places") == filled["places"]
    assert Notice.objects.count() == 30
    mine |= {"turn": value_of(answer, "turn"), "kept": value_of(answer, "kept")}
    with patch("time.time", lambda: datetime.now(UTC).timestamp() + 10):
        assert charlie.post("/report/", mine).status_code == 302
        assert charlie.post("/report/", mine | {"submission": "more"}).status_code == 429
    assert len(Notice.objects.get(pk=Notice.objects.latest("pk").pk).content["fingerprints"]) == 1
