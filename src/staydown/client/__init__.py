"""The host's side of Staydown: ask before showing, say what is shown, obey signed events.

>>> staydown = Staydown("https://staydown.example", api_key, host="forum", webhook_secret=secret)
>>> staydown.check(path, reference="4f1c", uploader="charlie")
Verdict(answer='allow', ...)

Nothing of the library is imported here, and nothing of numba, OpenCV or Django: only httpx and
http-message-signatures. See docs/host.md.
"""

from staydown.client.aio import AsyncStaydown
from staydown.client.answers import (
    Case,
    CaseWithItems,
    Forged,
    Match,
    NotFound,
    Receipt,
    Refused,
    StaydownError,
    Unreachable,
    Verdict,
    read_check,
)
from staydown.client.conversations import CaughtUp
from staydown.client.spool import Entry, Spool, SpoolFull
from staydown.client.sync import Staydown
from staydown.client.told import Item, Notice, Registered
from staydown.client.webhook import NotUnderstood, Overtaken, UnknownItem

__all__ = [
    "AsyncStaydown",
    "Case",
    "CaseWithItems",
    "CaughtUp",
    "Entry",
    "Forged",
    "Item",
    "Match",
    "NotFound",
    "NotUnderstood",
    "Notice",
    "Overtaken",
    "Receipt",
    "Refused",
    "Registered",
    "Spool",
    "SpoolFull",
    "Staydown",
    "StaydownError",
    "UnknownItem",
    "Unreachable",
    "Verdict",
    "read_check",
]
