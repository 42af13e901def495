"""What platforms say of each other's entries, and what follows from it."""

import json
from typing import Any

import pytest

from library.exchange.peers.fake_stopncii import KEY, FakeStopNCII
from library.exchange.served import served
from server.api.client import Api, problem
from server.pictures import fingerprint
from server.sharing.conftest import LIST, Reader
from server.sharing.partner import Friends, entry, followed, the_next_round
from server.story import REASON, bob_decides, rows_of, run_jobs
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry as AuditLine
from staydown_server.cases.models import Case, Decision
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import HeldUpload, KeepDown, Listed
from staydown_server.gate.policy import Answer
from staydown_server.review.decide import restore
from staydown_server.review.upload import decide_upload, waiting_uploads
from staydown_server.sharing import choose, feedback, partners, quarantine
from staydown_server.sharing.models import Choice, Feedback, Opinion, Partner, Verdict

pytestmark = pytest.mark.django_db


def tell(reader: Reader, verdict: str, name: str, key: str = "") -> Any:
    body = {"feedback": [{"id": name, "verdict": verdict}]}
    return Api(key or reader.key).json(f"/hash-lists/{LIST}/feedback", body)


def another_key(number: int) -> str:
    return partners.let_read(f"other{number}.example", LIST)


# Received


def test_a_partners_word_is_kept(reader: Reader, removed_case: Case) -> None:
    """The last one counts; on record."""
    (name,) = reader.entries()

    for verdict in ("seen", "blocked", "blocked"):
        assert tell(reader, verdict, name).json() == {"taken": 1, "passed_over": 0}

    told = Feedback.objects.get()
    assert (told.partner.name, told.verdict) == ("friends.example", Verdict.BLOCKED)
    assert AuditLine.objects.filter(action="feedback.received").count() == 2
    assert not Choice.objects.exists() or not Choice.objects.get().is_disputed


def test_one_that_says_wrong_lowers_it(reader: Reader, removed_case: Case, host: Host) -> None:
    """Followers hear that we are less sure; here it is kept down as before."""
    (name,) = reader.entries()

    tell(reader, "wrong", name)
    run_jobs()

    (line,) = reader.entries().values()
    assert (line.id, line.op) == (name, "change")
    assert line.entry is not None
    assert line.entry.confidence == 40
    assert check(KeepDown.objects.get().load_fingerprint(), host=host).blocks


def test_several_that_say_wrong_take_it_off_the_list(
    reader: Reader, removed_case: Case, host: Host, bob: User
) -> None:
    """Until a person stands by it. Our own keep-down is a person's to lift."""
    (name,) = reader.entries()
    for number in range(3):
        tell(reader, "wrong", name, another_key(number))
    run_jobs()

    assert reader.entries() == {}
    assert reader.lines[-1].reason == "disputed"
    keep = KeepDown.objects.get()
    assert check(keep.load_fingerprint(), host=host).blocks

    feedback.dismiss(keep, by=bob)
    run_jobs()
    (line,) = reader.entries().values()
    assert line.entry is not None
    assert line.entry.confidence == 80


def test_one_partner_with_many_keys_is_one(reader: Reader, removed_case: Case) -> None:
    """It cannot outvote anybody."""
    (name,) = reader.entries()
    for _ in range(5):
        tell(reader, "wrong", name, partners.let_read("friends.example", LIST))
    run_jobs()

    assert set(reader.entries()) == {name}


def test_a_partner_that_changes_its_mind_raises_it_again(
    reader: Reader, removed_case: Case
) -> None:
    """Lowered only as long as somebody disagrees."""
    (name,) = reader.entries()
    tell(reader, "disputed", name)
    run_jobs()
    tell(reader, "blocked", name)
    run_jobs()

    (line,) = reader.entries().values()
    assert line.entry is not None
    assert line.entry.confidence == 80


def test_entries_that_do_not_stand_are_passed_over(
    reader: Reader, removed_case: Case, bob: User
) -> None:
    """Names that never were, or are no more."""
    (name,) = reader.entries()
    choose.share(KeepDown.objects.get(), False, by=bob)
    run_jobs()

    for each in (name, "f" * 32, ""):
        assert tell(reader, "wrong", each).json() == {"taken": 0, "passed_over": 1}
    assert not Feedback.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"feedback": "wrong"},
        {"feedback": [{"id": "a"}]},
        {"feedback": [{"id": 7, "verdict": "seen"}]},
        {"feedback": [{"id": "a", "verdict": "awful"}]},
        {"feedback": [["a", "seen"]]},
        {"feedback": [{"id": str(n), "verdict": "seen"} for n in range(1001)]},
    ],
)
def test_feedback_that_is_none_is_a_problem(reader: Reader, body: Any) -> None:
    answer = Api(reader.key).json(f"/hash-lists/{LIST}/feedback", body)

    assert (answer.status_code, problem(answer)["code"]) == (422, "bad-field")


# Given


def told_by_us(friends: Friends) -> list[dict[str, str]]:
    posted = [asked for asked in friends.asked if asked.method == "POST"]
    assert all(asked.path == "/feedback" for asked in posted)
    return [each for asked in posted for each in json.loads(asked.body)["feedback"]]


def rounds() -> None:
    the_next_round()
    run_jobs()


def test_what_was_blocked_is_told_once(
    partner: Partner, friends: Friends, host: Host, picture: bytes
) -> None:
    """What matched nothing is not spoken of."""
    name, _ = friends.put(entry(fingerprint(picture)), entry(2))
    rounds()
    check(fingerprint(picture), host=host)

    for _ in range(2):
        rounds()

    assert told_by_us(friends) == [{"id": name, "verdict": "blocked"}]


def test_what_a_person_let_through_is_disputed(
    friends: Friends, host: Host, picture: bytes, bob: User
) -> None:
    """First something matched; then somebody looked."""
    friends.put(entry(fingerprint(picture)))
    followed(friends, trust="careful")
    run_jobs()
    assert check(fingerprint(picture), host=host, upload=Upload("a")).answer == Answer.HOLD
    rounds()
    (held,) = waiting_uploads()
    decide_upload(held, outcome=HeldUpload.Outcome.ALLOWED, reason=REASON, by=bob)
    rounds()

    assert [each["verdict"] for each in told_by_us(friends)] == ["seen", "disputed"]


def test_what_a_person_refused_is_wrong(
    partner: Partner, friends: Friends, show: Any, picture: bytes, bob: User
) -> None:
    """Decided on the entry itself, at the desk."""
    show("one", picture)
    friends.put(entry(fingerprint(picture)))
    rounds()
    bob_decides(Case.objects.get(), bob, Decision.Outcome.KEEP)
    rounds()

    assert told_by_us(friends)[-1]["verdict"] == "wrong"
    assert Listed.objects.get().state == Listed.State.REFUSED


def test_what_is_refused_in_quarantine_is_wrong(friends: Friends, db: None, bob: User) -> None:
    """None of it ever stopped anything."""
    friends.put(*(entry(number) for number in range(3)))
    made = followed(friends, most_a_day=1)
    run_jobs()
    assert quarantine.waiting(made) == [("burst", 3)]

    assert quarantine.refuse(made, "burst", by=bob) == 3
    rounds()

    assert {each["verdict"] for each in told_by_us(friends)} == {"wrong"}
    assert set(Listed.objects.values_list("state", flat=True)) == {"refused"}


def test_what_cannot_be_told_is_told_later(
    partner: Partner, friends: Friends, host: Host, picture: bytes
) -> None:
    """A partner that does not answer loses nothing."""
    friends.put(entry(fingerprint(picture)))
    rounds()
    check(fingerprint(picture), host=host)
    friends.refuses_feedback = True
    rounds()
    assert Opinion.objects.get().told == ""

    friends.refuses_feedback = False
    rounds()
    assert Opinion.objects.get().told == Verdict.BLOCKED


def test_an_appeal_won_here_disputes_what_partners_list(
    partner: Partner, friends: Friends, host: Host, removed_case: Case, bob: User
) -> None:
    """Else the partner's word would undo it: the picture may be uploaded again, and the partner
    hears why it should look."""
    picture = KeepDown.objects.get().load_fingerprint()
    friends.put(entry(picture))
    rounds()
    restore(rows_of(removed_case)[0], reason=REASON, by=bob)
    run_jobs()
    rounds()

    assert check(picture, host=host).answer == Answer.ALLOW
    assert told_by_us(friends)[-1]["verdict"] == "disputed"
    row = Listed.objects.get()
    assert (row.state, row.why) == (Listed.State.WAITING, "overturned")


def test_stopncii_hears_what_we_decided(
    db: None, host: Host, picture: bytes, show: Any, bob: User
) -> None:
    """In its own words."""
    fake, pdq = FakeStopNCII(), fingerprint(picture).pdq
    assert pdq is not None
    fake.put("ImagePDQ", pdq.hex())
    show("one", picture)
    with served(fake) as address:
        keys = {
            "subscription": f"{KEY}-subscription",
            "fetch": f"{KEY}-fetch",
            "submit_feedback": f"{KEY}-feedback",
        }
        partners.follow_list(
            "stopncii.org",
            Partner.Kind.STOPNCII,
            address=f"{address}/v1",
            credentials={"keys": [keys], "list": ""},
        )
        run_jobs()
        bob_decides(Case.objects.get(), bob)
        rounds()

    said = [each["feedbackValue"] for each in fake.records["ImagePDQ", pdq.hex()]["CSPFeedbacks"]]
    assert said[-1] == "Blocked"
