"""The connector for PeerTube, through a moderator's account.

A video is blocked (``POST /api/v1/videos/{id}/blacklist``, with ``unfederate`` for one of the
instance's own). That hides its page, but its files stay where they are: so one of the instance's
own is made private, too, which moves them (``PUT /api/v1/videos/{id}``), and its thumbnails are
replaced by a grey one. All of it is undone by ``DELETE /api/v1/videos/{id}/blacklist`` and another
``PUT``, but for the thumbnails.

Documented at docs.joinpeertube.org/api-rest-reference.html (addVideoBlock, delVideoBlock, putVideo,
getVideo, getOAuthClient, getOAuthToken) and docs.joinpeertube.org/api/rest-getting-started; what
becomes of files and thumbnails, read in the server's source. docs/hosts/peertube.md says more.
"""

import io
import re
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

from PIL import Image

from staydown_server.accounts.models import Host
from staydown_server.catalogue.locate import on_host
from staydown_server.catalogue.models import Item
from staydown_server.jobs import RetryLater
from staydown_server.removal.hosts.api import Api, Reply, parts_of_id
from staydown_server.removal.hosts.connector import (
    GONE,
    Address,
    Connector,
    Order,
    Refusal,
    Setting,
)
from staydown_server.removal.models import Removal

#: ``VideoPrivacy``: what everybody can see, with the address or without; and what nobody can.
PUBLIC, UNLISTED, PRIVATE = 1, 2, 3
REASON = "Intimate image published without consent (Staydown {})"
_MOST_FILES = 40
_LONGEST_REASON = 300

# Access tokens by instance and account, with the moment until which each is used: a host lets us
# sign in 15 times in 5 minutes.
_tokens: dict[tuple[str, str, str], tuple[str, float]] = {}
_lock = Lock()


class PeerTube(Connector):
    """Videos; an item's id is the video's number, UUID or short UUID."""

    kind = "peertube"
    settings = (
        Setting("url", "the instance, such as https://tube.example"),
        Setting("username", "the account of a moderator or administrator"),
        Setting("password", "its password", is_secret=True),
    )

    def take_down(self, order: Order) -> bool:
        api, path = self._signed_in(), _path(order.item)
        video = api.ask("GET", path, expect=(200, 404))
        if video.status == 404:
            return False
        is_local, privacy = video.get("isLocal") is True, video.get("privacy", "id")
        # Both before the first step: the files' addresses change with the second.
        order.remember(files=self._files(video))
        if privacy in (PUBLIC, UNLISTED):
            order.remember(privacy=privacy)
        if not video.get("blacklisted"):
            # The instance mails it to the video's owner.
            reason = f"{REASON.format(order.removal_id)} {order.appeal_url}".strip()
            block = {"reason": reason[:_LONGEST_REASON], "unfederate": is_local}
            api.ask("POST", f"{path}/blacklist", json_body=block, expect=(204,))
        if is_local and privacy in (PUBLIC, UNLISTED):
            api.ask("PUT", path, json_body={"privacy": PRIVATE}, expect=(204,))
        if is_local:
            api.ask("PUT", path, files={"thumbnailfile": _grey()}, expect=(204,))
            # A newer PeerTube knows one picture only.
            api.ask("PUT", path, files={"previewfile": _grey()}, expect=(204, 400, 500))
        return True

    def restore(self, order: Order) -> bool:
        api, path = self._signed_in(), _path(order.item)
        video = api.ask("GET", path, expect=(200, 404))
        if video.status == 404:
            return False
        before = order.receipt.get("privacy")
        # Visible first: lifting the block then sends it out to other instances again.
        if before is not None and video.get("privacy", "id") == PRIVATE:
            api.ask("PUT", path, json_body={"privacy": before}, expect=(204,))
        if video.get("blacklisted"):
            api.ask("DELETE", f"{path}/blacklist", expect=(204, 404))
        return True

    def addresses(self, order: Order) -> tuple[Address, ...]:
        # The API answers 401 for a blocked video to whoever has not signed in.
        video = f"{self.given['url'].rstrip('/')}{_path(order.item)}"
        seen = dict.fromkeys((*order.item.addresses, *order.receipt.get("files", ())))
        return (Address(video, GONE | {401, 403}), *(Address(url) for url in seen))

    def _files(self, video: Reply) -> list[str]:
        """The addresses of the video's files and thumbnails that lie at the instance."""
        base = self.given["url"].rstrip("/")
        found = [video.get("thumbnailPath"), video.get("previewPath")]
        found = [base + path for path in found if isinstance(path, str) and path.startswith("/")]
        playlists = video.get("streamingPlaylists")
        for each in playlists if isinstance(playlists, list) else []:
            found += [_of(each, "playlistUrl"), *_file_urls(_of(each, "files"))]
        found += _file_urls(video.get("files"))
        ours = [url for url in found if isinstance(url, str) and on_host(url, self.host)]
        return ours[:_MOST_FILES]

    def _signed_in(self) -> "_Session":
        return _Session(self.host, self.given)


class _Session:
    """The API with an access token, which lasts for hours and is asked for anew when it ended."""

    def __init__(self, host: Host, given: Mapping[str, str]) -> None:
        self._host, self._given = host, given
        self._who = (given["url"], given["username"], given["password"])

    def ask(self, method: str, path: str, *, expect: tuple[int, ...], **what: Any) -> Reply:
        reply = self._api().ask(method, path, expect=(*expect, 401), **what)
        if reply.status == 401:
            with _lock:
                _tokens.pop(self._who, None)
            reply = self._api().ask(method, path, expect=expect, **what)
        return reply

    def _api(self) -> Api:
        with _lock:
            token, until = _tokens.get(self._who, ("", 0.0))
        if time.monotonic() >= until:
            token = self._sign_in()
        headers = {"Authorization": f"Bearer {token}"}
        return Api(self._host, self._given["url"], headers)

    def _sign_in(self) -> str:
        api = Api(self._host, self._given["url"])
        client = api.ask("GET", "/api/v1/oauth-clients/local", expect=(200,))
        form = [
            ("client_id", str(client.get("client_id"))),
            ("client_secret", str(client.get("client_secret"))),
            *(("grant_type", "password"), ("response_type", "code")),
            *(("username", self._given["username"]), ("password", self._given["password"])),
        ]
        answer = api.ask("POST", "/api/v1/users/token", form=form, expect=(200, 400, 401))
        if answer.status != 200:
            raise Refusal(Removal.Trouble.TOKEN)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not re.fullmatch(r"[\w.~+/-]+=*", token, re.ASCII):
            raise RetryLater("the host's answer makes no sense")
        lasts = seconds if isinstance(seconds, int) else 0
        with _lock:
            _tokens[self._who] = (token, time.monotonic() + min(max(lasts - 60, 0), 86_400))
        return token


def _path(item: Item) -> str:
    (video,) = parts_of_id(
        item, r"(\d{1,18}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\w{21,22})"
    )
    return f"/api/v1/videos/{video}"


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _file_urls(files: Any) -> list[Any]:
    return [_of(each, "fileUrl") for each in (files if isinstance(files, list) else [])]


def _grey() -> bytes:
    jpeg = io.BytesIO()
    Image.new("L", (850, 480), 200).save(jpeg, "JPEG")
    return jpeg.getvalue()
