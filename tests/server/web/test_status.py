"""The status page: opened by a code, by nothing else."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, scene
from server.story import ALICE, REASON, alice_reports, bob_decides, rows_of, run_jobs
from server.web.pages import text, value_of, without_token
from staydown_server.accounts import pace
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry
from staydown_server.cases.models import Case, Decision
from staydown_server.cases.sending import Standing
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check
from staydown_server.gate.models import HeldUpload
from staydown_server.notices.letters import write
from staydown_server.notices.models import Letter, Subscription
from staydown_server.notices.receive import Receipt
from staydown_server.notices.report import Kind
from staydown_server.review.ask import ask
from staydown_server.review.models import Appeal
from staydown_server.review.steps import Step, StepKind
from staydown_server.review.upload import decide_upload
from staydown_server.web.words import step_sentence

pytestmark = pytest.mark.django_db


def test_the_code_opens_the_page(alices_browser: Client, case: Case) -> None:
    """With the case, its deadline and each picture."""
    page = text(alices_browser.get("/status/"))

    assert case.number in page
    assert 'data-state="waiting"' in page


def test_wrong_and_unknown_codes_look_the_same(receipt: Receipt) -> None:
    """To the byte, but for the form's token."""
    almost = receipt.code[:-1] + ("A" if receipt.code[-1] != "A" else "B")
    answers = [
        Client().post("/status/", {"code": typed})
        for typed in (almost, "AAAA-AAAA-AAAA-AAAA", "", "x" * 10_000, "\x00", "é", "א", "🙂")
    ]
    answers.append(Client().post("/status/", {}))

    assert {answer.status_code for answer in answers} == {404}
    assert len({without_token(answer) for answer in answers}) == 1
    assert all("staydown_receipt" not in answer.cookies for answer in answers)


def test_without_the_code_nothing_is_shown(receipt: Receipt, charlie: Client) -> None:
    """The code is asked for; the receipt page sends there."""
    assert 'name="code"' in text(charlie.get("/status/"))
    assert charlie.get("/report/received/").headers["Location"] == "/status/"


def test_the_code_is_not_in_the_cookie(receipt: Receipt, charlie: Client) -> None:
    """It is sealed; and no script or other site gets to see the cookie."""
    answer = charlie.post("/status/", {"code": receipt.code})
    cookie = answer.cookies["staydown_receipt"]

    assert receipt.code not in cookie.value
    assert receipt.code.replace("-", "") not in cookie.value
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert int(cookie["max-age"]) <= 3600
    assert receipt.code not in answer.headers["Location"]


@pytest.mark.parametrize("forged", ["x", "AAAA-AAAA-AAAA-AAAA", "AQ==", '"x"', ""])
def test_a_forged_cookie_opens_nothing(receipt: Receipt, charlie: Client, forged: str) -> None:
    """Only what we sealed."""
    charlie.cookies["staydown_receipt"] = forged
    assert 'name="code"' in text(charlie.get("/status/"))

    charlie.cookies["staydown_receipt"] = receipt.code
    assert 'name="code"' in text(charlie.get("/status/"))


def test_the_page_can_be_closed_on_this_device(alices_browser: Client) -> None:
    """Whoever has the device next has to type the code."""
    assert alices_browser.post("/status/leave/").status_code == 302

    assert 'name="code"' in text(alices_browser.get("/status/"))


def test_alice_sees_what_became_of_it(
    alices_browser: Client, case: Case, bob: User, alices_item: Item
) -> None:
    """Removed, with the reason; never who decided."""
    bob_decides(case, bob)
    run_jobs()

    page = text(alices_browser.get("/status/"))
    assert 'data-state="removed"' in page
    assert REASON in page
    assert bob.email not in page
    assert ALICE not in page


def test_taking_it_back_needs_a_tick(
    alices_browser: Client, removed_case: Case, plaza: HostDouble
) -> None:
    """Then everything is put back."""
    alices_browser.post("/status/withdraw/")
    removed_case.notice.refresh_from_db()
    assert removed_case.notice.withdrawn_at is None

    alices_browser.post("/status/withdraw/", {"sure": "yes"})
    run_jobs()

    removed_case.notice.refresh_from_db()
    assert removed_case.notice.withdrawn_at is not None
    assert plaza.removed == set()
    assert 'action="/status/withdraw/"' not in text(alices_browser.get("/status/"))


FORMS = {
    "write": {"letter": "Yes."},
    "add": {"places": "https://elsewhere.example/1"},
    "contest": {"objection": "It is me."},
    "mail": {"address": "a@post.example"},
    "mail/stop": {},
    "withdraw": {"sure": "yes"},
}


@pytest.mark.parametrize("name", FORMS)
def test_charlie_changes_nothing(
    removed_case: Case, charlie: Client, settings: Any, name: str
) -> None:
    """Without the code every form asks for it, and nothing happens."""
    settings.EMAIL_HOST = "127.0.0.1"
    before = Entry.objects.count()

    answer = charlie.post(f"/status/{name}/", {**FORMS[name], "submission": "s"})

    assert answer.status_code == 403
    assert 'name="code"' in text(answer)
    assert removed_case.number not in text(answer)
    assert Entry.objects.count() == before


@pytest.mark.parametrize("name", FORMS)
def test_another_code_opens_another_case(
    removed_case: Case, charlie: Client, settings: Any, bob: User, name: str
) -> None:
    """Charlie has a code of his own: his letters are not Alice's, nor hers his."""
    settings.EMAIL_HOST = "127.0.0.1"
    ask(removed_case, "Is this you, Alice?", submission="s", by=bob)
    write(removed_case.notice, "Yes, it is me.", submission="s")
    charlies = alice_reports("https://elsewhere.example/2", signature="Charlie")
    run_jobs()
    charlie.post("/status/", {"code": charlies.code})
    form: dict[str, Any] = {**FORMS[name], "submission": "s"}
    form["refusal"] = [str(decision.pk) for decision in Decision.objects.all()]

    charlie.post(f"/status/{name}/", form)

    page = text(charlie.get("/status/"))
    assert removed_case.number not in page
    assert "Is this you" not in page
    assert "it is me" not in page
    removed_case.notice.refresh_from_db()
    assert removed_case.notice.withdrawn_at is None
    assert not Subscription.objects.filter(notice=removed_case.notice).exists()
    assert Letter.objects.filter(notice=removed_case.notice).count() == 2
    assert len(rows_of(removed_case)) == 1
    assert not Appeal.objects.exists()


@pytest.mark.parametrize("name", ["write", "add", "contest", "mail"])
def test_what_was_typed_outlives_the_half_hour(
    receipt: Receipt, bob: User, case: Case, settings: Any, name: str
) -> None:
    """The code is asked for, even twice, and what was typed is on the page again."""
    settings.EMAIL_HOST = "127.0.0.1"
    bob_decides(case, bob, Decision.Outcome.KEEP)
    (field, typed), browser = next(iter(FORMS[name].items())), Client()
    typed = f"<b>\n {typed}" if field != "address" else typed
    closed = browser.post(f"/status/{name}/", {field: typed, "submission": "mine"})
    assert closed.status_code == 403
    wrong = browser.post("/status/", {**hidden(closed), "code": "x"})
    assert wrong.status_code == 404

    again = browser.post("/status/", {**hidden(wrong), "code": receipt.code})

    assert again.status_code == 200
    assert value_of(again, field) == typed
    assert case.number in text(again)
    assert "<b>" not in text(again)
    if name != "mail":
        assert value_of(again, "submission") == "mine" or name == "contest"
    assert browser.post(f"/status/{name}/", hidden_of_form(again, name, field)).status_code == 302


def hidden(answer: Any) -> dict[str, str]:
    """What the page that asks for the code carries along."""
    names = re.findall(r'name="(letter|places|objection|address|submission|turn)"', text(answer))
    return {name: value_of(answer, name) for name in names}


def hidden_of_form(answer: Any, name: str, field: str) -> dict[str, Any]:
    found = {field: value_of(answer, field).replace("<b>", ""), "submission": "mine"}
    chosen = re.findall(r'name="refusal" value="(\d+)"', text(answer))
    return {**found, "refusal": chosen} if name == "contest" else found


@pytest.mark.parametrize("language", ["en", "fr"])
def test_after_many_wrong_codes_one_waits_and_is_told_how_long(
    receipt: Receipt, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was typed is kept; whoever has waited is let in, even while others keep trying."""
    browser, stands = Client(headers={"Accept-Language": language}), pace.time.monotonic()
    monkeypatch.setattr(pace.time, "monotonic", lambda: stands)
    answers = [browser.post("/status/", {"code": f"WRONG{n}"}) for n in range(21)]
    assert [answer.status_code for answer in answers] == [404] * 20 + [429]

    waits = browser.post("/status/", {"code": receipt.code, "letter": "Yes.", "submission": "s"})

    assert waits.status_code == 429
    seconds = waits.headers["Retry-After"]
    assert 1 <= int(seconds) <= 10
    assert f" {seconds} second" in text(waits)
    assert f'<html lang="{language}">' in text(waits)
    assert value_of(waits, "code") == receipt.code
    assert value_of(waits, "letter") == "Yes."
    turn = value_of(waits, "turn")
    assert Client().post("/status/", {"code": receipt.code, "turn": turn}).status_code == 429
    now = pace.time.time()
    # The clock that turns look at: the address itself stays out of tries.
    monkeypatch.setattr(pace.time, "time", lambda: now + int(seconds))
    again = {**hidden(waits), "code": receipt.code}
    assert browser.post("/status/", again).status_code == 200
    assert Client().post("/status/", again).status_code == 429, "a turn is used once"


def test_right_codes_are_never_slowed_down(receipt: Receipt) -> None:
    """Many people may come from one place."""
    for _ in range(50):
        assert Client().post("/status/", {"code": receipt.code}).status_code == 302


def test_others_are_not_slowed_down_by_somebodys_guesses(receipt: Receipt) -> None:
    """Each network has its own count."""
    for n in range(30):
        Client(REMOTE_ADDR="203.0.113.7").post("/status/", {"code": f"WRONG{n}"})

    assert Client().post("/status/", {"code": receipt.code}).status_code == 302


def test_questions_and_answers_go_both_ways(
    alices_browser: Client, bobs_browser: Client, case: Case, bob: User
) -> None:
    """As they were written; who the moderator is stays unsaid."""
    bobs_browser.post(
        f"/desk/cases/{case.pk}/ask/", {"letter": "Which one\nis you?", "submission": "b"}
    )
    page = text(alices_browser.get("/status/"))
    assert "Which one<br>is you?" in page
    assert 'href="#letters"' in page
    assert bob.email not in page

    sent = {"letter": "The <i>left</i> one. \u05d0\u05e0\u05d9\r\nYours", "submission": "a"}
    for _ in range(2):
        answer = alices_browser.post("/status/write/", sent)
        assert answer.headers["Location"] == "/status/#letters"

    assert Letter.objects.filter(written_by=None).count() == 1
    page = text(alices_browser.get("/status/"))
    assert "The &lt;i&gt;left&lt;/i&gt; one. \u05d0\u05e0\u05d9<br>Yours" in page
    assert 'href="#letters"' not in page


@pytest.mark.parametrize(
    ("name", "field", "typed", "sentence"),
    [
        ("write", "letter", "", "write something"),
        ("write", "letter", "\x00 \r\n", "write something"),
        ("write", "letter", "x" * 10_001, "shorten"),
        ("add", "places", "", "write something"),
        ("add", "places", "on my old page", "paste an address"),
        ("add", "places", "é" * 10_001, "shorten"),
        ("contest", "objection", "", "why you think"),
        ("contest", "objection", "x" * 10_001, "shorten"),
        ("contest", "objection", "no decision chosen", "choose a decision"),
        ("mail", "address", "", "check the address"),
        ("mail", "address", "alice(at)post", "check the address"),
    ],
)
def test_what_cannot_be_taken_is_asked_about_and_kept(
    alices_browser: Client,
    case: Case,
    bob: User,
    settings: Any,
    name: str,
    field: str,
    typed: str,
    sentence: str,
) -> None:
    """The whole page comes again, with a question at the field."""
    settings.EMAIL_HOST = "127.0.0.1"
    bob_decides(case, bob, Decision.Outcome.KEEP)
    before = Entry.objects.count()

    answer = alices_browser.post(f"/status/{name}/", {field: typed, "submission": "mine"})

    assert answer.status_code == 422
    page = text(answer)
    assert sentence in page
    assert page.count('aria-invalid="true"') == 1
    kept = typed.replace("\x00", "").replace("\r\n", "\n")
    # A leading line end belongs to the mark-up of the field.
    assert value_of(answer, field).strip() == kept.strip()
    assert case.number in page
    assert Entry.objects.count() == before


@pytest.mark.parametrize("odd", ["\x00", "\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe"])
@pytest.mark.parametrize("name", ["write", "add", "contest", "mail"])
def test_odd_characters_do_no_harm(alices_browser: Client, name: str, odd: Any) -> None:
    """In any field of any form."""
    from urllib.parse import urlencode

    fields = ("letter", "places", "objection", "address", "submission", "refusal", "sure")
    sent = urlencode(dict.fromkeys(fields, odd))

    answer = alices_browser.post(
        f"/status/{name}/", sent, content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code in (302, 422)
    assert alices_browser.get("/status/").status_code == 200


def test_more_addresses_join_the_case(alices_browser: Client, case: Case, show: Any) -> None:
    """And are searched for at once."""
    item = show("another", jpeg(scene(2)))

    for _ in range(2):
        answer = alices_browser.post(
            "/status/add/", {"places": f"here: {item.url}", "submission": "s"}
        )
        assert answer.headers["Location"] == "/status/#pictures"

    assert 'data-state="searching"' in text(alices_browser.get("/status/"))
    run_jobs()
    assert len(rows_of(case)) == 2
    assert item.url in text(alices_browser.get("/status/"))


def test_a_refusal_says_why_and_is_contested_once(
    alices_browser: Client, bobs_browser: Client, case: Case, bob: User, dora: User
) -> None:
    """From the reason to another moderator's answer, and to what it changes."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    page = alices_browser.get("/status/")
    assert REASON in text(page)
    (refusal,) = re.findall(r'name="refusal" value="(\d+)" checked', text(page))

    sent = {"refusal": refusal, "objection": "It is me."}
    for _ in range(2):
        answer = alices_browser.post("/status/contest/", sent)
        assert answer.headers["Location"] == "/status/#pictures"

    assert Appeal.objects.count() == 1
    page = alices_browser.get("/status/")
    assert 'action="/status/contest/"' not in text(page)
    assert "It is me." in text(page)
    waiting = f"/desk/appeals/{Appeal.objects.get().pk}/"
    assert f'action="{waiting}"' in text(bobs_browser.get(f"/desk/cases/{case.pk}/"))
    assert case.number in text(bobs_browser.get("/desk/"))
    form = {"outcome": "granted", "reason": "So it is."}
    assert "Another moderator" in text(bobs_browser.post(waiting, form, follow=True))
    doras_browser = Client()
    doras_browser.force_login(dora)
    doras_browser.post(waiting, form)
    run_jobs()

    page = alices_browser.get("/status/")
    assert 'data-state="removed"' in text(page)
    assert "So it is." in text(page)
    assert dora.email not in text(page)


def test_the_deadline_is_there_with_the_time_left(alices_browser: Client, case: Case) -> None:
    """And when it is over, that is said."""
    assert "1\xa0day, 23\xa0hours left" in text(alices_browser.get("/status/"))

    Case.objects.update(deadline=timezone.now() - timedelta(hours=1))

    page = text(alices_browser.get("/status/"))
    assert "is over" in page
    assert " left" not in page


def test_each_step_has_its_sentence_and_time(
    alices_browser: Client, removed_case: Case, host: Host, picture: bytes
) -> None:
    """In order, in plain words."""
    check(fingerprint(picture), host=host)

    page = text(alices_browser.get("/status/"))

    found = re.findall(
        r'data-step="(\w+)">([^<]+)<br><span class="small soft">([^<]+)</span>', page
    )
    assert [step for step, _, _ in found if step != "searched"] == [
        *("received", "opened", "to_remove", "removed", "stopped"),
    ]
    assert all(sentence.strip().endswith(".") for _, sentence, _ in found)
    assert all(time.endswith("(UTC)") for _, _, time in found)


@pytest.mark.parametrize("kind", list(StepKind))
@pytest.mark.parametrize("count", [1, 2])
def test_every_step_has_words(kind: StepKind, count: int) -> None:
    """In the singular and the plural, in both languages."""
    step = Step(kind, timezone.now(), count, searched=count)
    english = step_sentence(step)
    with translation.override("fr"):
        french = step_sentence(step)

    assert "%" not in english + french
    assert english != french


@pytest.mark.parametrize("outcome", HeldUpload.Outcome.values)
def test_what_was_decided_about_somebodys_upload_is_theirs(
    on_hold: HeldUpload, removed_case: Case, alices_browser: Client, bob: User, outcome: str
) -> None:
    """A refused one was stopped; that one was looked at, and let through, is not told."""
    before = text(alices_browser.get("/status/")).count("data-step")
    decide_upload(on_hold, outcome=HeldUpload.Outcome(outcome), reason="Seen.", by=bob)

    page = text(alices_browser.get("/status/"))
    more = page.count("data-step") - before
    assert more == (1 if outcome == HeldUpload.Outcome.REFUSED else 0)
    assert "Seen." not in page


def test_mail_is_chosen_and_stopped(alices_browser: Client, case: Case, settings: Any) -> None:
    """The page does not show the address to whoever looks."""
    assert "e-mail" not in text(alices_browser.get("/status/")).lower()
    alices_browser.post("/status/mail/", {"address": "a@post.example"})
    assert not Subscription.objects.exists()
    settings.EMAIL_HOST = "127.0.0.1"
    assert 'action="/status/mail/"' in text(alices_browser.get("/status/"))

    alices_browser.post("/status/mail/", {"address": "a@post.example"})

    page = text(alices_browser.get("/status/"))
    assert Subscription.objects.get().address == "a@post.example"
    assert 'action="/status/mail/stop/"' in page
    assert "post.example" not in page
    Subscription.objects.update(refused_at=timezone.now())
    assert "takes no mail" in text(alices_browser.get("/status/"))
    alices_browser.post("/status/mail/stop/")
    assert not Subscription.objects.exists()


def test_a_notice_taken_back_can_be_read_and_no_more(
    alices_browser: Client, case: Case, bob: User
) -> None:
    """Nothing is left to send but the code."""
    ask(case, "Is this you?", submission="s", by=bob)
    alices_browser.post("/status/withdraw/", {"sure": "yes"})

    page = text(alices_browser.get("/status/"))

    assert "Is this you?" in page
    assert set(re.findall(r'action="(/status/[^"]*)"', page)) == {"/status/leave/"}
    late = alices_browser.post("/status/write/", {"letter": "Wait.", "submission": "s"})
    assert late.status_code == 422
    assert value_of(late, "letter") == "Wait."
    assert "nothing more can be added" in text(late)


def test_a_contest_that_another_window_sent_first_is_told(
    alices_browser: Client, case: Case, bob: User
) -> None:
    """What was typed in this one is still there, to be sent as a letter."""
    bob_decides(case, bob, Decision.Outcome.KEEP)
    refusal = str(Decision.objects.get().pk)
    alices_browser.post("/status/contest/", {"refusal": refusal, "objection": "It is me."})

    late = alices_browser.post("/status/contest/", {"refusal": refusal, "objection": "My sister."})

    assert late.status_code == 422
    assert value_of(late, "objection") == "My sister."
    assert "contested this decision before" in text(late)


def test_a_deposit_says_that_it_waits(db: None, picture: bytes) -> None:
    """No case, no deadline, nothing to contest; it can be written about and taken back."""
    receipt = alice_reports("", kind=Kind.DEPOSIT, fingerprints=(fingerprint(picture).to_dict(),))
    browser = Client()
    browser.post("/status/", {"code": receipt.code})

    page = text(browser.get("/status/"))

    assert "We hold the fingerprints" in page
    assert 'action="/status/withdraw/"' in page
    assert 'action="/status/add/"' not in page


def test_a_sender_who_was_warned_reads_it(
    alices_browser: Client, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what to do if it is wrong."""
    assert "manifestly unfounded" not in text(alices_browser.get("/status/"))
    warned = Standing(warned_at=timezone.now())
    monkeypatch.setattr("staydown_server.web.status.standing_of", lambda _notice: warned)

    page = text(alices_browser.get("/status/"))

    assert "were manifestly unfounded. If more follow" in page
    assert "contest those decisions" in page
