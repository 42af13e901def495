"""Browsers: Alice's with her receipt, Bob's at the desk, Charlie's with nothing."""

from typing import Any

import pytest
from django.test import Client

from server.story import ALICE, ALICES_ADDRESS
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item
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
def waiting(removed_case: Case) -> Appeal:
    return appeal(Removal.objects.get(), text="It is mine.")
