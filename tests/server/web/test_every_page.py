"""What holds for each page: strangers, languages, headers, forms. A new page is met here."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from server.pictures import jpeg, scene
from server.story import (
    ALICE,
    ALICES_ADDRESS,
    alice_reports,
    case_of,
    rows_of,
    run_jobs,
    somebody,
)
from server.web.pages import links, text
from staydown_server.accounts.models import Role, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case
from staydown_server.gate.models import HeldUpload
from staydown_server.people.invite import invite
from staydown_server.review.models import Appeal
from staydown_server.sharing.models import Partner
from staydown_server.web import urls

pytestmark = pytest.mark.django_db

#: What a stranger may open, and what each page answers to a stranger's GET.
FOR_EVERYBODY = {
    "home": 200,
    "report": 200,
    "received": 302,
    "save_code": 302,
    "status": 200,
    "write": 405,
    "add": 405,
    "contest": 405,
    "mail": 405,
    "stop_mail": 405,
    "withdraw": 405,
    "leave_quickly": 302,
    "leave": 405,
    "reasons": 404,
    "language": 302,
    "sign_in_needed": 401,
    "sign_in": 200,
    "sign_in_passkey": 405,
    # Where there is no directory: see people/test_directory.py.
    "directory": 404,
    "directory_back": 404,
    "enrol": 403,
    "enrol_passkey": 405,
    "sign_out": 405,
}
#: Moderators only, with the method of each.
FOR_MODERATORS = {
    "queue": "GET",
    "figures": "GET",
    "case": "GET",
    "decide": "POST",
    "ask": "POST",
    "read": "POST",
    "open_set_aside": "POST",
    "restore": "POST",
    "reveal": "POST",
    "picture": "GET",
    "origin": "GET",
    "appeal": "POST",
    "upload": "GET",
    "decide_upload": "POST",
    "reveal_upload": "POST",
    "upload_picture": "GET",
    "account": "GET",
    "account_code": "POST",
    "account_passkey": "POST",
    "account_remove": "POST",
    "people": "GET",
    "invite": "POST",
    "role": "POST",
    "shut_out": "POST",
    "take": "POST",
    "give_back": "POST",
    "ask_a_senior": "POST",
    "calm": "POST",
    "undo": "POST",
    "legal_hold": "POST",
    "confirm": "POST",
    "refuse": "POST",
    "partners": "GET",
    "partner": "GET",
    "decide_waiting": "POST",
    "see_collapse": "POST",
    "give_trust": "POST",
    "pause_partner": "POST",
    "shared": "GET",
    "choose": "POST",
    "escalation_files": "GET",
    "new_file": "GET",
    "open_file": "POST",
    "escalation_figures": "GET",
    "escalation_file": "GET",
    "file_act": "POST",
    "escalation_timeline": "GET",
    "escalation_package": "POST",
    "letter": "GET",
    "letter_act": "POST",
    "letter_file": "GET",
    "addressee_act": "POST",
}
#: Of those, what is for administrators or seniors alone, and what an auditor may see.
FOR_ADMINISTRATORS = {"people", "invite", "role", "shut_out", "give_trust", "pause_partner"}
FOR_SENIORS = {"calm", "legal_hold", "confirm", "decide_waiting", "see_collapse"}
FOR_AUDITORS = {
    *{name for name, method in FOR_MODERATORS.items() if method == "GET"} - FOR_ADMINISTRATORS,
    *("account_code", "account_passkey", "account_remove"),
}
NAMES = [pattern.name for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)]


def path_of(name: str, case: Case, waiting: Appeal, held: HeldUpload) -> str:
    numbers: dict[str, list[Any]] = {
        "case": [case.pk],
        "decide": [case.pk],
        "ask": [case.pk],
        "read": [case.pk],
        "open_set_aside": [case.notice.sending.pk],
        "restore": [rows_of(case)[0].pk],
        "reveal": [rows_of(case)[0].pk],
        "picture": [rows_of(case)[0].pk],
        "origin": [rows_of(case)[0].pk],
        "appeal": [waiting.pk],
        "upload": [held.pk],
        "decide_upload": [held.pk],
        "reveal_upload": [held.pk],
        "upload_picture": [held.pk],
        "account_remove": [1],
        "confirm": [1],
        "refuse": [1],
        "take": [case.pk],
        "give_back": [case.pk],
        "ask_a_senior": [case.pk],
        "calm": [case.pk],
        "undo": [case.pk],
        "legal_hold": [case.pk],
        "role": [1],
        "shut_out": [1],
        **{each: [1] for each in ("partner", "decide_waiting", "see_collapse", "give_trust")},
        **{each: [1] for each in ("pause_partner", "choose")},
        "escalation_file": [1],
        "file_act": [1],
        "escalation_timeline": [1],
        "escalation_package": [1],
        "letter": [1],
        "letter_act": [1],
        "letter_file": [1, "pdf"],
        "addressee_act": [1],
        "reasons": ["A" * 26],
        "sign_in": ["A" * 32],
    }
    return reverse(f"web:{name}", args=numbers.get(name, []))


def test_every_page_is_in_one_of_the_tables() -> None:
    """A new page must say who may see it, or this fails."""
    assert set(NAMES) == set(FOR_EVERYBODY) | set(FOR_MODERATORS)
    assert not set(FOR_EVERYBODY) & set(FOR_MODERATORS)


@pytest.mark.parametrize("name", sorted(FOR_MODERATORS))
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_charlie_is_sent_away_from_the_desk(
    charlie: Client,
    removed_case: Case,
    waiting: Appeal,
    on_hold: HeldUpload,
    name: str,
    method: str,
) -> None:
    """Whatever is asked for, and however: nothing is shown, nothing changes."""
    path = path_of(name, removed_case, waiting, on_hold)
    before = Entry.objects.count()
    form = {"row": "1", "outcome": "keep", "reason": "x"} if method == "POST" else {}

    answer = getattr(charlie, method.lower())(path, form)

    if answer.status_code == 302:
        assert answer.headers["Location"] == "/sign-in/"
        assert answer.content == b""
    else:
        assert answer.status_code == 405
    assert Entry.objects.count() == before


@pytest.mark.parametrize("name", sorted(FOR_MODERATORS))
def test_a_page_that_exists_and_one_that_does_not_look_the_same_to_charlie(
    charlie: Client, removed_case: Case, waiting: Appeal, on_hold: HeldUpload, name: str
) -> None:
    """Case numbers cannot be counted from outside."""
    path = path_of(name, removed_case, waiting, on_hold)
    absent = re.sub(r"\d+", "999999", path)

    answers = [charlie.generic(FOR_MODERATORS[name], asked) for asked in (path, absent)]

    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0].headers == answers[1].headers


@pytest.mark.parametrize("name", sorted(FOR_EVERYBODY))
def test_what_charlie_may_see_says_nothing_of_alice(
    charlie: Client, removed_case: Case, waiting: Appeal, on_hold: HeldUpload, name: str
) -> None:
    """Pages for everybody are for everybody."""
    answer = charlie.get(path_of(name, removed_case, waiting, on_hold))

    assert answer.status_code == FOR_EVERYBODY[name]
    page = text(answer)
    for secret in (ALICE, ALICES_ADDRESS, removed_case.number, "/p/alices", "/f/alices"):
        assert secret not in page


@pytest.fixture
def every_page(
    bobs_browser: Client,
    alices_browser: Client,
    waiting: Appeal,
    removed_case: Case,
    on_hold: HeldUpload,
    busy_partner: Partner,
    filled: dict[str, Any],
    settings: Any,
) -> Any:
    """Fetch each page with something to show, in a language."""
    from staydown_server.removal.reasons import token_of

    token = token_of(waiting.removal)
    link = invite("new@desk.example", by="operator")
    newcomer, ada = Client(), Client()
    newcomer.post(f"/sign-in/{link}/")
    ada.force_login(somebody("ada@desk.example", Role.ADMINISTRATOR))
    sender = Client()
    assert sender.post("/report/", filled).status_code == 302
    settings.EMAIL_HOST = "127.0.0.1"

    def fetch(language: str) -> dict[str, Any]:
        said = {"headers": {"Accept-Language": language}}
        pages = {
            "home": alices_browser.get("/", **said),
            "report": alices_browser.get("/report/", **said),
            "report, incomplete": alices_browser.post("/report/", {"places": "x"}, **said),
            "received": sender.get("/report/received/", **said),
            "status": alices_browser.get("/status/", **said),
            "status, empty letter": alices_browser.post("/status/write/", **said),
            "status, no address": alices_browser.post("/status/add/", {"places": "x"}, **said),
            "status, no mail address": alices_browser.post("/status/mail/", **said),
            "status, closed": Client().post("/status/write/", {"letter": "x"}, **said),
            "status, code": Client().get("/status/", **said),
            "status, wrong": Client().post("/status/", {"code": "x"}, **said),
            "reasons": Client().get(f"/reasons/{token}/", **said),
            "reasons, empty": Client().post(f"/reasons/{token}/", {"text": ""}, **said),
            "sign in": Client().get(f"/sign-in/{link}/", **said),
            "sign in, spent": Client().post("/sign-in/spent/", **said),
            "sign in needed": Client().get("/sign-in/", **said),
            "sign in, wrong": Client().post("/sign-in/", {"email": "x"}, **said),
            "sign in, wrong passkey": Client().post("/sign-in/passkey/", **said),
            "enrol": newcomer.get("/enrol/", **said),
            "enrol, wrong": newcomer.post("/enrol/", {"password": "x"}, **said),
            "enrol, wrong passkey": newcomer.post("/enrol/passkey/", **said),
            "account": bobs_browser.get("/desk/account/", **said),
            "account, wrong": bobs_browser.post("/desk/account/code/", **said),
            "people": ada.get("/desk/people/", **said),
            "people, wrong": ada.post("/desk/people/invite/", {"email": "x"}, **said),
            "people, invited": ada.post(
                "/desk/people/invite/", {"email": "bea@desk.example"}, **said
            ),
            "partners": bobs_browser.get("/desk/partners/", **said),
            "partner": ada.get(f"/desk/partners/{busy_partner.pk}/", **said),
            "shared": ada.get("/desk/shared/", **said),
            "people, not by Bob": bobs_browser.get("/desk/people/", **said),
            "queue": bobs_browser.get("/desk/", **said),
            "case": bobs_browser.get(f"/desk/cases/{removed_case.pk}/", **said),
            "ask, empty": bobs_browser.post(f"/desk/cases/{removed_case.pk}/ask/", **said),
            "decide, wrong": bobs_browser.post(f"/desk/cases/{removed_case.pk}/decide/", **said),
            "origin": bobs_browser.get(f"/desk/rows/{rows_of(removed_case)[0].pk}/origin/", **said),
            "upload": bobs_browser.get(f"/desk/uploads/{on_hold.pk}/", **said),
            "upload, wrong": bobs_browser.post(f"/desk/uploads/{on_hold.pk}/decide/", **said),
            "not found": Client().get("/nothing/", **said),
            "wrong method": Client().get("/sign-out/", **said),
        }
        assert all(answer.status_code != 500 for answer in pages.values())
        assert all(answer.content.strip().endswith(b"</html>") for answer in pages.values())
        return pages

    return fetch


def test_every_page_speaks_both_languages(every_page: Any) -> None:
    """The page says which it is, and the French one has no English sentence left."""
    english, french = every_page("en"), every_page("fr-CA,fr;q=0.9")

    for name, answer in french.items():
        assert '<html lang="fr">' in text(answer), name
        assert '<html lang="en">' in text(english[name]), name
        title = re.search(r"<h1[^>]*>(.*?)</h1>", text(answer), re.DOTALL)
        original = re.search(r"<h1[^>]*>(.*?)</h1>", text(english[name]), re.DOTALL)
        assert title, name
        assert original, name
        if name not in ("case", "ask, empty", "decide, wrong", "queue", "partner"):
            assert title[1] != original[1], name


def test_the_language_button_is_remembered(charlie: Client) -> None:
    """In a cookie, and leads back."""
    for path in ("/", "/report/"):
        shown = text(charlie.get(path, headers={"accept-language": "fr"}))
        assert re.search(r'value="en" lang="en"[^>]*>English</button>', shown), "in its own words"
    answer = charlie.post("/language/", {"language": "fr", "next": "/report/"})

    assert answer.headers["Location"] == "/report/"
    assert '<html lang="fr">' in text(charlie.get("/"))
    elsewhere = charlie.post("/language/", {"language": "en", "next": "https://evil.example/"})
    assert "evil.example" not in elsewhere.headers.get("Location", "")


def test_every_page_has_a_strict_policy_and_stays_in_no_cache(every_page: Any) -> None:
    """No inline code, no frame, no address told to others, no copy on a shared computer."""
    for name, answer in every_page("en").items():
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy, name
        assert "*" not in policy, name
        assert "http:" not in policy, name
        assert "https:" not in policy, name
        for directive in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
            assert directive in policy, name
        assert answer.headers["Cache-Control"] == "no-store", name
        assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin"), name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert answer.headers["X-Robots-Tag"] == "noindex", name


def test_no_page_loads_anything_from_elsewhere(every_page: Any) -> None:
    """Nor carries inline code or styles, which the policy would refuse.

    People who help are named with their addresses, and do not learn where a visitor came from.
    """
    outward = re.compile(r'<a href="((?:https|tel):[^"]*)"([^>]*)>')
    for name, answer in every_page("en").items():
        leading_out = dict(outward.findall(text(answer)))
        assert name == "home" or not leading_out, name
        for link, rest in leading_out.items():
            assert link.startswith("tel:") or 'rel="external noreferrer"' in rest, link
        for link in set(links(answer)) - set(leading_out):
            assert link == "" or link.startswith(("/", "#", "?")), (name, link)
            assert not link.startswith("//"), (name, link)
        assert not re.search(r"<script(?![^>]*\ssrc=)", text(answer)), name
        assert not re.search(r"\son[a-z]+=\"", text(answer)), name
        assert "<style" not in text(answer), name
        assert " style=" not in text(answer), name


def test_every_form_that_posts_has_its_token(every_page: Any) -> None:
    """Or it could be sent from another site."""
    for name, answer in every_page("en").items():
        for form in re.findall(r"<form.*?</form>", text(answer), re.DOTALL):
            if 'method="post"' in form:
                assert "csrfmiddlewaretoken" in form, (name, form[:80])


@pytest.mark.parametrize(
    "name",
    sorted(
        {n for n, m in FOR_MODERATORS.items() if m == "POST"}
        | {"report", "status", "write", "add", "contest", "mail", "stop_mail", "withdraw", "leave"}
        | {"reasons", "language", "sign_in", "sign_in_passkey", "enrol", "enrol_passkey"}
        | {"sign_out", "sign_in_needed"}
    ),
)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_form_from_another_site_is_refused(
    removed_case: Case, waiting: Appeal, on_hold: HeldUpload, bob: User, name: str, language: str
) -> None:
    """With a page that says what to do, in the person's language; and nothing happens."""
    browser = Client(enforce_csrf_checks=True, headers={"Accept-Language": language})
    browser.force_login(bob)
    before = Entry.objects.count()

    answer = browser.post(
        path_of(name, removed_case, waiting, on_hold), {"reason": "x", "outcome": "keep"}
    )

    assert answer.status_code == 403
    assert f'<html lang="{language}">' in text(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert Entry.objects.count() == before


@pytest.mark.parametrize("name", sorted(FOR_MODERATORS))
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.MODERATOR, Role.SENIOR])
def test_a_role_opens_what_it_is_for(
    removed_case: Case, waiting: Appeal, on_hold: HeldUpload, name: str, role: Role
) -> None:
    """An auditor reads and changes nothing; people are the administrators'."""
    browser = Client()
    browser.force_login(somebody("eve@desk.example", role))
    before = Entry.objects.count()
    form = {"row": "1", "outcome": "keep", "reason": "x", "role": "administrator"}

    answer = getattr(browser, FOR_MODERATORS[name].lower())(
        path_of(name, removed_case, waiting, on_hold), form
    )

    refused = name in FOR_ADMINISTRATORS or (role == Role.AUDITOR and name not in FOR_AUDITORS)
    refused |= role == Role.MODERATOR and name in FOR_SENIORS
    assert (answer.status_code == 403) == refused
    if refused:
        assert Entry.objects.count() == before


def test_an_auditor_is_offered_nothing_to_change(
    removed_case: Case,
    waiting: Appeal,
    on_hold: HeldUpload,
    busy_partner: Partner,
    show: Any,
) -> None:
    """But for how they sign in themselves, and out."""
    receipt = alice_reports(show("other", jpeg(scene(7))).url)
    run_jobs()
    undecided = case_of(receipt)
    browser = Client()
    browser.force_login(somebody("eve@desk.example", Role.AUDITOR))
    for path in (
        "/desk/",
        f"/desk/cases/{removed_case.pk}/",
        f"/desk/cases/{undecided.pk}/",
        f"/desk/uploads/{on_hold.pk}/",
        "/desk/partners/",
        f"/desk/partners/{busy_partner.pk}/",
        "/desk/shared/",
    ):
        forms = re.findall(r'<form[^>]*method="post" action="([^"]*)"', text(browser.get(path)))
        assert set(forms) == {"/language/", "/sign-out/"}, path


def test_the_stylesheet_is_ours(charlie: Client, db: None) -> None:
    """Served by the same server, and loading nothing itself."""
    (sheet,) = [link for link in links(charlie.get("/")) if link.endswith(".css")]

    answer = charlie.get(sheet)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content

    assert answer.status_code == 200
    assert b"@import" not in content
    assert b"url(" not in content
