"""From a list of addresses to removal: who is found, drafted to, watched, and when it ends."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from server.escalation.helping import (
    CHOICES,
    Clock,
    Stubborn,
    addressee,
    drafts,
    everything_due_runs,
    letter_to,
    site_of,
)
from server.pictures import jpeg, scene
from server.project.test_secrecy import whole_database
from server.providers.fakes import Reply
from server.story import alice_reports, alices_report, case_of, run_jobs
from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.audit.agreement import disagreements
from staydown_server.cases.models import Case
from staydown_server.escalation import send, watch
from staydown_server.escalation.draft import DraftEmpty, NotADraft, NothingLeft, draft_to, write
from staydown_server.escalation.models import (
    Addressee,
    AddressSighting,
    EscalatedAddress,
    EscalationFile,
    OutgoingLetter,
)
from staydown_server.escalation.models import Reply as Answer
from staydown_server.escalation.open import (
    AlreadyOpen,
    FileClosed,
    NoAddress,
    NotBegun,
    add_addresses,
    close_file,
    open_again,
    open_file,
    open_for_notice,
)
from staydown_server.escalation.recheck import look_now, say_gone
from staydown_server.escalation.reply import NotAsked, note
from staydown_server.jobs import RetryLater
from staydown_server.notices.models import Notice
from staydown_server.review.withdraw import withdraw

pytestmark = pytest.mark.django_db


def by_hand(file: EscalationFile, role: str, bob: User) -> None:
    letter = letter_to(file, role)
    send.sent_by_hand(letter, seen=letter.version, by=bob)


def test_a_file_finds_who_serves_a_site_and_drafts_to_the_host(
    file: EscalationFile, stubborn: Stubborn
) -> None:
    """Each address is looked at once; the first letter is to the host, in its language."""
    roles = set(Addressee.objects.filter(site__file=file).values_list("role", flat=True))
    assert {"host", "hosting", "registrar", "search", "payment", "regulator"} <= roles
    assert drafts(file) == ["host"]
    assert sorted(stubborn.was_asked) == ["/p/1.jpg", "/p/2.jpg"]
    states = EscalatedAddress.objects.filter(site__file=file).values_list("state", flat=True)
    assert set(states) == {"served"}
    letter = letter_to(file, "host")
    assert f"- {stubborn.origin}/p/1.jpg\n- {stubborn.origin}/p/2.jpg" in letter.text
    assert (letter.channel, letter.recipient) == ("email", "abuse@stubborn.example")
    assert "the reported content, seen on" in letter.text
    assert "TAKE IT DOWN Act" in letter.text
    assert "PDQ " in letter.text
    assert "{" not in letter.text
    assert letter.state == OutgoingLetter.State.DRAFT
    assert audit.verify().is_whole
    assert not list(disagreements())


def test_every_stage_to_removal(
    file: EscalationFile, stubborn: Stubborn, bob: User, clock: Clock
) -> None:
    """Nobody acts in time, until the regulator is written to; then all is gone, and it ends."""
    stages = [["host"], ["hosting"], ["payment", "registrar", "search"], ["regulator"]]
    for number, roles in enumerate(stages):
        waiting = set(drafts(file))
        assert set(roles) <= waiting <= {*roles, "registry"}, number
        clock.passes(hours=100)
        assert set(drafts(file)) == waiting, "a clock begins when a letter is sent"
        letters = OutgoingLetter.objects.filter(addressee__site__file=file, state="draft")
        for letter in letters.select_related("addressee__site__file__case__notice"):
            send.sent_by_hand(letter, seen=letter.version, by=bob)
        clock.passes(hours=47)
        assert drafts(file) == [], "they still have time"
        assert site_of(file).stage == number
        clock.passes(hours=30)
    assert site_of(file).stage == 3
    text = letter_to(file, "regulator").text
    assert "letter to www.stubborn.example (the site). No answer so far" in text

    stubborn.removes("/p/1.jpg")
    clock.passes(hours=800)
    assert EscalatedAddress.objects.filter(state="gone").count() == 1
    file.refresh_from_db()
    assert file.closed_at is None
    stubborn.removes("/p/2.jpg")
    clock.passes(hours=800)

    file.refresh_from_db()
    assert file.closed_at is not None
    assert Case.objects.get().closed_at is not None, "nothing in it waits for a decision"
    seen = AddressSighting.objects.count()
    asked = len(stubborn.was_asked)
    clock.passes(hours=2000)
    assert (AddressSighting.objects.count(), len(stubborn.was_asked)) == (seen, asked)
    standing = addressee(file, "host").standing(timezone.now(), is_gone=True)
    assert standing == Addressee.Standing.DONE
    assert audit.verify().is_whole
    assert not list(disagreements())


def test_looks_happen_at_the_marks_and_not_between(
    file: EscalationFile, stubborn: Stubborn, clock: Clock
) -> None:
    for hours, times in ((23, 1), (2, 2), (20, 2), (4, 3), (48, 4)):
        clock.passes(hours=hours)
        assert stubborn.was_asked.count("/p/1.jpg") == times, hours


def test_a_fingerprint_tells_whether_it_is_still_there(
    file: EscalationFile, stubborn: Stubborn, bob: User, picture: bytes
) -> None:
    """The same picture saved anew is still there; another one is for a person to look at."""
    first, second = EscalatedAddress.objects.filter(site__file=file)
    stubborn.shows("/p/1.jpg", jpeg(scene(1), quality=60))
    stubborn.shows("/p/2.jpg", jpeg(scene(9)))
    for each in (first, second):
        look_now(each, by=bob)
    run_jobs()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("served", "changed")
    assert "content that differs from what was there first" in letter_to(file, "host").text
    say_gone(second, by=bob)
    second.refresh_from_db()
    assert second.state == "gone"
    # It comes back: somebody looks again, and it counts as there.
    stubborn.shows("/p/2.jpg", picture)
    look_now(second, by=bob)
    run_jobs()
    second.refresh_from_db()
    assert (second.state, second.gone_at) == ("served", None)


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(404), "gone"),
        (Reply(503), "unseen"),
        (Reply(403), "unseen"),
        (Reply(200, {"Content-Type": "text/html"}, b"<p>Not here"), "changed"),
    ],
)
def test_what_a_host_answers_is_judged(
    file: EscalationFile, stubborn: Stubborn, bob: User, reply: Reply, state: str
) -> None:
    """An error is no removal, and a page in its place is for a person."""
    stubborn.internet.host.replies["/p/1.jpg"] = reply
    address = EscalatedAddress.objects.filter(site__file=file)[0]
    look_now(address, by=bob)
    run_jobs()

    address.refresh_from_db()
    assert address.state == state


def test_an_answer_of_removal_is_checked_and_a_refusal_opens_the_next_stage(
    file: EscalationFile, stubborn: Stubborn, bob: User, clock: Clock
) -> None:
    host = addressee(file, "host")
    with pytest.raises(NotAsked):
        note(host, kind=Answer.Kind.OTHER, text="", by=bob)
    by_hand(file, "host", bob)
    asked = len(stubborn.was_asked)
    note(host, kind=Answer.Kind.REMOVED, text="We removed it.", by=bob)
    run_jobs()
    assert len(stubborn.was_asked) == asked + 2
    clock.passes(minutes=1)
    assert site_of(file).stage == 0

    note(host, kind=Answer.Kind.REFUSED, text="We will not.", by=bob)
    clock.passes(minutes=1)

    assert site_of(file).stage == 1
    assert "who refused" in letter_to(file, "hosting").text


def test_somebody_need_not_wait(file: EscalationFile, bob: User) -> None:
    """Nobody of the stage can be reached, or time is short; the last stage is the last."""
    for stage in (1, 2, 3, 3):
        watch.go_on(site_of(file), by=bob)
        assert site_of(file).stage == stage


def test_a_withdrawn_notice_ends_the_file(
    file: EscalationFile, stubborn: Stubborn, bob: User, clock: Clock
) -> None:
    """No letter leaves any more, and nobody looks."""
    letter = letter_to(file, "host")
    withdraw(Notice.objects.get())

    with pytest.raises(send.NoticeTakenBack):
        send.sent_by_hand(letter, seen=letter.version, by=bob)
    asked = len(stubborn.was_asked)
    clock.passes(hours=50)
    file.refresh_from_db()
    letter.refresh_from_db()
    assert file.closed_at is not None
    assert letter.state == OutgoingLetter.State.DISCARDED
    assert len(stubborn.was_asked) == asked
    with pytest.raises(NothingLeft):
        draft_to(letter.addressee, by=bob)


def test_what_a_person_wrote_stays(file: EscalationFile, stubborn: Stubborn, bob: User) -> None:
    """A look drafts anew what nobody touched, and nothing else."""
    letter = letter_to(file, "host")
    write(letter, subject="Mine", text="My words.", channel="form", to="https://x.example", by=bob)
    stubborn.removes("/p/1.jpg")
    look_now(EscalatedAddress.objects.filter(site__file=file)[0], by=bob)
    run_jobs()

    letter.refresh_from_db()
    assert (letter.subject, letter.text, letter.channel) == ("Mine", "My words.", "form")
    with pytest.raises(DraftEmpty):
        write(letter, subject="x", text=" ", channel="form", to="", by=bob)
    send.sent_by_hand(letter, seen=letter.version, by=bob)
    with pytest.raises(NotADraft):
        write(letter, subject="x", text="x", channel="form", to="", by=bob)


def test_one_file_for_a_case(file: EscalationFile, alices_case: Case, bob: User) -> None:
    with pytest.raises(AlreadyOpen):
        open_file(alices_case, "https://x.example/1", CHOICES, by=bob)


def test_bad_addresses_are_told_and_the_others_asked_about(
    alices_case: Case, stubborn: Stubborn, bob: User
) -> None:
    """What is no address, and what points into a private network; nothing is stored for none."""
    with pytest.raises(NoAddress) as caught:
        open_file(alices_case, "my ex\nhttp://192.168.1.1/x", CHOICES, by=bob)
    assert {each.reason for each in caught.value.troubles} == {"not-an-address", "private-network"}
    assert not EscalationFile.objects.exists()

    text = f"my ex has it\n{stubborn.origin}/p/1.jpg"
    opened = open_file(alices_case, text, CHOICES, by=bob)

    assert [each.reason for each in opened.troubles] == ["not-an-address"]
    run_jobs()
    assert drafts(opened.file) == ["host"]


def test_more_addresses_join_a_file(file: EscalationFile, stubborn: Stubborn, bob: User) -> None:
    """Each once; a closed file takes none."""
    more = f"{stubborn.origin}/p/2.jpg {stubborn.origin}/p/3.jpg"
    for _ in range(2):
        add_addresses(file, more, by=bob)
    run_jobs()

    assert EscalatedAddress.objects.filter(site__file=file).count() == 3
    assert stubborn.was_asked.count("/p/3.jpg") == 1
    close_file(file, by=bob)
    with pytest.raises(FileClosed):
        add_addresses(file, more, by=bob)


def test_a_notice_is_taken_down_for_somebody(stubborn: Stubborn, bob: User) -> None:
    """Like the form would: the person gets a code; the form sent twice is one file."""
    report = alices_report(f"{stubborn.origin}/p/1.jpg", on_behalf_of="Alice", for_another=True)
    first, receipt = open_for_notice(report, CHOICES, submission="s", by=bob)
    again, same = open_for_notice(report, CHOICES, submission="s", by=bob)
    run_jobs()

    assert (first.file, receipt.code) == (again.file, same.code)
    assert Case.objects.count() == 1
    assert drafts(first.file) == ["host"]


def test_nothing_is_begun_for_who_took_it_back(alices_case: Case, bob: User) -> None:
    withdraw(alices_case.notice)

    with pytest.raises(NotBegun):
        open_file(alices_case, "https://x.example/1", CHOICES, by=bob)


def test_a_host_that_nothing_is_known_about_is_told(
    stubborn: Stubborn, bob: User, alices_case: Case
) -> None:
    """No mail, no registry: the letter is drafted all the same, for a person to find a way."""
    stubborn.internet.dns.records.clear()
    stubborn.internet.rdap.replies.clear()
    opened = open_file(alices_case, "https://nowhere.example/1", CHOICES, by=bob)
    run_jobs()

    letter = letter_to(opened.file, "host")
    assert (letter.channel, letter.recipient) == ("", "")
    found = site_of(opened.file).found
    assert found is not None
    assert {each["reason"] for each in found["troubles"]} & {"no-such-name", "no-address"}
    states = EscalatedAddress.objects.values_list("state", flat=True)
    assert set(states) == {"unseen"}, "a name that nobody knows was mistyped"
    watch.go_on(site_of(opened.file), by=bob)
    # Nobody hosts it, as far as anybody knows: that stage is passed over.
    assert site_of(opened.file).stage == 2
    assert drafts(opened.file) == ["host", "payment", "search", "search"]


def test_a_file_is_erased_with_its_notice(file: EscalationFile, clock: Clock, bob: User) -> None:
    """What is personal goes; rows, times and lines stay."""
    by_hand(file, "host", bob)
    note(addressee(file, "host"), kind=Answer.Kind.OTHER, text="Alice?", by=bob)
    close_file(file, by=bob)
    notice = file.case.notice
    notice.purged_at = timezone.now()
    notice.content = {}
    notice.save()
    clock.passes(minutes=1)
    clock.passes(minutes=1)

    site = site_of(file)
    assert (site.host, site.found) == (f"site {site.pk}", None)
    assert not OutgoingLetter.objects.exclude(text="").exists()
    assert AddressSighting.objects.all()[0].content == {}
    assert not Answer.objects.exclude(text="").exists()
    assert not [fault for fault in disagreements() if "notice" not in fault]


def test_the_language_of_a_file_is_that_of_its_letters(
    alices_case: Case, stubborn: Stubborn, bob: User
) -> None:
    places = alices_case.notice.content["places"]
    opened = open_file(alices_case, places, replace(CHOICES, language="fr"), by=bob)
    run_jobs()

    assert "Nous" not in letter_to(opened.file, "host").subject
    assert letter_to(opened.file, "host").subject.startswith("Contenu intime publié")


@pytest.mark.parametrize("names_person", [True, False])
def test_the_person_is_named_only_if_they_want_it(
    stubborn: Stubborn, bob: User, names_person: bool, settings: Any
) -> None:
    settings.ESCALATION_SENDER = "Help Line <help@help.example>"
    receipt = alice_reports(f"{stubborn.origin}/p/1.jpg", signature="Alice Example")
    run_jobs()
    choices = replace(CHOICES, names_person=names_person)
    opened = open_file(case_of(receipt), f"{stubborn.origin}/p/1.jpg", choices, by=bob)
    run_jobs()

    text = letter_to(opened.file, "host").text
    assert ("Alice Example" in text) == names_person
    assert "We, Help Line, write for" in text
    assert "help@help.example" in text


def test_a_file_is_opened_again_when_it_is_back(
    file: EscalationFile, stubborn: Stubborn, bob: User, picture: bytes
) -> None:
    """Everything is looked at; where all is still gone, it closes again."""
    stubborn.removes("/p/1.jpg", "/p/2.jpg")
    for address in EscalatedAddress.objects.filter(site__file=file):
        look_now(address, by=bob)
    run_jobs()
    file.refresh_from_db()
    assert file.closed_at is not None
    open_again(file, by=bob)
    run_jobs()
    file.refresh_from_db()
    assert file.closed_at is not None

    stubborn.shows("/p/1.jpg", picture)
    open_again(file, by=bob)
    run_jobs()

    file.refresh_from_db()
    assert file.closed_at is None
    states = EscalatedAddress.objects.values_list("state", flat=True)
    assert list(states) == ["served", "gone"]
    assert draft_to(addressee(file, "host"), by=bob).state == OutgoingLetter.State.DRAFT
    assert not list(disagreements())


def test_a_case_with_something_here_stays_open(case: Case, stubborn: Stubborn, bob: User) -> None:
    """What is on a platform of ours waits for its decision, whatever is gone out there."""
    opened = open_file(case, f"{stubborn.origin}/p/1.jpg", CHOICES, by=bob)
    close_file(opened.file, by=bob)

    case.refresh_from_db()
    assert case.closed_at is None


def test_who_serves_a_site_is_found_even_if_nobody_answers_the_first_look(
    alices_case: Case, stubborn: Stubborn, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that takes too long holds nothing up for ever."""

    def late(*_: object, **__: object) -> None:
        raise RetryLater("still looking", seconds=600)

    with monkeypatch.context() as slow:
        slow.setattr("staydown_server.escalation.recheck.look_at", late)
        opened = open_file(alices_case, f"{stubborn.origin}/p/1.jpg", CHOICES, by=bob)
        run_jobs()
        assert drafts(opened.file) == []
        everything_due_runs()

    assert drafts(opened.file) == ["host"]


@pytest.mark.django_db(transaction=True)
def test_nothing_of_it_is_readable_in_the_database(
    file: EscalationFile, stubborn: Stubborn, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    """Sites, addresses, contacts, letters, answers: sealed. A host's name can be a person's."""
    by_hand(file, "host", bob)
    note(addressee(file, "host"), kind=Answer.Kind.OTHER, text="Was it Wolfgang?", by=bob)
    close_file(file, by=bob)

    stored = whole_database()

    assert b"escalation.opened" in stored
    for secret in (
        *("stubborn.example", "/p/1.jpg", "quick-hosting", "Intimate content", "Wolfgang"),
        *("request for removal", str(stubborn.internet.host.port) + "/p"),
    ):
        assert secret.encode() not in stored, secret
        assert secret not in caplog.text, secret


def test_nobody_is_written_to_about_what_is_gone(
    file: EscalationFile, stubborn: Stubborn, bob: User, clock: Clock
) -> None:
    """The host acts in its last hour, between two marks: a look comes before the next stage."""
    clock.passes(hours=1)
    by_hand(file, "host", bob)
    clock.passes(hours=47.5)
    stubborn.removes("/p/1.jpg", "/p/2.jpg")
    asked = len(stubborn.was_asked)
    clock.passes(hours=2)

    file.refresh_from_db()
    assert len(stubborn.was_asked) == asked + 2
    assert site_of(file).stage == 0
    assert file.closed_at is not None
    assert not OutgoingLetter.objects.filter(addressee__role="hosting").exists()
