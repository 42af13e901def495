"""The connector for Mastodon, through the token of an account that belongs to its moderators.

Mastodon's API lets nobody delete another person's status (docs.joinmastodon.org/methods/admin has
no call for it), so there are two ways:

- ``report``: the status is reported to the instance's moderators, who delete it by hand
  (``POST /api/v1/reports``, docs.joinmastodon.org/methods/reports/#post);
- ``suspend``: its author's whole account is suspended, which hides all it ever posted and can be
  undone for 30 days (``POST /api/v1/admin/accounts/:id/action`` and ``.../unsuspend``,
  docs.joinmastodon.org/methods/admin/accounts; docs.joinmastodon.org/admin/moderation).

Rate limits: docs.joinmastodon.org/api/rate-limits. docs/hosts/mastodon.md weighs the two.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from staydown_server.accounts.models import Host
from staydown_server.catalogue.locate import on_host
from staydown_server.catalogue.models import Item
from staydown_server.jobs import RetryLater
from staydown_server.removal.hosts.api import Api, parts_of_id
from staydown_server.removal.hosts.connector import (
    GONE,
    Address,
    Connector,
    Order,
    Refusal,
    Setting,
)
from staydown_server.removal.models import Removal

REASON = "Intimate image published without consent (Staydown {})."
#: A status has four pictures; an edited or remote one may claim any number.
_MOST_FILES = 40


class Mastodon(Connector):
    """Statuses; an item's id is its status's, with a word behind a slash to tell files apart."""

    kind = "mastodon"
    settings = (
        Setting("url", "the instance, such as https://social.example"),
        Setting("token", "the access token of a moderator's account", is_secret=True),
        Setting("action", "what to do", default="report", choices=("report", "suspend")),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._headers = {"Authorization": f"Bearer {self.given['token']}"}
        self._api = Api(host, self.given["url"], self._headers)
        self._suspends = self.given["action"] == "suspend"
        self.reversible = self._suspends

    def take_down(self, order: Order) -> bool:
        status_id = _status_id(order.item)
        if self.unit(order.item, order.receipt) is None:
            raise Refusal(Removal.Trouble.UNKNOWN_ID)
        status = self._api.ask("GET", f"/api/v1/statuses/{status_id}", expect=(200, 404, 410))
        if status.status != 200:
            return False
        account = _account_id(status.get("account", "id"))
        order.remember(account=account, files=self._files(status.get("media_attachments")))
        if self._suspends:
            path = f"/api/v1/admin/accounts/{account}/action"
            # The instance mails it to the account's owner.
            text = f"{REASON.format(order.removal_id)} {order.appeal_url}".strip()
            form = [("type", "suspend"), ("text", text), ("send_email_notification", "true")]
            return self._api.ask("POST", path, form=form, expect=(200, 404)).status == 200
        if order.receipt.get("reported") != order.turn:
            form = [("account_id", account), ("status_ids[]", status_id), ("category", "legal")]
            comment = f"{REASON.format(order.removal_id)} Please delete this post."
            form += [("comment", comment), ("forward", "false")]
            self._api.ask("POST", "/api/v1/reports", form=form, expect=(200,))
            order.remember(reported=order.turn)
        return True

    def restore(self, order: Order) -> bool:
        if not self._suspends:
            raise Refusal(Removal.Trouble.CANNOT_RESTORE, is_final=True)
        if "account" not in order.receipt:
            return False
        path = f"/api/v1/admin/accounts/{_account_id(order.receipt['account'])}"
        account = self._api.ask("GET", path, expect=(200, 404))
        if account.status == 404:
            return False
        # An account that is not suspended answers 403, as a token without the right does.
        if account.get("suspended"):
            self._api.ask("POST", f"{path}/unsuspend", expect=(200,))
        return True

    def unit(self, item: Item, receipt: Mapping[str, Any]) -> str | None:
        """A status; or an account, by the name in the status's own address: of a status that
        is hidden with its account, the API no longer says whose it is."""
        if not self._suspends:
            return _status_id(item)
        named = re.match(r"/@([^/]+)/\d", urlsplit(item.url).path)
        return named[1].lower() if named else None

    def addresses(self, order: Order) -> tuple[Address, ...]:
        # While an account is suspended its pages and files answer 403, to everybody. The API
        # says 404, even to moderators, so it is looked at, too.
        gone = GONE | {403} if self._suspends else GONE
        status = f"{self.given['url'].rstrip('/')}/api/v1/statuses/{_status_id(order.item)}"
        seen = dict.fromkeys((*order.item.addresses, *order.receipt.get("files", ())))
        return (
            Address(status, headers=self._headers),
            *(Address(url, gone) for url in seen),
        )

    def _files(self, attachments: Any) -> list[str]:
        """The addresses of the files and previews that lie at the host."""
        found = [
            attachment.get(name)
            for attachment in (attachments if isinstance(attachments, list) else [])[:_MOST_FILES]
            if isinstance(attachment, dict)
            for name in ("url", "preview_url")
        ]
        return [url for url in found if isinstance(url, str) and on_host(url, self.host)]


def _status_id(item: Item) -> str:
    (status_id,) = parts_of_id(item, r"(\d{1,20})(?:/[\w.-]{1,100})?")
    return status_id


def _account_id(value: Any) -> str:
    if not (isinstance(value, str) and value.isascii() and value.isdigit()):
        raise RetryLater("the host's answer makes no sense")
    return value
