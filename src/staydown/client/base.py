"""What the two clients share: where Staydown is, the host's choice, and the webhook."""

import os
import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from staydown.client.asking import PROBE_SECONDS
from staydown.client.conversations import Conversations, WhenUnreachable
from staydown.client.spool import Spool
from staydown.client.webhook import Ears


class Base:
    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        host: str = "",
        webhook_secret: str = "",
        when_unreachable: WhenUnreachable = "hold",
        spool: Spool | str | os.PathLike[str] | None = None,
        timeout: float = 30.0,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """The Staydown at *url*, as one host knows it.

        *when_unreachable* says what becomes of an upload while it gives no answer: ``hold``
        it, or ``allow`` it and ask later. The latter needs a *spool*: a folder, which may be
        shared by the host's processes on one machine. *timeout* is in seconds, for each read
        and write; connecting may take 2. *host* and *webhook_secret* are for the webhook.
        """
        self.url = url.rstrip("/")
        at = spool if isinstance(spool, Spool) or spool is None else Spool(spool)
        self._conversations = Conversations(when_unreachable, at)
        self._ears = Ears(host, webhook_secret)
        self._options: dict[str, Any] = {
            "base_url": self.url,
            "headers": {"Authorization": f"Bearer {api_key}"},
            "timeout": httpx.Timeout(timeout, connect=min(timeout, PROBE_SECONDS)),
            "verify": verify,
            "trust_env": False,  # the key and the uploads take no proxy
        }

    @property
    def spool(self) -> Spool | None:
        return self._conversations.spool

    def read_event(self, *, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The event in *body*, if Staydown signed this call (RFC 9421), to *url*, just now.

        *url* is your webhook's address as you gave it to Staydown, whatever the call claims.
        Raises `Forged`. An event may come twice, with the same ``id``: obey it once.
        """
        return self._ears.read_event(url=url, headers=headers, body=body)

    def is_looking(self, *, url: str, headers: Mapping[str, str]) -> bool:
        """Whether this GET of *url* is Staydown's, for a moderator to see what was taken down."""
        return self._ears.is_looking(url=url, headers=headers)
