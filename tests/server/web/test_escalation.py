"""Escalation files at the desk: opened, read, sent, answered, and handed to the police."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail as django_mail
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import translation

from server.escalation.conftest import (
    alices_case,
    clock,
    file,
    internet,
    stubborn,
    whole_internet,
)
from server.escalation.helping import Clock, Stubborn, addressee, drafts, letter_to, site_of
from server.providers.fakes import Reply
from server.story import ALICE, run_jobs, somebody
from server.web.pages import links, text, value_of
from server.web.test_every_page import FOR_MODERATORS
from staydown_server.accounts.models import Role, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case
from staydown_server.escalation.models import EscalatedAddress, EscalationFile, OutgoingLetter
from staydown_server.providers.found import ByHand, Reason
from staydown_server.records import escalations, timeline
from staydown_server.records.package_format import NotWhole, check
from staydown_server.web import urls
from staydown_server.web.escalation.words import trouble_sentences

__all__ = ["alices_case", "clock", "file", "internet", "stubborn", "whole_internet"]

pytestmark = pytest.mark.django_db

#: Each of our pages, with what its address needs.
OURS = {
    pattern.name: [1, "pdf"][: str(pattern.pattern).count("<")]
    for pattern in urls.urlpatterns
    if isinstance(pattern, URLPattern)
    and re.match(r"desk/(files|letters|addressees)/", str(pattern.pattern))
}


def act(browser: Client, path: str, **fields: Any) -> str:
    """Press a button; the page that follows."""
    answer = browser.post(path, fields, follow=True)
    assert answer.status_code == 200, answer.status_code
    return text(answer)


def test_a_plain_platform_has_no_trace_of_it(
    file: EscalationFile, bobs_browser: Client, settings: Any
) -> None:
    """Off by default: no page, no entry in the menu, no link at the case."""
    assert len(OURS) == 12
    assert "/desk/files/" in text(bobs_browser.get(f"/desk/cases/{file.case.pk}/"))
    settings.ESCALATION = False

    for name, arguments in OURS.items():
        path = reverse(f"web:{name}", args=arguments)
        for browser in (bobs_browser, Client()):
            answer = getattr(browser, FOR_MODERATORS[str(name)].lower())(path)
            assert answer.status_code == 404, name
    for path in ("/desk/", f"/desk/cases/{file.case.pk}/"):
        assert "/desk/files/" not in text(bobs_browser.get(path))


def test_a_helper_opens_a_file_for_a_case(
    alices_case: Case, stubborn: Stubborn, bobs_browser: Client
) -> None:
    """From the case; what the person wrote is filled in already."""
    path = f"/desk/files/new/?case={alices_case.pk}"
    assert path in text(bobs_browser.get(f"/desk/cases/{alices_case.pk}/"))
    form = bobs_browser.get(path)
    assert value_of(form, "places").strip() == alices_case.notice.content["places"]
    sent = {"case": alices_case.pk, "places": value_of(form, "places"), "law": ["us", "eu"]}

    page = act(bobs_browser, "/desk/files/open/", **sent, language="fr", country="FR")
    run_jobs()

    found = EscalationFile.objects.get()
    assert (found.laws, found.language, found.country) == (["us", "eu"], "fr", "FR")
    assert "www.stubborn.example" in page
    page = text(bobs_browser.get(f"/desk/files/{found.pk}/"))
    assert "1 letter waits for you" in page
    assert 'data-state="served"' in page
    assert f"/desk/files/{found.pk}/" in text(bobs_browser.get(f"/desk/cases/{alices_case.pk}/"))
    assert "www.stubborn.example" in text(bobs_browser.get("/desk/files/"))


def test_a_helper_takes_a_notice_down_for_somebody(
    stubborn: Stubborn, bobs_browser: Client, dora: User
) -> None:
    """The code is for the person, and shown to whoever typed it alone."""
    form = bobs_browser.get("/desk/files/new/")
    typed = {
        "submission": value_of(form, "submission"),
        "places": f"{stubborn.origin}/p/1.jpg\nnot an address",
        "signature": "Bob of the help line",
        "on_behalf_of": "Alice",
        "contact": "help@help.example",
        "language": "en",
    }
    asked = bobs_browser.post("/desk/files/open/", typed)
    assert asked.status_code == 422
    assert "Without it we may not act" in text(asked)
    assert value_of(asked, "on_behalf_of") == "Alice"

    page = act(bobs_browser, "/desk/files/open/", **typed, good_faith="yes")

    assert "1 line was left out" in page
    (code,) = re.findall(r"data-receipt>([A-Z2-7-]{19})<", page)
    content = Case.objects.get().notice.content
    assert (content["on_behalf_of"], content["for_another"]) == ("Alice", True)
    assert "It was published without my consent" in content["statement"]
    other = Client()
    other.force_login(dora)
    assert code not in text(other.get(f"/desk/files/{EscalationFile.objects.get().pk}/"))
    assert Client().post("/status/", {"code": code}).status_code == 302


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"places": "nothing"}, "None of these lines is an address"),
        ({"places": "http://10.0.0.1/x"}, "private network"),
        ({"places": "http://x.onion/1"}, "hidden service"),
        ({"language": "xx"}, "no letters in this language"),
    ],
)
def test_what_cannot_be_opened_is_told(
    alices_case: Case, bobs_browser: Client, fields: dict[str, str], told: str
) -> None:
    sent = {"case": alices_case.pk, "places": "https://x.example/1", "language": "en", **fields}

    answer = bobs_browser.post("/desk/files/open/", sent)

    assert answer.status_code == 422
    assert told in text(answer)
    assert not EscalationFile.objects.exists()


def test_a_letter_is_changed_approved_and_sent_once(
    file: EscalationFile, bobs_browser: Client, settings: Any
) -> None:
    settings.EMAIL_HOST = "mail.example"
    settings.ESCALATION_SENDER = "Help Line <help@help.example>"
    letter = letter_to(file, "host")
    path = f"/desk/letters/{letter.pk}/"
    page = bobs_browser.get(path)
    assert letter.text.splitlines()[2] in text(page)
    seen = value_of(page, "seen")
    act(
        bobs_browser,
        f"{path}act/",
        act="write",
        subject="About a picture",
        text="Please remove it.\r\n\r\nThank you.",
        channel="email",
        to="dmca@stubborn.example",
    )
    assert "changed since you read it" in act(bobs_browser, f"{path}act/", act="approve", seen=seen)
    seen = value_of(bobs_browser.get(path), "seen")

    for _ in range(2):
        act(bobs_browser, f"{path}act/", act="approve", seen=seen)
    run_jobs()

    (sent,) = django_mail.outbox
    assert (sent.to, sent.subject) == (["dmca@stubborn.example"], "About a picture")
    assert sent.body == "Please remove it.\n\nThank you.\n"
    page = text(bobs_browser.get(f"/desk/files/{file.pk}/"))
    assert 'data-standing="on_time"' in page
    assert "1 on time" in page
    assert "1 late" not in page


def test_a_file_at_a_glance_says_who_is_late_and_who_is_done(
    file: EscalationFile, stubborn: Stubborn, bobs_browser: Client, clock: Clock, bob: User
) -> None:
    letter = letter_to(file, "host")
    by_hand = {"act": "by_hand", "seen": letter.version}
    act(bobs_browser, f"/desk/letters/{letter.pk}/act/", **by_hand)
    assert "I sent it myself" not in act(bobs_browser, f"/desk/letters/{letter.pk}/act/", **by_hand)
    clock.passes(hours=30)
    signed_in(bobs_browser, bob)
    assert 'data-standing="on_time"' in text(bobs_browser.get(f"/desk/files/{file.pk}/"))
    clock.passes(hours=30)
    signed_in(bobs_browser, bob)
    page = text(bobs_browser.get(f"/desk/files/{file.pk}/"))
    assert 'data-standing="late"' in page
    assert "late by" in page
    assert drafts(file) == ["hosting"]

    stubborn.removes("/p/1.jpg", "/p/2.jpg")
    note = {"act": "note", "kind": "removed", "text": "Gone."}
    act(bobs_browser, f"/desk/addressees/{addressee(file, 'host').pk}/", **note)
    run_jobs()

    page = text(bobs_browser.get(f"/desk/files/{file.pk}/"))
    assert "Everything is gone" in page
    assert 'data-standing="done"' in page
    assert "1 done" in page
    assert "2 of 2 addresses gone" in text(bobs_browser.get("/desk/files/"))
    course = escalations.course(30)
    assert [(each.role, each.count) for each in course.by_role] == [("host", 2)]
    assert 59 < course.by_role[0].median_hours < 61
    assert course.took == (0, 0, 2, 0, 0, 0, 0)
    figures = text(bobs_browser.get("/desk/files/numbers/?days=30"))
    assert "60 h" in figures
    assert "stubborn" not in figures


def signed_in(browser: Client, user: User) -> None:
    """Once more: the session ended while time passed."""
    browser.force_login(user)


BUTTONS: dict[str, Callable[[EscalationFile], dict[str, Any]]] = {
    "look": lambda file: {"address": EscalatedAddress.objects.filter(site__file=file)[0].pk},
    "gone": lambda file: {"address": EscalatedAddress.objects.filter(site__file=file)[0].pk},
    "ask": lambda file: {"site": site_of(file).pk},
    "next": lambda file: {"site": site_of(file).pk},
    "add": lambda _file: {"places": "https://elsewhere.example/1"},
    "close": lambda _file: {},
}


@pytest.mark.parametrize("button", sorted(BUTTONS))
def test_each_button_of_a_file_does_its_thing(
    file: EscalationFile, stubborn: Stubborn, bobs_browser: Client, button: str
) -> None:
    asked, lines = len(stubborn.was_asked), Entry.objects.count()
    act(bobs_browser, f"/desk/files/{file.pk}/act/", act=button, **BUTTONS[button](file))
    run_jobs()

    assert Entry.objects.count() > lines
    states = list(EscalatedAddress.objects.values_list("state", flat=True))
    file.refresh_from_db()
    done = {
        "look": len(stubborn.was_asked) == asked + 1,
        "gone": states[0] == "gone",
        "ask": Entry.objects.filter(action="escalated_site.found").count() == 2,
        "next": drafts(file) == ["host", "hosting"],
        "add": len(states) == 3,
        "close": file.closed_at is not None,
    }
    assert done[button]


def test_nothing_of_another_file_is_touched(file: EscalationFile, bobs_browser: Client) -> None:
    """Whatever the form names."""
    answer = bobs_browser.post(f"/desk/files/{file.pk}/act/", {"act": "gone", "address": "987654"})

    assert answer.status_code == 404


def test_a_letter_is_taken_away_as_a_file(file: EscalationFile, bobs_browser: Client) -> None:
    letter = letter_to(file, "host")
    begins = {"pdf": b"%PDF-", "txt": b"To: ", "eml": b"To: "}
    for kind, first in begins.items():
        answer = bobs_browser.get(f"/desk/letters/{letter.pk}/{kind}/")
        assert answer.status_code == 200
        assert answer.content.startswith(first), kind
        assert f'{file.case.number}-{letter.pk}.{kind}"' in answer.headers["Content-Disposition"]
    assert bobs_browser.get(f"/desk/letters/{letter.pk}/exe/").status_code == 404
    OutgoingLetter.objects.filter(pk=letter.pk).update(text="寄り添う")
    assert "cannot show" in text(bobs_browser.get(f"/desk/letters/{letter.pk}/pdf/", follow=True))


def test_a_timeline_is_handed_to_the_police(
    file: EscalationFile, stubborn: Stubborn, bobs_browser: Client, bob: User
) -> None:
    """Signed: every letter, look and answer; the same file is the same package."""
    letter = letter_to(file, "host")
    act(
        bobs_browser,
        f"/desk/letters/{letter.pk}/act/",
        act="by_hand",
        seen=letter.version,
    )
    note = {"act": "note", "kind": "refused", "text": "Never."}
    act(bobs_browser, f"/desk/addressees/{addressee(file, 'host').pk}/", **note)
    page = text(bobs_browser.get(f"/desk/files/{file.pk}/timeline/"))
    events = re.findall(r'data-event="([a-z_]+)"', page)
    assert events[0] == "opened"
    assert {"found", "seen", "sent_by_hand", "answered"} <= set(events)

    answer = bobs_browser.post(f"/desk/files/{file.pk}/package/")

    package = answer.content
    whole = check(package)
    assert whole.case == file.case.number
    assert Entry.objects.filter(action=timeline.EXPORTED).count() == 1
    assert timeline.make(file) == package
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files[f"letters/{letter.pk}.pdf"].startswith(b"%PDF-")
    assert letter.text in files[f"letters/{letter.pk}.txt"].decode()
    sightings = json.loads(files["sightings.json"])
    assert {each["content"]["status"] for each in sightings} == {200}
    assert all(each["content"]["fingerprint"]["pdq"] for each in sightings)
    assert "local" not in files["sightings.json"].decode()
    sites = json.loads(files["sites.json"])
    assert sites[0]["sources"], "what registries answered, as it came"
    assert json.loads(files["notice.json"])["content"]["signature"] == ALICE
    altered = package.replace(b"Never.", b"Maybe.")
    assert altered != package
    with pytest.raises(NotWhole):
        check(altered)


def test_an_auditor_reads_and_is_offered_nothing(file: EscalationFile) -> None:
    browser = Client()
    browser.force_login(somebody("eve@desk.example", Role.AUDITOR))
    letter = letter_to(file, "host")
    for path in (
        "/desk/files/",
        "/desk/files/new/",
        f"/desk/files/{file.pk}/",
        f"/desk/files/{file.pk}/timeline/",
        f"/desk/letters/{letter.pk}/",
    ):
        answer = browser.get(path)
        assert answer.status_code == 200
        forms = re.findall(r'<form[^>]*method="post" action="([^"]*)"', text(answer))
        assert set(forms) == {"/language/", "/sign-out/"}, path


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_pages_load_and_run_nothing_from_elsewhere(
    file: EscalationFile, bobs_browser: Client, language: str
) -> None:
    """Addresses out there are told, never links: one slip of the hand would show the picture."""
    letter = letter_to(file, "host")
    for path in (
        "/desk/files/",
        f"/desk/files/new/?case={file.case.pk}",
        "/desk/files/new/",
        "/desk/files/numbers/",
        f"/desk/files/{file.pk}/",
        f"/desk/files/{file.pk}/timeline/",
        f"/desk/letters/{letter.pk}/",
    ):
        answer = bobs_browser.get(path, headers={"Accept-Language": language})
        page = text(answer)
        assert f'<html lang="{language}">' in page
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        for link in links(answer):
            assert link == "" or (link[0] in "/#?" and not link.startswith("//")), (path, link)
        assert " style=" not in page
        for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
            assert 'method="post"' not in form or "csrfmiddlewaretoken" in form
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), path


def test_every_trouble_has_its_words() -> None:
    """In both languages; and what can be done, unless nothing can."""
    for language in ("en", "fr"):
        with translation.override(language):
            for reason in Reason:
                told, _ = trouble_sentences({"reason": reason, "by_hand": "nothing"})
                assert told not in ("Something went wrong.", reason.value), reason
            for by_hand in set(ByHand) - {ByHand.NOTHING}:
                assert trouble_sentences({"reason": "x", "by_hand": by_hand})[1], by_hand


ROUND = Reply(302, {"Location": "/p/1.jpg"})


@pytest.mark.parametrize(
    ("path", "reply", "told", "by_hand"),
    [
        ("/ip/127.0.0.1", Reply(429, {"Retry-After": "3600"}), "asked too often", "in an hour"),
        ("/ip/127.0.0.1", Reply(500), "could not be reached", "registry of networks"),
        ("/ip/127.0.0.1", Reply(200, {}, b"[]"), "could not be understood", "such as RIPE"),
        ("/domain/stubborn.example", Reply(404), "does not know it", "lookup.icann.org"),
    ],
)
def test_a_registry_that_does_not_help_is_told_plainly(
    alices_case: Case,
    stubborn: Stubborn,
    bobs_browser: Client,
    path: str,
    reply: Reply,
    told: str,
    by_hand: str,
) -> None:
    """With what can be done by hand; the rest is found, and the host is drafted to."""
    stubborn.internet.rdap.replies[path] = reply
    sent = {"case": alices_case.pk, "places": f"{stubborn.origin}/p/1.jpg", "language": "en"}
    act(bobs_browser, "/desk/files/open/", **sent)
    run_jobs()

    page = text(bobs_browser.get(f"/desk/files/{EscalationFile.objects.get().pk}/"))

    assert told in page
    assert by_hand in page
    assert 'data-letter="draft"' in page


def test_an_address_that_leads_round_and_round_is_told(
    alices_case: Case, stubborn: Stubborn, bobs_browser: Client
) -> None:
    """It is not reached, which is no removal."""
    stubborn.internet.host.replies["/p/1.jpg"] = ROUND
    sent = {"case": alices_case.pk, "places": f"{stubborn.origin}/p/1.jpg", "language": "en"}
    act(bobs_browser, "/desk/files/open/", **sent)
    run_jobs()

    page = text(bobs_browser.get(f"/desk/files/{EscalationFile.objects.get().pk}/"))

    assert 'data-state="unseen"' in page
    assert "leads on and on" in page
    assert "open it, and say whether it is gone" in page or "open it yourself" in page


def test_an_address_where_nothing_ever_was_may_be_mistyped(
    alices_case: Case, stubborn: Stubborn, bobs_browser: Client
) -> None:
    """It does not count as removed by anybody."""
    places = f"{stubborn.origin}/p/1.jpg\n{stubborn.origin}/p/mistyped.jpg"
    sent = {"case": alices_case.pk, "places": places, "language": "en"}
    act(bobs_browser, "/desk/files/open/", **sent)
    run_jobs()

    page = text(bobs_browser.get(f"/desk/files/{EscalationFile.objects.get().pk}/"))

    assert page.count("nothing was found there: check how it is written") == 1
