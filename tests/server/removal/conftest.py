"""The hosts of the connectors' tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from server.pictures import fingerprint
from server.removal.fakes.base import FakeHost, plugged_in
from server.removal.fakes.discourse import FakeDiscourse
from server.removal.fakes.lemmy import FakeLemmy
from server.removal.fakes.mastodon import FakeMastodon
from server.removal.fakes.matrix import FakeSynapse
from server.removal.fakes.peertube import FakePeerTube
from server.removal.fakes.telegram import FakeTelegram
from server.story import alice_reports, bob_decides, case_of, run_jobs
from staydown_server.accounts.models import Host, User
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item
from staydown_server.catalogue.register import register
from staydown_server.removal.hosts import peertube as peertube_connector

FAKES: tuple[type[FakeHost], ...] = (
    *(FakeMastodon, FakePeerTube, FakeLemmy, FakeDiscourse, FakeSynapse, FakeTelegram),
)


@pytest.fixture(autouse=True)
def nobody_is_signed_in() -> None:
    peertube_connector._tokens.clear()


def _running(kind: type[FakeHost]) -> Iterator[FakeHost]:
    host = kind()
    yield host
    host.close()


@pytest.fixture(params=FAKES, ids=lambda kind: kind.kind)
def fake(request: pytest.FixtureRequest) -> Iterator[FakeHost]:
    """Each host in turn, with its item on show."""
    yield from _running(request.param)


@pytest.fixture
def mastodon() -> Iterator[FakeHost]:
    yield from _running(FakeMastodon)


@pytest.fixture
def peertube() -> Iterator[FakeHost]:
    yield from _running(FakePeerTube)


@pytest.fixture
def lemmy() -> Iterator[FakeHost]:
    yield from _running(FakeLemmy)


@pytest.fixture
def discourse() -> Iterator[FakeHost]:
    yield from _running(FakeDiscourse)


@pytest.fixture
def synapse() -> Iterator[FakeHost]:
    yield from _running(FakeSynapse)


@pytest.fixture
def telegram() -> Iterator[FakeHost]:
    yield from _running(FakeTelegram)


@pytest.fixture
def forum(discourse: FakeDiscourse) -> FakeDiscourse:
    """A forum that runs Discourse, plugged in."""
    plugged_in(discourse)
    return discourse


@pytest.fixture
def on_show(picture: bytes) -> Callable[..., Item]:
    """Register the fake's item: ``on_show(fake)``."""

    def shown(fake: FakeHost, item_id: str = "") -> Item:
        item, _ = register(
            Host.objects.get(name=fake.kind),
            host_item_id=item_id or fake.item_id,
            url=f"{fake.url}{fake.page}{item_id and '#' + item_id}",
            fingerprint=fingerprint(picture),
        )
        return item

    return shown


@pytest.fixture
def forums_case(forum: FakeDiscourse, on_show: Any, bob: User) -> Case:
    """Alice's case about the forum's picture, with Bob's decision to remove it."""
    item = on_show(forum)
    receipt = alice_reports(item.url)
    run_jobs()
    case = case_of(receipt)
    bob_decides(case, bob)
    return case
