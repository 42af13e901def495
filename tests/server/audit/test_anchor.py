"""Anchors: what was kept elsewhere finds what the database cannot tell by itself."""

import json
from typing import Any

import pytest
from django.db import transaction

from staydown_server import audit
from staydown_server.accounts.models import User
from staydown_server.audit import anchor as anchors
from staydown_server.audit.anchor import Anchor, AnchorError
from staydown_server.audit.models import Entry, Head
from staydown_server.audit.signature import public_key


def happens(bob: User, times: int = 1) -> None:
    for _ in range(times):
        with transaction.atomic():
            audit.record("test.happened", bob, by="system")


@pytest.fixture
def kept(bob: User) -> Anchor:
    """What was kept elsewhere when the log had five lines."""
    # Bob's invitation is the first.
    happens(bob, 4)
    return Anchor.from_json(anchors.make().to_json(), key=public_key())


def test_a_log_holds_its_anchor(kept: Anchor, bob: User) -> None:
    """However long it has become since."""
    assert kept.sequence == 5
    happens(bob, 3)

    assert audit.verify([kept]).is_whole
    assert audit.verify([kept, anchors.make()]).is_whole


def test_a_database_put_back_as_a_whole_is_found(kept: Anchor, bob: User) -> None:
    """Lines and head are genuine, and older than the anchor: nothing else can tell."""
    older = {"sequence": 3, "hash": Entry.objects.get(sequence=3).hash}
    from staydown_server.audit.chain import _seal

    Entry.objects.filter(sequence__gt=3).delete()
    Head.objects.update(**older, seal=_seal(3, str(older["hash"])))

    assert audit.verify().is_whole
    assert audit.verify([kept]).faults == ("line 5, which an anchor holds, is missing",)

    happens(bob, 4)
    assert audit.verify().is_whole
    assert audit.verify([kept]).faults == ("line 5 is not the one that an anchor holds",)


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 4},
        {"hash": "0" * 64},
        {"at": "2020-01-01T00:00:00+00:00"},
        {"signature": "0" * 128},
        {"signature": "x"},
        {"format": "another"},
        {"sequence": "five"},
        {"sequence": None},
    ],
)
def test_an_altered_anchor_is_refused(kept: Anchor, changes: dict[str, Any]) -> None:
    text = json.dumps({**json.loads(kept.to_json()), **changes})

    with pytest.raises(AnchorError):
        Anchor.from_json(text, key=public_key())


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{}", b"\xff", b"7"])
def test_what_is_no_anchor_is_refused(text: bytes, db: Any) -> None:
    with pytest.raises(AnchorError, match="no anchor"):
        Anchor.from_json(text, key=public_key())


def test_an_anchor_of_another_installation_is_refused(kept: Anchor) -> None:
    """Its signature is genuine, and not ours."""
    with pytest.raises(AnchorError, match="another installation"):
        Anchor.from_json(kept.to_json(), key="ab" * 32)


@pytest.mark.django_db
def test_an_empty_log_has_no_anchor() -> None:
    with pytest.raises(AnchorError, match="no line yet"):
        anchors.make()


@pytest.mark.parametrize(
    "damage",
    [
        lambda: Head.objects.all().delete(),
        lambda: Head.objects.update(seal="0" * 64),
        lambda: Entry.objects.filter(sequence=5).delete(),
    ],
)
def test_a_log_with_a_wrong_end_is_not_anchored(kept: Anchor, damage: Any) -> None:
    """What is wrong would be sworn to."""
    damage()

    with pytest.raises(AnchorError, match="audit verify"):
        anchors.make()
