"""What the command says beside its results: on stderr, where it is in nobody's way."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
_SECONDS_BETWEEN = 0.1
_WIDTH = 30


def complain(sentence: str) -> None:
    """Tell the user what went wrong."""
    print(f"staydown: {sentence}", file=sys.stderr)


def with_progress(items: Sequence[Item], what: str) -> Iterable[Item]:
    """Go through *items*, with a bar on stderr where that is a terminal."""
    if len(items) < 2 or not sys.stderr.isatty():
        return items
    return _drawn(items, what)


def _drawn(items: Sequence[Item], what: str) -> Iterator[Item]:
    last = 0.0
    try:
        for done, item in enumerate(items):
            now = time.monotonic()
            if now - last > _SECONDS_BETWEEN:
                last = now
                bar = "#" * (_WIDTH * done // len(items))
                print(
                    f"\r{what} [{bar:<{_WIDTH}}] {done}/{len(items)}",
                    end="",
                    file=sys.stderr,
                    flush=True,
                )
            yield item
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
