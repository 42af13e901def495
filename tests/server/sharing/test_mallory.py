"""Mallory among partners: stolen keys, floods, and a list that takes everything back."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from server.api.client import Api
from server.pictures import fingerprint, jpeg, recompressed, scene
from server.sharing.conftest import LIST, Reader
from server.sharing.partner import Friends, entry, followed, the_next_round
from server.story import REASON, run_jobs
from staydown.exchange.hash_list import Change, SigningKey
from staydown_server.accounts.models import Host, User
from staydown_server.audit.models import Entry as AuditLine
from staydown_server.cases.models import Case
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload
from staydown_server.gate.models import HeldUpload, Listed
from staydown_server.gate.policy import Answer
from staydown_server.review.upload import decide_upload, waiting_uploads
from staydown_server.sharing import partners, quarantine
from staydown_server.sharing.models import Partner

pytestmark = pytest.mark.django_db


def rounds() -> None:
    the_next_round()
    run_jobs()


def answer(picture: bytes, host: Host) -> Answer:
    return check(fingerprint(picture), host=host, upload=Upload("up")).answer


def states() -> dict[str, int]:
    told: dict[str, int] = {}
    for state, why in Listed.objects.values_list("state", "why"):
        told[f"{state} {why}".strip()] = told.get(f"{state} {why}".strip(), 0) + 1
    return told


# Stolen keys


def test_what_a_thief_signed_goes_when_the_owner_begins_anew(
    partner: Partner, friends: Friends, host: Host, picture: bytes
) -> None:
    """It was well signed, so it was believed; then the owner took the root key out."""
    (name,) = friends.put(entry(1))
    stolen = friends.signer
    popular = jpeg(scene(5))
    (planted,) = friends.put(entry(fingerprint(popular)))
    rounds()
    assert answer(popular, host) == Answer.BLOCK

    # The owner takes out what is not theirs, and begins anew with another key.
    friends.publish(Change.retract(planted, "key-stolen"))
    friends.signer = SigningKey.new()
    friends.list = friends.list.rotate(
        root=friends.root, signer=friends.signer, now=friends.now, begin_anew=True
    )
    rounds()

    assert answer(popular, host) == Answer.ALLOW
    assert dict(Listed.objects.values_list("key", "state"))[name] == Listed.State.LIVE
    # What the thief signs from now on is refused.
    friends.served_instead["head.json"] = friends.list.head.sign(stolen)
    rounds()
    partner.refresh_from_db()
    assert partner.trouble == "UntrustedKey"


def test_what_does_not_come_again_goes(
    partner: Partner, friends: Friends, host: Host, picture: bytes
) -> None:
    """The owner restored an old list: nothing of the thief's is ever retracted by name."""
    friends.put(entry(fingerprint(picture)), entry(2))
    rounds()
    assert answer(picture, host) == Answer.BLOCK

    old = friends.list
    kept = [line for line in old.standing if line.entry == entry(2)]
    retracted = [line.id for line in old.standing if line not in kept]
    friends.signer = SigningKey.new()
    friends.list = old.publish(
        [Change.retract(name, "mistaken") for name in retracted],
        signer=stolen_of(old, friends),
        now=friends.now,
    ).rotate(root=friends.root, signer=friends.signer, now=friends.now, begin_anew=True)
    rounds()

    assert answer(picture, host) == Answer.ALLOW
    assert states() == {"ended begun-anew": 1, "live": 1}
    assert AuditLine.objects.filter(action="list.begun_anew").count() == 1


def stolen_of(_list: Any, friends: Friends) -> SigningKey:
    return friends.signer


def test_a_stolen_key_to_our_list_is_ended(reader: Reader, removed_case: Case) -> None:
    """The partner goes on with a new one; the thief gets nothing, and cannot even tell why."""
    stolen, partner_key = reader.key, partners.let_read("friends.example", LIST)

    assert partners.revoke("friends.example", but_newest=True) == 1

    paths = ["head.json", "keys/1.json", "pages/1.jsonl"]
    for path in paths:
        refused = Api(stolen).get(f"/hash-lists/{LIST}/{path}")
        unknown = Api("sp_nobody").get(f"/hash-lists/{LIST}/{path}")
        assert (refused.status_code, refused.content) == (401, unknown.content)
        assert Api(partner_key).get(f"/hash-lists/{LIST}/{path}").status_code == 200
    said = {"feedback": [{"id": "0" * 32, "verdict": "wrong"}]}
    assert Api(stolen).json(f"/hash-lists/{LIST}/feedback", said).status_code == 401


def test_a_partner_reads_its_own_list_only(reader: Reader, root: SigningKey) -> None:
    """Another audience's is not there for it."""
    from staydown_server.sharing import audiences

    audiences.begin("inner.example", root=root)

    for path in ("head.json", "keys/1.json", "pages/1.jsonl"):
        theirs = Api(reader.key).get(f"/hash-lists/inner.example/{path}")
        none = Api(reader.key).get(f"/hash-lists/nowhere.example/{path}")
        assert (theirs.status_code, theirs.content) == (404, none.content)


# Floods


def test_ten_thousand_harmless_pictures_stop_nobody(
    partner: Partner, friends: Friends, host: Host, show: Any, bob: User
) -> None:
    """Poured in at once: all wait, what went live the hour before, too; one click refuses them."""
    popular = [jpeg(scene(seed)) for seed in range(10)]
    friends.put(entry(90_000))
    rounds()
    assert states() == {"live": 1}

    poured = [entry(fingerprint(each)) for each in popular]
    friends.put(*poured, *(entry(number) for number in range(10_000 - len(poured))))
    rounds()

    assert states() == {"waiting burst": 10_001}
    assert [answer(each, host) for each in popular] == [Answer.ALLOW] * 10
    assert not Case.objects.exists()

    assert quarantine.refuse(partner, "burst", by=bob) == 10_001
    assert states() == {"refused burst": 10_001}


def test_a_flood_that_comes_in_drops_is_caught_by_what_it_matches(
    partner: Partner, friends: Friends, host: Host, show: Any
) -> None:
    """Few a round, but each of them hangs on somebody's page here."""
    for number in range(25):
        show(f"item{number}", jpeg(scene(number)), uploader=f"user{number}")

    for number in range(25):
        friends.put(entry(fingerprint(jpeg(scene(number)))))
        rounds()

    assert states() == {"live": 20, "waiting catalogue": 5}
    assert Case.objects.count() == 20, "each is for a person to decide: nothing was removed"


def test_a_popular_picture_waits(
    partner: Partner, friends: Friends, host: Host, show: Any, picture: bytes, bob: User
) -> None:
    """Half the site shows it. Released by a person, it comes to the desk with its copies."""
    for number in range(5):
        content = picture if number == 0 else recompressed(picture)
        show(f"item{number}", content, uploader=f"user{number}")

    friends.put(entry(fingerprint(picture)))
    rounds()
    assert states() == {"waiting popular": 1}
    assert answer(picture, host) == Answer.ALLOW

    assert quarantine.release(partner, "popular", by=bob) == 1
    run_jobs()
    assert answer(picture, host) == Answer.BLOCK
    assert Case.objects.get().caseitem_set.count() == 6


def test_an_entry_cannot_become_another_picture_unseen(
    partner: Partner, friends: Friends, host: Host, show: Any, picture: bytes
) -> None:
    """Listed as harmless noise, then changed into what everybody shows."""
    for number in range(5):
        content = picture if number == 0 else recompressed(picture)
        show(f"item{number}", content, uploader=f"user{number}")
    (name,) = friends.put(entry(1))
    rounds()

    friends.publish(Change.change(name, entry(fingerprint(picture))))
    rounds()

    assert states() == {"waiting popular": 1}


def test_the_first_load_of_a_large_list_may_be_expected(
    friends: Friends, host: Host, db: None
) -> None:
    """An administrator says how much is normal for it."""
    friends.put(*(entry(number) for number in range(1500)))

    followed(friends, most_a_day=2000)
    run_jobs()

    assert states() == {"live": 1500}


# Taking everything back


def test_a_partner_that_takes_everything_back_is_obeyed_and_reported(
    partner: Partner, friends: Friends, host: Host, picture: bytes, bob: User
) -> None:
    """Each may be a person's wish: it is lifted. What somebody decided here stands."""
    other = jpeg(scene(3))
    partners.give_trust(partner, "careful", by=bob)
    names = friends.put(
        entry(fingerprint(picture)),
        entry(fingerprint(other)),
        *(entry(number) for number in range(30)),
    )
    rounds()
    assert answer(other, host) == Answer.HOLD
    (held,) = waiting_uploads()
    decide_upload(held, outcome=HeldUpload.Outcome.REFUSED, reason=REASON, keeps_down=True, by=bob)
    run_jobs()

    friends.retract(*names, reason="mistaken")
    rounds()

    assert answer(picture, host) == Answer.ALLOW
    assert answer(other, host) == Answer.BLOCK
    assert states() == {"ended mistaken": 32}
    partner.refresh_from_db()
    assert partner.collapsed_at is not None
    assert AuditLine.objects.filter(action="list.collapsed").count() == 1

    quarantine.see_collapse(partner, by=bob)
    partner.refresh_from_db()
    assert partner.collapsed_at is None


def test_a_few_retractions_are_no_collapse(partner: Partner, friends: Friends) -> None:
    """It happens every day."""
    names = friends.put(*(entry(number) for number in range(30)))
    rounds()
    friends.retract(*names[:5])
    rounds()

    partner.refresh_from_db()
    assert partner.collapsed_at is None


def test_a_collapse_is_said_once(partner: Partner, friends: Friends, bob: User) -> None:
    """Once somebody saw it, it is no news any more."""
    names = friends.put(*(entry(number) for number in range(40)))
    rounds()
    friends.retract(*names)
    rounds()
    quarantine.see_collapse(partner, by=bob)
    rounds()

    partner.refresh_from_db()
    assert partner.collapsed_at is None


def test_two_partners_do_not_share_names(
    partner: Partner, friends: Friends, tmp_path: Path, host: Host, picture: bytes
) -> None:
    """Nobody takes back what another partner listed."""
    from server.sharing.partner import friends_at

    (name,) = friends.put(entry(fingerprint(picture)))
    rounds()
    with friends_at(tmp_path / "mallory") as mallory:
        partners.follow_staydown(
            "mallory.example",
            address=mallory.address,
            root=str(mallory.root.public),
            keys=["sp_theirs"],
            list_name="friends.example",
            trust="trusted",
        )
        mallory.publish(Change("add", name, entry(5)))
        run_jobs()
        mallory.retract(name)
        from staydown_server.jobs.models import Job

        Job.objects.filter(finished_at=None).update(run_at=timezone.now())
        run_jobs()

    assert answer(picture, host) == Answer.BLOCK
