"""A zero byte, which PostgreSQL takes in no text, costs nobody an error: wherever it comes in."""

from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, reverse

from server.api.client import Api
from server.api.test_hma import Console
from server.story import ALICE, somebody
from server.web.pages import text
from staydown_server.accounts.hosts import BANKS, SCOPES, add_host
from staydown_server.accounts.models import Host, Role
from staydown_server.banks.models import Bank
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item
from staydown_server.notices.models import Notice
from staydown_server.web import urls

pytestmark = pytest.mark.django_db

ZERO = "be\x00fore"
#: What is no number in the address of a page.
_WORDS = {"letter_file": {"kind": "pdf"}}


@pytest.fixture
def charlie() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def desk(db: Any) -> Client:
    """Of somebody who may do all there is."""
    browser = Client(raise_request_exception=False)
    browser.force_login(somebody("gina@desk.example", role=Role.ADMINISTRATOR))
    return browser


@pytest.mark.parametrize(
    "name",
    [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME],
)
def test_a_cookie_with_one_is_none(charlie: Client, name: str) -> None:
    """Cookies carry it in quotes, as octal digits."""
    cookie = {"Cookie": f'{name}="{"x" * 15}\\000{"x" * 16}"'}

    assert charlie.get("/desk/", headers=cookie).status_code == 302
    assert charlie.get("/report/", headers=cookie).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/desk/?number=1%00&show=%00&page=1%00",
        "/desk/shared/?page=%00&disputed=%00",
        "/desk/numbers/?days=%00",
        "/report/?url=https://a.example/%00p",
        "/status/?%00=%00",
    ],
)
def test_a_query_with_one_is_read_without(desk: Client, path: str) -> None:
    """As if it had not been typed."""
    assert desk.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/reasons/%00/", "/desk/%00", "/sign-in/%00/", "/static/%00.css"])
def test_there_is_nothing_at_an_address_with_one(desk: Client, path: str) -> None:
    """Nor at its end."""
    assert desk.get(path).status_code == 404


def test_a_form_with_one_is_read_without(charlie: Client, alices_item: Item) -> None:
    """What the person typed is there."""
    form = {"places": alices_item.url, "good_faith": "yes", "contact": "alice@example.org"}

    sent = charlie.post("/report/", {**form, "signature": ALICE + "\x00"}, follow=True)

    assert sent.status_code == 200
    assert Notice.objects.get().content["signature"] == ALICE


def test_every_page_takes_a_form_with_one(desk: Client, charlie: Client, case: Case) -> None:
    """In whichever field; whoever sends it."""
    fields = {"email", "password", "code", "turn", "name", "role", "reason", "outcome", "row"}
    fields |= {"letter", "submission", "note", "hold", "over", "alike", "answer", "choice", "why"}
    fields |= {"kept", "fingerprints", "text", "places", "kind", "trust", "language", "next"}
    fields |= {"contact", "act", "site", "address", "case", "law", "subject", "refusal"}
    form = dict.fromkeys(fields, ZERO)
    pages = [page for page in urls.urlpatterns if isinstance(page, URLPattern)]
    for browser in (charlie, desk):
        for page in pages:
            if page.name == "sign_out":
                continue
            numbers = dict.fromkeys(page.pattern.converters, case.pk)
            path = reverse(f"web:{page.name}", kwargs={**numbers, **_WORDS.get(page.name, {})})
            assert browser.post(path, form).status_code < 500, path
    assert "Case" in text(desk.get(f"/desk/cases/{case.pk}/"))


def test_json_with_one_is_refused(host: Host, plaza: Any, alices_item: Item) -> None:
    """By the field that has it."""
    api = Api(plaza.api_key)
    pdq = {"fingerprint": {"pdq": "a5" * 32, "quality": 100}}
    notice = {"urls": [alices_item.url], "good_faith": True, "contact": "alice@example.org"}
    for path, body in (
        ("/notices", {**notice, "signature": ZERO}),
        ("/notices", {**notice, "signature": ALICE, "urls": [ZERO]}),
        ("/items", {**pdq, "id": ZERO, "url": plaza.page("2")}),
        ("/items", {**pdq, "id": "2", "url": plaza.page(ZERO)}),
        ("/items", {**pdq, "id": "2", "url": plaza.page("2"), "uploader": ZERO}),
        ("/check", {**pdq, "reference": ZERO}),
        ("/check", {"fingerprint": {"sha256": ZERO}}),
        ("/check", {"url": ZERO}),
    ):
        answer = api.json(path, body)
        assert answer.status_code == 422, (path, body, answer.content)
    many = api.json("/items", {"items": [{**pdq, "id": ZERO, "url": plaza.page("2")}]})
    assert many.json()["items"][0]["problem"]["code"] == "bad-field"
    assert api.call("DELETE", f"/items/{quote(ZERO)}").status_code == 404
    assert Notice.objects.count() == 0
    assert api.get("/cases?after=%00").status_code == 422


def test_a_bank_cannot_be_called_so(host: Host, plaza: Any) -> None:
    """Nor what is in it."""
    key = add_host(
        "plaza",
        origins=[plaza.url],
        webhook_url=plaza.webhook_url,
        scopes=(*SCOPES, BANKS),
        rotate=True,
    ).api_key
    console = Console(key)

    assert console.call("POST", "/c/banks", {"name": ZERO}).status_code == 400
    assert console.call("POST", "/c/banks", {"name": "LIST"}).status_code == 201
    told = {"pdq": "a5" * 32, "metadata": {"content_id": ZERO, ZERO: 1}}
    assert console.call("POST", "/c/bank/LIST/signal", told).status_code == 400
    assert console.get("/c/bank/%00").status_code == 404
    assert console.get("/m/raw_lookup", signal_type="pdq", signal=ZERO).status_code == 400
    assert Bank.objects.count() == 1
