"""Hosts and their keys."""

import pytest

from staydown_server.accounts.hosts import HostError, add_host, host_of_key, origin_of
from staydown_server.accounts.models import ApiKey, Host

pytestmark = pytest.mark.django_db

ORIGIN = "https://plaza.example"
WEBHOOK = "https://plaza.example/staydown"


def test_a_key_names_its_host() -> None:
    """The key that add_host shows once opens what its scopes say."""
    credentials = add_host("plaza", origins=[ORIGIN], webhook_url=WEBHOOK, scopes=("check",))

    assert host_of_key(credentials.api_key, scope="check") == Host.objects.get()
    assert host_of_key(credentials.api_key, scope="items") is None
    assert host_of_key(credentials.api_key + "x", scope="check") is None
    assert host_of_key("", scope="check") is None


def test_neither_key_nor_secret_is_in_the_table() -> None:
    """Only a digest of the key and the sealed secret are kept."""
    credentials = add_host("plaza", origins=[ORIGIN], webhook_url=WEBHOOK)

    assert credentials.api_key.encode() not in bytes(ApiKey.objects.get().digest)
    assert Host.objects.get().webhook_secret == credentials.webhook_secret


def test_a_known_host_is_not_replaced_by_mistake() -> None:
    """Adding it again needs the word rotate; then the old key is dead."""
    old = add_host("plaza", origins=[ORIGIN], webhook_url=WEBHOOK)
    with pytest.raises(HostError, match="exists"):
        add_host("plaza", origins=[ORIGIN], webhook_url=WEBHOOK)
    assert host_of_key(old.api_key, scope="check")

    new = add_host("plaza", origins=[ORIGIN], webhook_url=WEBHOOK, rotate=True)

    assert host_of_key(old.api_key, scope="check") is None
    assert host_of_key(new.api_key, scope="check")
    assert new.webhook_secret != old.webhook_secret
    assert Host.objects.count() == 1


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Plaza.Example", "https://plaza.example:443"),
        ("http://plaza.example/some/page?x=1", "http://plaza.example:80"),
        ("http://plaza.example:8001", "http://plaza.example:8001"),
        ("http://mallory@plaza.example/", "http://plaza.example:80"),
        ("http://[::1]:8001/p", "http://[::1]:8001"),
    ],
)
def test_an_origin_is_scheme_name_and_port(url: str, origin: str) -> None:
    """However it was written."""
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        *("", "plaza.example", "ftp://plaza.example", "file:///etc/passwd", "https://"),
        *("http://plaza.example:port", "http://plaza.example:99999", "http://[::1"),
        *("javascript:alert(1)", "//plaza.example"),
    ],
)
def test_what_is_no_web_address_is_refused_in_a_sentence(url: str) -> None:
    """Never a traceback."""
    with pytest.raises(HostError):
        origin_of(url)
    with pytest.raises(HostError):
        add_host("plaza", origins=[ORIGIN], webhook_url=url)


def test_a_host_without_a_webhook_has_another_connector() -> None:
    """Its credentials stay with it; rotating replaces them, too."""
    with pytest.raises(HostError):
        add_host("plaza", origins=[ORIGIN])

    add_host("forum", origins=[ORIGIN], kind="lemmy", credentials={"token": "a"})
    assert Host.objects.get().credentials == {"token": "a"}
    add_host("forum", origins=[ORIGIN], kind="lemmy", credentials={"token": "b"}, rotate=True)

    assert Host.objects.get().credentials == {"token": "b"}
    assert Host.objects.get().kind == "lemmy"
