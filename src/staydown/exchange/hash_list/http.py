"""A list over HTTP: conditional requests for the head, and for one page the lines after ours."""

from __future__ import annotations

from collections.abc import Sequence

from staydown.exchange.hash_list.errors import NotThere, TooLarge, Unreachable
from staydown.exchange.hash_list.follower import Fetch
from staydown.exchange.web import AnswerTooLarge, Credential, Web, WebError


def bearer(*keys: str) -> list[Credential]:
    """The *keys* of one audience, newest first."""
    return [Credential(headers={"Authorization": f"Bearer {key}"}) for key in keys]


def over_http(
    address: str, credentials: Sequence[Credential] = (Credential(),), *, timeout: float = 60.0
) -> Fetch:
    """Fetches the list below *address*, which a mirror may serve as plain files.

    The head that came last is kept with its ETag: as long as nothing changes, asking every few
    seconds costs one empty answer each.
    """
    web = Web(address, credentials, timeout=timeout)
    kept: dict[str, tuple[str, bytes]] = {}

    def fetch(path: str, most: int) -> bytes:
        etag, known = kept.get(path, ("", b""))
        try:
            answer = web.ask(
                "GET", f"/{path}", headers={"If-None-Match": etag} if etag else {}, most=most
            )
        except AnswerTooLarge as error:
            raise TooLarge(str(error)) from None
        except WebError as error:
            raise Unreachable(str(error)) from None
        if answer.status == 304 and etag:
            return known
        if answer.status in (404, 410):
            raise NotThere(f"There is no {path.partition('?')[0]} of a list at this address.")
        if answer.status != 200:
            raise Unreachable(f"The list's server answers with status {answer.status}.")
        if path == "head.json" and answer.etag is not None:
            kept[path] = (answer.etag, answer.body)
        return answer.body

    return fetch
