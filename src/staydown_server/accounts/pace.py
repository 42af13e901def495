"""How often strangers may try something, without keeping who they are and shutting nobody out.

Each caller has a bucket of tries that fills up again (a token bucket), found by an HMAC of their
address with a key that lives in this process's memory only. Behind one address may be thousands,
as at an exit of Tor: so whoever finds the bucket empty gets a *turn*, a sealed note that lets
them in once they have waited, however many others come meanwhile.
"""

import base64
import hmac
import json
import os
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from staydown_server import vault

#: How long a turn can be used after its wait, in seconds: somebody may be reading meanwhile.
TURN_SECONDS = 3600
#: Buckets and used turns kept in memory: a few megabytes. Beyond it the oldest are forgotten.
MOST_KEPT = 50_000

_key = os.urandom(32)


@dataclass(frozen=True, slots=True)
class Wait:
    """Come back in so many seconds, with this turn."""

    seconds: int
    turn: str


@dataclass(slots=True)
class _Bucket:
    tries: float
    at: float


class Pace:
    """*at_once* tries for each caller, and one more every *seconds*.

    Ask :meth:`wait` first, and :meth:`take` a try where one was used.
    """

    def __init__(self, name: str, *, at_once: int, seconds: float) -> None:
        self._name, self._at_once, self._seconds = name, at_once, seconds
        self._buckets: OrderedDict[bytes, _Bucket] = OrderedDict()
        self._used: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def wait(self, caller: str, *, turn: str = "") -> Wait | None:
        """None where *caller* may go on: a try is left, or *turn* is theirs and has come."""
        with self._lock:
            bucket = self._filled(caller)
            if bucket.tries >= 1 or self._has_come(turn):
                return None
            seconds = max(1, round((1 - bucket.tries) * self._seconds))
        note = {"from": time.time() + seconds, "name": secrets.token_urlsafe(12)}
        sealed = vault.seal(json.dumps(note).encode(), purpose=self._purpose)
        return Wait(seconds, base64.urlsafe_b64encode(sealed).decode())

    def take(self, caller: str) -> None:
        """Use one of the caller's tries up."""
        with self._lock:
            bucket = self._filled(caller)
            bucket.tries = max(0.0, bucket.tries - 1)

    @property
    def _purpose(self) -> str:
        return f"turn: {self._name}"

    def _filled(self, caller: str) -> _Bucket:
        now = time.monotonic()
        name = hmac.digest(_key, f"{self._name} {caller}".encode(), sha256)
        bucket = self._buckets.setdefault(name, _Bucket(self._at_once, now))
        bucket.tries = min(self._at_once, bucket.tries + (now - bucket.at) / self._seconds)
        bucket.at = now
        self._buckets.move_to_end(name)
        if len(self._buckets) > MOST_KEPT:
            self._buckets.popitem(last=False)
        return bucket

    def _has_come(self, turn: str) -> bool:
        """Whether *turn* is one of ours, its wait is over, and this process has not seen it."""
        try:
            sealed = base64.urlsafe_b64decode(turn)
            note = json.loads(vault.unseal(sealed, purpose=self._purpose))
        except (vault.Unreadable, ValueError):
            return False
        # A second's grace: clocks and rounding are nobody's fault.
        if not -1 <= time.time() - note["from"] <= TURN_SECONDS or note["name"] in self._used:
            return False
        self._used[note["name"]] = None
        if len(self._used) > MOST_KEPT:
            self._used.popitem(last=False)
        return True


#: Receipt codes that open nothing. Their 80 bits cannot be guessed; this keeps trying dull.
wrong_codes = Pace("wrong codes", at_once=20, seconds=10.0)
#: The same for a host, which asks for many people.
wrong_codes_of_hosts = Pace("wrong codes of hosts", at_once=100, seconds=1.0)
#: Notices: far more than anybody sends, and few enough that a flood does not fill the disk.
notices = Pace("notices", at_once=30, seconds=10.0)
