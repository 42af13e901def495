"""The one door through which requests leave: to a host's own addresses, and nowhere else."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.host_double import HostDouble
from server.providers.fakes import FakeWeb, self_made_certificate
from staydown_server.accounts.hosts import add_host
from staydown_server.accounts.models import Host
from staydown_server.catalogue.fetch import FetchError, Refused
from staydown_server.catalogue.fetch import fetch as go

pytestmark = pytest.mark.django_db


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Say what a name resolves to: ``resolve("10.0.0.1", ...)``."""

    def answer(*addresses: str) -> list[str]:
        asked: list[str] = []
        real = socket.getaddrinfo

        def getaddrinfo(name: str, port: int, *_more: Any, **_options: Any) -> list[Any]:
            if name in addresses:
                return real(name, port, *_more, **_options)
            asked.append(name)
            return [
                (
                    socket.AF_INET6 if ":" in address else socket.AF_INET,
                    socket.SOCK_STREAM,
                    6,
                    "",
                    (address, port),
                )
                for address in addresses
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return answer


def public_host(port: int = 80) -> Host:
    """A host out on the internet."""
    add_host(
        "public",
        origins=[f"http://public.example:{port}"],
        webhook_url=f"http://public.example:{port}/hook",
    )
    return Host.objects.get(name="public")


def test_a_host_without_a_webhook_has_no_empty_address(db: Any) -> None:
    """Nothing is not the address of its webhook."""
    with pytest.raises(Refused):
        go("", host=Host(origins=[], is_private=True))


def test_a_page_of_the_host_is_fetched(host: Host, plaza: HostDouble, picture: bytes) -> None:
    """With status, headers and body."""
    plaza.show("1", picture)

    answer = go(plaza.file("1"), host=host, limit=1_000_000)

    assert (answer.status, answer.body) == (200, picture)
    assert answer.headers["Content-Type"] == "image/jpeg"


def test_without_a_limit_no_body_is_read(host: Host, plaza: HostDouble, picture: bytes) -> None:
    """Who asks for the status gets the status."""
    plaza.show("1", picture)

    assert go(plaza.file("1"), host=host).body == b""


def test_an_error_is_an_answer(host: Host, plaza: HostDouble) -> None:
    """404 is for the caller to read."""
    assert go(plaza.page("nothing"), host=host).status == 404


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.example/",
        "https://127.0.0.1:{port}/",
        "http://127.0.0.1:1/",
        "http://localhost:{port}/",
        "http://127.0.0.1:{port}@elsewhere.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http://[::1",
        "",
    ],
)
def test_an_address_that_is_not_the_hosts_is_refused(
    host: Host, plaza: HostDouble, resolve: Any, url: str
) -> None:
    """Before its name is even looked up."""
    asked = resolve("127.0.0.1")

    with pytest.raises(Refused):
        go(url.format(port=plaza.url.rpartition(":")[2]), host=host)

    assert asked == []
    assert plaza.requests == []


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "::", "224.0.0.1"),
        "0.0.0.0",  # noqa: S104  an address to refuse, not to listen on
        *("64:ff9b::a00:1", "64:ff9b::7f00:1", "2002:a00:1::1"),
    ],
)
def test_a_public_host_never_leads_to_a_private_network(resolve: Any, address: str) -> None:
    """Whatever Mallory's name server answers: not the metadata service, not the router."""
    resolve(address)

    with pytest.raises(Refused):
        go("http://public.example/p", host=public_host())


def test_the_operator_can_say_that_a_host_is_private(
    host: Host, plaza: HostDouble, picture: bytes
) -> None:
    """Plaza is."""
    plaza.show("1", picture)
    assert go(plaza.page("1"), host=host).status == 200

    Host.objects.update(is_private=False)
    with pytest.raises(Refused):
        go(plaza.page("1"), host=Host.objects.get())


def test_the_connection_goes_to_the_answer_that_was_checked(
    host: Host, plaza: HostDouble, resolve: Any
) -> None:
    """The name is asked for once: it cannot change its mind in between."""
    port = plaza.url.rpartition(":")[2]
    host.origins = [f"http://plaza.example:{port}"]
    asked = resolve("127.0.0.1")

    assert go(f"http://plaza.example:{port}/p/none", host=host).status == 404

    assert asked.count("plaza.example") == 1


def test_a_second_address_is_tried_where_the_first_is_dead(
    host: Host, plaza: HostDouble, resolve: Any
) -> None:
    """A name with an IPv6 address that leads nowhere from here is no dead host."""
    port = plaza.url.rpartition(":")[2]
    host.origins = [f"http://plaza.example:{port}"]
    resolve("::1", "127.0.0.1")

    assert go(f"http://plaza.example:{port}/p/none", host=host).status == 404


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(host: Host, plaza: HostDouble, status: int) -> None:
    """Not even to the host itself: whoever redirects has not answered."""
    plaza.answers["/p/1"] = (status, {"Location": f"{plaza.url}/p/secret"}, b"")

    assert go(plaza.page("1"), host=host).status == status
    assert plaza.requests == ["/p/1"]


def test_an_answer_over_the_limit_is_refused(host: Host, plaza: HostDouble) -> None:
    """Exactly at the limit is fine; one byte more is not."""
    plaza.answers["/f/1"] = (200, {}, b"x" * 200_000)

    assert len(go(f"{plaza.url}/f/1", host=host, limit=200_000).body) == 200_000
    with pytest.raises(FetchError, match="longer"):
        go(f"{plaza.url}/f/1", host=host, limit=199_999)


def test_a_compressed_answer_is_not_blown_up(host: Host, plaza: HostDouble) -> None:
    """Bytes are counted as they come."""
    import gzip

    packed = gzip.compress(bytes(10_000_000))
    plaza.answers["/f/1"] = (200, {"Content-Encoding": "gzip"}, packed)

    assert go(f"{plaza.url}/f/1", host=host, limit=100_000).body == packed


def test_a_dead_host_is_an_error_that_names_no_address(host: Host, plaza: HostDouble) -> None:
    """The message goes to a log."""
    plaza.is_down = True

    with pytest.raises(FetchError) as caught:
        go(plaza.page("alices-secret"), host=host)

    assert "alices-secret" not in str(caught.value)
    assert not isinstance(caught.value, Refused)


def test_an_unknown_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """One to try again."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    with pytest.raises(FetchError, match="resolved"):
        go("http://public.example/p", host=public_host())


def test_addresses_of_all_sorts_can_be_asked_for(host: Host, plaza: HostDouble) -> None:
    """Letters with accents, spaces and control characters go out encoded, or not at all."""
    for tail in ("/p/é", "/p/a b", "/p/%zz", "/p/?q=ü&r= s", "/p/\x7f", "/p/😢", "//x", "?q"):
        assert go(plaza.url + tail, host=host).status == 404

    assert all(request.isascii() for request in plaza.requests)


def test_a_line_break_in_an_address_injects_nothing(host: Host, plaza: HostDouble) -> None:
    """No second header, no second request."""
    go(f"{plaza.url}/p/1\r\nX-Evil: 1\r\n\r\nGET /p/2", host=host)

    assert len(plaza.requests) == 1


@pytest.fixture(params=["in the body", "in a header", "before the handshake"])
def dripping(request: pytest.FixtureRequest) -> Iterator[str]:
    """A host that sends a byte now and then, for ever; yields its address."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    starts = {
        "in the body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        "in a header": b"HTTP/1.1 200 OK\r\nX: ",
        # A TLS record that says it is long.
        "before the handshake": b"\x16\x03\x03\x40\x00",
    }

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(starts[request.param])
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    scheme = "https" if request.param == "before the handshake" else "http"
    yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    thread.join()
    listener.close()


def test_a_host_that_drips_does_not_hold_us(dripping: str) -> None:
    """There is an end to the whole, not only to each silence."""
    host = Host(name="slow", origins=[dripping], is_private=True)
    began = time.monotonic()

    with pytest.raises(FetchError, match="slow"):
        go(f"{dripping}/", host=host, limit=2_000_000, seconds=0.5)

    assert time.monotonic() - began < 5


def test_what_was_cut_off_is_no_answer() -> None:
    """An answer without a length ends where the connection ends: not where we end it."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def half() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf of")
            connection.recv(65536)
            connection.recv(1)

    thread = threading.Thread(target=half)
    thread.start()
    with pytest.raises(FetchError, match="slow"):
        go(url, host=Host(name="slow", origins=[url], is_private=True), limit=100, seconds=0.3)
    thread.join()
    listener.close()


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[int]:
    """An https server with a certificate that nobody vouches for; yields its port."""
    web = FakeWeb(self_made_certificate(tmp_path))
    yield web.port
    web.close()


def test_an_impostor_is_not_believed(impostor: int) -> None:
    """Whoever cannot prove that they are the host gets no order and gives no proof."""
    host = Host(name="tls", origins=[f"https://127.0.0.1:{impostor}"], is_private=True)

    with pytest.raises(FetchError):
        go(f"https://127.0.0.1:{impostor}/p", host=host)
