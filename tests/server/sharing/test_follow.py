"""A partner's list: what it lists stops uploads here, as far as it is trusted, and no longer."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from library.exchange.peers.fake_stopncii import KEY, FakeStopNCII
from library.exchange.served import served
from server.host_double import HostDouble
from server.pictures import fingerprint, jpeg, recompressed, scene
from server.sharing.partner import NAME, Friends, entry, followed, the_next_round
from server.story import REASON, bob_decides, rows_of, run_jobs
from staydown.exchange.hash_list import Change, Prints, Provenance, SigningKey
from staydown_server import audit
from staydown_server.accounts.models import Host, User
from staydown_server.audit.agreement import disagreements
from staydown_server.audit.models import Entry as AuditLine
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.gate.admit import Wanted, admit
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import Check, HeldUpload, KeepDown, Listed
from staydown_server.gate.policy import Answer
from staydown_server.records.report import report
from staydown_server.review.decide import restore
from staydown_server.review.upload import decide_upload, waiting_uploads
from staydown_server.sharing import audiences, follow, partners
from staydown_server.sharing.models import Partner

pytestmark = pytest.mark.django_db


def rounds(count: int = 1) -> None:
    for _ in range(count):
        the_next_round()
        run_jobs()


def verdict(picture: bytes, host: Host, reference: str = "up") -> Answer:
    return check(fingerprint(picture), host=host, upload=Upload(reference=reference)).answer


@pytest.mark.parametrize(
    ("trust", "how", "confidence", "answer"),
    [
        ("trusted", "reviewed", 90, Answer.BLOCK),
        ("trusted", "reviewed-by-two", 90, Answer.BLOCK),
        ("trusted", "deposited", 90, Answer.HOLD),
        ("trusted", "imported", 90, Answer.HOLD),
        ("trusted", "reviewed", 50, Answer.HOLD),
        ("trusted", "reviewed", 10, Answer.ALLOW),
        ("careful", "reviewed-by-two", 100, Answer.HOLD),
        ("watched", "reviewed-by-two", 100, Answer.ALLOW),
    ],
)
def test_the_policy_goes_by_provenance(
    friends: Friends, host: Host, picture: bytes, trust: str, how: Any, confidence: int, answer: str
) -> None:
    """Who listed it and how, how sure they are, and how far we trust them."""
    source = "stopncii.org" if how == "imported" else None
    provenance = Provenance(how, NAME, source)
    friends.put(entry(fingerprint(picture), provenance=provenance, confidence=confidence))

    followed(friends, trust=trust)
    run_jobs()

    assert verdict(picture, host) == answer
    assert verdict(recompressed(picture), host, "other") == answer


def test_what_a_partner_lists_is_blocked_and_counted(
    partner: Partner, friends: Friends, host: Host, picture: bytes
) -> None:
    """For what it was, on record; another picture passes."""
    assert verdict(picture, host) == Answer.ALLOW
    friends.put(entry(fingerprint(picture)))
    rounds()

    assert verdict(picture, host) == Answer.BLOCK
    assert verdict(jpeg(scene(2)), host) == Answer.ALLOW

    stopped = Check.objects.get()
    assert stopped.listed is not None
    assert stopped.listed.source == "partner:friends.example"
    assert AuditLine.objects.get(action="gate.stopped").facts["listed"] == stopped.listed.pk
    assert (audit.verify().is_whole, list(disagreements())) == (True, [])


def test_a_retraction_lifts_it_in_the_next_round(
    partner: Partner, friends: Friends, host: Host, picture: bytes
) -> None:
    """And nothing of it is kept."""
    (name,) = friends.put(entry(fingerprint(picture)))
    rounds()
    assert verdict(picture, host) == Answer.BLOCK

    friends.retract(name, reason="withdrawn")
    rounds()

    assert verdict(picture, host) == Answer.ALLOW
    row = Listed.objects.get()
    assert (row.state, row.why) == (Listed.State.ENDED, "withdrawn")
    assert (row.fingerprint, row.sha256, row.md5) == ("", "", "")


def test_what_waited_for_it_is_let_go(
    friends: Friends, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """The upload is published, its host told; the case forgets the fingerprint, too."""
    (name,) = friends.put(entry(fingerprint(picture)))
    followed(friends, trust="careful")
    run_jobs()
    assert verdict(picture, host, "up-1") == Answer.HOLD

    friends.retract(name)
    rounds()

    assert HeldUpload.objects.get().outcome == HeldUpload.Outcome.ALLOWED
    assert plaza.uploads == {"up-1": "upload.allowed"}
    assert CaseItem.objects.get().fingerprint == ""
    assert list(disagreements()) == []


def test_a_person_decides_about_what_is_held(
    friends: Friends, host: Host, picture: bytes, bob: User
) -> None:
    """In a case that is the partner's; what was let through is not held for it again."""
    friends.put(entry(fingerprint(picture)))
    followed(friends, trust="careful")
    run_jobs()
    assert verdict(picture, host, "one") == Answer.HOLD
    (held,) = waiting_uploads()
    case = Case.objects.get()
    assert case.notice.content["signature"] == "partner:friends.example"

    decide_upload(held, outcome=HeldUpload.Outcome.ALLOWED, reason=REASON, by=bob)
    run_jobs()

    assert verdict(picture, host, "two") == Answer.ALLOW
    case.refresh_from_db()
    assert case.closed_at is not None


def test_a_refused_upload_can_be_kept_down_as_our_own(
    friends: Friends, host: Host, picture: bytes, bob: User
) -> None:
    """Then it stands on our decision, whatever the partner does next."""
    (name,) = friends.put(entry(fingerprint(picture)))
    followed(friends, trust="careful")
    run_jobs()
    verdict(picture, host, "one")
    (held,) = waiting_uploads()
    decide_upload(held, outcome=HeldUpload.Outcome.REFUSED, reason=REASON, keeps_down=True, by=bob)
    run_jobs()

    friends.retract(name)
    rounds()

    assert verdict(picture, host, "two") == Answer.BLOCK


def test_what_is_hosted_already_comes_to_the_desk(
    partner: Partner, friends: Friends, show: Any, picture: bytes, bob: User, plaza: HostDouble
) -> None:
    """In a case with a clock; a person decides, and a removal follows."""
    show("one", picture)
    friends.put(entry(fingerprint(picture)))
    rounds()

    case = Case.objects.get()
    assert [row.origin for row in rows_of(case)] == ["reported_file", "swept"]
    bob_decides(case, bob)
    run_jobs()
    assert plaza.removed == {"one"}


def test_what_is_registered_later_comes_to_the_desk(
    partner: Partner, friends: Friends, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """It had slipped past the gate."""
    friends.put(entry(fingerprint(picture)))
    rounds()

    item, _, told = admit(host, Wanted("late", plaza.page("late"), fingerprint(picture)))

    assert told.answer == Answer.BLOCK
    assert [row.item for row in rows_of(Case.objects.get())] == [None, item]


def test_leaving_it_online_refuses_the_entry(
    partner: Partner, friends: Friends, host: Host, show: Any, picture: bytes, bob: User
) -> None:
    """Bob looked: it should not be on the list. It stops nothing here any more."""
    show("one", picture)
    names = friends.put(entry(fingerprint(picture)))
    rounds()

    bob_decides(Case.objects.get(), bob, Decision.Outcome.KEEP)
    run_jobs()
    friends.publish(Change.change(names[0], entry(fingerprint(picture), confidence=99)))
    rounds()

    assert verdict(picture, host) == Answer.ALLOW
    assert Listed.objects.get().state == Listed.State.REFUSED


def test_what_has_only_an_md5_stops_the_same_file(
    partner: Partner, friends: Friends, host: Host, picture: bytes
) -> None:
    """As many lists have it."""
    friends.put(entry(fingerprint(picture), prints=Prints(md5=fingerprint(picture).md5)))
    rounds()

    assert verdict(picture, host) == Answer.BLOCK
    assert verdict(recompressed(picture), host) == Answer.ALLOW


def test_an_entry_ends_when_its_time_is_over(
    partner: Partner, friends: Friends, host: Host, picture: bytes
) -> None:
    """At once at the gate; erased in the next round."""
    friends.put(
        entry(fingerprint(picture), expires_at=timezone.now().replace(microsecond=0) + timedelta(1))
    )
    rounds()
    assert verdict(picture, host) == Answer.BLOCK

    Listed.objects.update(expires_at=timezone.now())
    assert verdict(picture, host) == Answer.ALLOW
    rounds()
    assert Listed.objects.get().why == "expired"


def test_another_trust_counts_for_what_stands(
    partner: Partner, friends: Friends, host: Host, picture: bytes, bob: User
) -> None:
    """From the next moment on."""
    friends.put(entry(fingerprint(picture)))
    rounds()

    partners.give_trust(partner, "watched", by=bob)
    run_jobs()

    assert verdict(picture, host) == Answer.ALLOW


def test_what_is_followed_no_more_is_dropped(
    partner: Partner, friends: Friends, host: Host, picture: bytes
) -> None:
    """All of it, erased; and it may be followed again from the beginning."""
    friends.put(entry(fingerprint(picture)))
    rounds()

    assert partners.unfollow(NAME) == 1
    run_jobs()
    assert verdict(picture, host) == Answer.ALLOW
    assert Listed.objects.get().fingerprint == ""

    followed(friends)
    run_jobs()
    assert verdict(picture, host) == Answer.BLOCK


def test_an_echo_changes_nothing(
    audience: Any, partner: Partner, friends: Friends, host: Host, removed_case: Case, bob: User
) -> None:
    """Our own entry comes back in a loop, under our name or as imported from us: our retraction
    is the last word here."""
    picture = KeepDown.objects.get().load_fingerprint()
    friends.put(
        entry(picture, provenance=Provenance("reviewed", audience.name)),
        entry(picture, provenance=Provenance("imported", NAME, audience.name)),
    )
    rounds()
    restore(rows_of(removed_case)[0], reason=REASON, by=bob)
    run_jobs()

    assert not Listed.objects.exists()
    assert check(picture, host=host).answer == Answer.ALLOW


def test_what_was_overturned_here_waits(
    partner: Partner, friends: Friends, host: Host, removed_case: Case, bob: User
) -> None:
    """Somebody won an appeal here: a partner does not undo that without a person."""
    picture = KeepDown.objects.get().load_fingerprint()
    restore(rows_of(removed_case)[0], reason=REASON, by=bob)
    run_jobs()

    friends.put(entry(picture))
    rounds()

    assert check(picture, host=host).answer == Answer.ALLOW
    row = Listed.objects.get()
    assert (row.state, row.why) == (Listed.State.WAITING, "overturned")


# Killed, away, rolled back


class Killed(BaseException):
    """kill -9, at the worst moment."""


def test_killed_between_portions_it_goes_on(
    friends: Friends, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored stands with its place; the rest comes, and nothing twice."""
    friends.put(*(entry(number) for number in range(2500)))
    made = followed(friends, most_a_day=10_000)
    store, calls = follow._store, []

    def dies_in_the_second(*arguments: Any, **named: Any) -> None:
        store(*arguments, **named)
        calls.append(1)
        if len(calls) == 2:
            raise Killed

    monkeypatch.setattr(follow, "_store", dies_in_the_second)
    with pytest.raises(Killed):
        follow.follow(partner_id=made.pk)
    made.refresh_from_db()
    assert (Listed.objects.count(), made.state["sequence"]) == (1000, 1000)
    monkeypatch.setattr(follow, "_store", store)

    run_jobs()

    made.refresh_from_db()
    assert (Listed.objects.count(), made.state["sequence"]) == (2500, 2500)


def test_two_that_follow_at_once_store_it_once(partner: Partner, friends: Friends) -> None:
    """The second finds that its place was taken."""
    friends.put(entry(1))
    stale = Partner.objects.get()
    rounds()

    with pytest.raises(follow.Overtaken):
        follow._round(stale)

    assert Listed.objects.count() == 1


def test_a_follower_that_was_away_catches_up(
    partner: Partner, friends: Friends, host: Host, picture: bytes
) -> None:
    """What came and went meanwhile never was here."""
    Partner.objects.update(paused_at=timezone.now())
    names = friends.put(*(entry(number) for number in range(5)))
    friends.retract(*names[:4])
    Partner.objects.update(paused_at=None)
    rounds()

    assert [row.state for row in Listed.objects.all()] == ["live"]


def _forged(friends: Friends) -> bytes:
    tally = friends.list.head
    return tally.sign(SigningKey.new())


@pytest.mark.parametrize("fault", ["forged", "rolled back", "altered", "down"])
def test_what_is_wrong_with_a_list_is_reported_and_changes_nothing(
    partner: Partner, friends: Friends, host: Host, picture: bytes, fault: str
) -> None:
    """What was followed stands; and all is well again when the list is."""
    old_head = friends.file("head.json")
    friends.put(entry(fingerprint(picture)))
    rounds()
    friends.put(entry(2))
    if fault == "forged":
        friends.served_instead["head.json"] = _forged(friends)
    elif fault == "rolled back":
        friends.served_instead["head.json"] = old_head
    elif fault == "altered":
        page = friends.file("pages/1.jsonl").replace(b'"confidence":90', b'"confidence":91')
        friends.served_instead["pages/1.jsonl"] = page
    else:
        friends.is_down = True
    rounds(2)

    partner.refresh_from_db()
    expected = {
        "forged": "UntrustedKey",
        "rolled back": "RolledBack",
        "altered": "Altered",
        "down": "NotThere",
    }
    assert partner.trouble == expected[fault]
    assert AuditLine.objects.filter(action="list.refused").count() == 1, "said once"
    assert Listed.objects.count() == 1
    assert verdict(picture, host) == Answer.BLOCK

    friends.served_instead, friends.is_down = {}, False
    rounds()
    partner.refresh_from_db()
    assert (partner.trouble, Listed.objects.count()) == ("", 2)


def test_no_fingerprint_and_no_key_is_in_the_log(
    partner: Partner, friends: Friends, host: Host, picture: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a round that brings something, and of one that fails."""
    caplog.set_level("DEBUG")
    friends.put(entry(fingerprint(picture)))
    rounds()
    friends.served_instead["head.json"] = _forged(friends)
    rounds()

    said = caplog.text + str(list(AuditLine.objects.values()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM sharing_partner")
        said += str(bytes(cursor.fetchone()[0]))
    shown = fingerprint(picture)
    assert shown.pdq is not None
    for secret in ("sp_theirs", shown.pdq.hex(), str(shown.sha256)):
        assert secret not in said


# The field's other lists


def test_stopncii_is_followed_and_a_withdrawal_counts(
    host: Host, picture: bytes, settings: Any
) -> None:
    """Somebody deposited it there: held, not blocked; withdrawn there, gone here."""
    fake, pdq = FakeStopNCII(), fingerprint(picture).pdq
    assert pdq is not None
    fake.put("ImagePDQ", pdq.hex())
    with served(fake) as address:
        keys = {"subscription": f"{KEY}-subscription", "fetch": f"{KEY}-fetch"}
        partners.follow_list(
            "stopncii.org",
            Partner.Kind.STOPNCII,
            address=f"{address}/v1",
            credentials={"keys": [keys], "list": ""},
            trust="trusted",
        )
        run_jobs()
        assert verdict(picture, host) == Answer.HOLD
        row = Listed.objects.get()
        assert (row.how, row.by) == ("deposited", "stopncii.org")
        assert pdq.hex() not in row.key

        fake.put("ImagePDQ", pdq.hex(), "Withdrawn")
        rounds()

    assert verdict(picture, host, "again") == Answer.ALLOW
    assert Listed.objects.get().state == Listed.State.ENDED


def test_the_second_audience_is_no_echo(audience: Any, root: Any) -> None:
    """Names are as of domains: two lists of ours have two."""
    with pytest.raises(audiences.AudienceError):
        audiences.begin(audience.name, root=root)


def test_a_partners_list_counts_as_no_notice(
    partner: Partner, friends: Friends, host: Host, show: Any, picture: bytes, bob: User
) -> None:
    """In the yearly numbers: nobody wrote to us. What the gate stopped is counted."""
    show("one", picture)
    friends.put(entry(fingerprint(picture)))
    rounds()
    check(fingerprint(picture), host=host)
    bob_decides(Case.objects.get(), bob, Decision.Outcome.KEEP)

    numbers = report(timezone.now().year)["total"]

    assert numbers["notices_received"] == 0
    assert numbers["notices_unfounded"] == 0
    assert numbers["uploads_blocked"] == 1
