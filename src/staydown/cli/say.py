"""What the command says beside its results: on stderr, where it is in nobody's way."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
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


@contextmanager
def seconds_told(what: str) -> Iterator[Callable[[float], None] | None]:
    """A function that says on stderr how far into a film we are, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return

    def tell(seconds: float) -> None:
        print(f"\r{what} {clock(seconds)}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Hours where there are any, minutes and seconds: ``1:02:03``, ``0:07``."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    lead = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{lead}:{whole % 60:02}"


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
