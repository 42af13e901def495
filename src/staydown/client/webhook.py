"""What Staydown says to the host: read only if its signature holds (RFC 9421)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    MappingKeyResolver,
    algorithms,
)

from staydown.client.answers import Forged, StaydownError

MAX_AGE = timedelta(minutes=5)
_EVENT = ("staydown-webhook", ("@method", "@target-uri", "content-digest", "content-type"))
_LOOK = ("staydown-look", ("@method", "@target-uri"))


class UnknownItem(StaydownError):
    """Raise it when an event is about something that you never had: Staydown learns of it."""


class Overtaken(StaydownError):
    """Raise it when you have obeyed a newer order about the same thing, or deleted it."""


class NotUnderstood(StaydownError):
    """Raise it when an event is signed and makes no sense to you: nothing was done."""


EVENTS = ("item.remove", "item.restore", "upload.allowed", "upload.refused", "check.done")
NOT_OBEYED = (Forged, UnknownItem, Overtaken, NotUnderstood)


def status_of(error: StaydownError) -> int:
    """What the webhook answers, see docs/plaza.md. Any other error is a 500, and the event
    comes again."""
    statuses = zip(NOT_OBEYED, (401, 404, 409, 400), strict=True)
    return next(status for kind, status in statuses if isinstance(error, kind))


#: What uploads that the gate blocks are answered with, where the host has no words of its own.
BLOCKED = (
    "This file cannot be posted here. It matches one that was taken down to protect the person"
    " it shows."
)


@dataclass(frozen=True, slots=True)
class _Message:
    """What the verifier reads."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ears:
    """Tells Staydown's calls to *host*, signed with *secret*, from everybody else's."""

    host: str
    secret: str

    def read_event(self, *, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        self._verify(_Message("POST", url, headers), *_EVENT, body=body)
        try:
            event = json.loads(body)
        except ValueError:
            raise NotUnderstood("The event is not valid JSON.") from None
        if not isinstance(event, dict):
            raise NotUnderstood("The event is not a JSON object.")
        return event

    def is_looking(self, *, url: str, headers: Mapping[str, str]) -> bool:
        try:
            self._verify(_Message("GET", url, headers), *_LOOK)
        except Forged:
            return False
        return True

    def _verify(
        self, call: _Message, tag: str, covering: tuple[str, ...], *, body: bytes = b""
    ) -> None:
        if not (self.host and self.secret):
            raise ValueError(
                "To know Staydown's calls, give the client 'host' and 'webhook_secret':"
                " `staydown host add` printed both."
            )
        keys = MappingKeyResolver(public_keys={self.host: self.secret.encode()}, private_keys={})
        verifier = HTTPMessageVerifier(
            signature_algorithm=algorithms.HMAC_SHA256, key_resolver=keys
        )
        try:
            verifier.verify(
                call, expect_tag=tag, require_components=covering, body=body, max_age=MAX_AGE
            )
        except HTTPMessageSignaturesException as error:
            raise Forged("no valid signature of Staydown") from error
