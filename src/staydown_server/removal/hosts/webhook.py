"""The connector for any platform: a JSON event, signed per RFC 9421 with HMAC-SHA256.

The host answers 200 or 202 when it has the event. The same event may arrive twice and then
carries the same id. The same signature on a GET says that we look at something for a moderator.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.utils import timezone
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPSignatureKeyResolver,
    algorithms,
)

from staydown_server.accounts.models import Host
from staydown_server.catalogue import fetch
from staydown_server.catalogue.models import Item
from staydown_server.jobs import RetryLater
from staydown_server.removal.hosts.connector import Connector, Order

TAG = "staydown-webhook"
LOOK_TAG = "staydown-look"


@dataclass(slots=True)
class _Request:
    """What the signer reads and writes."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class _HostsSecret(HTTPSignatureKeyResolver):
    def __init__(self, host: Host) -> None:
        self._secret = str(host.webhook_secret).encode()

    def resolve_private_key(self, key_id: str) -> bytes:
        return self._secret


class Webhook(Connector):
    """A host that hears of orders at its own webhook; docs/hosts/webhook.md."""

    kind = "webhook"

    def take_down(self, order: Order) -> bool:
        return send(
            "item.remove",
            self.host,
            event_id=f"remove-{order.removal_id}-{order.turn}",
            item=named(order.item),
            statement_of_reasons=order.statement_of_reasons(),
        )

    def restore(self, order: Order) -> bool:
        return send(
            "item.restore",
            self.host,
            event_id=f"restore-{order.removal_id}-{order.turn}",
            item=named(order.item),
        )


#: What a host answers where an order has no object any more: the uploader deleted the item,
#: or the host obeyed something newer. Whether it is gone, we look for ourselves.
OVERTAKEN = frozenset({404, 409, 410})


def send(event: str, host: Host, *, event_id: str, **details: Any) -> bool:
    """Deliver *event* to *host*; False if what it is about is not there any more, or nobody
    listens: a host of another kind need not have a webhook.

    Raises :class:`RetryLater` until the host has taken the event.
    """
    if not host.webhook_url:
        return False
    body = json.dumps(
        {
            "event": event,
            "id": event_id,
            "created": timezone.now().isoformat(),
            **details,
        }
    ).encode()
    headers = signed_headers(host, body, nonce=event_id)
    try:
        answer = fetch.fetch(host.webhook_url, host=host, method="POST", body=body, headers=headers)
    except fetch.FetchError as error:
        raise RetryLater("the host did not take the event") from error
    if answer.status in OVERTAKEN:
        return False
    if answer.status not in (200, 202):
        raise RetryLater("the host refused the event")
    return True


def named(item: Item) -> dict[str, str]:
    """*item* as its host knows it."""
    return {"id": item.host_item_id, "url": item.url}


def signed_headers(host: Host, body: bytes, *, nonce: str) -> dict[str, str]:
    """The headers that prove to *host* that *body*, sent to its webhook, is ours."""
    request = _Request("POST", host.webhook_url, {"Content-Type": "application/json"})
    return _signed(request, host, body, nonce=nonce, tag=TAG)


def look_headers(host: Host, url: str) -> dict[str, str]:
    """The headers that prove to *host* that we ask for *url*: it may then give out to a
    moderator what it took down."""
    return _signed(_Request("GET", url), host, None, nonce=uuid4().hex, tag=LOOK_TAG)


def _signed(
    request: _Request, host: Host, body: bytes | None, *, nonce: str, tag: str
) -> dict[str, str]:
    covered = ("@method", "@target-uri", *(["content-type"] if body is not None else []))
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.HMAC_SHA256, key_resolver=_HostsSecret(host)
    )
    signer.sign(
        request,
        key_id=host.name,
        created=timezone.now(),
        nonce=nonce,
        label="staydown",
        tag=tag,
        covered_component_ids=covered,
        body=body,
    )
    return dict(request.headers)
