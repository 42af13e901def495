"""Our own hash list, version 1: ``docs/hash-list.md``.

>>> state = State("forum.example", PublicKey.read("..."))
>>> for step in follow(state, over_http("https://forum.example/lists/all"), now=now):
...     store(step.lines, step.state)  # in one transaction
"""

from staydown.exchange.hash_list.entry import HARMS, HOWS, Entry, Harm, How, Provenance
from staydown.exchange.hash_list.errors import (
    Altered,
    BadForm,
    Expired,
    Forged,
    Forked,
    FromTheFuture,
    Inconsistent,
    ListError,
    NotThere,
    OutOfOrder,
    RolledBack,
    TooLarge,
    Truncated,
    UnknownVersion,
    Unreachable,
    UntrustedKey,
    Withheld,
    WrongList,
)
from staydown.exchange.hash_list.folder import from_folder, write_head, write_keys, write_pages
from staydown.exchange.hash_list.follower import Fetch, State, Step, follow
from staydown.exchange.hash_list.head import Head, Keys, open_head, open_keys
from staydown.exchange.hash_list.http import bearer, over_http
from staydown.exchange.hash_list.line import OPS, REASONS, Line, Op, Reason, read_line
from staydown.exchange.hash_list.prints import Prints
from staydown.exchange.hash_list.signing import PublicKey, SigningKey
from staydown.exchange.hash_list.standing import Standing
from staydown.exchange.hash_list.writer import Change, Tally, without_the_past, written_lines

__all__ = [
    "HARMS",
    "HOWS",
    "OPS",
    "REASONS",
    "Altered",
    "BadForm",
    "Change",
    "Entry",
    "Expired",
    "Fetch",
    "Forged",
    "Forked",
    "FromTheFuture",
    "Harm",
    "Head",
    "How",
    "Inconsistent",
    "Keys",
    "Line",
    "ListError",
    "NotThere",
    "Op",
    "OutOfOrder",
    "Prints",
    "Provenance",
    "PublicKey",
    "Reason",
    "RolledBack",
    "SigningKey",
    "Standing",
    "State",
    "Step",
    "Tally",
    "TooLarge",
    "Truncated",
    "UnknownVersion",
    "Unreachable",
    "UntrustedKey",
    "Withheld",
    "WrongList",
    "bearer",
    "follow",
    "from_folder",
    "open_head",
    "open_keys",
    "over_http",
    "read_line",
    "without_the_past",
    "write_head",
    "write_keys",
    "write_pages",
    "written_lines",
]
