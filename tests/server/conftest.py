"""The standing cast: Alice's item on Plaza, Bob at the desk, Charlie outside."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from copy import copy
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from server.host_double import HostDouble
from server.pictures import drawn, fingerprint, jpeg, scene
from server.story import alice_reports, bob_decides, case_of, run_jobs, somebody
from staydown_server.accounts import pace
from staydown_server.accounts.hosts import add_host
from staydown_server.accounts.models import Host, User
from staydown_server.cases import deposit
from staydown_server.cases.models import Case
from staydown_server.catalogue import look as catalogue_look
from staydown_server.catalogue import sweep as catalogue_sweep
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import register
from staydown_server.gate import check as gate_check
from staydown_server.gate import listed as gate_listed
from staydown_server.notices.receive import Receipt


@pytest.fixture(autouse=True)
def english_again() -> None:
    """The language of a request stays with its thread until the next one; not with a test."""
    translation.activate("en")


@pytest.fixture(autouse=True)
def fresh_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process has in memory ends with the test, as the rows do."""
    for module in (catalogue_sweep, gate_check, gate_listed, deposit):
        again = copy(module.live_index)
        again._loaded, again._tried, again._lock = None, None, threading.Lock()
        monkeypatch.setattr(module, "live_index", again)


@pytest.fixture(autouse=True)
def nobody_was_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong codes and notices are counted from none in each test."""
    for one in (pace.wrong_codes, pace.wrong_codes_of_hosts, pace.notices):
        monkeypatch.setattr(one, "_buckets", OrderedDict())


@pytest.fixture(autouse=True)
def each_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding keypoints takes long, and gives the same for the same file: remembered."""
    monkeypatch.setattr(catalogue_look, "fingerprint_bytes", fingerprint)


@pytest.fixture(scope="session")
def host_double() -> Iterator[HostDouble]:
    double = HostDouble()
    yield double
    double.close()


@pytest.fixture
def plaza(host_double: HostDouble) -> HostDouble:
    """Plaza's machine, with nothing on show."""
    host_double.reset()
    return host_double


@pytest.fixture
def host(db: Any, plaza: HostDouble) -> Host:
    """Plaza, plugged in."""
    credentials = add_host(
        "plaza", origins=[plaza.url], webhook_url=plaza.webhook_url, is_private=True
    )
    plaza.api_key, plaza.secret = credentials.api_key, credentials.webhook_secret
    return Host.objects.get(name="plaza")


@pytest.fixture
def picture() -> bytes:
    """The picture that Alice wants to be gone, as a file."""
    return jpeg(scene(1))


@pytest.fixture
def show(host: Host, plaza: HostDouble) -> Any:
    """Put a file on Plaza and register it: ``show("id", content)``."""

    def shown(item_id: str, content: bytes, *, uploader: str = "mallory") -> Item:
        plaza.show(item_id, content)
        item, _ = register(
            host,
            host_item_id=item_id,
            url=plaza.page(item_id),
            media_url=plaza.file(item_id),
            uploader=uploader,
            fingerprint=fingerprint(content),
        )
        return item

    return shown


@pytest.fixture
def alices_item(show: Any, picture: bytes) -> Item:
    """The picture, on show at Plaza."""
    item: Item = show("alices", picture)
    return item


@pytest.fixture
def drawing() -> bytes:
    """A picture of Alice's with enough to see for its parts to be known."""
    return drawn(11)


@pytest.fixture
def drawn_case(show: Any, drawing: bytes, bob: User) -> Case:
    """A case of Alice's about that picture, which Bob had removed and kept down."""
    item = show("alices", drawing)
    receipt = alice_reports(item.url)
    run_jobs()
    case = case_of(receipt)
    bob_decides(case, bob)
    run_jobs()
    case.refresh_from_db()
    return case


@pytest.fixture
def bob(db: Any) -> User:
    return somebody("bob@desk.example")


@pytest.fixture
def dora(db: Any) -> User:
    """A second moderator."""
    return somebody("dora@desk.example")


@pytest.fixture
def bobs_browser(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


@pytest.fixture
def charlie() -> Client:
    """A stranger's browser."""
    return Client()


@pytest.fixture
def receipt(alices_item: Item) -> Receipt:
    """Alice's notice about her item, with all that follows by itself."""
    receipt = alice_reports(f"Please look at {alices_item.url} soon.")
    run_jobs()
    return receipt


@pytest.fixture
def case(receipt: Receipt) -> Case:
    """Alice's case, ready for a decision."""
    return case_of(receipt)


@pytest.fixture
def removed_case(case: Case, bob: User) -> Case:
    """Alice's case after Bob had everything removed, and the host obeyed."""
    bob_decides(case, bob)
    run_jobs()
    case.refresh_from_db()
    return case
