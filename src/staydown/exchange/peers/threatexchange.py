"""Meta's ThreatExchange: the updates of one privacy group, and our own descriptors in it.

The shapes are those of the Graph API's public documentation and of the public client in
``python-threatexchange`` (``exchanges/clients/fb_threatexchange/``). The access token goes into
the query, as documented, and so into every address: no address is ever shown, and the one of the
next page is taken apart and put together again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from staydown.exchange.hash_list import Harm
from staydown.exchange.peers.update import (
    Batch,
    Checkpoint,
    NotUnderstood,
    Update,
    listed,
    prints_of,
)
from staydown.exchange.web import (
    Answer,
    Credential,
    KeyRefused,
    RateLimited,
    Refused,
    Web,
)

ADDRESS = "https://graph.facebook.com/v26.0"
PARTNER = "threatexchange"
PAGE_SIZE = 500
STALE = timedelta(days=85)
"""Deletions are told for 90 days; the public client begins anew after 85, and so do we."""

Status = Literal["MALICIOUS", "NON_MALICIOUS", "SUSPICIOUS", "UNKNOWN"]
Reaction = Literal["HELPFUL", "NOT_HELPFUL", "SAW_THIS_TOO", "DISAGREE_WITH_TAGS"]
IndicatorType = Literal["HASH_PDQ", "HASH_MD5", "HASH_SHA256", "HASH_VIDEO_MD5"]

CONFIRMED, DISPUTED, UNSURE = 80, 40, 50
"""How sure we are: somebody calls it malicious; somebody else does not; nobody says. Our own."""

_TYPES = {
    "HASH_PDQ": ("picture", "pdq"),
    "HASH_MD5": ("picture", "md5"),
    "HASH_SHA256": ("picture", "sha256"),
    "HASH_VIDEO_MD5": ("video", "md5"),
}
_FIELDS = (
    "id,indicator,type,last_updated,should_delete,"
    "descriptors{id,owner{id},status,tags,reactions,my_reactions}"
)
_TOO_FAST = (4, 17, 32, 341, 613)
_BAD_TOKEN = (102, 190)
"""Codes of the Graph API's errors, which come with status 400."""


@dataclass(frozen=True, slots=True)
class Token:
    text: str = field(repr=False)


class ThreatExchange:
    """One privacy group's updates. *tokens* are newest first; each method raises a `WebError`."""

    def __init__(
        self,
        tokens: Sequence[Token],
        *,
        group: int,
        harm: Harm,
        now: Callable[[], datetime],
        address: str = ADDRESS,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        self._group, self._harm, self._now = group, harm, now
        options: dict[str, Any] = {} if pause is None else {"pause": pause}
        self._webs = [
            Web(address, [Credential(query={"access_token": each.text})], **options)
            for each in tokens
        ]

    def fetch(self, checkpoint: Checkpoint | None = None) -> Iterator[Batch]:
        """What changed since *checkpoint*; everything, where that is None or too old.

        Updates come in order of time, so each page moves the place in the list on. The second
        that it stopped in is asked for again: more may have happened in it.
        """
        started = self._now()
        begins_anew = False
        since = 0
        if checkpoint is not None:
            begins_anew = started - datetime.fromisoformat(checkpoint["fetched_at"]) > STALE
            since = 0 if begins_anew else checkpoint["since"]
        fetched_at = started.isoformat()
        if checkpoint is not None and not begins_anew:
            fetched_at = checkpoint["fetched_at"]
        path = f"/{self._group}/threat_updates/"
        query: dict[str, str] = {
            "start_time": str(since),
            "limit": str(PAGE_SIZE),
            "types": ",".join(_TYPES),
            "fields": _FIELDS,
        }
        while True:
            page = self._ask("GET", f"{path}?{urlencode(query)}")
            updates, passed_over, reached = self._read(page.get("data"))
            since = max(since, reached)
            following = _next_query(page, path)
            caught_up = following is None
            fetched_at = started.isoformat() if caught_up else fetched_at
            yield Batch(
                updates=updates,
                checkpoint={"since": since, "fetched_at": fetched_at},
                caught_up=caught_up,
                begins_anew=begins_anew,
                passed_over=passed_over,
            )
            begins_anew = False
            if following is None:
                return
            query = following

    def submit(
        self,
        indicator_type: IndicatorType,
        indicator: str,
        *,
        tags: Sequence[str] = (),
        status: Status = "MALICIOUS",
    ) -> str:
        """List a hash for the group, with what we say of it; the descriptor's id."""
        answer = self._ask(
            "POST",
            "/threat_descriptors",
            {
                "indicator": indicator,
                "type": indicator_type,
                "description": "Listed by a moderator.",
                "share_level": "AMBER",
                "status": status,
                "privacy_type": "HAS_PRIVACY_GROUP",
                "privacy_members": str(self._group),
                **({"tags": ",".join(tags)} if tags else {}),
            },
        )
        made = answer.get("id")
        if not isinstance(made, str) or not made.isdigit():
            raise NotUnderstood("ThreatExchange gives no id for what was submitted.")
        return made

    def take_back(self, descriptor: str) -> None:
        """Delete a descriptor of our own."""
        self._ask("DELETE", f"/{_id(descriptor)}")

    def react(self, descriptor: str, reaction: Reaction) -> None:
        """Say what we think of somebody else's descriptor."""
        self._ask("POST", f"/{_id(descriptor)}", {"reactions": reaction})

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        body = None if form is None else urlencode(form).encode()
        headers = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        for web in tuple(self._webs):
            try:
                values = _values(web.ask(method, path, headers=headers, body=body))
            except KeyRefused:
                continue
            self._webs.remove(web)
            self._webs.insert(0, web)
            return values
        raise KeyRefused("ThreatExchange refuses our access token: it was changed, or has ended.")

    def _read(self, data: object) -> tuple[tuple[Update, ...], Counter[str], int]:
        if not isinstance(data, list):
            raise NotUnderstood("ThreatExchange answers without data.")
        updates, passed_over, reached = [], Counter[str](), 0
        for record in data:
            read = self._update(record)
            if isinstance(read, Update):
                updates.append(read)
            else:
                passed_over[read] += 1
            when = record.get("last_updated") if isinstance(record, dict) else None
            if isinstance(when, int) and not isinstance(when, bool):
                reached = max(reached, when)
        return tuple(updates), passed_over, reached

    def _update(self, record: object) -> Update | str:
        name = record.get("id") if isinstance(record, dict) else None
        if not isinstance(record, dict) or not isinstance(name, str) or not name.isdigit():
            return "damaged record"
        opinions = record.get("descriptors")
        said = opinions.get("data") if isinstance(opinions, dict) else None
        # Deleted records may say so only by having no descriptors any more
        # (facebook/ThreatExchange issue 834).
        if record.get("should_delete") or not said:
            return Update(name, None)
        if record.get("type") not in _TYPES:
            return "unknown type of indicator"
        prints = prints_of(*_TYPES[record["type"]], record.get("indicator"))
        if prints is None or not isinstance(said, list):
            return "damaged record"
        statuses = {each.get("status") for each in said if isinstance(each, dict)}
        if statuses == {"NON_MALICIOUS"}:
            # It is listed so that others take it off their lists.
            return Update(name, None)
        is_disputed = "NON_MALICIOUS" in statuses or any(_disagrees(each) for each in said)
        sure = DISPUTED if is_disputed else CONFIRMED if "MALICIOUS" in statuses else UNSURE
        return Update(name, listed(prints, partner=PARTNER, harm=self._harm, confidence=sure))


def _disagrees(descriptor: object) -> bool:
    if not isinstance(descriptor, dict):
        return False
    return "DISAGREE_WITH_TAGS" in json.dumps(
        [descriptor.get("reactions"), descriptor.get("my_reactions")]
    )


def _values(answer: Answer) -> dict[str, Any]:
    try:
        values = json.loads(answer.body)
    except (ValueError, RecursionError):
        values = None
    error = values.get("error") if isinstance(values, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    if code in _BAD_TOKEN:
        raise KeyRefused("ThreatExchange refuses our access token: it was changed, or has ended.")
    if code in _TOO_FAST:
        raise RateLimited("ThreatExchange asks us to come back later.", None)
    if answer.status != 200:
        raise Refused(f"ThreatExchange answers with status {answer.status}.", answer.status)
    if not isinstance(values, dict):
        raise NotUnderstood("ThreatExchange answers with something that is no JSON object.")
    return values


def _next_query(page: dict[str, Any], path: str) -> dict[str, str] | None:
    """What to ask for next, without the token that the address of the next page holds."""
    paging = page.get("paging")
    address = paging.get("next") if isinstance(paging, dict) else None
    if address is None:
        return None
    if not isinstance(address, str) or not urlsplit(address).path.rstrip("/").endswith(
        path.rstrip("/")
    ):
        raise NotUnderstood("ThreatExchange names a next page that is not of these updates.")
    return {
        name: value for name, value in parse_qsl(urlsplit(address).query) if name != "access_token"
    }


def _id(descriptor: str) -> str:
    if not descriptor.isdigit():
        raise ValueError("A descriptor's id is a number.")
    return descriptor
