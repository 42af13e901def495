"""Browsers: Alice's with her receipt, Bob's at the desk, Charlie's with nothing."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from server.pictures import fingerprint, with_region_replaced
from server.story import ALICE, ALICES_ADDRESS
from staydown import Match
from staydown.exchange.hash_list import SigningKey
from staydown_server.accounts.models import Host, User
from staydown_server.cases.models import Case
from staydown_server.catalogue.models import Item
from staydown_server.gate.check import check
from staydown_server.gate.hold import Upload, hold
from staydown_server.gate.models import Check, HeldUpload, KeepDown, Listed
from staydown_server.notices.receive import Receipt
from staydown_server.removal import reasons
from staydown_server.removal.models import Removal
from staydown_server.review.appeal import appeal
from staydown_server.review.models import Appeal
from staydown_server.sharing import audiences
from staydown_server.sharing.models import Choice, Feedback, Opinion, Partner, Verdict


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


@pytest.fixture
def busy_partner(removed_case: Case, host: Host, bob: User) -> Partner:
    """A partner of whose list everything can be seen that there is to see: what waits, what
    matched, a list that is refused, and what it says of ours."""
    audience = audiences.begin("forum.example", root=SigningKey.new())
    now = timezone.now()
    one = Partner.objects.create(
        name="friends.example",
        audience=audience,
        kind=Partner.Kind.STAYDOWN,
        address="https://friends.example/list",
        followed_at=now,
        news_at=now,
        trouble="RolledBack",
        trouble_since=now,
        collapsed_at=now,
    )
    said = {"source": str(one), "harm": "intimate-unknown", "how": "reviewed", "by": one.name}
    said |= {"confidence": 90, "answer": "block", "came_at": now}
    seen = Listed.objects.create(key="a" * 32, state=Listed.State.LIVE, **said)
    Check.objects.create(host=host, listed=seen, verdict="block", match_kind="identical")
    for number, why in enumerate(("burst", "popular", "catalogue", "overturned")):
        Listed.objects.create(key=f"{number}" * 32, state=Listed.State.WAITING, why=why, **said)
    Opinion.objects.create(listed=seen, verdict=Verdict.BLOCKED, at=now)
    keep = KeepDown.objects.get(case_item__case=removed_case)
    Feedback.objects.create(partner=one, keep_down=keep, verdict=Verdict.WRONG, at=now)
    Choice.objects.create(keep_down=keep, is_disputed=True)
    return one
