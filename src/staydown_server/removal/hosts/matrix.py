"""The connector for a Matrix homeserver that runs Synapse, through a server administrator's token.

``POST /_synapse/admin/v1/media/quarantine/<server_name>/<media_id>`` makes a file inaccessible to
everybody on this server, ``.../unquarantine/...`` undoes it. Synapse answers 200 to both whether it
knows the file or not, and to a protected file, which it leaves alone: so we look.

Documented in Synapse's docs/admin_api/media_admin_api.md
(element-hq.github.io/synapse/latest/admin_api/media_admin_api.html); downloads and thumbnails at
spec.matrix.org/v1.16/client-server-api/#content-repository. docs/hosts/matrix.md says what stays.
"""

from urllib.parse import quote

from staydown_server.accounts.models import Host
from staydown_server.catalogue.models import Item
from staydown_server.removal.hosts.api import Api, Reply, parts_of_id
from staydown_server.removal.hosts.connector import Address, Connector, Order, Setting


class Matrix(Connector):
    """Media; an item's id is ``server/media_id``, with or without ``mxc://`` before it."""

    kind = "matrix"
    settings = (
        Setting("url", "where the admin API answers, such as https://matrix.example"),
        Setting("token", "the access token of a server administrator", is_secret=True),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._headers = {"Authorization": f"Bearer {self.given['token']}"}
        self._api = Api(host, self.given["url"], self._headers, wait=_seconds)

    def take_down(self, order: Order) -> bool:
        return self._move(order, "quarantine")

    def restore(self, order: Order) -> bool:
        return self._move(order, "unquarantine")

    def addresses(self, order: Order) -> tuple[Address, ...]:
        base, media = self.given["url"].rstrip("/"), _media(order.item)
        v1 = f"{base}/_matrix/client/v1/media"
        thumbnail = f"{v1}/thumbnail/{media}?width=96&height=96&method=scale"
        signed = (f"{v1}/download/{media}", thumbnail)
        # The older address, which needs no token, and what the item was registered with.
        open_to_all = (f"{base}/_matrix/media/v3/download/{media}", *order.item.addresses)
        return (
            *(Address(url, headers=self._headers) for url in signed),
            *(Address(url) for url in dict.fromkeys(open_to_all) if url not in signed),
        )

    def _move(self, order: Order, verb: str) -> bool:
        path = f"/_synapse/admin/v1/media/{verb}/{_media(order.item)}"
        return self._api.ask("POST", path, json_body={}, expect=(200, 404)).status == 200


def _seconds(reply: Reply) -> float | None:
    """Older servers put the wait into the body only, in milliseconds."""
    wait = reply.get("retry_after_ms")
    return wait / 1000 if isinstance(wait, int) else None


def _media(item: Item) -> str:
    name = r"(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
    server, media_id = parts_of_id(item, rf"(?:mxc://)?({name})/([\w-]{{1,255}})")
    return f"{quote(server, safe='')}/{media_id}"
