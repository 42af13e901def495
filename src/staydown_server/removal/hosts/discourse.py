"""The connector for Discourse, through an administrator's API key.

``DELETE /posts/{id}.json`` hides a post from everybody but staff, and
``PUT /posts/{id}/recover.json`` undoes it. A topic's first post cannot be deleted alone:
``DELETE /t/{id}.json`` takes the whole topic, and ``PUT /t/{id}/recover.json`` brings it back.
Uploads have no call of their own: their files stay.

Documented at docs.discourse.org (deletePost, removeTopic, getPost; authentication by ``Api-Key``
and ``Api-Username``); ``recover`` and who may do it, read in the server's source, as that page
advises for what it does not list. Rate limits: meta.discourse.org/t/78612. docs/hosts/discourse.md
has more.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item
from staydown_server.jobs import RetryLater
from staydown_server.removal.hosts.api import Api, Reply, parts_of_id
from staydown_server.removal.hosts.connector import Address, Connector, Order, Setting


class Discourse(Connector):
    """Posts; an item's id is its post's, with a word behind a slash to tell files apart."""

    kind = "discourse"
    settings = (
        Setting("url", "the forum, such as https://forum.example"),
        Setting("token", "the API key", is_secret=True),
        Setting("username", "the member of staff that the key is for", default="system"),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        headers = {"Api-Key": self.given["token"], "Api-Username": self.given["username"]}
        self._api = Api(
            host, self.given["url"], headers, wait=lambda reply: reply.get("extras", "wait_seconds")
        )

    def take_down(self, order: Order) -> bool:
        post = self._post(order)
        if post.status != 200:
            return False
        if not post.get("deleted_at"):
            self._api.ask("DELETE", _what(post), expect=(200, 404))
        return True

    def restore(self, order: Order) -> bool:
        post = self._post(order)
        if post.status != 200:
            return False
        if post.get("deleted_at"):
            path = _what(post).replace(".json", "/recover.json")
            self._api.ask("PUT", path, expect=(200, 404))
        return True

    def unit(self, item: Item, receipt: Mapping[str, Any]) -> str | None:
        return _post_id(item)

    def addresses(self, order: Order) -> tuple[Address, ...]:
        # A topic's page goes on showing its other posts: the API is asked for this one, as anybody.
        post = f"{self.given['url'].rstrip('/')}/posts/{_post_id(order.item)}.json"
        others = (url for url in order.item.addresses if not urlsplit(url).path.startswith("/t/"))
        return (Address(post), *(Address(url) for url in others))

    def _post(self, order: Order) -> Reply:
        return self._api.ask("GET", f"/posts/{_post_id(order.item)}.json", expect=(200, 404, 410))


def _what(post: Reply) -> str:
    """What can be deleted: the post, or its topic where it is the first."""
    is_first = post.get("post_number") == 1
    number = post.get("topic_id" if is_first else "id")
    if isinstance(number, bool) or not isinstance(number, int):
        raise RetryLater("the host's answer makes no sense")
    return f"/t/{number}.json" if is_first else f"/posts/{number}.json"


def _post_id(item: Item) -> str:
    (post_id,) = parts_of_id(item, r"(\d{1,18})(?:/[\w.-]{1,100})?")
    return post_id
