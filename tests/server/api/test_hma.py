"""HMA's API: the documented calls and shapes, on what is kept down here; strangers get nothing."""

import base64
import json
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from library.films import drawn_film
from server.host_double import HostDouble
from server.pictures import UNREADABLE, cropped, fingerprint, jpeg, mirrored, recompressed, scene
from server.story import run_jobs
from staydown_server.accounts.hosts import BANKS, SCOPES, add_host
from staydown_server.accounts.models import Host
from staydown_server.api.hma.urls import urlpatterns
from staydown_server.banks.models import Bank
from staydown_server.cases.models import Case, CaseItem, Decision
from staydown_server.gate.models import Check, HeldUpload, KeepDown

pytestmark = pytest.mark.django_db

#: Every address with its methods, and an example of it.
ADDRESSES = {
    "h/hash": ("/h/hash", "GET POST"),
    "m/lookup": ("/m/lookup", "GET POST"),
    "m/raw_lookup": ("/m/raw_lookup", "GET"),
    "m/compare": ("/m/compare", "POST"),
    "m/index/status": ("/m/index/status", "GET"),
    "c/banks": ("/c/banks", "GET POST"),
    "c/bank/<str:name>": ("/c/bank/LIST", "GET PUT DELETE"),
    "c/bank/<str:name>/content": ("/c/bank/LIST/content", "POST"),
    "c/bank/<str:name>/content/<int:content_id>": ("/c/bank/LIST/content/1", "GET PUT DELETE"),
    "c/bank/<str:name>/signal": ("/c/bank/LIST/signal", "POST"),
    "c/signal_type": ("/c/signal_type", "GET"),
    "c/exchanges": ("/c/exchanges", "GET POST"),
    "c/exchanges/apis": ("/c/exchanges/apis", "GET"),
}
CALLS = [(method, path) for path, methods in ADDRESSES.values() for method in methods.split()]


class Console:
    """A moderation console with a key."""

    def __init__(self, key: str) -> None:
        self._client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        from urllib.parse import urlencode

        data = b"" if body is None else json.dumps(body).encode()
        url = f"{path}?{urlencode(query)}" if query else path
        return self._client.generic(
            method, url, data, content_type="application/json", headers=self.headers
        )

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, **query)

    def upload(self, path: str, content: bytes, field: str = "photo") -> Any:
        file = SimpleUploadedFile("file", content)
        return self._client.post(path, {field: file}, headers=self.headers)


@pytest.fixture
def console(host: Host, plaza: HostDouble) -> Console:
    key = add_host(
        "plaza",
        origins=[plaza.url],
        webhook_url=plaza.webhook_url,
        is_private=True,
        scopes=(*SCOPES, BANKS),
        rotate=True,
    )
    return Console(key.api_key)


@pytest.fixture
def other(host: Host) -> Console:
    """Another platform with a key that may do the same."""
    key = add_host(
        "other",
        origins=["https://other.example"],
        webhook_url="https://other.example/hook",
        scopes=(*SCOPES, BANKS),
    )
    return Console(key.api_key)


def pdq(content: bytes) -> str:
    made = fingerprint(content).pdq
    assert made
    return made.hex()


def fault(answer: Any) -> str:
    """The message of an error, as HMA writes it."""
    assert answer.status_code >= 400
    told = json.loads(answer.content)
    assert set(told) == {"message"}
    return str(told["message"])


def test_every_address_is_in_the_table() -> None:
    """A new one needs its stranger. `/status` is for everybody."""
    assert {str(each.pattern) for each in urlpatterns} == {*ADDRESSES, "status"}


@pytest.mark.parametrize(
    "header", ["", "Bearer ", "Bearer sd_wrong", "Basic !", "Basic eDp4", "sd_wrong"]
)
def test_a_stranger_gets_nothing(removed_case: Case, header: str) -> None:
    """Neither matches nor the names of banks."""
    stranger = Console("")
    stranger.headers = {"Authorization": header} if header else {}

    for method, path in CALLS:
        answer = stranger.call(method, path)
        assert answer.status_code == 401, (method, path)
        assert "API key" in fault(answer)


@pytest.mark.parametrize("scopes", [("check",), (BANKS,), (), SCOPES])
def test_a_key_does_what_its_scopes_say(
    host: Host, plaza: HostDouble, scopes: tuple[str, ...]
) -> None:
    """Banks need a scope of their own, which no key has by itself."""
    key = add_host(
        "plaza", origins=[plaza.url], webhook_url=plaza.webhook_url, scopes=scopes, rotate=True
    )
    console = Console(key.api_key)
    for method, path in CALLS:
        scope = BANKS if path.startswith("/c/") else "check"
        answer = console.call(method, path)
        assert (answer.status_code != 401) == (scope in scopes), (method, path)


def test_a_console_with_nothing_but_an_address_sends_the_key_as_its_password(
    console: Console,
) -> None:
    """https://any:KEY@staydown.example."""
    key = console.headers["Authorization"].removeprefix("Bearer ")
    console.headers = {"Authorization": "Basic " + base64.b64encode(f"any:{key}".encode()).decode()}

    assert console.get("/c/banks").status_code == 200


def test_a_method_that_is_not_taken_and_an_address_that_is_none(console: Console) -> None:
    """In HMA's shape."""
    wrong = console.call("PATCH", "/c/banks")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, POST")
    assert fault(wrong)
    assert fault(console.get("/m/nothing"))
    assert fault(console.get("/c/bank/LIST/content/x"))


def test_health_is_for_everybody(db: Any) -> None:
    """And a person who types /status finds the status page."""
    from staydown_server.gate import check as gate

    client = Client()
    assert client.get("/status").content == b"INDEX-NOT-LOADED"
    gate.live_index.follow()
    alive = client.get("/status", headers={"Accept": "*/*"})
    assert (alive.status_code, alive.content) == (200, b"I-AM-ALIVE")
    page = client.get("/status", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (page.status_code, page.headers["Location"]) == (302, "/status/")
    assert client.get("/livez").status_code == 200


def test_hashing(console: Console, plaza: HostDouble, picture: bytes) -> None:
    """A file or an address: the signals of its kind."""
    assert console.upload("/h/hash", picture).json() == {"pdq": pdq(picture)}
    film = drawn_film(7)
    assert console.upload("/h/hash", film, "video").json() == {"video_md5": fingerprint(film).md5}
    plaza.show("1", picture)
    assert console.get("/h/hash", url=plaza.file("1")).json() == {"pdq": pdq(picture)}
    assert console.get("/h/hash", url=plaza.file("1"), types="video_md5").json() == {}

    assert fault(console.get("/h/hash")) == "url is required"
    assert "origin" in fault(console.get("/h/hash", url="http://169.254.169.254/"))
    assert "photo" not in fault(console.upload("/h/hash", picture, "file"))
    assert "not a picture" in fault(console.upload("/h/hash", UNREADABLE["text"]))
    assert "nope" in fault(console.get("/h/hash", url=plaza.file("1"), types="nope"))
    assert fault(console.call("POST", "/h/hash", {}))


def test_looking_up_what_was_decided_here(
    console: Console, plaza: HostDouble, removed_case: Case, picture: bytes
) -> None:
    """By signal, by file and by address; nothing is stopped or held by it."""
    row = KeepDown.objects.get().case_item_id
    exactly = {"STAYDOWN": [{"bank_content_id": row, "distance": "0"}]}
    found = console.get("/m/lookup", signal=pdq(picture), signal_type="pdq")
    assert (found.status_code, found.json()) == (200, exactly)
    assert console.upload("/m/lookup", picture).json() == {"pdq": exactly}
    plaza.show("copy", recompressed(picture))
    by_address = console.get("/m/lookup", url=plaza.file("copy")).json()
    assert set(by_address) == {"pdq"}
    assert by_address["pdq"]["STAYDOWN"][0]["bank_content_id"] == row
    named = console.get("/m/lookup", url=plaza.file("copy"), signal_type="pdq").json()
    assert named == by_address["pdq"]

    other = {"signal": pdq(jpeg(scene(2))), "signal_type": "pdq"}
    assert console.get("/m/lookup", **other).json() == {}
    filtered = {"signal": pdq(picture), "signal_type": "pdq", "banks": "A,B"}
    assert console.get("/m/lookup", **filtered).json() == {}
    assert not Check.objects.exists()
    assert not HeldUpload.objects.exists()


def test_a_file_finds_more_than_its_hash(
    console: Console, drawn_case: Case, drawing: bytes
) -> None:
    """A part of it, and it mirrored: the whole engine is asked, and the distance is told."""
    for changed in (cropped(drawing), mirrored(drawing)):
        (match,) = console.upload("/m/lookup", changed).json()["pdq"]["STAYDOWN"]
        assert match["bank_content_id"] == KeepDown.objects.get().case_item_id
        assert match["distance"].isdecimal()


def test_raw_lookup(console: Console, removed_case: Case, picture: bytes) -> None:
    """Numbers, or numbers with distances."""
    row = KeepDown.objects.get().case_item_id
    asked = {"signal": pdq(picture), "signal_type": "pdq"}

    assert console.get("/m/raw_lookup", **asked).json() == {"matches": [row]}
    told = console.get("/m/raw_lookup", **asked, include_distance="true").json()
    assert told == {"matches": [{"bank_content_id": row, "distance": "0"}]}
    assert fault(console.get("/m/raw_lookup", signal="00")) == "signal_type is required"
    assert "invalid boolean" in fault(
        console.get("/m/raw_lookup", **asked, include_distance="perhaps")
    )
    for wrong in ("", "zz", "0" * 63, "0" * 65):
        assert fault(console.get("/m/raw_lookup", signal=wrong or "x", signal_type="pdq"))
    assert "No such SignalType" in fault(
        console.get("/m/raw_lookup", signal="0" * 64, signal_type="tmk")
    )


def test_comparing(console: Console, picture: bytes) -> None:
    """Whether they match, and how far they are apart."""
    one = "f" * 64
    far = "0" * 8 + "f" * 56
    assert console.call("POST", "/m/compare", {"pdq": [one, "e" + one[1:]]}).json() == {
        "pdq": [True, {"distance": 1}]
    }
    assert console.call("POST", "/m/compare", {"pdq": [one, far]}).json() == {
        "pdq": [False, {"distance": 32}]
    }
    assert console.call("POST", "/m/compare", {"video_md5": ["0" * 32] * 2}).json() == {
        "video_md5": [True, {}]
    }
    for body in ([], {"pdq": one}, {"pdq": [one]}, {"pdq": [one, 7]}, {"tmk": [one, one]}):
        assert console.call("POST", "/m/compare", body).status_code == 400


def test_the_index_says_how_far_it_is(console: Console, removed_case: Case, picture: bytes) -> None:
    console.upload("/m/lookup", picture)

    told = console.get("/m/index/status").json()

    assert set(told) == {"pdq", "video_md5"}
    assert (told["pdq"]["present"], told["pdq"]["size"]) == (True, 1)
    assert abs(told["pdq"]["built_to"] - time.time()) < 10
    assert set(console.get("/m/index/status", signal_type="pdq").json()) == {"pdq"}
    assert console.get("/m/index/status", signal_type="x").status_code == 400


def test_a_bank_from_its_beginning_to_its_end(
    console: Console, host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """Each change is a decision on record; what is in it is held at the gate, and looked up."""
    shape = {"name": "LIST", "matching_enabled_ratio": 1.0}
    made = console.call("POST", "/c/banks", {"name": "LIST"})
    assert (made.status_code, made.json()) == (201, shape)
    ours = {"name": "STAYDOWN", "matching_enabled_ratio": 1.0}
    assert console.get("/c/banks").json() == [ours, shape]
    assert console.get("/c/bank/LIST").json() == shape

    added = console.upload("/c/bank/LIST/content", picture).json()
    assert added["signals"] == {"pdq": pdq(picture)}
    assert CaseItem.objects.get(pk=added["id"]).origin == CaseItem.Origin.IMPORTED
    assert Decision.objects.get().importer == host
    exactly = {"LIST": [{"bank_content_id": added["id"], "distance": "0"}]}
    asked = {"signal": pdq(picture), "signal_type": "pdq"}
    assert console.get("/m/lookup", **asked).json() == exactly
    sent = {"fingerprints": [fingerprint(picture).to_dict()]}
    assert console.call("POST", "/api/v1/check", sent).json()["verdict"] == "hold"

    content = f"/c/bank/LIST/content/{added['id']}"
    told = console.get(content, include_signals="true").json()
    assert told["signals"] == added["signals"]
    assert (told["id"], told["disable_until_ts"], told["bank"]) == (added["id"], 1, shape)
    later = int(time.time()) + 3600
    for stamp, is_found in ((0, False), (1, True), (later, False), (int(time.time()) - 5, True)):
        told = console.call("PUT", content, {"disable_until_ts": stamp}).json()
        assert told["disable_until_ts"] == (1 if is_found else stamp)
        assert bool(console.get("/m/lookup", **asked).json()) == is_found
    assert console.call("DELETE", content).json() == {"deleted": 1}
    assert console.call("DELETE", content).json() == {"deleted": 0}
    assert console.get("/m/lookup", **asked).json() == {}

    renamed = console.call("PUT", "/c/bank/LIST", {"name": "OTHER_LIST", "enabled": False})
    assert renamed.json() == {"name": "OTHER_LIST", "matching_enabled_ratio": 0.0}
    for _ in range(2):
        assert console.call("DELETE", "/c/bank/OTHER_LIST").json() == {"message": "Done"}
    assert not Bank.objects.exists()
    run_jobs()


def test_content_comes_from_an_address_or_as_a_hash(
    console: Console, plaza: HostDouble, drawing: bytes
) -> None:
    """A hash alone finds whole copies; a file finds its parts, too."""
    console.call("POST", "/c/banks", {"name": "LIST"})
    by_hash = console.call("POST", "/c/bank/LIST/signal", {"pdq": pdq(drawing)}).json()
    assert by_hash["signals"] == {"pdq": pdq(drawing)}
    assert console.upload("/m/lookup", cropped(drawing)).json() == {"pdq": {}}

    plaza.show("1", drawing)
    metadata = {"content_id": "7", "json": {"a": 1}}
    path = f"/c/bank/LIST/content?url={plaza.file('1')}"
    by_address = console.call("POST", path, {"metadata": metadata}).json()

    found = console.upload("/m/lookup", cropped(drawing)).json()["pdq"]["LIST"]
    assert [match["bank_content_id"] for match in found] == [by_address["id"]]
    told = console.get(f"/c/bank/LIST/content/{by_address['id']}").json()
    assert told["metadata"] == metadata


def test_films_are_banked_as_files(console: Console) -> None:
    """And found by their MD5, as elsewhere."""
    console.call("POST", "/c/banks", {"name": "LIST"})
    film = drawn_film(7)
    added = console.upload("/c/bank/LIST/content", film, "video").json()

    md5 = added["signals"]["video_md5"]
    found = console.get("/m/lookup", signal=md5, signal_type="video_md5").json()
    assert found == {"LIST": [{"bank_content_id": added["id"], "distance": "0"}]}
    assert "film itself" in fault(
        console.call("POST", "/c/bank/LIST/signal", {"video_md5": "0" * 32})
    )


def test_another_platform_reads_and_changes_nothing(
    console: Console, other: Console, removed_case: Case, picture: bytes
) -> None:
    """Nor does anybody change what was decided at the desk."""
    console.call("POST", "/c/banks", {"name": "LIST"})
    added = console.upload("/c/bank/LIST/content", jpeg(scene(2))).json()
    assert other.get("/c/bank/LIST").status_code == 200
    kept_down = KeepDown.objects.filter(lifted_at=None).count()

    row = KeepDown.objects.earliest("pk").case_item_id
    assert console.get(f"/c/bank/STAYDOWN/content/{row}").json()["disable_until_ts"] == 1
    assert console.get(f"/c/bank/STAYDOWN/content/{added['id']}").status_code == 404
    assert console.get(f"/c/bank/LIST/content/{row}").status_code == 404
    for someone, bank in ((other, "LIST"), (console, "STAYDOWN"), (other, "STAYDOWN")):
        for method, path, body in (
            ("PUT", f"/c/bank/{bank}", {"enabled": False}),
            ("DELETE", f"/c/bank/{bank}", None),
            ("POST", f"/c/bank/{bank}/signal", {"pdq": "f" * 64}),
            ("PUT", f"/c/bank/{bank}/content/{row}", {"disable_until_ts": 0}),
            ("DELETE", f"/c/bank/{bank}/content/{added['id']}", None),
        ):
            answer = someone.call(method, path, body)
            assert answer.status_code == 403, (method, path)
            assert fault(answer)
        assert someone.upload(f"/c/bank/{bank}/content", picture).status_code == 403
    assert KeepDown.objects.filter(lifted_at=None).count() == kept_down


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/c/banks", {}, 400),
        ("POST", "/c/banks", {"name": "small"}, 400),
        ("POST", "/c/banks", {"name": 7}, 400),
        ("POST", "/c/banks", {"name": "LIST"}, 403),
        ("POST", "/c/banks", {"name": "A", "enabled_ratio": 2}, 400),
        ("POST", "/c/banks", {"name": "A", "enabled_ratio": "x"}, 400),
        ("POST", "/c/banks", {"name": "A", "enabled_ratio": 1e999}, 400),
        ("POST", "/c/banks", {"name": "A", "enabled": "perhaps"}, 400),
        ("POST", "/c/banks", [], 400),
        ("GET", "/c/bank/NONE", None, 404),
        ("PUT", "/c/bank/NONE", {"enabled": True}, 404),
        ("PUT", "/c/bank/LIST", {"name": "STAYDOWN"}, 400),
        ("POST", "/c/bank/NONE/content", None, 404),
        ("POST", "/c/bank/LIST/content", None, 400),
        ("POST", "/c/bank/LIST/signal", {}, 400),
        ("POST", "/c/bank/LIST/signal", {"pdq": None}, 400),
        ("POST", "/c/bank/LIST/signal", {"pdq": "\x00"}, 400),
        ("GET", "/c/bank/LIST/content/999", None, 404),
        ("POST", "/c/exchanges", {}, 501),
    ],
)
def test_what_cannot_be_done_is_said(
    console: Console, method: str, path: str, body: Any, status: int
) -> None:
    console.call("POST", "/c/banks", {"name": "LIST"})

    answer = console.call(method, path, body)

    assert answer.status_code == status
    assert fault(answer)


@pytest.mark.parametrize("stamp", [-1, "x", None, 10**20, 4_000_000_000])
def test_a_time_that_is_none_is_refused(console: Console, picture: bytes, stamp: Any) -> None:
    console.call("POST", "/c/banks", {"name": "LIST"})
    added = console.upload("/c/bank/LIST/content", picture).json()

    path = f"/c/bank/LIST/content/{added['id']}"
    assert console.call("PUT", path, {"disable_until_ts": stamp}).status_code == 400
    assert KeepDown.objects.filter(lifted_at=None).exists()


def test_what_a_console_asks_first(console: Console) -> None:
    """Which signals there are, and that exchanges are not here."""
    names = [each["name"] for each in console.get("/c/signal_type").json()]
    assert names == ["pdq", "video_md5"]
    assert console.get("/c/exchanges").json() == console.get("/c/exchanges/apis").json() == []
