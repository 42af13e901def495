"""POST /check with the address of a file: fetched from the host, and from nowhere else."""

from typing import Any

import pytest

from server.api.client import Api, problem
from server.host_double import HostDouble
from server.pictures import UNREADABLE, jpeg, recompressed, scene
from staydown_server.accounts.models import Host
from staydown_server.api import question
from staydown_server.cases.models import Case
from staydown_server.gate.models import HeldUpload

pytestmark = pytest.mark.django_db


def ask(api: Api, url: Any, **more: Any) -> Any:
    return api.json("/check", {"url": url, **more})


def test_a_copy_at_an_address_is_blocked(
    api: Api, plaza: HostDouble, removed_case: Case, picture: bytes
) -> None:
    """And another picture is not."""
    plaza.show("copy", recompressed(picture))
    plaza.show("other", jpeg(scene(2)))

    assert ask(api, plaza.file("copy")).json()["verdict"] == "block"
    assert ask(api, plaza.file("other")).json()["verdict"] == "allow"


def test_what_is_held_at_an_address_is_named_as_a_file_is(
    api: Api, plaza: HostDouble, drawn_case: Case, drawing: bytes
) -> None:
    """With its reference, its uploader and a small copy for the person who decides."""
    from server.pictures import with_region_replaced

    plaza.show("fake", with_region_replaced(drawing))

    said = ask(api, plaza.file("fake"), reference="up-1", uploader="mallory").json()

    held = HeldUpload.objects.get()
    assert said["verdict"] == "hold"
    assert (held.reference, held.uploader, bool(held.preview)) == ("up-1", "mallory", True)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://elsewhere.example/a.jpg", "url-refused"),
        ("http://169.254.169.254/latest/meta-data", "url-refused"),
        ("file:///etc/passwd", "url-refused"),
        ("", "url-refused"),
        (7, "bad-field"),
        ("x" * 2001, "field-too-long"),
    ],
)
def test_an_address_that_is_not_the_hosts_is_refused(
    api: Api, plaza: HostDouble, url: Any, code: str
) -> None:
    """Nothing is asked of anybody."""
    said = problem(ask(api, url))

    assert (said["status"], said["code"], said["field"]) == (422, code, "url")
    assert plaza.requests == []


def test_a_name_that_leads_inside_is_refused(api: Api, plaza: HostDouble, picture: bytes) -> None:
    """The operator has not said that this host is on a private network."""
    plaza.show("1", picture)
    Host.objects.update(is_private=False)

    said = problem(ask(api, plaza.file("1")))

    assert (said["status"], said["code"]) == (422, "url-refused")
    assert "private network" in said["detail"]
    assert plaza.requests == []


@pytest.mark.parametrize(
    ("answer", "status", "code", "words"),
    [
        ((302, {"Location": "/f/1.jpg"}, b""), 422, "url-redirects", "itself"),
        ((404, {}, b""), 422, "url-not-there", "404"),
        ((200, {}, b"x" * 2000), 413, "too-large", "1000 bytes"),
        ((200, {}, UNREADABLE["text"][:999]), 415, "not_media", "not a picture"),
        ((200, {}, b""), 422, "empty_file", "empty"),
    ],
)
def test_what_is_no_file_is_said(
    api: Api,
    plaza: HostDouble,
    monkeypatch: pytest.MonkeyPatch,
    answer: Any,
    status: int,
    code: str,
    words: str,
) -> None:
    """Plainly, and a redirect leads nowhere: not even into a loop."""
    monkeypatch.setattr(question, "LARGEST_FILE", 1000)
    plaza.answers["/f/1.jpg"] = answer

    said = problem(ask(api, plaza.file("1")))

    assert (said["status"], said["code"]) == (status, code)
    assert words in said["detail"]
    assert plaza.requests == ["/f/1.jpg"]


def test_a_host_that_is_down_is_said(api: Api, plaza: HostDouble) -> None:
    """It is not Staydown that is down: its client must not take it for that."""
    plaza.is_down = True

    said = problem(ask(api, plaza.file("1")))

    assert (said["status"], said["code"]) == (422, "url-unreachable")
    assert plaza.url not in said["detail"]


def test_it_is_either_an_address_or_fingerprints(api: Api, plaza: HostDouble) -> None:
    """Of both, nobody knows which was meant."""
    assert problem(ask(api, plaza.file("1"), fingerprints=[]))["code"] == "url-and-fingerprints"
    assert plaza.requests == []
