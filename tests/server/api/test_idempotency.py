"""Idempotency-Key at /check: the same question has the same answer, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from server.api.client import Api, problem
from server.host_double import HostDouble
from server.pictures import UNREADABLE, fingerprint, jpeg, recompressed, scene
from staydown_server.cases.models import Case
from staydown_server.gate.models import Check, GivenAnswer
from staydown_server.review import purge

pytestmark = pytest.mark.django_db

KEY = {"Idempotency-Key": "upload-7"}


def ask(api: Api, content: bytes, key: dict[str, str] = KEY, **fields: Any) -> Any:
    sent = {"fingerprints": [fingerprint(content).to_dict()], **fields}
    return api.json("/check", sent, headers=key)


def test_the_same_question_has_the_same_answer_and_counts_once(
    api: Api, removed_case: Case, picture: bytes
) -> None:
    """Whoever lost the answer on the way asks again."""
    first, second = (ask(api, recompressed(picture)) for _ in range(2))

    assert first.json()["verdict"] == "block"
    assert first.json() == second.json()
    assert Check.objects.count() == 1


def test_a_file_is_known_again_in_a_form_with_other_boundaries(
    api: Api, removed_case: Case, picture: bytes
) -> None:
    """What was sent counts, not how it was wrapped."""

    def form(boundary: str, content: bytes) -> Any:
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        body = part.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return api.call("POST", "/check", data=body, content_type=kind, headers=KEY)

    first, second = form("aaa", picture), form("bbb", picture)
    assert first.json()["verdict"] == "block"
    assert first.json() == second.json()
    assert problem(form("aaa", jpeg(scene(2))))["code"] == "already-used"


@pytest.mark.parametrize("fields", [{}, {"reference": "another"}])
def test_another_question_under_the_same_key_is_refused(
    api: Api, picture: bytes, fields: dict[str, str]
) -> None:
    """Another file, or the same of another upload."""
    assert ask(api, picture).status_code == 200

    refused = ask(api, picture if fields else jpeg(scene(2)), **fields)

    assert (refused.status_code, problem(refused)["code"]) == (409, "already-used")


def test_keys_are_each_hosts_own(api: Api, other_api: Api, picture: bytes) -> None:
    """Nobody learns what another host asked."""
    assert ask(api, picture).status_code == 200
    assert ask(other_api, jpeg(scene(2))).status_code == 200


def test_a_file_that_cannot_be_read_is_asked_about_anew(api: Api) -> None:
    """A problem is no answer: it is worked out again."""
    for _ in range(2):
        answer = api.call("POST", "/check", data=UNREADABLE["text"], headers=KEY)
        assert problem(answer)["code"] == "not_media"
    assert not GivenAnswer.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 201, "two words", "é"])
def test_a_key_that_is_none_is_refused(api: Api, picture: bytes, key: str) -> None:
    """An empty one, too: somebody forgot to fill it in."""
    answer = ask(api, picture, {"Idempotency-Key": key})

    assert problem(answer)["field"] == "Idempotency-Key"
    assert not GivenAnswer.objects.exists()


def test_an_address_is_fetched_once(api: Api, plaza: HostDouble, picture: bytes) -> None:
    """However often the host asks under the key."""
    plaza.show("1", picture)
    sent = {"url": plaza.file("1")}

    answers = [api.json("/check", sent, headers=KEY).json() for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert plaza.requests == ["/f/1.jpg"]


def test_a_day_later_it_is_a_new_question(
    api: Api, picture: bytes, removed_case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the purge lets go of the old answer."""
    assert ask(api, jpeg(scene(2))).json()["verdict"] == "allow"
    later = timezone.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(timezone, "now", lambda: later)

    assert purge.plan()["answers under a key"] == 1
    assert ask(api, picture).json()["verdict"] == "block"
    assert GivenAnswer.objects.count() == 1
    assert purge.run()["answers under a key"] == 0


def test_a_stolen_table_tells_neither_key_nor_question(api: Api, picture: bytes) -> None:
    """Both are digests with a key."""
    ask(api, picture)

    (row,) = GivenAnswer.objects.values_list("key", "question", "answer")
    for secret in (b"upload-7", (fingerprint(picture).sha256 or "").encode()):
        assert secret not in repr(row).encode()
    assert {len(bytes(row[0])), len(bytes(row[1]))} == {32}
