"""StopNCII.org, version 1: hashes that people deposited of their own pictures.

The shapes are those of the public client in ``python-threatexchange``
(``exchanges/clients/stopncii/api.py``). Two of its defects let a person's withdrawal be lost and
make submissions unreadable, so this client is ours; ``docs/partners.md`` tells them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from staydown.exchange.hash_list import Entry
from staydown.exchange.peers.update import (
    Batch,
    Checkpoint,
    NotUnderstood,
    Update,
    listed,
    prints_of,
    read_answer,
)
from staydown.exchange.web import Credential, Refused, Web

ADDRESS = "https://api.stopncii.org/v1"
PARTNER = "stopncii.org"
FIRST_TIMESTAMP = 10
"""Where a list begins, as the public client has it."""
PAGE_SIZE = 800
STALE = timedelta(days=30)
"""After so long without fetching, what was deleted meanwhile is not told any more."""

Verdict = Literal["Blocked", "NotBlocked", "PendingReview", "QualityUnknown", "None"]
SignalType = Literal["ImagePDQ", "VideoMD5"]

UNREVIEWED, BLOCKED_BY_OTHERS, DISPUTED, NOT_BLOCKED = 50, 90, 40, 20
"""How sure we are: the person alone says so; platforms looked and blocked it; some did and some
did not; they looked and did not. Our own numbers: nobody publishes any."""

_GONE = ("Withdrawn", "Deleted")
_STANDS = ("Active", "Received")
_TYPES = {"ImagePDQ": ("picture", "pdq"), "VideoMD5": ("video", "md5")}


@dataclass(frozen=True, slots=True)
class Keys:
    """A platform's keys: one subscription, and a key for each function it may call."""

    subscription: str = field(repr=False)
    fetch: str = field(repr=False)
    submit_hashes: str = field(default="", repr=False)
    submit_feedback: str = field(default="", repr=False)


class StopNCII:
    """The list as one platform sees it.

    *keys* are newest first: while keys are rotated, the ones that work are used. Every method
    raises a `WebError`, never with a key or a hash in it.
    """

    def __init__(
        self,
        keys: Sequence[Keys],
        *,
        address: str = ADDRESS,
        now: Callable[[], datetime],
        pause: Callable[[float], None] | None = None,
    ) -> None:
        self._now = now
        options: dict[str, Any] = {} if pause is None else {"pause": pause}
        # Each function has its own keys, of which another may work than for the next.
        self._fetch, self._hashes, self._feedback = (
            Web(address, _credentials(keys, function), **options)
            for function in ("fetch", "submit_hashes", "submit_feedback")
        )

    def fetch(self, checkpoint: Checkpoint | None = None) -> Iterator[Batch]:
        """What changed since *checkpoint*; everything, where that is None or too old.

        A record replaces the one before it under the same key. The place in the list moves on
        with the last page only: the tokens between pages live too short to be stored.
        """
        started = self._now()
        if checkpoint is None:
            checkpoint = {"since": FIRST_TIMESTAMP, "fetched_at": started.isoformat()}
        begins_anew = started - datetime.fromisoformat(checkpoint["fetched_at"]) > STALE
        since = FIRST_TIMESTAMP if begins_anew else checkpoint["since"]
        token = ""
        while True:
            page = self._page(since, token)
            token = page.get("nextPageToken") or ""
            has_more = page.get("hasMoreRecords") is True
            if has_more and not token:
                raise NotUnderstood("StopNCII promises a further page and gives no token for it.")
            updates, passed_over = _read(page.get("hashRecords"))
            reached = _next(page, since)
            yield Batch(
                updates=updates,
                checkpoint=(
                    checkpoint
                    if has_more
                    else {"since": reached, "fetched_at": started.isoformat()}
                ),
                caught_up=not has_more,
                begins_anew=begins_anew,
                passed_over=passed_over,
            )
            begins_anew = False
            if not has_more:
                return

    def submit(self, hashes: Sequence[tuple[SignalType, str]], *, tags: Sequence[str] = ()) -> None:
        """Give hashes that our own moderators blocked."""
        now = int(self._now().timestamp())
        records = [
            {
                "lastModtimestamp": now,
                "signalType": signal_type,
                "hashValue": value,
                "CSPFeedbacks": [{"feedbackValue": "Blocked", "tags": list(tags)}],
            }
            for signal_type, value in hashes
        ]
        _post(self._hashes, "/SubmitHashes", {"count": len(records), "hashRecords": records})

    def give_feedback(
        self, verdicts: Sequence[tuple[str, Verdict]], *, tags: Sequence[str] = ()
    ) -> None:
        """Say what we decided about hashes of the list."""
        feedback = [
            {"hashValue": value, "feedbackValue": verdict, "tags": list(tags)}
            for value, verdict in verdicts
        ]
        _post(
            self._feedback, "/SubmitFeedback", {"count": len(feedback), "hashFeedbacks": feedback}
        )

    def _page(self, since: int, token: str) -> dict[str, Any]:
        query: dict[str, str | int] = {"startTimestamp": since, "pageSize": PAGE_SIZE}
        if token:
            query["nextPageToken"] = token
        return read_answer(self._fetch.ask("GET", "/FetchHashes", query=query), "StopNCII")


def _credentials(keys: Sequence[Keys], function: str) -> list[Credential]:
    return [
        Credential(
            headers={
                "x-functions-key": getattr(each, function),
                "Ocp-Apim-Subscription-Key": each.subscription,
            }
        )
        for each in keys
        if getattr(each, function)
    ]


def _post(web: Web, path: str, values: dict[str, Any]) -> None:
    answer = web.ask(
        "POST",
        path,
        headers={"Content-Type": "application/json"},
        body=json.dumps(values).encode(),
    )
    if not 200 <= answer.status < 300:
        raise Refused(f"StopNCII answers with status {answer.status}.", answer.status)


def _next(page: dict[str, Any], since: int) -> int:
    reached = page.get("nextSetTimestamp")
    if not isinstance(reached, int) or isinstance(reached, bool):
        raise NotUnderstood("StopNCII does not say from when on to ask next (nextSetTimestamp).")
    return max(reached, since)


def _read(records: object) -> tuple[tuple[Update, ...], Counter[str]]:
    if not isinstance(records, list):
        raise NotUnderstood("StopNCII answers without hashRecords.")
    updates, passed_over = [], Counter[str]()
    for record in records:
        read = _update(record)
        if isinstance(read, Update):
            updates.append(read)
        else:
            passed_over[read] += 1
    return tuple(updates), passed_over


def _update(record: object) -> Update | str:
    """What a record says, or why it says nothing to us."""
    if not isinstance(record, dict):
        return "damaged record"
    signal_type, value = record.get("signalType"), record.get("hashValue")
    if not isinstance(signal_type, str) or not isinstance(value, str):
        return "damaged record"
    key = f"{signal_type}/{value.lower()}"
    status = record.get("hashStatus")
    # First of all: whatever else is wrong with the record, a withdrawal counts.
    if status in _GONE:
        return Update(key, None)
    if signal_type not in _TYPES:
        return f"signal type {_known(signal_type, ('VideoTMK', 'Text', 'URL'))}"
    if status not in _STANDS:
        return "unknown status"
    prints = prints_of(*_TYPES[signal_type], value)
    if prints is None:
        return "damaged record"
    entry: Entry = listed(
        prints,
        partner=PARTNER,
        harm="intimate-unknown",
        confidence=_confidence(record.get("CSPFeedbacks")),
        how="deposited",
    )
    return Update(key, entry)


def _known(text: str, names: tuple[str, ...]) -> str:
    """*text* where it is one of *names*: what we count must not hold what strangers wrote."""
    return text if text in names else "unknown"


def _confidence(feedbacks: object) -> int:
    said = {
        each.get("feedbackValue")
        for each in (feedbacks if isinstance(feedbacks, list) else [])
        if isinstance(each, dict)
    }
    if "Blocked" in said:
        return DISPUTED if "NotBlocked" in said else BLOCKED_BY_OTHERS
    return NOT_BLOCKED if "NotBlocked" in said else UNREVIEWED
