"""All that Plaza says to Staydown, and the one call from Staydown that it answers.

This is the whole integration: ask before showing (`check`), say what is shown
(`register`, `forget`), obey an order only if its signature holds (`read_event`), and let its
moderators see what was taken down (`is_looking`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Literal

import requests
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    MappingKeyResolver,
    algorithms,
)

Verdict = Literal["allow", "hold", "block"]


class UnreadableError(Exception):
    """Staydown cannot read the file. The message is a sentence for the person who sent it."""


class NoAnswerError(Exception):
    """Staydown could not be asked. Show nothing that it has not seen, and ask again later."""


class ForgedError(Exception):
    """A call to the webhook that Staydown did not sign, or signed too long ago."""


@dataclass(frozen=True)
class Staydown:
    """Staydown, as one host knows it: its address, our name there, our key and our secret."""

    url: str
    host: str
    api_key: str
    webhook_secret: str

    def check(self, file: bytes, *, reference: str, uploader: str) -> Verdict:
        """Ask the gate about an upload, before anyone can see it.

        Where it is held, a person decides, and an event brings our *reference* back.
        """
        fields = {"reference": reference, "uploader": uploader}
        return _verdict(self._send("POST", "/check", fields, file))

    def register(
        self, item_id: str, *, url: str, media_url: str, uploader: str, file: bytes
    ) -> Verdict:
        """Say that we show *file* at *url*, so that sweeps find it. Repeating is harmless."""
        fields = {"id": item_id, "url": url, "media_url": media_url, "uploader": uploader}
        return _verdict(self._send("POST", "/items", fields, file))

    def forget(self, item_id: str) -> None:
        """Say that we no longer have the item, because its uploader deleted it."""
        self._send("DELETE", f"/items/{item_id}")

    def read_event(self, *, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The event in *body*, if Staydown signed this call (RFC 9421), to *url*, just now."""
        self._verify(
            SimpleNamespace(method="POST", url=url, headers=headers),
            tag="staydown-webhook",
            covering=("@method", "@target-uri", "content-digest", "content-type"),
            body=body,
        )
        event: dict[str, Any] = json.loads(body)
        return event

    def is_looking(self, *, url: str, headers: Mapping[str, str]) -> bool:
        """Whether this GET of *url* is Staydown's, for a moderator to see what was taken down."""
        asked = SimpleNamespace(method="GET", url=url, headers=headers)
        try:
            self._verify(asked, tag="staydown-look", covering=("@method", "@target-uri"))
        except ForgedError:
            return False
        return True

    def _verify(
        self, call: SimpleNamespace, *, tag: str, covering: tuple[str, ...], body: bytes = b""
    ) -> None:
        keys = MappingKeyResolver(
            public_keys={self.host: self.webhook_secret.encode()}, private_keys={}
        )
        verifier = HTTPMessageVerifier(
            signature_algorithm=algorithms.HMAC_SHA256, key_resolver=keys
        )
        try:
            verifier.verify(
                call,
                expect_tag=tag,
                require_components=covering,
                body=body,
                max_age=timedelta(minutes=5),
            )
        except HTTPMessageSignaturesException as error:
            raise ForgedError("no valid signature of Staydown") from error

    def _send(
        self, method: str, path: str, fields: dict[str, str] | None = None, file: bytes = b""
    ) -> dict[str, Any]:
        with requests.Session() as session:
            session.trust_env = False  # the key and the file take no proxy
            try:
                answer = session.request(
                    method,
                    f"{self.url}/api/v1{path}",
                    headers={"Authorization": f"Bearer {self.api_key}"},
                    data=fields,
                    files={"file": ("file", file)} if fields else None,
                    timeout=(3, 30),
                    allow_redirects=False,
                )
                said = answer.json() if answer.content else {}
            except requests.RequestException as error:  # among them: an answer that is no JSON
                raise NoAnswerError(type(error).__name__) from error
        if answer.status_code in (400, 413, 415, 422) and isinstance(said, dict):
            raise UnreadableError(said.get("detail") or "This picture cannot be read.")
        if method == "DELETE" and answer.status_code == 404:
            return {}  # it never knew, or has forgotten already
        if not 200 <= answer.status_code < 300 or not isinstance(said, dict):
            raise NoAnswerError(f"status {answer.status_code}")
        return said


def _verdict(said: dict[str, Any]) -> Verdict:
    # Anything but a clear yes or no is held: a person can release it, nobody can unsee it.
    verdict = said.get("verdict")
    return verdict if verdict in ("allow", "block") else "hold"
