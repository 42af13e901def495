"""All that Plaza says to Staydown, and the one call from Staydown that it answers.

This is the whole integration, on top of `staydown.client`: ask before showing (`check`), say
what is shown (`register`, `forget`), obey an order only if its signature holds (`read_event`),
and let its moderators see what was taken down (`is_looking`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from staydown import client
from staydown.client import Forged as ForgedError
from staydown.client import Refused as UnreadableError
from staydown.client import Unreachable as NoAnswerError

__all__ = ["ForgedError", "NoAnswerError", "Staydown", "UnreadableError", "Verdict"]

Verdict = Literal["allow", "hold", "block"]


@dataclass(frozen=True)
class Staydown:
    """Staydown, as one host knows it. Without an answer from it, uploads are held."""

    url: str
    host: str
    api_key: str
    webhook_secret: str

    @cached_property
    def _client(self) -> client.Staydown:
        return client.Staydown(
            self.url, self.api_key, host=self.host, webhook_secret=self.webhook_secret
        )

    def check(self, file: bytes, *, reference: str, uploader: str) -> Verdict:
        return self._client.check(file, reference=reference, uploader=uploader).answer

    def register(
        self, item_id: str, *, url: str, media_url: str, uploader: str, file: bytes
    ) -> Verdict:
        verdict = self._client.register(
            item_id, url=url, media_url=media_url, uploader=uploader, file=file
        )
        return verdict.answer

    def forget(self, item_id: str) -> None:
        self._client.forget(item_id)

    def read_event(self, *, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        return self._client.read_event(url=url, headers=headers, body=body)

    def is_looking(self, *, url: str, headers: Mapping[str, str]) -> bool:
        return self._client.is_looking(url=url, headers=headers)
