"""One look at a reported address: what it answers is on record, the picture is not."""

import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection as database
from django.utils import timezone

import staydown
from server.pictures import drawn, jpeg, recompressed, scene
from server.providers.fakes import FakeWeb, Internet, Reply, free_port, self_made_certificate
from staydown_server.providers.addresses import group
from staydown_server.providers.find import find
from staydown_server.providers.found import ByHand, Reason, Role, Sighting, Step
from staydown_server.providers.look import look


def told(sighting: Sighting) -> list[tuple[str, str]]:
    assert all(each.step == Step.LOOK for each in sighting.troubles)
    return [(each.reason, each.by_hand) for each in sighting.troubles]


@pytest.fixture
def site(internet: Internet) -> str:
    """The origin of a stubborn host."""
    return internet.site("stubborn.example")


def test_a_picture_is_seen_as_it_is(internet: Internet, site: str, picture: bytes) -> None:
    """Its fingerprint, what the host says of itself, and when."""
    internet.host.show("/f/1.jpg", picture, Server="nginx", Set_Cookie="id=1", X_Secret="s")
    before = timezone.now()

    seen = look(f"{site}/f/1.jpg")

    assert (seen.status, seen.content_type, told(seen)) == (200, "image/jpeg", [])
    assert seen.chain == (f"{site}/f/1.jpg",)
    assert seen.address == "127.0.0.1"
    assert before <= seen.at <= timezone.now()
    assert seen.sha256 == hashlib.sha256(picture).hexdigest()
    assert seen.fingerprint is not None
    assert seen.fingerprint.sha256 == seen.sha256
    assert seen.headers["content-type"] == "image/jpeg"
    assert not {"set-cookie", "x-secret"} & set(seen.headers)
    assert seen.certificate is None


def test_the_address_is_asked_once_and_told_little(internet: Internet, site: str) -> None:
    """No cookie, no referrer, nothing of whom it is about."""
    internet.host.show("/f/1.jpg", jpeg(scene(1)))

    look(f"{site}/f/1.jpg")

    assert internet.host.requests == ["/f/1.jpg"]
    (heard,) = internet.host.heard
    assert {name.lower() for name in heard} <= {"host", "user-agent", "accept", "accept-encoding"}
    assert heard["Host"] == site.removeprefix("http://")


def test_the_same_picture_is_known_again(internet: Internet, site: str) -> None:
    """By its fingerprint, although the host made another file of it."""
    known = staydown.fingerprint_bytes(drawn(3))
    internet.host.show("/f/1.jpg", recompressed(drawn(3)))
    internet.host.show("/f/2.jpg", drawn(4))

    again, other = look(f"{site}/f/1.jpg"), look(f"{site}/f/2.jpg")

    assert again.fingerprint is not None
    assert other.fingerprint is not None
    assert staydown.compare(known, again.fingerprint) is not None
    assert staydown.compare(known, other.fingerprint) is None


def test_the_picture_is_stored_nowhere(internet: Internet, site: str, picture: bytes) -> None:
    """Neither in a folder of ours nor in a table."""
    internet.host.show("/f/1.jpg", picture)

    look(f"{site}/f/1.jpg")

    folder = Path(django_settings.DATA)
    files = [path for path in folder.rglob("*") if path.is_file() and "sqlite" not in path.name]
    assert not [path for path in files if picture[:64] in path.read_bytes()]
    with database.cursor() as cursor:
        cursor.execute("SELECT answer FROM providers_answer")
        assert all(len(row[0]) < len(picture) for row in cursor)


def test_a_page_is_not_searched(internet: Internet, site: str, settings: Any) -> None:
    """The picture on it was not reported: its own address is asked for; nothing of it is read."""
    settings.FILM_LIMIT = 10
    page = f'<meta property="og:image" content="{site}/f/1.jpg"><img src="/f/2.jpg">'
    internet.host.show("/p/1", page.encode(), "text/html; charset=utf-8")
    internet.host.replies["/p/1"].says_its_length = False

    seen = look(f"{site}/p/1")

    assert told(seen) == [(Reason.A_PAGE, ByHand.GIVE_THE_PICTURES_ADDRESS)]
    assert (seen.fingerprint, seen.sha256) == (None, "")
    assert internet.host.requests == ["/p/1"]


def test_redirects_are_followed_and_all_of_them_are_on_record(
    internet: Internet, site: str, picture: bytes
) -> None:
    """Five of them."""
    for step in range(5):
        internet.host.replies[f"/{step}"] = Reply(302, {"Location": f"/{step + 1}"})
    internet.host.show("/5", picture)

    seen = look(f"{site}/0")

    assert seen.chain == tuple(f"{site}/{step}" for step in range(6))
    assert seen.fingerprint is not None


def test_a_picture_that_another_host_shows(internet: Internet, site: str, picture: bytes) -> None:
    """Is told, so that this host can be found, too; what it sends says nothing of the first."""
    other = internet.site("elsewhere.example", address="127.0.0.1")
    internet.host.replies["/p"] = Reply(302, {"Location": f"{other}/f/1.jpg"})
    internet.host.show("/f/1.jpg", picture, CF_RAY="1-AMS")

    seen = look(f"{site}/p")

    assert told(seen) == [(Reason.ELSEWHERE, ByHand.ADD_THAT_ADDRESS)]
    assert seen.troubles[0].about == f"{other}/f/1.jpg"
    assert seen.fingerprint is not None
    (only,), _ = group([f"{site}/p"])
    roles = {each.role for each in find(only, sightings=[seen]).providers}
    assert Role.HOSTING in roles
    assert Role.CDN not in roles


# --- bad input: each is told, with what to do by hand ---


def test_a_host_that_redirects_for_ever(internet: Internet, site: str) -> None:
    """In a circle, or on and on."""
    for step in range(20):
        internet.host.replies[f"/{step}"] = Reply(302, {"Location": f"/{step + 1}"})
    internet.host.replies["/a"] = Reply(301, {"Location": "/b"})
    internet.host.replies["/b"] = Reply(301, {"Location": "/a"})

    on, round_and_round = look(f"{site}/0"), look(f"{site}/a")

    assert told(on) == told(round_and_round) == [(Reason.REDIRECTS, ByHand.OPEN_IT)]
    assert len(on.chain) == 6
    assert round_and_round.chain == (f"{site}/a", f"{site}/b")
    assert on.status is None


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://10.0.0.1/", Reason.PRIVATE_NETWORK),
        ("http://169.254.169.254/latest/meta-data", Reason.PRIVATE_NETWORK),
        ("http://localhost/", Reason.PRIVATE_NETWORK),
        ("http://inside.example/", Reason.PRIVATE_NETWORK),
        ("//[::ffff:10.0.0.1]/", Reason.PRIVATE_NETWORK),
        ("file:///etc/passwd", Reason.NOT_HTTP),
        ("javascript:alert(1)", Reason.NOT_HTTP),
        ("http://[::1", Reason.WRONG_ANSWER),
        ("http://nowhere.example/", Reason.NO_SUCH_NAME),
    ],
)
def test_a_redirect_to_where_we_do_not_go(
    internet: Internet, site: str, target: str, reason: Reason
) -> None:
    """Each hop is checked like the first."""
    internet.dns.add("inside.example", "A", "192.168.0.1")
    internet.host.replies["/p"] = Reply(302, {"Location": target})

    seen = look(f"{site}/p")

    assert [each.reason for each in seen.troubles] == [reason]
    assert seen.chain[0] == f"{site}/p"


@pytest.mark.parametrize(
    ("url", "reason", "by_hand"),
    [
        ("no address", Reason.NOT_AN_ADDRESS, ByHand.CORRECT_THE_ADDRESS),
        ("http://192.168.1.1/p", Reason.PRIVATE_NETWORK, ByHand.LEAVE_IT_OUT),
        ("http://inside.example/p", Reason.PRIVATE_NETWORK, ByHand.LEAVE_IT_OUT),
        ("http://nowhere.example/p", Reason.NO_SUCH_NAME, ByHand.CORRECT_THE_ADDRESS),
        ("http://broken.example/p", Reason.UNREACHABLE, ByHand.ASK_LATER),
    ],
)
def test_an_address_that_leads_nowhere(
    internet: Internet, url: str, reason: Reason, by_hand: ByHand
) -> None:
    """Or to a place that is none of ours."""
    internet.dns.add("inside.example", "A", "10.1.2.3")
    internet.dns.add("inside.example", "AAAA", "64:ff9b::a00:1")
    internet.dns.broken.add("broken.example")

    seen = look(url)

    assert told(seen) == [(reason, by_hand)]
    assert seen.status is None


def test_the_connection_goes_to_the_answer_that_was_checked(
    internet: Internet, site: str, picture: bytes
) -> None:
    """A name that also leads inside is asked for outside alone; and it is resolved once."""
    internet.dns.add("both.example", "A", "10.0.0.1", "127.0.0.1")
    internet.host.show("/f/1.jpg", picture)

    seen = look(f"http://both.example:{internet.host.port}/f/1.jpg")

    assert seen.address == "127.0.0.1"
    assert [name for name, _ in internet.dns.questions].count("both.example A") == 1


@pytest.mark.parametrize(
    ("status", "reason", "by_hand"),
    [
        (404, Reason.GONE, ByHand.NOTHING),
        (410, Reason.GONE, ByHand.NOTHING),
        (401, Reason.REFUSED, ByHand.OPEN_IT),
        (403, Reason.REFUSED, ByHand.OPEN_IT),
        (451, Reason.REFUSED, ByHand.OPEN_IT),
        (429, Reason.RATE_LIMITED, ByHand.ASK_LATER),
        (500, Reason.FAILED, ByHand.ASK_LATER),
        (302, Reason.FAILED, ByHand.OPEN_IT),
        (418, Reason.FAILED, ByHand.OPEN_IT),
    ],
)
def test_each_status_says_something(
    internet: Internet, site: str, status: int, reason: Reason, by_hand: ByHand
) -> None:
    """What is gone is gone; a refusal is not."""
    internet.host.replies["/p"] = Reply(status, {}, b"no")

    seen = look(f"{site}/p")

    assert (seen.status, told(seen)) == (status, [(reason, by_hand)])
    assert seen.sha256 == ""


@pytest.mark.parametrize("body", [b"", b"<html>not as it says", b"\x89PNG\r\n\x1a\n" + b"x" * 99])
def test_a_file_that_is_no_picture(internet: Internet, site: str, body: bytes) -> None:
    """Its digest says that it was there."""
    internet.host.show("/f/1.jpg", body)

    seen = look(f"{site}/f/1.jpg")

    assert told(seen) == [(Reason.NOT_A_PICTURE, ByHand.OPEN_IT)]
    assert seen.sha256 == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("says_so", [True, False])
def test_a_file_that_is_too_large(
    internet: Internet, site: str, settings: Any, says_so: bool
) -> None:
    """Whether its host says so before or not."""
    settings.FILM_LIMIT = 1000
    internet.host.show("/f/1.jpg", bytes(1001))
    internet.host.replies["/f/1.jpg"].says_its_length = says_so

    assert told(look(f"{site}/f/1.jpg")) == [(Reason.TOO_LARGE, ByHand.OPEN_IT)]


def test_a_host_that_is_down_or_slow(
    internet: Internet, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worth another try."""
    monkeypatch.setattr("staydown_server.catalogue.connection.READ_SECONDS", 0.2)
    internet.host.replies["/slow"] = Reply(200, {}, b"x", delay=0.6)

    slow = look(f"{site}/slow")
    down = look(f"http://stubborn.example:{free_port()}/p")

    assert told(slow) == [(Reason.TIMEOUT, ByHand.ASK_LATER)]
    assert told(down) == [(Reason.UNREACHABLE, ByHand.ASK_LATER)]


# --- TLS ---


@pytest.fixture
def secure(tmp_path: Path, internet: Internet) -> Iterator[tuple[FakeWeb, Path]]:
    """A host with a certificate of its own making."""
    internet.site("secure.example")
    pem = self_made_certificate(tmp_path, "secure.example")
    web = FakeWeb(pem)
    yield web, pem
    web.close()


def test_a_certificate_that_nobody_vouches_for_is_kept_and_told(
    secure: tuple[FakeWeb, Path], picture: bytes
) -> None:
    """The picture is no less there."""
    web, pem = secure
    web.show("/f/1.jpg", picture)

    seen = look(f"https://secure.example:{web.port}/f/1.jpg")

    assert told(seen) == [(Reason.CERTIFICATE, ByHand.NOTHING)]
    assert seen.fingerprint is not None
    assert seen.certificate is not None
    assert seen.certificate.trusted is False
    assert seen.certificate.pem.strip() in pem.read_text()
    der = ssl.PEM_cert_to_DER_cert(seen.certificate.pem)
    assert seen.certificate.sha256 == hashlib.sha256(der).hexdigest()
    assert web.requests == ["/f/1.jpg"]


def test_a_certificate_that_is_trusted_is_for_that_name(
    secure: tuple[FakeWeb, Path],
    internet: Internet,
    picture: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of another name it says nothing."""
    web, pem = secure
    web.show("/f/1.jpg", picture)
    internet.site("other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    own = look(f"https://secure.example:{web.port}/f/1.jpg")
    other = look(f"https://other.example:{web.port}/f/1.jpg")

    assert own.certificate is not None
    assert (own.certificate.trusted, told(own)) == (True, [])
    assert other.certificate is not None
    assert other.certificate.trusted is False


# --- delivery networks ---


@pytest.mark.parametrize(
    ("header", "value", "name"),
    [
        ("CF_RAY", "8f1-AMS", "Cloudflare"),
        ("X_Amz_Cf_Id", "abc", "Amazon CloudFront"),
        ("X_Served_By", "cache-ams21-AMS", "Fastly"),
        ("X_IInfo", "1-2", "Imperva"),
        ("X_Served_By", "web1", ""),
    ],
)
def test_a_delivery_network_is_known_by_its_headers(
    internet: Internet, site: str, picture: bytes, header: str, value: str, name: str
) -> None:
    """Where neither its addresses nor its names tell."""
    internet.host.show("/f/1.jpg", picture, **{header: value})
    (only,), _ = group([f"{site}/f/1.jpg"])

    found = find(only, sightings=[look(only.urls[0])])

    assert [each.name for each in found.providers if each.role == Role.CDN] == [name][: len(name)]
