"""Browsers: Alice's with her receipt, Bob's at the desk, Charlie's with nothing."""

from typing import Any

import pytest
from django.test import Client

from server.pictures import fingerprint, with_region_replaced
from server.story import ALICE, ALICES_ADDRESS
from staydown import Match
from staydown_server.accounts.models import Host
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload, hold
from staydown_server.gate.models import Check, HeldUpload, KeepDown
from staydown_server.notices.receive import Receipt
from staydown_server.removal import reasons
from staydown_server.removal.models import Removal
from staydown_server.review.appeal import appeal
from staydown_server.review.models import Appeal


@pytest.fixture
def filled(alices_item: Item) -> dict[str, Any]:
    """The notice form as Alice fills it in."""
    return {
        "places": f"It is here: {alices_item.url}",
        "explanation": "Somebody I used to know put it there.",
        "on_behalf_of": "",
        "signature": ALICE,
        "contact": ALICES_ADDRESS,
        "good_faith": "yes",
        "submission": "one-filling-in-of-the-form",
    }


@pytest.fixture
def alices_browser(receipt: Receipt) -> Client:
    """Alice's browser with her status page open."""
    client = Client()
    assert client.post("/status/", {"code": receipt.code}).status_code == 302
    return client


@pytest.fixture
def reasons_path(removed_case: Case) -> str:
    """The uploader's secret page."""
    return f"/reasons/{reasons.token_of(Removal.objects.get())}/"


@pytest.fixture
def held(drawn_case: Case, host: Host, drawing: bytes) -> HeldUpload:
    """An upload of Charlie's that waits: Alice's picture but for a region."""
    content = with_region_replaced(drawing)
    told = Upload("up-1", "charlie", lambda: content)
    check(fingerprint(content), host=host, upload=told)
    return HeldUpload.objects.get()


@pytest.fixture
def on_hold(removed_case: Case, host: Host, picture: bytes) -> HeldUpload:
    """An upload that waits, made quickly: its evidence is made up."""
    keep = KeepDown.objects.get()
    region = {
        "transform": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        "shown": 1.0,
        "differs": {
            "outline": [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6]],
            "share": 0.04,
            "cover": ["=" * 16] * 16,
        },
    }
    match = Match("region-replaced", 0.9, distance=20, region=region, id=str(keep.pk))
    stopped = Check(host=host, keep_down=keep, verdict="hold", match_kind=match.kind)
    return hold(stopped, fingerprint(picture), [match], Upload("up-1", "charlie", lambda: picture))


@pytest.fixture
def waiting(removed_case: Case) -> Appeal:
    return appeal(Removal.objects.get(), text="It is mine.")
