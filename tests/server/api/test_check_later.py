"""POST /check with ``Prefer: respond-async``: a film is checked later, and the host told."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from library.films import drawn_film
from server.api.client import Api, problem
from server.host_double import HostDouble
from server.pictures import jpeg, scene
from server.story import alice_reports, bob_decides, case_of, pauses_pass, run_jobs
from staydown_server.accounts.models import User
from staydown_server.catalogue.models import Item
from staydown_server.gate import later
from staydown_server.gate.models import Check, HeldUpload, LaterCheck
from staydown_server.review import purge

pytestmark = pytest.mark.django_db

LATER = {"Prefer": "respond-async"}


@pytest.fixture(scope="module")
def film() -> bytes:
    return drawn_film(7)


@pytest.fixture
def kept_down(show: Any, film: bytes, bob: User) -> Item:
    """A film of Alice's, which Bob had removed and kept down."""
    item: Item = show("film", film)
    receipt = alice_reports(item.url)
    run_jobs()
    bob_decides(case_of(receipt), bob)
    run_jobs()
    return item


def waiting_files() -> list[Path]:
    folder = Path(settings.DATA) / "later"
    return sorted(folder.iterdir()) if folder.exists() else []


def ask(api: Api, body: Any, **headers: str) -> Any:
    if isinstance(body, bytes):
        return api.call("POST", "/check", data=body, headers={**LATER, **headers})
    return api.json("/check", body, headers={**LATER, **headers})


def test_a_film_is_answered_later(
    api: Api, plaza: HostDouble, kept_down: Item, film: bytes
) -> None:
    """At once with where to look; then by an event, and there. Nothing of it stays on the disk."""
    answer = ask(api, film)

    assert answer.status_code == 202
    told = answer.json()
    assert told == {"id": told["id"], "state": "waiting"}
    assert answer.headers["Location"] == f"/api/v1/later/{told['id']}"
    assert api.get(f"/later/{told['id']}").json() == told
    (waits,) = waiting_files()
    assert (waits.name, waits.stat().st_mode & 0o777, waits.read_bytes()) == (
        told["id"],
        0o600,
        film,
    )

    run_jobs()

    done = api.get(f"/later/{told['id']}").json()
    assert (done["state"], done["answer"]["verdict"]) == ("done", "block")
    assert done["answer"]["id"] == str(Check.objects.get().pk)
    (event,) = [one for one in plaza.events if one["event"] == "check.done"]
    assert LaterCheck.objects.get().told_at is not None
    assert event["check"] == {**done, "reference": ""}
    assert event["id"] == f"check-{told['id']}"
    assert waiting_files() == []


def test_what_is_held_later_is_named_as_at_once(
    api: Api, plaza: HostDouble, kept_down: Item, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its reference and its uploader; the event brings the reference back."""
    from staydown_server.gate import check as module
    from staydown_server.gate.policy import Answer, Policy, policy

    changed = Policy(dict.fromkeys(policy().answers, Answer.HOLD))
    monkeypatch.setattr(module, "policy", lambda: changed)
    plaza.show("up", film)
    ask(api, {"url": plaza.file("up"), "reference": "up-1", "uploader": "mallory"})
    run_jobs()

    held = HeldUpload.objects.get()
    assert (held.reference, held.uploader) == ("up-1", "mallory")
    (event,) = [one for one in plaza.events if one["event"] == "check.done"]
    assert (event["check"]["reference"], event["check"]["answer"]["verdict"]) == ("up-1", "hold")


@pytest.mark.parametrize("way", ["picture", "fingerprint", "no wish"])
def test_what_is_quick_is_answered_at_once(api: Api, film: bytes, way: str) -> None:
    """Pictures, ready-made fingerprints, and films of hosts that did not ask for it."""
    from server.pictures import fingerprint

    picture = jpeg(scene(2))
    if way == "picture":
        answer = ask(api, picture)
    elif way == "fingerprint":
        answer = ask(api, {"fingerprints": [fingerprint(picture).to_dict()]})
    else:
        answer = api.raw("/check", film)

    assert (answer.status_code, answer.json()["verdict"]) == (200, "allow")
    assert not LaterCheck.objects.exists()


@pytest.mark.parametrize(
    ("url", "content", "code"),
    [
        ("http://elsewhere.example/x", b"", "url-refused"),
        ("{file}", b"Words, and no film at all. " * 20, "not_media"),
        ("{file}", b"", "empty_file"),
        ("{none}", b"", "url-not-there"),
    ],
)
def test_what_cannot_be_checked_is_told(
    api: Api, plaza: HostDouble, url: str, content: bytes, code: str
) -> None:
    """As a problem, by the event and at its address."""
    plaza.show("1", content)
    where = url.format(file=plaza.file("1"), none=plaza.file("none"))
    told = ask(api, {"url": where}).json()
    run_jobs()

    done = api.get(f"/later/{told['id']}").json()
    assert (done["state"], done["problem"]["code"]) == ("failed", code)
    assert [one["check"]["problem"]["code"] for one in plaza.events] == [code]


def test_a_damaged_film_is_told_too(api: Api, film: bytes) -> None:
    told = ask(api, film[:200]).json()
    run_jobs()

    assert api.get(f"/later/{told['id']}").json()["state"] == "failed"
    assert waiting_files() == []


def test_a_host_that_is_down_hears_of_it_later(api: Api, plaza: HostDouble, film: bytes) -> None:
    """Until it has taken the event; what it has not taken is not purged."""
    plaza.is_down = True
    ask(api, film)
    assert run_jobs() == ["review.tell_check"]
    LaterCheck.objects.update(done_at=timezone.now() - timedelta(days=2))
    assert purge.run()["films that were checked later"] == 0

    plaza.is_down = False
    pauses_pass()
    run_jobs()

    assert [one["event"] for one in plaza.events] == ["check.done"]
    assert purge.run()["films that were checked later"] == 1


def test_a_worker_that_was_killed_does_it_again(
    api: Api, plaza: HostDouble, kept_down: Item, film: bytes
) -> None:
    """One answer, one event, whatever is repeated."""
    ask(api, film)
    asked = LaterCheck.objects.get()
    run_jobs()
    later.check_later(later_id=asked.pk)
    run_jobs()

    assert Check.objects.count() == 1
    assert len([one for one in plaza.events if one["event"] == "check.done"]) == 1


def test_asked_again_under_a_key_it_is_one_check(api: Api, film: bytes) -> None:
    answers = [ask(api, film, **{"Idempotency-Key": "film-1"}) for _ in range(2)]

    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    assert LaterCheck.objects.count() == len(waiting_files()) == 1
    run_jobs()


def test_another_host_sees_nothing_of_it(api: Api, other_api: Api, film: bytes) -> None:
    told = ask(api, film).json()

    assert problem(other_api.get(f"/later/{told['id']}"))["code"] == "not-found"
    assert problem(api.get("/later/none"))["status"] in (404, 422)
    run_jobs()


def test_too_many_that_wait_are_refused(
    api: Api, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is ours."""
    monkeypatch.setattr(later, "MOST_WAITING", 1)
    assert ask(api, film).status_code == 202

    refused = ask(api, film)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert len(waiting_files()) == 1
    run_jobs()


def test_files_of_nobody_are_discarded(api: Api, film: bytes) -> None:
    """Once they are old: a new one may be on record in a moment."""
    ask(api, film)
    (waits,) = waiting_files()
    orphan, fresh = (waits.with_name(name) for name in ("orphan", "fresh"))
    for path in (orphan, fresh):
        path.write_bytes(b"x")
    long_ago = time.time() - 7200
    for path in (waits, orphan):
        os.utime(path, (long_ago, long_ago))

    later.discard_orphans()

    assert waiting_files() == sorted([waits, fresh])
    fresh.unlink()
    run_jobs()
