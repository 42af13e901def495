"""Staydown's calls are known from everybody else's."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

from plaza.fake_staydown import signature
from staydown.client import Forged, NotUnderstood, Staydown

URL = "https://forum.example/staydown/webhook"
BODY = b'{"event": "item.remove", "id": "e1"}'


def headers(**changes: Any) -> dict[str, str]:
    created = datetime.now(UTC) + changes.pop("after", timedelta(0))
    signed: dict[str, Any] = {"url": URL, "body": BODY, "nonce": "e1", "created": created}
    return signature(**{**signed, "secret": "s3cret", "host": "forum", **changes})


@pytest.fixture
def ears(dead: str) -> Staydown:
    return Staydown(dead, "sd_x", host="forum", webhook_secret="s3cret")


@pytest.mark.parametrize("change", [dict, lambda h: {k.lower(): v for k, v in h.items()}])
def test_a_signed_event_is_read(ears: Staydown, change: Any) -> None:
    """However the server spells its headers."""
    event = ears.read_event(url=URL, headers=change(headers()), body=BODY)

    assert event == {"event": "item.remove", "id": "e1"}


@pytest.mark.parametrize(
    "forgery",
    [
        {"secret": "a guess"},
        {"host": "another"},
        {"tag": "staydown-look"},
        {"after": timedelta(minutes=-6)},
        {"after": timedelta(minutes=6)},
        {"url": "https://elsewhere.example/staydown/webhook"},
        {"covered": ("@method", "content-type")},
        {"covered": ("@method", "@target-uri")},
        {"body": b'{"event": "item.restore", "id": "e1"}'},
    ],
    ids=lambda forgery: next(iter(forgery)),
)
def test_a_forged_one_is_not(ears: Staydown, forgery: dict[str, Any]) -> None:
    with pytest.raises(Forged):
        ears.read_event(url=URL, headers=headers(**forgery), body=BODY)


def test_nor_is_one_whose_body_was_not_signed(ears: Staydown) -> None:
    """All but the digest of the body: whoever overheard it could put in their own."""
    message = SimpleNamespace(method="POST", url=URL, headers={"Content-Type": "application/json"})
    keys = MappingKeyResolver(public_keys={}, private_keys={"forum": b"s3cret"})
    HTTPMessageSigner(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=keys).sign(
        message,
        key_id="forum",
        created=datetime.now(UTC),
        nonce="e1",
        tag="staydown-webhook",
        covered_component_ids=("@method", "@target-uri", "content-type"),
    )

    with pytest.raises(Forged):
        ears.read_event(url=URL, headers=message.headers, body=BODY)


@pytest.mark.parametrize("sent", [{}, {"Signature": "x", "Signature-Input": "(((("}])
def test_nor_is_an_unsigned_one(ears: Staydown, sent: dict[str, str]) -> None:
    with pytest.raises(Forged):
        ears.read_event(url=URL, headers=sent, body=BODY)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_what_is_signed_and_no_event_is_not_understood(ears: Staydown, body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        ears.read_event(url=URL, headers=headers(body=body), body=body)


def test_a_moderators_look_is_known(ears: Staydown) -> None:
    page = "https://forum.example/f/1.jpg"
    look: dict[str, Any] = {"url": page, "method": "GET", "covered": ("@method", "@target-uri")}

    assert ears.is_looking(url=page, headers=headers(**look, tag="staydown-look"))
    assert not ears.is_looking(url=page + "x", headers=headers(**look, tag="staydown-look"))
    assert not ears.is_looking(url=page, headers=headers(**look, tag="staydown-webhook"))
    assert not ears.is_looking(url=page, headers={})


@pytest.mark.parametrize("missing", ["host", "webhook_secret"])
def test_without_a_secret_nothing_is_believed(dead: str, missing: str) -> None:
    """An empty secret would let anybody sign."""
    known = {"host": "forum", "webhook_secret": "s3cret", missing: ""}
    ears = Staydown(dead, "sd_x", **known)
    signed = headers(host=known["host"] or "x", secret=known["webhook_secret"] or "x")

    with pytest.raises(ValueError, match="webhook_secret"):
        ears.read_event(url=URL, headers=signed, body=BODY)
