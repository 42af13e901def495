"""Adding a host, and knowing one by its key."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from staydown_server import vault
from staydown_server.accounts.models import ApiKey, Host

#: What a host's key may be allowed to do.
SCOPES = ("check", "items", "notices", "cases")
#: What it may be allowed beside: to import fingerprints, which the gate then holds uploads for.
BANKS = "banks"


class HostError(Exception):
    """A host cannot be added as asked; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Shown once, to the host's engineer."""

    host: str
    api_key: str
    webhook_secret: str


def origin_of(url: str) -> str:
    """``scheme://name:port`` of *url*: the name as the DNS has it, the port always written."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError as error:
        raise HostError(f"{url!r} is not a well-formed address") from error
    if port is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise HostError(f"{url!r} is not an http or https address")
    return f"{parts.scheme}://{_in_dns(parts.hostname)}:{port}"


def _in_dns(name: str) -> str:
    if ":" in name:
        return f"[{name}]"
    try:
        return name.rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        return name.lower()


def add_host(
    name: str,
    *,
    origins: list[str],
    webhook_url: str = "",
    kind: str = "webhook",
    credentials: Mapping[str, str] | None = None,
    is_private: bool = False,
    scopes: tuple[str, ...] = SCOPES,
    rotate: bool = False,
) -> Credentials:
    """Add host *name* and return its new key and secret; *rotate* replaces those of an old one.

    *kind* names the connector that takes its items down, *credentials* are what that needs.
    """
    origins = sorted({origin_of(origin) for origin in origins})
    if webhook_url or kind == "webhook":
        origin_of(webhook_url)
    secret = secrets.token_urlsafe(32)
    key = "sd_" + secrets.token_urlsafe(32)
    with transaction.atomic():
        host = Host.objects.filter(name=name).first()
        if host and not rotate:
            raise HostError(
                f"the host {name!r} exists: pass --rotate to replace its key and secret"
            )
        host = host or Host(name=name)
        host.origins, host.webhook_url, host.is_private = origins, webhook_url, is_private
        host.webhook_secret = secret
        host.kind, host.credentials = kind, dict(credentials or {})
        host.save()
        host.apikey_set.filter(revoked_at=None).update(revoked_at=timezone.now())
        ApiKey.objects.create(host=host, digest=_digest(key), scopes=list(scopes))
    return Credentials(host=name, api_key=key, webhook_secret=secret)


def host_of_key(key: str, *, scope: str) -> Host | None:
    """The host whose live key this is, if the key may do *scope*."""
    # Asked with every request: to write the statement anew takes longer than its answer.
    found = Host.objects.raw(
        "SELECT accounts_host.*, accounts_apikey.scopes AS scopes FROM accounts_apikey"
        " JOIN accounts_host ON accounts_host.id = accounts_apikey.host_id"
        " WHERE digest = %s AND revoked_at IS NULL",
        [_digest(key)],
    )
    for host in found:
        scopes = vars(host)["scopes"]
        may = json.loads(scopes) if isinstance(scopes, str) else scopes
        return host if scope in may else None
    return None


def _digest(key: str) -> bytes:
    return vault.digest(key, purpose="api key")
