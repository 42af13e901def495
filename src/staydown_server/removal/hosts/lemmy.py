"""The connector for Lemmy, through the token of a moderator or administrator.

- ``remove``: ``POST /post/remove`` with ``removed: true``, and ``false`` to undo it. The post is
  hidden; its picture's file stays at its address in pict-rs.
- ``purge``: ``POST /admin/purge/post`` deletes the post with its picture and thumbnail, for good.

Documented at join-lemmy.org/api (RemovePost, PurgePost, GetPost); 0.19 speaks ``/api/v3``, 1.0
speaks ``/api/v4`` for these calls. Lemmy answers most refusals with 400 and a word in ``error``;
the words are those of ``LemmyErrorType`` in its source. docs/hosts/lemmy.md says what to choose.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item
from staydown_server.jobs import RetryLater
from staydown_server.removal.hosts.api import Api, Reply, parts_of_id
from staydown_server.removal.hosts.connector import Address, Connector, Order, Refusal, Setting
from staydown_server.removal.models import Removal

REASON = "Intimate image published without consent (Staydown {})"
_WORDS = {
    "not_logged_in": Removal.Trouble.TOKEN,
    "incorrect_login": Removal.Trouble.TOKEN,
    "not_a_moderator": Removal.Trouble.FORBIDDEN,
    "not_a_mod_or_admin": Removal.Trouble.FORBIDDEN,
    "not_an_admin": Removal.Trouble.FORBIDDEN,
    "not_higher_mod": Removal.Trouble.FORBIDDEN,
    "not_higher_admin": Removal.Trouble.FORBIDDEN,
}
#: Some 0.19 releases say 400 with this word where others say 404.
_MISSING = ("couldnt_find_post", "not_found")


class Lemmy(Connector):
    """Posts; an item's id is its post's, with a word behind a slash to tell files apart."""

    kind = "lemmy"
    settings = (
        Setting("url", "the instance, such as https://lemmy.example"),
        Setting("token", "the JWT of a moderator's or administrator's account", is_secret=True),
        Setting("action", "what to do", default="remove", choices=("remove", "purge")),
        Setting("api", "the API's version", default="v3", choices=("v3", "v4")),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        headers = {"Authorization": f"Bearer {self.given['token']}"}
        self._api = Api(host, self.given["url"], headers)
        self._base = f"/api/{self.given['api']}"
        self.reversible = self.given["action"] == "remove"

    def take_down(self, order: Order) -> bool:
        if self.reversible:
            return self._set_removed(order, True)
        body = {"post_id": _post_id(order.item), "reason": REASON.format(order.removal_id)}
        return self._done(f"{self._base}/admin/purge/post", body)

    def restore(self, order: Order) -> bool:
        if not self.reversible:
            raise Refusal(Removal.Trouble.CANNOT_RESTORE, is_final=True)
        return self._set_removed(order, False)

    def unit(self, item: Item, receipt: Mapping[str, Any]) -> str | None:
        return str(_post_id(item))

    def is_gone(self, order: Order) -> bool:
        """Asked without a token, as anybody sees it: the post's page is an application that
        answers 200 whatever becomes of the post, so the API answers in its place."""
        path = f"{self._base}/post?id={_post_id(order.item)}"
        reply = Api(self.host, self.given["url"]).ask("GET", path, expect=(200, 400, 404, 410))
        return _is_missing(reply) and super().is_gone(order)

    def addresses(self, order: Order) -> tuple[Address, ...]:
        page = f"/post/{_post_id(order.item)}"
        return tuple(
            Address(url) for url in order.item.addresses if urlsplit(url).path.rstrip("/") != page
        )

    def _set_removed(self, order: Order, is_removed: bool) -> bool:
        body = {
            "post_id": _post_id(order.item),
            "removed": is_removed,
            "reason": REASON.format(order.removal_id),
        }
        return self._done(f"{self._base}/post/remove", body)

    def _done(self, path: str, body: Mapping[str, Any]) -> bool:
        reply = self._api.ask("POST", path, json_body=body, expect=(200, 400, 404))
        if reply.status == 200:
            return True
        if _is_missing(reply):
            return False
        word = reply.get("error")
        if word == "rate_limit_error":
            raise RetryLater("the host is busy")
        raise Refusal(_WORDS.get(word, Removal.Trouble.REJECTED))


def _is_missing(reply: Reply) -> bool:
    return reply.status in (404, 410) or (reply.status == 400 and reply.get("error") in _MISSING)


def _post_id(item: Item) -> int:
    (post_id,) = parts_of_id(item, r"(\d{1,9})(?:/[\w.-]{1,100})?")
    return int(post_id)
